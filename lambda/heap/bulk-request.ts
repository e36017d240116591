import { inBatches } from '../batches';

/** Heap accepts 1000 events per request (developers.heap.io, "Bulk Track"). */
const maxEvents = 1000;

/** Heap documents no limit on the body; its own SDK stays below 1,000,000 bytes. */
const maxBytes = 900_000;

/** An event or user, ready to go into a request. */
export interface SerializedEvent {
  /** JSON in UTF-8. */
  readonly json: Uint8Array;
}

/**
 * Groups events, in order, into as few requests as Heap's limits allow.
 *
 * @param limit events per request, if fewer than Heap accepts
 */
export const toBulks = <T extends SerializedEvent>(events: Iterable<T>, limit = maxEvents): Generator<T[]> =>
  inBatches(events, Math.min(limit, maxEvents), maxBytes, ({ json }) => json.length + 1);

const bulkBody =
  (list: 'events' | 'users') =>
  (appId: string, elements: readonly SerializedEvent[]): Uint8Array => {
    const encoder = new TextEncoder();
    const comma = encoder.encode(',');
    const pieces = elements.flatMap(({ json }, index) => (index === 0 ? [json] : [comma, json]));
    const start = encoder.encode(`{"app_id":${JSON.stringify(appId)},"${list}":[`);
    return concat([start, ...pieces, encoder.encode(']}')]);
  };

/** The body of a bulk track request, as UTF-8. */
export const trackBody = bulkBody('events');

/** The body of a bulk request for user properties (developers.heap.io, "Bulk Add User Properties"), as UTF-8. */
export const userPropertiesBody = bulkBody('users');

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
