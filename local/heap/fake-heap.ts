import { isJsonObject, type JsonObject } from '../../lambda/json';
import { invalidReason, invalidUsersReason } from './rules';

/** What Heap, or the network in front of it, does with a request. */
export const heapModes = [
  'ok',
  '500',
  '429',
  '400-index',
  '400-plain',
  '413',
  'timeout',
  'reset',
  'store-then-hang',
  'redirect',
  '400-request',
  '401',
  '404',
  '503',
  'store-then-reset',
] as const;
export type HeapMode = (typeof heapModes)[number];

/** How Heap handles a request. */
export interface HeapFault {
  readonly mode: HeapMode;
  /** Seconds, for the header `Retry-After`. */
  readonly retryAfter?: number | undefined;
  /** Milliseconds before the response. In a mode without a response, when the connection is dropped. */
  readonly latencyMs?: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the sender observes: a response, no response, or a connection reset. */
export type Reply = Answer | 'hang' | 'reset';

export interface HeapRow {
  readonly appId: string;
  /** As it was in the request. In the single form it includes the app id. */
  readonly event: JsonObject;
}

export interface FakeHeapOptions {
  /** May refuse the events of a valid request; undefined stores them. */
  readonly refusal?: (events: readonly JsonObject[]) => Answer | undefined;
  /** Called for each event that is stored for the first time. */
  readonly onRow?: (row: HeapRow) => void;
  /** Called for each event received again under a known app, user and key. */
  readonly onDuplicate?: (event: JsonObject, known: HeapRow) => void;
  /** Called with the reason if a request is refused as invalid. */
  readonly onInvalid?: (reason: string) => void;
}

/**
 * Heap's ingestion API without a network, under Heap's documented rules (developers.heap.io: Track, Bulk Track, Add
 * User Properties). An invalid request is refused as a whole with a plain-text reason that names the index. Of events
 * with the same app, user and key, the first one wins.
 */
export class FakeHeap {
  /** In the order they were received. */
  readonly rows = new Map<string, HeapRow>();
  readonly users: JsonObject[] = [];
  /** The number of events received again under a known app, user and key. */
  duplicates = 0;

  constructor(private readonly options: FakeHeapOptions = {}) {}

  /**
   * @param path one of the two paths below `/api/`
   * @param body undefined if it exceeds Heap's size limit
   */
  reply(path: string, body: string | undefined, mode: HeapMode): Reply {
    switch (mode) {
      case 'timeout':
        return 'hang';
      case 'reset':
        return 'reset';
      case 'ok':
        return this.#take(path, body);
      case 'store-then-hang':
      case 'store-then-reset': {
        const answer = this.#take(path, body);
        if (answer.status !== 200) return answer;
        return mode === 'store-then-hang' ? 'hang' : 'reset';
      }
      default:
        return answers[mode];
    }
  }

  #take(path: string, body: string | undefined): Answer {
    if (body === undefined) return answers['413'];
    const request = parseJson(body);
    const isTrack = path === '/api/track';
    const reason = isTrack ? invalidReason(request) : invalidUsersReason(request);
    if (reason !== undefined || !isJsonObject(request)) {
      this.options.onInvalid?.(String(reason));
      return { status: 400, body: String(reason) };
    }
    if (!isTrack) {
      this.users.push(...itemsOf(request, 'users'));
      return taken;
    }
    const events = itemsOf(request, 'events');
    const refusal = this.options.refusal?.(events);
    if (refusal !== undefined) return refusal;
    for (const event of events) this.#store({ appId: String(request['app_id']), event });
    return taken;
  }

  #store(row: HeapRow): void {
    const id = rowId(row.event);
    const key = id === undefined ? `without a key ${this.rows.size}` : `${row.appId} ${id}`;
    const known = this.rows.get(key);
    if (known !== undefined) {
      this.duplicates += 1;
      this.options.onDuplicate?.(row.event, known);
      return;
    }
    this.rows.set(key, row);
    this.options.onRow?.(row);
  }
}

/** Heap's response after storing a request. */
export const taken: Answer = { status: 200, body: '{}', headers: { 'Content-Type': 'application/json' } };

const answers = {
  '500': { status: 500, body: 'Internal Server Error' },
  '503': { status: 503, body: 'Service Unavailable' },
  '429': { status: 429, body: 'Too Many Requests' },
  '400-index': { status: 400, body: 'postBody.events[0].properties should be object' },
  '400-plain': { status: 400, body: 'Bad Request' },
  '400-request': { status: 400, body: 'postBody should be object' },
  '401': { status: 401, body: 'Unauthorized' },
  '404': { status: 404, body: 'Not Found' },
  '413': { status: 413, body: 'Payload Too Large' },
  redirect: { status: 302, body: '', headers: { Location: '/redirected' } },
} as const satisfies Partial<Record<HeapMode, Answer>>;

/**
 * The id of a row. Heap keys rows by user and event id, so the same key under another user is another event.
 * `undefined` for an event without a key, which always becomes a new row.
 */
export function rowId(event: JsonObject): string | undefined {
  if (event['idempotency_key'] === undefined) return undefined;
  return JSON.stringify([event['identity'] ?? null, event['user_id'] ?? null, event['idempotency_key']]);
}

/** The list of the bulk form; the single form is one item as it was posted. */
function itemsOf(request: JsonObject, list: 'events' | 'users'): readonly JsonObject[] {
  const items = request[list];
  return Array.isArray(items) ? items.filter(isJsonObject) : [request];
}

/** `undefined` for invalid JSON. No valid request is `undefined`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
