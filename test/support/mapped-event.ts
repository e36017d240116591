import type { SourceEvent } from '../../lambda/clevertap/decode-message';
import {
  isAborted,
  mapEvent as mapToJson,
  type AbortedEvent,
  type HeapEvent,
  type MappedEvent as MappedToJson,
  type MappingContext,
} from '../../lambda/mapping/map-event';
import { Changes } from '../../lambda/mapping/changes';
import { PropertyWriter, type HeapProperties } from '../../lambda/mapping/properties';
import { isRejected, type Rejected } from '../../lambda/mapping/rejection';

/** An event for Heap as Heap reads it. */
export interface MappedEvent extends Omit<MappedToJson, 'userProperties'> {
  readonly event: HeapEvent;
  readonly userProperties: HeapProperties | undefined;
}

/** Maps an event and reads the JSON it becomes. */
export function mapEvent(
  source: SourceEvent,
  context: MappingContext,
): MappedEvent | AbortedEvent | Rejected {
  const mapped = mapToJson(source, context);
  if (isRejected(mapped) || isAborted(mapped)) return mapped;
  const { json, userProperties } = mapped;
  return {
    ...mapped,
    event: JSON.parse(json) as HeapEvent,
    userProperties: userProperties === undefined ? undefined : (JSON.parse(userProperties) as HeapProperties),
  };
}

/**
 * What Heap gets of a value: as JSON, and of an object or list as properties, with what was changed on the way.
 * Objects of a template's scope are proxies, each time another one.
 */
export function asProperties(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const changes = new Changes();
  const writer = new PropertyWriter(changes);
  writer.add('p', value);
  return JSON.stringify([writer.json, writer.rejection, changes.details]);
}
