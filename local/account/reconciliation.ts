import { setImmediate as nextTurn } from 'node:timers/promises';
import { ingressStamps } from '../../lambda/contract';
import { rowId } from '../heap/fake-heap';
import { Ledger, type Counts, type Place, type Tracked } from './ledger';
import type { MessageAttributes } from '../aws/sqs/message';

/** A message in a queue. */
export interface QueuedMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
}

/** What an event is about, for display; null where it cannot be read. */
export interface Subject {
  readonly event: string | null;
  /** The campaign's id in CleverTap. */
  readonly campaign: string | null;
  readonly identity: string | null;
}

/** One event of a message. */
export interface EventOfMessage {
  /** Unique to this event, and the same in every message that contains it, narrowed or not. */
  readonly id: string;
  /** Whether it is neither delivered nor rejected, such as a setup ping. */
  readonly isIgnored: boolean;
  /** What Heap would receive under each app id; empty if the event would be rejected. */
  readonly heapEvents: readonly Readonly<Record<string, unknown>>[];
  readonly subject: Subject;
}

/** Reads messages. The stack itself does not know how. */
export interface MessageReader {
  /** @param appIds the Heap apps that events were sent to */
  readonly eventsOf: (message: QueuedMessage, appIds: ReadonlySet<string>) => readonly EventOfMessage[];
  /** The reason code of a dead letter. */
  readonly reasonOf: (letter: QueuedMessage) => string;
  /** Whether the id of a row in Heap shows that the function sent it. */
  readonly isOwnRow: (rowId: string) => boolean;
}

/** A message that a queue received. Times are milliseconds since 1970. */
export interface Arrival<M extends QueuedMessage = QueuedMessage> {
  readonly kind: 'arrival';
  readonly at: number;
  readonly queue: 'buffer' | 'dead letters';
  readonly message: M;
}

/** Something a stack observed. */
export type Happening<M extends QueuedMessage = QueuedMessage> =
  | Arrival<M>
  /** A message left the buffer. */
  | { readonly kind: 'departure'; readonly message: M }
  /** The fake Heap stored an event under this id for the first time, see `rowId`. */
  | {
      readonly kind: 'row';
      readonly at: number;
      readonly id: string;
      readonly appId: string;
      /** Of the event. */
      readonly timestamp?: unknown;
    }
  /** The fake Heap forgot all its rows. */
  | { readonly kind: 'reset'; readonly at: number }
  /** The function logged that these requests are done. Only with a real Heap, which does not report its rows. */
  | { readonly kind: 'settled'; readonly at: number; readonly requestIds: readonly string[] };

/** What a stack has observed. */
export interface StackState<M extends QueuedMessage = QueuedMessage> {
  /** In order; new ones are appended. */
  readonly happenings: readonly Happening<M>[];
  /** How many events the function says it has delivered to a real Heap; undefined with the fake one. */
  readonly delivered: (() => number) | undefined;
  /** The app id in use before Heap has received any event. */
  readonly appId?: string;
}

/** What is remembered about an accepted event. */
export interface AcceptedEvent {
  /** The id of the event, see `EventOfMessage`. */
  readonly id: string;
  /** The number of requests accepted before this one. */
  readonly request: number;
  /** Ids of the rows in Heap that may be this event. */
  rowIds: readonly string[];
  /** As Heap would receive it. */
  readonly timestamp: unknown;
  /** How many happenings had been processed at its acceptance. */
  readonly acceptedAfter: number;
}

export type TrackedEvent = Tracked<AcceptedEvent>;

/** Is notified of what happens to the accepted events. */
export interface Follower<M extends QueuedMessage = QueuedMessage> {
  /**
   * A queue received a message with accepted events.
   *
   * @param isNew whether the message is the first to contain one of them
   */
  arrived(arrival: Arrival<M>, events: readonly FollowedEvent[], isNew: boolean): void;
  /** An event has moved to another place. */
  moved(event: TrackedEvent, from: Place): void;
  /** The fake Heap forgot the row of an event. */
  forgotten(event: TrackedEvent): void;
}

export interface FollowedEvent {
  readonly tracked: TrackedEvent;
  readonly subject: Subject;
}

/** A row in the fake Heap that is one or several accepted events. */
export interface SharedRow {
  readonly id: string;
  /** When Heap stored it. */
  readonly at: number;
  /** When Heap forgot it because of `POST /reset`; undefined if Heap has it. */
  readonly forgottenAt: number | undefined;
  /** The event that Heap stored; events equal to it came earlier or later. */
  readonly owner: TrackedEvent | undefined;
}

/**
 * Where the accepted events are. Rejected events have not been redriven, even if their dead letters are gone.
 * `missing` is negative when a real Heap received more events than were accepted.
 */
export interface Account extends Counts {
  readonly requests: number;
  /** How many rows in Heap the delivered events make up, since equal events share a row; unknown for a real Heap. */
  readonly rows: number | undefined;
  /** Rejected events by reason, most frequent first. */
  readonly rejectedByReason: readonly (readonly [reason: string, events: number])[];
  /** Rows in the fake Heap that no accepted event explains. */
  readonly unexplainedRows: number;
}

