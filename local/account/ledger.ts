/** Where an event is: of several places the first one in this order. */
export type Place = 'delivered' | 'queued' | 'rejected' | 'ignored' | 'missing';

/** `accepted` is the sum of the others. */
export type Counts = Readonly<Record<Place | 'accepted', number>>;

interface Entry<E> {
  readonly event: E;
  isQueued: boolean;
  /** Set while the dead-letter queue is where it was put last. */
  reason: string | undefined;
}

export interface Placed<E> {
  readonly event: E;
  readonly place: Place;
  /** Why it was put among the dead letters, if that is where it was put last. */
  readonly reason: string | undefined;
}

/**
 * Follows accepted events through the queues, each by an id that no other event has. An event that stands in two
 * places is counted once: delivered neighbours of an event that is tried again are in the buffer as well.
 */
export class Ledger<E> {
  readonly #entries = new Map<string | number, Entry<E>>();

  /** The buffer got it, for the first time or again. @returns whether it is new. */
  accept(id: string | number, event: E): boolean {
    const known = this.#entries.get(id);
    if (known === undefined) this.#entries.set(id, { event, isQueued: false, reason: undefined });
    else known.reason = undefined;
    return known === undefined;
  }

  /** The dead-letter queue got it. One that the buffer never had was put there by hand and is none of the accepted. */
  reject(id: string | number, reason: string): void {
    const known = this.#entries.get(id);
    if (known !== undefined) known.reason = reason;
  }

  /** The buffer holds it. */
  hold(id: string | number): void {
    const known = this.#entries.get(id);
    if (known !== undefined) known.isQueued = true;
  }

  /** Where each accepted event is, in the order of their acceptance. */
  close(isInHeap: (event: E) => boolean, isIgnored: (event: E) => boolean): readonly Placed<E>[] {
    const placeOf = ({ event, isQueued, reason }: Entry<E>): Place => {
      if (isInHeap(event)) return 'delivered';
      if (isQueued) return 'queued';
      if (reason !== undefined) return 'rejected';
      return isIgnored(event) ? 'ignored' : 'missing';
    };
    return Array.from(this.#entries.values(), (entry) => ({
      event: entry.event,
      place: placeOf(entry),
      reason: entry.reason,
    }));
  }
}

export function countsOf(placed: readonly Placed<unknown>[]): Counts {
  const counts = { accepted: placed.length, delivered: 0, queued: 0, rejected: 0, ignored: 0, missing: 0 };
  for (const { place } of placed) counts[place] += 1;
  return counts;
}
