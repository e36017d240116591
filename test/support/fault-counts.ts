import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The counts that the fault tests add up for the summary of `npm run test:faults`. */
export interface FaultCounts {
  readonly seeds?: number;
  readonly events?: number;
  /** Messages that were delivered or sent again unnecessarily. */
  readonly duplicatesInjected?: number;
  /** Events that reached Heap again under a known key. */
  readonly duplicatesDropped?: number;
  /** Events that are in Heap more than once. */
  readonly duplicatesInHeap?: number;
  readonly lost?: number;
}

/** Adds to the summary if there is one (fault-summary.cjs). */
export function addFaultCounts(counts: FaultCounts): void {
  const directory = process.env['FAULT_COUNTS_DIRECTORY'];
  if (directory !== undefined) writeFileSync(join(directory, `${randomUUID()}.json`), JSON.stringify(counts));
}