/** A row of the fake Heap. */
interface StoredRow {
  readonly at: number;
  /** How many happenings had been processed when it was stored. */
  readonly after: number;
  readonly timestamp: unknown;
  forgottenAt: number | undefined;
}

/** Yields after this many messages, or this long, so that webhooks and a second Ctrl-C are still handled. */
const messagesAtATime = 500;
const millisecondsAtATime = 10;

/**
 * Accounts for every accepted event: follows it from its first arrival in the buffer through every later queue, and
 * looks for it in Heap. Messages are read lazily, and each only once.
 *
 * A row that Heap stores after an event's acceptance under one of its keys is this event or an equal one. A row that was
 * there before says nothing about the event until its last message leaves the buffer without a dead letter.
 */
export class Reconciliation<M extends QueuedMessage = QueuedMessage> {
  readonly #ledger = new Ledger<AcceptedEvent>((event, from) => this.#follower?.moved(event, from));
  readonly #appIds = new Set<string>();
  /** How many happenings have been processed. */
  #taken = 0;
  #requests = 0;
  /** Each as often as Heap stored it, which is again after a reset. */
  readonly #rows = new Map<string, StoredRow[]>();
  /** The events that are or may be stored as each row. */
  readonly #sharing = new Map<string, TrackedEvent[]>();
  /** Used only with a real Heap. */
  readonly #idsOfRequest = new Map<string, readonly string[]>();
  /** The events of each message in the buffer. */
  readonly #held = new Map<M, readonly TrackedEvent[]>();
  /** The messages in the buffer that contain an event, the oldest first. */
  readonly #holders = new Map<TrackedEvent, readonly M[]>();
  #follower: Follower<M> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly state: StackState<M>,
    private readonly reader: MessageReader,
  ) {
    if (state.appId !== undefined) this.#appIds.add(state.appId);
  }

  /** Sets who is notified from now on. Call it before the first question. */
  follow(follower: Follower<M>): void {
    this.#follower = follower;
  }

  /** Processes everything that has happened, then evaluates `read` before anything else happens. */
  current<T>(read: () => T): Promise<T> {
    const reading = this.#turn.then(() => this.#catchUp(read));
    this.#turn = reading.catch(() => undefined);
    return reading;
  }

  account(): Promise<Account> {
    return this.current(() => {
      const reasons = new Map<string, number>();
      for (const { place, reason } of this.#ledger.all)
        if (place === 'rejected' && reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      const isExplained = (row: string): boolean => this.#sharing.has(row);
      const rows = [...this.#rows.keys()];
      return {
        requests: this.#requests,
        ...this.counts,
        rows: this.state.delivered === undefined ? rows.filter(isExplained).length : undefined,
        rejectedByReason: [...reasons].sort(([, one], [, other]) => other - one),
        unexplainedRows: rows.filter((row) => !isExplained(row) && this.reader.isOwnRow(row)).length,
      };
    });
  }

  /** The counts as of the last update. */
  get counts(): Counts {
    const { counts } = this.#ledger;
    const delivered = this.state.delivered?.();
    return delivered === undefined
      ? counts
      : { ...counts, delivered, missing: counts.missing + counts.delivered - delivered };
  }

  /**
   * The row in Heap that an event is stored as: the first one since its acceptance, otherwise the last one before.
   * Undefined if there is none, and always with a real Heap.
   */
  rowOf({ event }: TrackedEvent): SharedRow | undefined {
    const rows = event.rowIds
      .flatMap((id) => (this.#rows.get(id) ?? []).map((row) => ({ id, row })))
      .sort((one, other) => one.row.after - other.row.after);
    const found = rows.find(({ row }) => row.after > event.acceptedAfter) ?? rows.at(-1);
    if (found === undefined) return undefined;
    const { id, row } = found;
    return { id, at: row.at, forgottenAt: row.forgottenAt, owner: this.#ownerOf(id, row) };
  }

  /** Of equal events that came before Heap stored one of them, the one with the same timestamp. */
  #ownerOf(id: string, row: StoredRow): TrackedEvent | undefined {
    const sharing = this.#sharing.get(id) ?? [];
    const before = this.#rows.get(id)?.findLast(({ after }) => after < row.after)?.after ?? 0;
    const candidates = sharing.filter(
      ({ event }) => event.acceptedAfter > before && event.acceptedAfter < row.after,
    );
    return candidates.find(({ event }) => event.timestamp === row.timestamp) ?? candidates[0] ?? sharing[0];
  }

  /** The newest message in the buffer that contains an event, if any. */
  holderOf(tracked: TrackedEvent): M | undefined {
    return this.#holders.get(tracked)?.at(-1);
  }

  async #catchUp<T>(read: () => T): Promise<T> {
    const { happenings } = this.state;
    for (;;) {
      const until = performance.now() + millisecondsAtATime;
      for (let taken = 0; taken < messagesAtATime && performance.now() < until; taken += 1) {
        const happening = happenings[this.#taken];
        if (happening === undefined) return read();
        this.#taken += 1;
        if (happening.kind === 'row' && !this.#appIds.has(happening.appId))
          await this.#addApp(happening.appId);
        this.#take(happening);
      }
      await nextTurn();
    }
  }

  #take(happening: Happening<M>): void {
    switch (happening.kind) {
      case 'arrival':
        this.#arrive(happening);
        return;
      case 'departure':
        this.#depart(happening.message);
        return;
      case 'row':
        this.#store(happening);
        return;
      case 'reset':
        this.#forgetRows(happening.at);
        return;
      case 'settled':
        for (const requestId of happening.requestIds)
          for (const id of this.#idsOfRequest.get(requestId) ?? []) this.#ledger.settle(id);
    }
  }

  #arrive(arrival: Arrival<M>): void {
    const { queue, message } = arrival;
    const events = this.reader.eventsOf(message, this.#appIds);
    let isNew = false;
    for (const { id, isIgnored, heapEvents } of events) {
      if (queue === 'dead letters') {
        this.#ledger.reject(id, this.reader.reasonOf(message));
        continue;
      }
      const event: AcceptedEvent = {
        id,
        request: this.#requests,
        rowIds: [],
        timestamp: heapEvents[0]?.['timestamp'],
        acceptedAfter: this.#taken,
      };
      if (!this.#ledger.accept(id, event, isIgnored)) continue;
      isNew = true;
      this.#key(id, heapEvents);
    }
    if (isNew) {
      this.#requests += 1;
      this.#remember(message, events);
    }
    const followed = events.flatMap(({ id, subject }) => {
      const tracked = this.#ledger.find(id);
      return tracked === undefined ? [] : [{ tracked, subject }];
    });
    if (queue === 'buffer') this.#hold(message, new Set(followed.map(({ tracked }) => tracked)));
    if (followed.length > 0) this.#follower?.arrived(arrival, followed, isNew);
  }

  /** Records the rows that Heap may store an event as. */
  #key(id: string, heapEvents: EventOfMessage['heapEvents']): void {
    const tracked = this.#ledger.find(id);
    if (tracked === undefined) return;
    for (const row of heapEvents.flatMap((event) => rowId(event) ?? [])) {
      if (tracked.event.rowIds.includes(row)) continue;
      tracked.event.rowIds = [...tracked.event.rowIds, row];
      const sharing = this.#sharing.get(row);
      if (sharing === undefined) this.#sharing.set(row, [tracked]);
      else sharing.push(tracked);
    }
  }

  #store({ id, at, timestamp }: Extract<Happening, { readonly kind: 'row' }>): void {
    const known = this.#rows.get(id) ?? [];
    if (known.some(({ forgottenAt }) => forgottenAt === undefined)) return;
    this.#rows.set(id, [...known, { at, after: this.#taken, timestamp, forgottenAt: undefined }]);
    for (const { event } of this.#sharing.get(id) ?? []) this.#ledger.deliver(event.id);
  }

  /** The events stay delivered: Heap had them. */
  #forgetRows(at: number): void {
    for (const [id, rows] of this.#rows) {
      for (const row of rows) row.forgottenAt ??= at;
      for (const tracked of this.#sharing.get(id) ?? []) this.#follower?.forgotten(tracked);
    }
  }

  /** Idempotency keys depend on the app id, so a new one means reading all earlier messages again. */
  async #addApp(appId: string): Promise<void> {
    this.#appIds.add(appId);
    for (const [index, happening] of this.state.happenings.slice(0, this.#taken).entries()) {
      if (index % messagesAtATime === messagesAtATime - 1) await nextTurn();
      if (happening.kind !== 'arrival' || happening.queue !== 'buffer') continue;
      for (const { id, heapEvents } of this.reader.eventsOf(happening.message, this.#appIds))
        this.#key(id, heapEvents);
    }
  }

  /** With a real Heap, the function's log names requests, not events. */
  #remember({ attributes }: M, events: readonly EventOfMessage[]): void {
    const requestId = attributes[ingressStamps.requestId]?.StringValue;
    if (this.state.delivered === undefined || requestId === undefined) return;
    this.#idsOfRequest.set(
      requestId,
      events.map(({ id }) => id),
    );
  }

  #hold(message: M, events: ReadonlySet<TrackedEvent>): void {
    this.#held.set(message, [...events]);
    for (const tracked of events) {
      this.#holders.set(tracked, [...(this.#holders.get(tracked) ?? []), message]);
      this.#ledger.hold(tracked.event.id);
    }
  }

  #depart(message: M): void {
    for (const tracked of this.#held.get(message) ?? []) {
      const others = this.#holders.get(tracked)?.filter((holder) => holder !== message) ?? [];
      if (others.length > 0) {
        this.#holders.set(tracked, others);
        continue;
      }
      this.#holders.delete(tracked);
      // An equal event that Heap had before is proof only now.
      const row = tracked.reason === undefined ? this.rowOf(tracked) : undefined;
      if (row !== undefined && row.forgottenAt === undefined) this.#ledger.deliver(tracked.event.id);
      this.#ledger.release(tracked.event.id);
    }
    this.#held.delete(message);
  }
}
