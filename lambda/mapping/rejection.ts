import type { RejectionReason } from '../contract';

/** An event that can never be delivered as it is. `detail` is for a person and never holds personal data. */
export interface Rejected {
  readonly reason: RejectionReason;
  readonly detail: string;
}

export const rejected = (reason: RejectionReason, detail: string): Rejected => ({ reason, detail });

export const isRejected = (value: object): value is Rejected => 'reason' in value;
