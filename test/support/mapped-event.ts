import type { SourceEvent } from '../../lambda/clevertap/decode-message';
import {
  Changes,
  isRejected,
  type Change,
  type RecordedChange,
  type Rejected,
} from '../../lambda/mapping/findings';
import {
  isAborted,
  mapEvent as map,
  type AbortedEvent,
  type HeapEvent,
  type MappedEvent as Mapped,
  type MappingContext,
} from '../../lambda/mapping/map-event';
import { PropertyCollector } from '../../lambda/mapping/properties';

/** Changes in order, counted when they are iterated. */
export class CountedChanges implements Iterable<[Change, number]> {
  constructor(readonly details: readonly RecordedChange[]) {}

  [Symbol.iterator](): Iterator<[Change, number]> {
    const counts = new Map<Change, number>();
    for (const { change } of this.details) counts.set(change, (counts.get(change) ?? 0) + 1);
    return counts[Symbol.iterator]();
  }
}

/** An event as Heap reads it. */
export interface MappedEvent extends Omit<Mapped, 'changes'> {
  readonly changes: CountedChanges;
}

/** Maps an event, serializes it as JSON and parses that. */
export function mapEvent(
  source: SourceEvent,
  context: MappingContext,
): MappedEvent | AbortedEvent | Rejected {
  const mapped = map(source, context);
  if (isRejected(mapped) || isAborted(mapped)) return mapped;
  return {
    ...mapped,
    event: JSON.parse(JSON.stringify(mapped.event)) as HeapEvent,
    changes: new CountedChanges(mapped.changes),
  };
}

/**
 * What Heap receives for a value: as JSON, and an object or list as properties, with the changes made on the way.
 * Objects in a template's scope are proxies, a new one each time.
 */
export function asProperties(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const changes = new Changes();
  const collector = new PropertyCollector(changes);
  collector.add('p', value);
  return JSON.stringify([collector.properties, collector.rejection, changes.recorded]);
}
