import type { RejectionReason } from '../contract';

/** An event that can never be delivered as it is. `detail` is for an operator and never holds personal data. */
export interface Rejected {
  readonly reason: RejectionReason;
  readonly detail: string;
}

export const rejected = (reason: RejectionReason, detail: string): Rejected => ({ reason, detail });

export const isRejected = (value: object): value is Rejected => 'reason' in value;

/** The ways in which the mapping may alter a value. */
export type Change =
  | 'value_truncated'
  | 'event_name_truncated'
  | 'value_dropped'
  | 'type_mismatch'
  | 'number_rounded'
  | 'name_collision'
  | 'name_reserved'
  | 'unrendered_value'
  | 'text_repaired'
  | 'timestamp_replaced'
  | 'app_id_placeholder'
  | 'explicit_id_ignored';

export interface RecordedChange {
  readonly change: Change;
  /** The name of the property; undefined if the change does not concern one. */
  readonly property: string | undefined;
}

/** Collects what is cut, dropped or replaced in an event. No change is silent. */
export class Changes {
  readonly recorded: RecordedChange[] = [];

  record(change: Change, property?: string): void {
    this.recorded.push({ change, property });
  }
}
