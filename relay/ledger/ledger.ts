import * as z from 'zod';

/** Events of one origin and outcome, as the function's log counts them. */
export const ledgerRow = z.object({
  /** The campaign's id in CleverTap; absent for a custom body, which has none. */
  campaign: z.string().optional(),
  /** The event's name before any rule; `other` if it must not be logged. */
  event: z.string(),
  /** `received`: read for the first time. Any other outcome is final. */
  outcome: z.enum(['received', 'delivered', 'ignored', 'rejected']),
  /** Only for rejected events. */
  reason: z.string().optional(),
  events: z.number(),
});

export type LedgerRow = z.output<typeof ledgerRow>;

/** The outcome of events within a window, by campaign. */
export interface Ledger {
  readonly rows: readonly LedgerRow[];
  /** Why rows may be missing, each as a sentence with what to do; empty if the ledger is complete. */
  readonly gaps: readonly string[];
  /** The bytes that the search is charged for; absent if it cost nothing. */
  readonly scannedBytes?: number;
}

/** US dollars per GB that a CloudWatch Logs search reads in us-east-1; other regions cost up to 50 percent more. */
export const searchedGbUsd = 0.005;

/** What every ledger report has besides its campaigns. */
export interface LedgerReport {
  readonly stackName: string;
  readonly from: string;
  readonly to: string;
  /** Requests answered with 4xx and 5xx, of no known campaign. */
  readonly refused: number;
  readonly failed: number;
  /** Messages in the queue that have not been read, so their campaigns are unknown. */
  readonly unread: number;
  /** Why campaigns or events may be missing, each as a sentence. */
  readonly gaps: readonly string[];
  /** What the log search read and cost at the price in us-east-1; null if it cost nothing. */
  readonly search: { readonly scannedBytes: number; readonly usd: number } | null;
}
