import type { Body, SerializedEvent } from '../../lambda/heap/bulk-request';

/** The JSON of events, each in bytes of its own. */
export const serialized = (...json: readonly string[]): SerializedEvent[] =>
  json.map((text) => ({ json: Buffer.from(text) }));

/** A body of Heap as the text it is. */
export const textOf = (body: Body): string => Buffer.concat(body).toString();
