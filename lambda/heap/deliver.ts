import type { RejectionReason } from '../contract';
import { toBulks, type SerializedEvent } from './bulk-request';
import { describeAnswer, outcomeOf, refusedIndex, type HeapAnswer } from './outcome';

/** What became of an event. */
export type Fate =
  | { readonly kind: 'delivered' }
  /** Nothing to deliver: CleverTap's setup ping, or an event that a rule leaves out. */
  | { readonly kind: 'ignored' }
  | {
      readonly kind: 'retry';
      readonly retryAfterSeconds?: number | undefined;
      /** What Heap said, for a person; never personal data. */
      readonly cause: string;
    }
  | { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly detail: string };

/** An event on its way; `fate` is set when it is known. */
export interface PendingEvent extends SerializedEvent {
  fate: Fate | undefined;
}

/** The way to Heap, as it is at the moment. */
export interface HeapLine {
  /** How many requests may be on their way at a time. */
  readonly width: number;
  /** Events a request. */
  readonly maxBulk: number;
  /** Whether Heap takes nothing at all. */
  readonly isDown: boolean;
  /** Waits until requests with so many events may start; false: this invocation has no time left for them. */
  turn(events: number): Promise<boolean>;
}

/**
 * Delivers events in bulk and sets the fate of each. It stays undefined for those there was no time for (F25).
 *
 * Heap gives one answer for a whole request. When that is a refusal, the refused event is found by the index in
 * the answer, or by halving, so that it costs its neighbours nothing (F57). Sending those again is safe: each
 * carries its idempotency key.
 *
 * @param post sends one request; 401 and 403 are final here
 * @returns false if there was no time for all
 */
export async function deliver(
  events: readonly PendingEvent[],
  post: (bulk: readonly PendingEvent[]) => Promise<HeapAnswer>,
  line: HeapLine,
): Promise<boolean> {
  const bulks = toBulks(events, line.maxBulk).reverse();
  while (bulks.length > 0) {
    const wave = bulks.splice(-line.width).reverse();
    if (!(await line.turn(wave.reduce((sum, bulk) => sum + bulk.length, 0)))) return false;
    const answers = await Promise.all(wave.map(async (bulk) => ({ bulk, answer: await post(bulk) })));
    for (const { bulk, answer } of answers.reverse()) bulks.push(...judge(bulk, answer, line));
  }
  return true;
}

/** Sets the fates that an answer decides and returns what is to be sent again, the last first. */
function judge(bulk: PendingEvent[], answer: HeapAnswer, line: HeapLine): PendingEvent[][] {
  const outcome = outcomeOf(answer);
  switch (outcome) {
    case 'delivered':
      settle(bulk, { kind: 'delivered' });
      return [];
    case 'retry':
    case 'unauthorized':
    case 'redirected':
      settle(bulk, {
        kind: 'retry',
        retryAfterSeconds: 'fault' in answer ? undefined : answer.retryAfterSeconds,
        cause: describeAnswer(answer),
      });
      // While Heap is down the same bulk is the next probe: handing it back would only hide it in the queue.
      return line.isDown ? [bulk] : [];
    case 'refused':
      settle(bulk, refusal(answer));
      return [];
    case 'too_large':
    case 'invalid': {
      const refused = outcome === 'invalid' && 'body' in answer ? refusedIndex(answer.body) : undefined;
      return isolate(bulk, refused, refusal(answer)).reverse();
    }
  }
}

/** Settles the event that is known to be refused and returns what is to be sent again. */
function isolate(bulk: PendingEvent[], refused: number | undefined, fate: Fate): PendingEvent[][] {
  const index = bulk.length === 1 ? 0 : refused;
  const event = index === undefined ? undefined : bulk[index];
  if (event === undefined) {
    const middle = Math.ceil(bulk.length / 2);
    return [bulk.slice(0, middle), bulk.slice(middle)];
  }
  event.fate = fate;
  const others = bulk.filter((other) => other !== event);
  return others.length === 0 ? [] : [others];
}

const refusal = (answer: HeapAnswer): Fate => ({
  kind: 'rejected',
  reason: 'heap_rejected',
  detail: describeAnswer(answer),
});

function settle(bulk: readonly PendingEvent[], fate: Fate): void {
  for (const event of bulk) event.fate = fate;
}
