/** What the mapping may do to a value on its way to Heap, other than hand it on. */
export type Change =
  | 'value_truncated'
  | 'event_name_truncated'
  | 'value_dropped'
  | 'type_mismatch'
  | 'name_collision'
  | 'name_reserved'
  | 'unrendered_value'
  | 'text_repaired'
  | 'timestamp_replaced'
  | 'app_id_placeholder'
  | 'explicit_id_ignored';

/** What was cut, dropped or replaced in an event: nothing of it happens silently. */
export class Changes implements Iterable<[Change, number]> {
  /** Each change and the name of the property, in order; for a person who previews a mapping. */
  readonly details: { readonly change: Change; readonly property: string | undefined }[] = [];

  record(change: Change, property?: string): void {
    this.details.push({ change, property });
  }

  /** How often each change happened. */
  [Symbol.iterator](): Iterator<[Change, number]> {
    const counts = new Map<Change, number>();
    for (const { change } of this.details) counts.set(change, (counts.get(change) ?? 0) + 1);
    return counts[Symbol.iterator]();
  }
}
