import { maxFailures, probeIntervalMs } from '../../lambda/heap/breaker';
import { own } from '../../lambda/json';
import { failureOf, jsonIn, type LogLine } from './feed';

/** Heap's health according to the function's log. */
export interface HeapHealth {
  readonly health: 'unknown' | 'ok' | 'failing' | 'throttled';
  /** Heap's last failure, e.g. `Heap answered 500`; null while it is healthy. */
  readonly said: string | null;
  /** When a waiting instance of the function probes Heap next; null if the log does not say. */
  readonly nextProbeAt: number | null;
}

/** Tracks Heap's health from the lines of the function's log. */
export class HeapWatch {
  #now: HeapHealth = { health: 'unknown', said: null, nextProbeAt: null };
  /** Consecutive failures of each instance, and those in the current batch. */
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
        // The breaker opens this early only if Heap asked for a pause, and the log does not say for how long.
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
