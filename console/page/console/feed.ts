import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { FeedRow } from '../../wire';
import { isFiltering, matches, type Filter } from './filter';

/** Limits the DOM. The server counts older rows. */
const maxRows = 1000;

/**
 * The rows of the feed. Each row has its own signal, so a change redraws only that row. While the user looks at a
 * row, new rows are held back and counted, so the list does not move.
 */
export class Feed {
  readonly #rows = new Map<string, Signal<FeedRow>>();
  /** Newest first. */
  readonly #shown = signal<readonly string[]>([]);
  readonly #held = signal<readonly string[]>([]);
  readonly #isHolding = signal(false);
  /** How many new rows are held back. */
  readonly heldBack: ReadonlySignal<number> = computed(() => this.#held.value.length);
  readonly isHolding: ReadonlySignal<boolean> = this.#isHolding;
  /** Ids of the rows to show, newest first. */
  readonly visible: ReadonlySignal<readonly string[]>;
  readonly isEmpty: ReadonlySignal<boolean> = computed(
    () => this.#shown.value.length + this.#held.value.length === 0,
  );

  constructor(filter: ReadonlySignal<Filter>) {
    this.visible = computed(() => {
      const shown = this.#shown.value;
      const wanted = filter.value;
      if (!isFiltering(wanted)) return shown;
      return shown.filter((id) => {
        const row = this.row(id);
        return row !== undefined && matches(row.value, wanted);
      });
    });
  }

  row(id: string): ReadonlySignal<FeedRow> | undefined {
    return this.#rows.get(id);
  }

  /** Replaces all rows, e.g. after a reconnect. */
  replace(rows: readonly FeedRow[]): void {
    batch(() => {
      const known = new Map(this.#rows);
      this.#rows.clear();
      for (const row of rows.slice(0, maxRows)) {
        const same = known.get(row.id) ?? signal(row);
        same.value = row;
        this.#rows.set(row.id, same);
      }
      this.#shown.value = [...this.#rows.keys()];
      this.#held.value = [];
    });
  }

  /** @param rows new and changed rows, newest first */
  change(rows: readonly FeedRow[]): void {
    batch(() => {
      const added: string[] = [];
      const oldest = this.#rows.size < maxRows ? -Infinity : this.#oldest();
      for (const row of rows) {
        const known = this.#rows.get(row.id);
        if (known !== undefined) known.value = row;
        else if (row.at >= oldest) {
          this.#rows.set(row.id, signal(row));
          added.push(row.id);
        }
      }
      if (added.length > 0) this.#add(added);
    });
  }

  /** Starts to hold new rows back. */
  hold(): void {
    this.#isHolding.value = true;
  }

  /** Shows the rows that were held back, and then new rows as they arrive. */
  follow(): void {
    batch(() => {
      this.#isHolding.value = false;
      if (this.#held.value.length === 0) return;
      this.#shown.value = [...this.#held.value, ...this.#shown.value];
      this.#held.value = [];
    });
  }

  /** The id of the row of a request, including rows that are held back. */
  rowOfRequest(requestId: string): string | undefined {
    for (const [id, row] of this.#rows) if (row.peek().requestId === requestId) return id;
    return undefined;
  }

  #add(added: readonly string[]): void {
    const isHeld = this.#isHolding.value && this.#shown.value.length > 0;
    if (isHeld) this.#held.value = [...added, ...this.#held.value].slice(0, maxRows);
    else this.#shown.value = [...added, ...this.#shown.value];
    const room = maxRows - this.#held.value.length;
    if (this.#shown.value.length > room) this.#shown.value = this.#shown.value.slice(0, room);
    // All rows the user looked at have left the list.
    if (room === 0) this.follow();
    this.#forget();
  }

  /** When the oldest listed row arrived. Anything older has already left the list. */
  #oldest(): number {
    const id = this.#shown.peek().at(-1) ?? this.#held.peek().at(-1) ?? '';
    return this.#rows.get(id)?.peek().at ?? -Infinity;
  }

  #forget(): void {
    if (this.#rows.size <= maxRows) return;
    const kept = new Set([...this.#held.value, ...this.#shown.value]);
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
  }
}
