interface Entry<T> {
  readonly item: T;
  /** Milliseconds of the caller's clock. */
  readonly at: number;
  /** Orders entries with the same time by when they were set. */
  readonly order: number;
  /** Its index in the heap. */
  index: number;
}

/**
 * Items ordered by time: a binary heap that can also remove any item, so that neither a receive nor a delete scans
 * the other messages. `set` and `delete` cost O(log n), everything else O(1).
 */
export class Schedule<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #entries = new Map<T, Entry<T>>();
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The item with the earliest time. */
  get first(): { readonly item: T; readonly at: number } | undefined {
    return this.#heap[0];
  }

  has(item: T): boolean {
    return this.#entries.has(item);
  }

  /** The time of an item; `undefined` if the schedule does not contain it. */
  timeOf(item: T): number | undefined {
    return this.#entries.get(item)?.at;
  }

  /** Adds the item, or moves it, after all items already set to the same time. */
  set(item: T, at: number): void {
    this.delete(item);
    const entry = { item, at, order: this.#order++, index: this.#heap.length };
    this.#entries.set(item, entry);
    this.#heap.push(entry);
    this.#rise(entry);
  }

  /** @returns whether the schedule contained the item */
  delete(item: T): boolean {
    const entry = this.#entries.get(item);
    if (entry === undefined) return false;
    this.#entries.delete(item);
    const last = this.#heap.pop();
    if (last !== undefined && last !== entry) {
      last.index = entry.index;
      this.#heap[last.index] = last;
      this.#rise(last);
      this.#sink(last);
    }
    return true;
  }

  /** Removes and yields the items that are due at `now`, one by one. */
  *takeDue(now: number): Generator<{ readonly item: T; readonly at: number }> {
    for (let first = this.first; first !== undefined && first.at <= now; first = this.first) {
      this.delete(first.item);
      yield first;
    }
  }

  clear(): void {
    this.#heap.length = 0;
    this.#entries.clear();
  }

  #rise(entry: Entry<T>): void {
    for (;;) {
      const parent = this.#heap[(entry.index - 1) >> 1];
      if (parent === undefined || !precedes(entry, parent)) return;
      this.#swap(entry, parent);
    }
  }

  #sink(entry: Entry<T>): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      const child = left && right && precedes(right, left) ? right : left;
      if (child === undefined || !precedes(child, entry)) return;
      this.#swap(entry, child);
    }
  }

  #swap(a: Entry<T>, b: Entry<T>): void {
    [a.index, b.index] = [b.index, a.index];
    this.#heap[a.index] = a;
    this.#heap[b.index] = b;
  }
}

function precedes<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
