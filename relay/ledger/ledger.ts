import * as z from 'zod';

/** Events of one origin and outcome, as the function's log counts them. */
export const ledgerRow = z.object({
  /** The campaign's id in CleverTap; absent for a custom body, which has none. */
  campaign: z.string().optional(),
  /** The event's name before any rule; `other` where the log may not hold it. */
  event: z.string(),
  /** `received`: seen for the first time. Any other outcome is final. */
  outcome: z.enum(['received', 'delivered', 'ignored', 'rejected']),
  /** Of what is rejected. */
  reason: z.string().optional(),
  events: z.number(),
});

export type LedgerRow = z.output<typeof ledgerRow>;

/** What became of events within a time, by campaign. */
export interface Ledger {
  readonly rows: readonly LedgerRow[];
  /** Why rows may be missing, each as a sentence with what to do; empty where all are there. */
  readonly gaps: readonly string[];
  /** What the search was charged for; absent where it cost nothing. */
  readonly scannedBytes?: number;
}

/** In US dollars, of a GB that a search of CloudWatch Logs reads in us-east-1; other regions ask up to half as much more. */
export const searchedGbUsd = 0.005;

/** What every report from the ledger says besides its campaigns. */
export interface LedgerReport {
  readonly stackName: string;
  readonly from: string;
  readonly to: string;
  /** Requests answered with 4xx and 5xx, of no known campaign. */
  readonly refused: number;
  readonly failed: number;
  /** Messages in the queue that no function has read, so that nobody knows their campaigns. */
  readonly unread: number;
  /** Why campaigns or events may be missing, each as a sentence. */
  readonly gaps: readonly string[];
  /** What the search of the log read and cost, by the price of us-east-1; null where it cost nothing. */
  readonly search: { readonly scannedBytes: number; readonly usd: number } | null;
}
