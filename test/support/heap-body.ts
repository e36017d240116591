import type { SerializedEvent } from '../../lambda/heap/bulk-request';

/** The JSON of events, each in bytes of its own. */
export const serialized = (...json: readonly string[]): SerializedEvent[] =>
  json.map((text) => ({ json: Buffer.from(text) }));

/** A body of Heap as the string it is. */
export const textOf = (body: Uint8Array): string => Buffer.from(body).toString();
