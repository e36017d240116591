import { inBatches } from '../batches';

/** Heap takes 1000 events a request (developers.heap.io, "Bulk Track"). */
const maxEvents = 1000;

/** Heap documents no limit on the body; its own SDK stays below 1,000,000 bytes. */
const maxBytes = 900_000;

/** An event or user as it goes into a request. */
export interface SerializedEvent {
  /** JSON in UTF-8. */
  readonly json: Uint8Array;
}

/**
 * Groups events, in their order, into as few requests as Heap's limits allow.
 *
 * @param limit events a request, where that is less than Heap takes
 */
export const toBulks = <T extends SerializedEvent>(events: Iterable<T>, limit = maxEvents): Generator<T[]> =>
  inBatches(events, Math.min(limit, maxEvents), maxBytes, ({ json }) => json.length + 1);

/** The body of a bulk track request, as UTF-8. */
export const trackBody = (appId: string, events: readonly SerializedEvent[]): Uint8Array =>
  bulkBody(appId, 'events', events);

/** The body of a bulk request for user properties (developers.heap.io, "Bulk Add User Properties"), as UTF-8. */
export const userPropertiesBody = (appId: string, users: readonly SerializedEvent[]): Uint8Array =>
  bulkBody(appId, 'users', users);

function bulkBody(appId: string, list: 'events' | 'users', elements: readonly SerializedEvent[]): Uint8Array {
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [encoder.encode(`{"app_id":${JSON.stringify(appId)},"${list}":[`)];
  const comma = encoder.encode(',');
  for (const [index, { json }] of elements.entries()) {
    if (index > 0) pieces.push(comma);
    pieces.push(json);
  }
  pieces.push(encoder.encode(']}'));
  return concat(pieces);
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
