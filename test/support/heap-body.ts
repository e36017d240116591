import type { SerializedEvent } from '../../lambda/heap/bulk-request';

/** The JSON of events, each in its own bytes. */
export const serialized = (...json: readonly string[]): SerializedEvent[] =>
  json.map((text) => ({ json: Buffer.from(text) }));

/** A request body for Heap as a string. */
export const textOf = (body: Uint8Array): string => Buffer.from(body).toString();
