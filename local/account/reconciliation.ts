import { setImmediate as nextTurn } from 'node:timers/promises';
import { rowId } from '../heap/fake-heap';
import type { StoredInHeap } from '../heap/server';
import { countsOf, Ledger, type Counts } from './ledger';
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

/**
 * Where the accepted events are. Rejected ones did not come back from the dead letters, whether they are still there
 * or not; `missing` is negative when Heap is real and has more than was accepted.
 */
export interface Account extends Counts {
  readonly requests: number;
  /** How many rows in Heap the delivered ones are, since equal ones are one; unknown of a real Heap. */
  readonly rows: number | undefined;
  /** The rejected ones by reason, the most frequent first. */
  readonly rejectedByReason: readonly (readonly [reason: string, events: number])[];
  /** Rows in the fake Heap that no accepted event explains. */
  readonly unexplainedRows: number;
}

/** After so many messages the others get their turn, so that a second Ctrl-C is heard. */
const messagesAtATime = 500;

/**
 * Accounts for every event that was accepted: follows each from its first arrival in the buffer through whatever was
 * put where later, and looks for what is left in Heap and in the buffer.
 */
export async function reconcile(state: StackState, reader: MessageReader): Promise<Account> {
  const stored: StoredInHeap =
    typeof state.heap === 'number' ? { rows: new Set(), appIds: new Set() } : state.heap;
  const ledger = new Ledger<EventOfMessage>();
  let requests = 0;
  for await (const { queue, message } of inPortions(state.arrivals)) {
    const events = reader.eventsOf(message, stored.appIds);
    if (queue === 'dead letters') for (const { id } of events) ledger.reject(id, reader.reasonOf(message));
    else if (events.filter((event) => ledger.accept(event.id, event)).length > 0) requests += 1;
  }
  for await (const message of inPortions(state.buffer))
    for (const { id } of reader.eventsOf(message, stored.appIds)) ledger.hold(id);

  const rows = new Set<string>();
  const isInHeap = ({ heapEvents }: EventOfMessage): boolean => {
    const own = heapEvents.flatMap((event) => rowId(event) ?? []).filter((row) => stored.rows.has(row));
    for (const row of own) rows.add(row);
    return own.length > 0;
  };
  const placed = ledger.close(isInHeap, ({ isIgnored }) => isIgnored);
  const reasons = new Map<string, number>();
  for (const { place, reason } of placed)
    if (place === 'rejected' && reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const counts = countsOf(placed);
  return {
    requests,
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
