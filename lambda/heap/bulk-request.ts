/** Heap takes 1000 events a request (developers.heap.io, "Bulk Track"). */
const maxEvents = 1000;

/** Heap documents no limit on the body; its own SDK stays below 1,000,000 bytes. */
const maxBytes = 900_000;

/** An event as it will stand in a request. */
export interface SerializedEvent {
  readonly json: string;
}

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
    const size = Buffer.byteLength(event.json) + 1;
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

/** The body of a bulk track request. */
export const trackBody = (appId: string, events: readonly SerializedEvent[]): string =>
  `{"app_id":${JSON.stringify(appId)},"events":[${events.map(({ json }) => json).join(',')}]}`;

/** The body of a bulk request for properties of users (developers.heap.io, "Bulk Add User Properties"). */
export const userPropertiesBody = (appId: string, users: readonly SerializedEvent[]): string =>
  `{"app_id":${JSON.stringify(appId)},"users":[${users.map(({ json }) => json).join(',')}]}`;
