import type { RejectionReason } from '../forwarder/contract';
import { toBulks, type SerializedEvent } from './bulk-request';
import { describeRefusal, outcomeOf, refusedIndex, type HeapAnswer } from './outcome';

/** What became of an event. */
export type Fate =
  | { readonly kind: 'delivered' }
  /** Nothing to deliver: CleverTap's setup ping. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'retry'; readonly retryAfterSeconds?: number }
  | { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly detail: string };

/** An event on its way; `fate` is set when it is known. */
export interface PendingEvent extends SerializedEvent {
  fate: Fate | undefined;
}

/**
 * Delivers events in bulk and sets the fate of each.
 *
 * Heap gives one answer for a whole request. When that is a refusal, the refused event is found by the index in
 * the answer, or by halving, so that it costs its neighbours nothing (F57). Sending those again is safe: each
 * carries its idempotency key.
 *
 * @param post sends one request; 401 and 403 are final here
 * @param hasTime false when the function is about to be stopped: what is left is retried (F25)
 */
export async function deliver(
  events: readonly PendingEvent[],
  post: (bulk: readonly PendingEvent[]) => Promise<HeapAnswer>,
  hasTime: () => boolean,
): Promise<void> {
  const bulks = toBulks(events).reverse();
  for (let bulk = bulks.pop(); bulk !== undefined; bulk = bulks.pop()) {
    if (!hasTime()) {
      settle(bulk, { kind: 'retry' });
      continue;
    }
    const answer = await post(bulk);
    const outcome = outcomeOf(answer);
    switch (outcome) {
      case 'delivered':
        settle(bulk, { kind: 'delivered' });
        break;
      case 'retry':
      case 'unauthorized':
      case 'redirected':
        settle(bulk, {
          kind: 'retry',
          retryAfterSeconds: 'fault' in answer ? undefined : answer.retryAfterSeconds,
        });
        break;
      case 'refused':
        settle(bulk, refusal(answer));
        break;
      case 'too_large':
      case 'invalid': {
        const refused = outcome === 'invalid' && 'body' in answer ? refusedIndex(answer.body) : undefined;
        bulks.push(...isolate(bulk, refused, refusal(answer)).reverse());
      }
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
  detail: describeRefusal(answer),
});

function settle(bulk: readonly PendingEvent[], fate: Fate): void {
  for (const event of bulk) event.fate = fate;
}
