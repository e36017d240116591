import { deadLetterAttributes, ingressStamps } from '../../lambda/contract';
import type { Place } from '../../local/account/ledger';
import type {
  Arrival,
  FollowedEvent,
  Follower,
  Reconciliation,
  Subject,
  TrackedEvent,
} from '../../local/account/reconciliation';
import type { StoredMessage } from '../../local/aws/sqs/queue';
import type { LocalStack } from '../../local/stack';
import { maskIdentity } from '../../relay/dead-letters/mask';
import { visibleText } from '../../relay/terminal/terminal-text';
import type { EventState, FeedRow } from '../wire';
import type { Attempts } from './attempts';

/** The parts of a running stack that rows depend on. */
export type ObservedStack = Pick<LocalStack, 'nextTryAt'>;

/** A message with events of a row that a queue received. */
export interface RowArrival {
  readonly at: number;
  readonly queue: Arrival['queue'];
  readonly message: StoredMessage;
  /** Whether the message contains an event. */
  readonly holds: (event: TrackedEvent) => boolean;
}

/** An accepted request whose events are followed. */
export interface Row {
  readonly id: string;
  readonly requestId: string | null;
  readonly at: number;
  /** The message as it was accepted. */
  readonly message: StoredMessage;
  readonly events: readonly TrackedEvent[];
  /** In order. The first is its acceptance. */
  readonly arrivals: readonly RowArrival[];
}

interface OpenRow extends Row {
  readonly subject: Subject;
  readonly counts: Record<Place, number>;
  readonly arrivals: RowArrival[];
  /** As it was last sent to the pages. */
  shown: FeedRow | undefined;
  told: string;
}

/** Rows to keep. Older rows are only counted. */
export const maxRows = 1000;
/** Messages to keep per row. A row that is redriven again and again has more. */
const maxArrivals = 200;
/** Characters of a name. The name of a rejected event may have any length. */
const maxName = 255;

/** The accepted requests as rows of the feed. Follows the stack's account. */
export class Journal implements Follower<StoredMessage> {
  readonly #rows = new Map<string, OpenRow>();
  readonly #rowOf = new Map<TrackedEvent, OpenRow>();
  /** Rows that may have changed since they were last sent. */
  readonly #touched = new Set<OpenRow>();
  /** Part of each row id, so that a link to a row of another stack finds nothing. */
  readonly #startedAt = Date.now().toString(36);
  #older = 0;

  constructor(
    private readonly stack: ObservedStack,
    private readonly reconciliation: Reconciliation<StoredMessage>,
    private readonly attempts: Attempts,
  ) {
    reconciliation.follow(this);
  }

  /** Accepted requests that are no longer kept as rows. */
  get olderRows(): number {
    return this.#older;
  }

