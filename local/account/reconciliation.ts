import { setImmediate as nextTurn } from 'node:timers/promises';
import { ingressStamps } from '../../lambda/contract';
import { rowId } from '../heap/fake-heap';
import { Ledger, type Counts, type Place, type Tracked } from './ledger';
import type { MessageAttributes } from '../aws/sqs/message';

/** A message as it stood in a queue. */
export interface QueuedMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
}

/** What an event is about, for a person; null where it cannot be read. */
export interface Subject {
  readonly event: string | null;
  /** The campaign's id in CleverTap. */
  readonly campaign: string | null;
  readonly identity: string | null;
}

/** What a message says of one of its events. */
export interface EventOfMessage {
  /** The same for this event in every message that holds it, narrowed or not; another for every other event. */
  readonly id: string;
  /** Whether it is never delivered nor rejected, as a setup ping is. */
  readonly isIgnored: boolean;
  /** What Heap would get of it under each app id; none where it would be rejected. */
  readonly heapEvents: readonly Readonly<Record<string, unknown>>[];
  readonly subject: Subject;
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

/** A message that a queue got. Instants are milliseconds since 1970. */
export interface Arrival<M extends QueuedMessage = QueuedMessage> {
  readonly kind: 'arrival';
  readonly at: number;
  readonly queue: 'buffer' | 'dead letters';
  readonly message: M;
}

/** What a stack saw. */
export type Happening<M extends QueuedMessage = QueuedMessage> =
  | Arrival<M>
  /** The fake Heap stored an event under this id for the first time, see `rowId`. */
  | { readonly kind: 'row'; readonly at: number; readonly id: string; readonly appId: string }
  /** The function said that it is done with these requests; only of a real Heap, which does not tell its rows. */
  | { readonly kind: 'settled'; readonly at: number; readonly requestIds: readonly string[] };

/** What a stack saw and holds. */
export interface StackState<M extends QueuedMessage = QueuedMessage> {
  /** In order; more come at its end. */
  readonly happenings: readonly Happening<M>[];
  /** What the buffer holds. */
  readonly buffer: () => readonly M[];
  /** How many events the function says it has delivered to a real Heap; undefined of the fake one. */
  readonly delivered: (() => number) | undefined;
  /** The app that events are sent to before Heap has any. */
  readonly appId?: string;
}

/** What is kept of an accepted event. */
export interface AcceptedEvent {
  /** As `EventOfMessage` has it. */
  readonly id: string;
  /** Accepted requests before its own. */
  readonly request: number;
  /** Ids of the rows of Heap it may be. */
  rowIds: readonly string[];
  /** As Heap would get it. */
  readonly timestamp: unknown;
}

export type TrackedEvent = Tracked<AcceptedEvent>;

/** Told what happens to the accepted events. */
export interface Follower<M extends QueuedMessage = QueuedMessage> {
  /**
   * A queue got a message with accepted events.
   *
   * @param isNew whether one of them was accepted with it
   */
  arrived(arrival: Arrival<M>, events: readonly FollowedEvent[], isNew: boolean): void;
  /** An event is in another place. */
  moved(event: TrackedEvent, from: Place): void;
}

export interface FollowedEvent {
  readonly tracked: TrackedEvent;
  readonly subject: Subject;
}

/** A row of the fake Heap, and the accepted events that it is, in the order of their acceptance. */
export interface SharedRow {
  readonly id: string;
  readonly at: number;
  readonly events: readonly TrackedEvent[];
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

/** After so many messages, or so long, the others get their turn, so that a webhook or a second Ctrl-C is heard. */
const messagesAtATime = 500;
const millisecondsAtATime = 10;

/**
 * Accounts for every event that was accepted: follows each from its first arrival in the buffer through whatever was
 * put where later, and looks for what is left in Heap and in the buffer. Each message is read once, when somebody asks.
 */
export class Reconciliation<M extends QueuedMessage = QueuedMessage> {
  readonly #ledger = new Ledger<AcceptedEvent>((event, from) => this.#follower?.moved(event, from));
  readonly #appIds = new Set<string>();
  /** What of the happenings was taken in. */
  #taken = 0;
  #requests = 0;
  /** Ids of the events of a message that was read. */
  readonly #idsOf = new WeakMap<QueuedMessage, readonly string[]>();
  /** When each row came to Heap. */
  readonly #rows = new Map<string, number>();
  /** The events that a row is or may come to be. */
  readonly #sharing = new Map<string, TrackedEvent[]>();
  /** Only of a real Heap. */
  readonly #idsOfRequest = new Map<string, readonly string[]>();
  /** The message in the buffer that holds an event. */
  #holders = new Map<TrackedEvent, M>();
  #follower: Follower<M> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly state: StackState<M>,
    private readonly reader: MessageReader,
  ) {
    if (state.appId !== undefined) this.#appIds.add(state.appId);
  }

