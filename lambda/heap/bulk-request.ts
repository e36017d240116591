/** Heap takes 1000 events a request (developers.heap.io, "Bulk Track"). */
const maxEvents = 1000;

/** Heap documents no limit on the body; its own SDK stays below 1,000,000 bytes. */
const maxBytes = 900_000;

/** An event as it will stand in a request. */
export interface SerializedEvent {
  /** JSON in UTF-8. */
  readonly json: Uint8Array;
}

/**
 * Texts of events, encoded one after another with commas between, as they will stand in a request: a buffer of its own
 * for each would take longer than to make its event, and strings would be copied twice more on their way.
 */
export class EventTexts {
  private buffer = Buffer.alloc(0);
  private end = 0;

  add(json: string): Uint8Array {
    const maxLength = maxBytesPerUnit * json.length + 1;
    if (this.end + maxLength > this.buffer.length) {
      const bytes = this.buffer.length === 0 ? firstBufferBytes : bufferBytes;
      this.buffer = Buffer.allocUnsafe(Math.max(bytes, maxLength));
      this.end = 0;
    }
    const start = this.end;
    const end = start + this.buffer.write(json, start);
    this.buffer[end] = comma;
    this.end = end + 1;
    return this.buffer.subarray(start, end);
  }
}

/** As UTF-8 no UTF-16 unit takes more. */
const maxBytesPerUnit = 3;
/** Most batches are small. */
const firstBufferBytes = 65_536;
const bufferBytes = 1_048_576;

const comma = 0x2c;

/**
 * Groups events, in their order, into as few requests as Heap's limits allow.
 *
 * @param limit events a request, where that is less than Heap takes
 */
export function toBulks<T extends SerializedEvent>(events: readonly T[], limit = maxEvents): T[][] {
  const bulks: T[][] = [];
  let bulk: T[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = event.json.length + 1;
    if (bulk.length === Math.min(limit, maxEvents) || (bulk.length > 0 && bytes + size > maxBytes)) {
      bulks.push(bulk);
      bulk = [];
      bytes = 0;
    }
    bulk.push(event);
    bytes += size;
  }
  if (bulk.length > 0) bulks.push(bulk);
  return bulks;
}

/** The body of a request, piece by piece. */
export type Body = readonly Uint8Array[];

const bulkBody =
  (list: 'events' | 'users') =>
  (appId: string, elements: readonly SerializedEvent[]): Body => [
    Buffer.from(`{"app_id":${JSON.stringify(appId)},"${list}":[`),
    ...listed(elements),
    Buffer.from(']}'),
  ];

/** The body of a bulk track request. */
export const trackBody = bulkBody('events');

/** The body of a bulk request for properties of users (developers.heap.io, "Bulk Add User Properties"). */
export const userPropertiesBody = bulkBody('users');

/** Texts with commas between them. Those that already stand so in one buffer are one piece. */
function listed(events: readonly SerializedEvent[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let all: Uint8Array = new Uint8Array();
  let [start, end] = [0, 0];
  for (const { json } of events) {
    const isNext = json.buffer === all.buffer && json.byteOffset === end + 1 && all[end] === comma;
    if (!isNext) {
      if (end > 0) pieces.push(all.subarray(start, end), Uint8Array.of(comma));
      all = new Uint8Array(json.buffer);
      start = json.byteOffset;
    }
    end = json.byteOffset + json.length;
  }
  return end > 0 ? [...pieces, all.subarray(start, end)] : pieces;
}
