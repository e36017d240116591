/** Where an event is: of several places the first one in this order. */
export type Place = 'delivered' | 'queued' | 'rejected' | 'ignored' | 'missing';

/** `accepted` is the sum of the others. */
export type Counts = Readonly<Record<Place | 'accepted', number>>;

/** An accepted event and where it is now. */
export interface Tracked<E> {
  readonly event: E;
  readonly place: Place;
  /** Why it was put among the dead letters, if that is where it was put last. */
  readonly reason: string | undefined;
}

class Entry<E> implements Tracked<E> {
  place: Place = 'missing';
  reason: string | undefined;
  isDelivered = false;
  isQueued = false;

  constructor(
    readonly event: E,
    readonly isIgnored: boolean,
  ) {}

  get due(): Place {
    if (this.isDelivered) return 'delivered';
    if (this.isQueued) return 'queued';
    if (this.reason !== undefined) return 'rejected';
    return this.isIgnored ? 'ignored' : 'missing';
  }
}

/**
 * Follows accepted events through the queues, each by an id that no other event has. An event that stands in two
 * places is counted once: delivered neighbours of an event that is tried again are in the buffer as well.
 */
export class Ledger<E> {
  readonly #entries = new Map<string | number, Entry<E>>();
  readonly #counts = { accepted: 0, delivered: 0, queued: 0, rejected: 0, ignored: 0, missing: 0 };
  #queued = new Set<Entry<E>>();

  /** @param onMove told of each event whose place has changed, and where it was */
  constructor(private readonly onMove: (tracked: Tracked<E>, from: Place) => void = () => undefined) {}

  get counts(): Counts {
    return { ...this.#counts };
  }

  /** In the order of their acceptance. */
  get all(): IterableIterator<Tracked<E>> {
    return this.#entries.values();
  }

  find(id: string | number): Tracked<E> | undefined {
    return this.#entries.get(id);
  }

  /** The buffer got it, for the first time or again. @returns whether it is new. */
  accept(id: string | number, event: E, isIgnored = false): boolean {
    const known = this.#entries.get(id);
    if (known !== undefined) {
      known.reason = undefined;
      this.#place(known);
      return false;
    }
    const entry = new Entry(event, isIgnored);
    this.#entries.set(id, entry);
    this.#counts.accepted += 1;
    this.#counts[entry.place] += 1;
    this.#place(entry);
    return true;
  }

  /** Heap has it. */
  deliver(id: string | number): void {
    const known = this.#entries.get(id);
    if (known === undefined) return;
    known.isDelivered = true;
    this.#place(known);
  }

  /** The function is done with it: Heap has what it neither rejected nor ignored. */
  settle(id: string | number): void {
    const known = this.#entries.get(id);
    if (known !== undefined && known.reason === undefined && !known.isIgnored) this.deliver(id);
  }

  /** The dead-letter queue got it. One that the buffer never had was put there by hand and is none of the accepted. */
  reject(id: string | number, reason: string): void {
    const known = this.#entries.get(id);
    if (known === undefined) return;
    known.reason = reason;
    this.#place(known);
  }

  /** The buffer holds these, and no others. */
  hold(ids: Iterable<string | number>): void {
    const [before, now] = [this.#queued, new Set<Entry<E>>()];
    for (const id of ids) {
      const known = this.#entries.get(id);
      if (known !== undefined) now.add(known);
    }
    this.#queued = now;
    for (const entry of before) if (!now.has(entry)) this.#queue(entry, false);
    for (const entry of now) if (!before.has(entry)) this.#queue(entry, true);
  }

  #queue(entry: Entry<E>, isQueued: boolean): void {
    entry.isQueued = isQueued;
    this.#place(entry);
  }

  #place(entry: Entry<E>): void {
    const { place: from, due } = entry;
    if (from === due) return;
    this.#counts[from] -= 1;
    this.#counts[due] += 1;
    entry.place = due;
    this.onMove(entry, from);
  }
}
