import { maxFailures, probeIntervalMs } from '../../lambda/heap/breaker';
import { own } from '../../lambda/json';
import { failureOf, jsonIn, type LogLine } from './feed';

/** How Heap does by the function's log. */
export interface HeapHealth {
  readonly health: 'unknown' | 'ok' | 'failing' | 'throttled';
  /** What it said, e.g. `Heap answered 500`; null while it is well. */
  readonly said: string | null;
  /** When an instance of the function that waits for Heap tries it next; null where the log does not say it. */
  readonly nextProbeAt: number | null;
}

/** Follows how Heap does, by the lines of the function's log as they come. */
export class HeapWatch {
  #now: HeapHealth = { health: 'unknown', said: null, nextProbeAt: null };
  /** Failures in a row of each instance, and of those in this batch. */
  readonly #failures = new Map<string, { inRow: number; inBatch: number; wasAsked: boolean }>();

  get now(): HeapHealth {
    return this.#now;
  }

  take({ at, stream, line }: LogLine): void {
    const fields = jsonIn(line);
    if (fields === undefined) return;
    const failures = this.#failures.get(stream) ?? { inRow: 0, inBatch: 0, wasAsked: false };
    this.#failures.set(stream, failures);
    switch (own(fields, 'message')) {
      case 'Heap did not take a bulk': {
        const said = failureOf(fields);
        if (said === undefined) {
          this.#answered(stream);
          return;
        }
        failures.inRow += 1;
        failures.inBatch += 1;
        const isThrottled = own(fields, 'status') === 429;
        const isDown = own(fields, 'isHeapDown') === true;
        // Opened so early, it was Heap that asked for a pause, and the log does not say how long.
        failures.wasAsked ||= isThrottled || (isDown && failures.inRow < maxFailures);
        this.#now = {
          health: isThrottled ? 'throttled' : 'failing',
          said,
          nextProbeAt: isDown && !failures.wasAsked ? at + probeIntervalMs : null,
        };
        return;
      }
      case 'batch forwarded': {
        const isRetried = own(fields, 'retried') !== 0;
        const wasAsked = Number(own(fields, 'heapRequests')) > 0;
        if (wasAsked && (!isRetried || failures.inBatch === 0)) this.#answered(stream);
        else if (this.#now.nextProbeAt !== null) this.#now = { ...this.#now, nextProbeAt: null };
        failures.inBatch = 0;
      }
    }
  }

  #answered(stream: string): void {
    this.#failures.delete(stream);
    this.#now = { health: 'ok', said: null, nextProbeAt: null };
  }
}
