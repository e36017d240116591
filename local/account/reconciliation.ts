import { setImmediate as nextTurn } from 'node:timers/promises';
import { rowId } from '../heap/fake-heap';
import type { StoredInHeap } from '../heap/server';
import type { MessageAttributes } from '../aws/sqs/message';

/** A message as it stood in a queue. */
export interface QueuedMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
}

/** What a message says of one of its events. */
export interface EventOfMessage {
  /** The same for this event in every message that holds it, narrowed or not; another for every other event. */
  readonly id: string;
  /** Whether it is never delivered nor rejected, as a setup ping is. */
  readonly isIgnored: boolean;
  /** What Heap would get of it under each app id; none where it would be rejected. */
  readonly heapEvents: readonly Readonly<Record<string, unknown>>[];
}

/** How messages are understood, which is no matter of the stack. */
export interface MessageReader {
  /** @param appIds the Heap apps that were sent to */
  readonly eventsOf: (message: QueuedMessage, appIds: ReadonlySet<string>) => readonly EventOfMessage[];
  /** Why a dead letter is one. */
  readonly reasonOf: (letter: QueuedMessage) => string;
  /** Whether a row of Heap can only stem from the function, by its id. */
  readonly isOwnRow: (rowId: string) => boolean;
}

/** A message that a queue got. */
export interface Arrival {
  readonly queue: 'buffer' | 'dead letters';
  readonly message: QueuedMessage;
}

/** What a stack saw and holds. */
export interface StackState {
  /** In order. */
  readonly arrivals: readonly Arrival[];
  /** What the buffer holds. */
  readonly buffer: readonly QueuedMessage[];
  /** What the fake Heap stored; of a real one, how many events the function says it has delivered. */
  readonly heap: StoredInHeap | number;
}

/** Where the accepted events are, each counted once: the first place that applies, in this order. */
export interface Account {
  readonly requests: number;
  readonly accepted: number;
  readonly delivered: number;
  /** How many rows in Heap the delivered ones are, since equal ones are one; unknown of a real Heap. */
  readonly rows: number | undefined;
  readonly queued: number;
  /** Were put among the dead letters and did not come back, whether they are still there or not. */
  readonly rejected: number;
  /** The rejected ones by reason, the most frequent first. */
  readonly rejectedByReason: readonly (readonly [reason: string, events: number])[];
  readonly ignored: number;
  /** Accepted and in none of these places; negative when the places hold more. */
  readonly missing: number;
  /** Rows in the fake Heap that no accepted event explains. */
  readonly unexplainedRows: number;
}

interface TrackedEvent {
  readonly event: EventOfMessage;
  isQueued: boolean;
  /** Set while the dead-letter queue is where it was put last. */
  reason: string | undefined;
}

/** After so many messages the others get their turn, so that a second Ctrl-C is heard. */
const messagesAtATime = 500;

/**
 * Accounts for every event that was accepted: follows each from its first arrival in the buffer through whatever was
 * put where later, and looks for what is left in Heap and in the buffer.
 *
 * An event that stands in two places is counted in the first of delivered, queued, rejected and ignored: delivered
 * neighbours of an event that is tried again are in the buffer as well.
 */
export async function reconcile(state: StackState, reader: MessageReader): Promise<Account> {
  const stored: StoredInHeap =
    typeof state.heap === 'number' ? { rows: new Set(), appIds: new Set() } : state.heap;
  const events = new Map<string, TrackedEvent>();
  let requests = 0;
  for await (const { queue, message } of inPortions(state.arrivals)) {
    const read = reader.eventsOf(message, stored.appIds);
    if (queue === 'buffer' && read.some(({ id }) => !events.has(id))) requests += 1;
    const reason = queue === 'buffer' ? undefined : reader.reasonOf(message);
    for (const event of read) {
      const known = events.get(event.id);
      if (known !== undefined) known.reason = reason;
      // A dead letter that was never a message of the buffer was put there by hand.
      else if (queue === 'buffer') events.set(event.id, { event, isQueued: false, reason });
    }
  }
  for await (const message of inPortions(state.buffer)) {
    for (const { id } of reader.eventsOf(message, stored.appIds)) {
      const known = events.get(id);
      if (known !== undefined) known.isQueued = true;
    }
  }

  const counts = { delivered: 0, queued: 0, rejected: 0, ignored: 0, missing: 0 };
  const rows = new Set<string>();
  const reasons = new Map<string, number>();
  for (const { event, isQueued, reason } of events.values()) {
    const ownRows = event.heapEvents.flatMap((heapEvent) => {
      const row = rowId(heapEvent);
      return row !== undefined && stored.rows.has(row) ? [row] : [];
    });
    for (const row of ownRows) rows.add(row);
    if (ownRows.length > 0) counts.delivered += 1;
    else if (isQueued) counts.queued += 1;
    else if (reason !== undefined) {
      counts.rejected += 1;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    } else if (event.isIgnored) counts.ignored += 1;
    else counts.missing += 1;
  }
  return {
    requests,
    accepted: events.size,
    ...counts,
    ...(typeof state.heap === 'number'
      ? { delivered: state.heap, missing: counts.missing - state.heap, rows: undefined }
      : { rows: rows.size }),
    rejectedByReason: [...reasons].sort(([, one], [, other]) => other - one),
    unexplainedRows: [...stored.rows].filter((row) => !rows.has(row) && reader.isOwnRow(row)).length,
  };
}

async function* inPortions<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const [index, item] of items.entries()) {
    if (index % messagesAtATime === messagesAtATime - 1) await nextTurn();
    yield item;
  }
}
