/** Where an event is. If several places apply, the first in this order counts. */
export type Place = 'delivered' | 'queued' | 'rejected' | 'ignored' | 'missing';

/** `accepted` is the sum of the others. */
export type Counts = Readonly<Record<Place | 'accepted', number>>;

/** An accepted event and where it is now. */
export interface Tracked<E> {
  readonly event: E;
  readonly place: Place;
  /** Why it became a dead letter; set only if it has not been accepted again since. */
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
 * Follows accepted events through the queues, each by a unique id. An event in two places is counted once: when one
 * event of a message is retried, its delivered neighbours are in the buffer as well.
 */
export class Ledger<E> {
  readonly #entries = new Map<string | number, Entry<E>>();
  readonly #counts = { accepted: 0, delivered: 0, queued: 0, rejected: 0, ignored: 0, missing: 0 };

  /** @param onMove called for each event whose place has changed, with its previous place */
  constructor(private readonly onMove: (tracked: Tracked<E>, from: Place) => void = () => undefined) {}

  get counts(): Counts {
    return { ...this.#counts };
  }

  /** In the order they were accepted. */
  get all(): IterableIterator<Tracked<E>> {
    return this.#entries.values();
  }

  find(id: string | number): Tracked<E> | undefined {
    return this.#entries.get(id);
  }

  /** The buffer received it, for the first time or again. @returns whether it is new */
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

  deliver(id: string | number): void {
    const known = this.#entries.get(id);
    if (known === undefined) return;
    known.isDelivered = true;
    this.#place(known);
  }

  /** The function has finished with it: everything it neither rejected nor ignored is in Heap. */
  settle(id: string | number): void {
    const known = this.#entries.get(id);
    if (known !== undefined && known.reason === undefined && !known.isIgnored) this.deliver(id);
  }

  /** The dead-letter queue received it. An unknown id was put there by hand and was never accepted. */
  reject(id: string | number, reason: string): void {
    const known = this.#entries.get(id);
    if (known === undefined) return;
    known.reason = reason;
    this.#place(known);
  }

  /** The buffer holds it. */
  hold(id: string | number): void {
    this.#queue(id, true);
  }

  /** The buffer no longer holds it. */
  release(id: string | number): void {
    this.#queue(id, false);
  }

  #queue(id: string | number, isQueued: boolean): void {
    const known = this.#entries.get(id);
    if (known === undefined) return;
    known.isQueued = isQueued;
    this.#place(known);
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
