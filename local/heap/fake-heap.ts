import { isJsonObject, type JsonObject } from '../../lambda/json';
import { invalidReason, invalidUsersReason } from './rules';

/** What Heap, or the way to it, does with a request. */
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

/** How Heap treats a request. */
export interface HeapFault {
  readonly mode: HeapMode;
  /** Seconds, for the header `Retry-After`. */
  readonly retryAfter?: number | undefined;
  /** Milliseconds before the answer, or, in a mode without one, before the connection is dropped. */
  readonly latencyMs?: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the sender of a request sees: an answer, no answer, or a connection that is reset. */
export type Reply = Answer | 'hang' | 'reset';

export interface HeapRow {
  readonly appId: string;
  /** As it stood in its request; the single form holds the app id as well. */
  readonly event: JsonObject;
}

export interface FakeHeapOptions {
  /** The last word on the events of a valid request: undefined stores them. */
  readonly refusal?: (events: readonly JsonObject[]) => Answer | undefined;
  /** Told of each event that is stored and was not there before. */
  readonly onRow?: (row: HeapRow) => void;
  /** Told of each event that comes again under a known app, user and key. */
  readonly onDuplicate?: (event: JsonObject, known: HeapRow) => void;
  /** Told why a request is refused as invalid. */
  readonly onInvalid?: (reason: string) => void;
}

/**
 * Heap's ingestion API without a network, under Heap's documented rules (developers.heap.io: Track, Bulk Track, Add
 * User Properties): an invalid request is refused whole, with a plain text that names the index. Of the events with
 * one app, user and key the first one wins.
 */
export class FakeHeap {
  /** In the order in which they came. */
  readonly rows = new Map<string, HeapRow>();
  readonly users: JsonObject[] = [];
  /** Events that came again under a known app, user and key. */
  duplicates = 0;

  constructor(private readonly options: FakeHeapOptions = {}) {}

  /**
   * @param path one of the two below `/api/`
   * @param body undefined when it is longer than Heap reads
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

/** Heap's answer to what it has stored. */
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
 * Heap's rows are keyed by user and event id: the same key under another user is another event. `undefined` for an
 * event without a key, which is always a row of its own.
 */
export function rowId(event: JsonObject): string | undefined {
  if (event['idempotency_key'] === undefined) return undefined;
  return JSON.stringify([event['identity'] ?? null, event['user_id'] ?? null, event['idempotency_key']]);
}

/** The bulk form's list; the single form is one item as it was posted. */
function itemsOf(request: JsonObject, list: 'events' | 'users'): readonly JsonObject[] {
  const items = request[list];
  return Array.isArray(items) ? items.filter(isJsonObject) : [request];
}

/** `undefined` for text that is no JSON, which no valid request is either. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