  /** Has somebody told what happens from now on; to be called before the first question. */
  follow(follower: Follower<M>): void {
    this.#follower = follower;
  }

  /** Takes in what happened, and gives what is read of it before anything else happens. */
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

  /** Of what was taken in. */
  get counts(): Counts {
    const { counts } = this.#ledger;
    const delivered = this.state.delivered?.();
    return delivered === undefined
      ? counts
      : { ...counts, delivered, missing: counts.missing + counts.delivered - delivered };
  }

  /** The row of Heap that an event is; undefined where there is none, and of a real Heap. */
  rowOf({ event }: TrackedEvent): SharedRow | undefined {
    for (const id of event.rowIds) {
      const at = this.#rows.get(id);
      if (at !== undefined) return { id, at, events: this.#sharing.get(id) ?? [] };
    }
    return undefined;
  }

  /** The message in the buffer that holds an event; undefined where none does. */
  holderOf(tracked: TrackedEvent): M | undefined {
    return this.#holders.get(tracked);
  }

  async #catchUp<T>(read: () => T): Promise<T> {
    const { happenings } = this.state;
    for (;;) {
      const until = performance.now() + millisecondsAtATime;
      for (let taken = 0; taken < messagesAtATime && performance.now() < until; taken += 1) {
        const happening = happenings[this.#taken];
        if (happening === undefined) {
          this.#hold();
          return read();
        }
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
      case 'row': {
        const { id, at } = happening;
        if (this.#rows.has(id)) return;
        this.#rows.set(id, at);
        for (const { event } of this.#sharing.get(id) ?? []) this.#ledger.deliver(event.id);
        return;
      }
      case 'settled':
        for (const requestId of happening.requestIds)
          for (const id of this.#idsOfRequest.get(requestId) ?? []) this.#ledger.settle(id);
    }
  }

  #arrive(arrival: Arrival<M>): void {
    const { queue, message } = arrival;
    const events = this.reader.eventsOf(message, this.#appIds);
    this.#idsOf.set(
      message,
      events.map(({ id }) => id),
    );
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
    if (followed.length > 0) this.#follower?.arrived(arrival, followed, isNew);
  }

  /** What Heap may know an event by. */
  #key(id: string, heapEvents: EventOfMessage['heapEvents']): void {
    const tracked = this.#ledger.find(id);
    if (tracked === undefined) return;
    for (const row of heapEvents.flatMap((event) => rowId(event) ?? [])) {
      if (tracked.event.rowIds.includes(row)) continue;
      tracked.event.rowIds = [...tracked.event.rowIds, row];
      const sharing = this.#sharing.get(row);
      if (sharing === undefined) this.#sharing.set(row, [tracked]);
      else sharing.push(tracked);
      if (this.#rows.has(row)) this.#ledger.deliver(id);
    }
  }

  /** Keys are made with the app id: under another one all messages so far are read again. */
  async #addApp(appId: string): Promise<void> {
    this.#appIds.add(appId);
    for (const [index, happening] of this.state.happenings.slice(0, this.#taken).entries()) {
      if (index % messagesAtATime === messagesAtATime - 1) await nextTurn();
      if (happening.kind !== 'arrival' || happening.queue !== 'buffer') continue;
      for (const { id, heapEvents } of this.reader.eventsOf(happening.message, this.#appIds))
        this.#key(id, heapEvents);
    }
  }

  /** By its request a real Heap's log names what it is done with. */
  #remember({ attributes }: M, events: readonly EventOfMessage[]): void {
    const requestId = attributes[ingressStamps.requestId]?.StringValue;
    if (this.state.delivered === undefined || requestId === undefined) return;
    this.#idsOfRequest.set(
      requestId,
      events.map(({ id }) => id),
    );
  }

  #hold(): void {
    const holders = new Map<TrackedEvent, M>();
    const ids: string[] = [];
    for (const message of this.state.buffer()) {
      for (const id of this.#idsIn(message)) {
        ids.push(id);
        const tracked = this.#ledger.find(id);
        if (tracked !== undefined) holders.set(tracked, message);
      }
    }
    this.#holders = holders;
    this.#ledger.hold(ids);
  }

  #idsIn(message: M): readonly string[] {
    const known = this.#idsOf.get(message);
    if (known !== undefined) return known;
    const ids = this.reader.eventsOf(message, this.#appIds).map(({ id }) => id);
    this.#idsOf.set(message, ids);
    return ids;
  }
}