  find(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  /** Newest first, as they were last sent. */
  get rows(): FeedRow[] {
    return Array.from(this.#rows.values(), ({ shown }) => shown)
      .filter((shown) => shown !== undefined)
      .reverse();
  }

  /** The rows that are new or have changed since the last call, newest first. */
  changes(): FeedRow[] {
    // Attempts and the next try of a queued event change although its place does not.
    for (const row of this.#rows.values()) if (row.counts.queued > 0) this.#touched.add(row);
    const changed: FeedRow[] = [];
    for (const row of this.#touched) {
      const shown = this.#show(row);
      const told = JSON.stringify(shown);
      if (told === row.told) continue;
      row.shown = shown;
      row.told = told;
      changed.push(shown);
    }
    this.#touched.clear();
    return changed.sort(newestFirst);
  }

  arrived(arrival: Arrival<StoredMessage>, events: readonly FollowedEvent[], isNew: boolean): void {
    const { at, queue, message } = arrival;
    if (isNew) {
      this.#open(arrival, events);
      return;
    }
    const held = new Set(events.map(({ tracked }) => tracked));
    for (const row of new Set(events.map(({ tracked }) => this.#rowOf.get(tracked)))) {
      if (row === undefined) continue;
      if (row.arrivals.length === maxArrivals) row.arrivals.splice(1, 1);
      row.arrivals.push({ at, queue, message, holds: (event) => held.has(event) });
      this.#touched.add(row);
    }
  }

  moved(event: TrackedEvent, from: Place): void {
    const row = this.#rowOf.get(event);
    if (row === undefined) return;
    row.counts[from] -= 1;
    row.counts[event.place] += 1;
    this.#touched.add(row);
  }

  forgotten(event: TrackedEvent): void {
    const row = this.#rowOf.get(event);
    if (row !== undefined) this.#touched.add(row);
  }

  /** The state of an event of a row. */
  stateOf(row: Row, event: TrackedEvent): EventState {
    switch (event.place) {
      case 'delivered':
        return this.#delivered(row, event);
      case 'queued':
        return this.#queued(event);
      case 'rejected':
        return { kind: 'rejected', reason: event.reason ?? '', detail: detailOf(row, event) };
      case 'ignored':
      case 'missing':
        return { kind: event.place };
    }
  }

  #open({ at, queue, message }: Arrival<StoredMessage>, events: readonly FollowedEvent[]): void {
    const request = events.reduce((newest, { tracked }) => Math.max(newest, tracked.event.request), 0);
    const own = events.filter(({ tracked }) => tracked.event.request === request);
    const [first] = own;
    if (first === undefined) return;
    const row: OpenRow = {
      id: this.#idOf(first.tracked),
      requestId: message.attributes[ingressStamps.requestId]?.StringValue ?? null,
      at,
      message,
      events: own.map(({ tracked }) => tracked),
      arrivals: [{ at, queue, message, holds: () => true }],
      subject: first.subject,
      counts: { delivered: 0, queued: 0, rejected: 0, ignored: 0, missing: 0 },
      shown: undefined,
      told: '',
    };
    for (const event of row.events) {
      row.counts[event.place] += 1;
      this.#rowOf.set(event, row);
    }
    this.#rows.set(row.id, row);
    this.#touched.add(row);
    const [oldest] = this.#rows.values();
    if (this.#rows.size > maxRows && oldest !== undefined) this.#forget(oldest);
  }

  /** Numbered in the order requests were accepted, e.g. `r1-mgq0s3xk`. */
  #idOf({ event }: TrackedEvent): string {
    return `r${event.request + 1}-${this.#startedAt}`;
  }

  #forget(row: OpenRow): void {
    this.#rows.delete(row.id);
    this.#touched.delete(row);
    for (const event of row.events) this.#rowOf.delete(event);
    this.#older += 1;
  }

  #show(row: OpenRow): FeedRow {
    const { id, requestId, at, subject, events, counts } = row;
    const told = events.find(({ place }) => place !== 'delivered') ?? events[0];
    return {
      id,
      requestId,
      at,
      ...shownSubject(subject),
      events: events.length,
      state: told === undefined ? { kind: 'missing' } : this.stateOf(row, told),
      counts: { ...counts },
    };
  }

  #delivered(row: Row, event: TrackedEvent): EventState {
    const shared = this.reconciliation.rowOf(event);
    if (shared === undefined) {
      const at = row.requestId === null ? undefined : this.attempts.settledAt(row.requestId);
      return { kind: 'delivered', afterMs: at === undefined ? null : at - row.at, countedOnceWith: null };
    }
    const { at, forgottenAt, owner } = shared;
    const forgotten = forgottenAt === undefined ? {} : { forgottenAt };
    return owner === undefined || owner === event
      ? { kind: 'delivered', afterMs: Math.max(0, at - row.at), countedOnceWith: null, ...forgotten }
      : { kind: 'delivered', afterMs: null, countedOnceWith: this.#idOf(owner), ...forgotten };
  }

  #queued(event: TrackedEvent): EventState {
    const message = this.reconciliation.holderOf(event);
    if (message === undefined) return { kind: 'queued', attempts: 0, nextTryAt: null, why: null };
    return {
      kind: 'queued',
      attempts: message.receiveCount,
      nextTryAt: this.stack.nextTryAt(message) ?? null,
      why: this.attempts.of(message.id).findLast(({ why }) => why !== null)?.why ?? null,
    };
  }
}

const numberOf = ({ id }: FeedRow): number => Number.parseInt(id.slice(1));

/** Compares rows by when they were accepted. */
export const newestFirst = (one: FeedRow, other: FeedRow): number => numberOf(other) - numberOf(one);

/** What an event is about, for display: the identity is masked and a long name is cut. */
export const shownSubject = ({
  event,
  campaign,
  identity,
}: Subject): Pick<FeedRow, 'event' | 'campaign' | 'who'> => ({
  event: event === null ? null : shownName(event),
  campaign,
  who: identity === null ? null : maskIdentity(identity),
});

export function shownName(name: string): string {
  const shown = name.length > maxName ? `${name.slice(0, maxName)}…` : name;
  return visibleText(shown.replaceAll('\n', ' ').toWellFormed());
}

/** The detail in the event's last dead letter. */
function detailOf({ arrivals }: Row, event: TrackedEvent): string | null {
  const letter = arrivals.findLast(({ queue, holds }) => queue === 'dead letters' && holds(event));
  return letter?.message.attributes[deadLetterAttributes.detail]?.StringValue ?? null;
}
