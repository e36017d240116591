import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { listen, readBody, type RunningServer } from './http-server';

const MODES = [
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
] as const;
export type HeapMode = (typeof MODES)[number];

/** How Heap treats a request. */
export interface HeapFault {
  readonly mode: HeapMode;
  /** Seconds, for the header `Retry-After`. */
  readonly retryAfter?: number | undefined;
  /** Milliseconds before the answer, or, in a mode without one, before the connection is dropped. */
  readonly latencyMs?: number | undefined;
}

/** What `POST /control` asked for; `times` is the number of API requests it still holds for. */
interface ControlledFault extends HeapFault {
  readonly times: number;
}

export interface FakeHeapOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /**
   * Asked for each API request that `POST /control` has no fault for; its mode `ok` is none, too, so that it ends
   * what this plays until `POST /reset`.
   *
   * @default - no faults
   */
  readonly nextFault?: () => HeapFault;
}

export interface RunningFakeHeap extends RunningServer {
  /** All it ever stored, `POST /reset` or not. */
  readonly stored: StoredInHeap;
}

export interface StoredInHeap {
  /** Ids of the rows of events with an idempotency key, see `rowId`. */
  readonly rows: ReadonlySet<string>;
  /** App ids of the requests that were taken. */
  readonly appIds: ReadonlySet<string>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `undefined` where no answer is ever given. */
type Reply = Answer | undefined;

type Json = Readonly<Record<string, unknown>>;

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const MAX_ITEMS = 1000;
const NO_FAULT: ControlledFault = { mode: 'ok', times: Infinity };
const ISO_8601 = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Starts a server that plays Heap's ingestion API under Heap's documented rules (developers.heap.io: Track, Bulk
 * Track, Add User Properties): an invalid request is refused whole, with a plain text that names the index.
 *
 * - `POST /api/track`, `POST /api/add_user_properties`: single and bulk form, answered `{}`.
 * - `GET /received`: `{"requests","events","users","duplicates"}`; `events` are unique by user and
 *   `idempotency_key`, the first one wins, and stand as they stood in their request.
 * - `POST /control {"mode","times","retryAfter","latencyMs"}`: the fault to play for the next `times` API
 *   requests (absent: until changed), the `Retry-After` header in seconds, and how long each answer takes.
 * - `POST /reset`: forgets everything received and the fault.
 */
export async function startFakeHeap({ port, nextFault }: FakeHeapOptions): Promise<RunningFakeHeap> {
  const heap = new FakeHeap(nextFault ?? (() => NO_FAULT));
  const server = await listen(port, (request, response) => {
    heap.answer(request, response).catch(() => {
      // The caller hung up in the middle of its own request: there is nobody left to tell.
      response.destroy();
    });
  });
  return { ...server, stored: heap.stored };
}

/** Why Heap refuses this body of `POST /api/track`, in the words of its answer; `undefined` when it is valid. */
export function invalidReason(body: unknown): string | undefined {
  return invalidRequest(body, 'events', invalidEvent);
}

/** The same for a body of `POST /api/add_user_properties`. */
export function invalidUsersReason(body: unknown): string | undefined {
  return invalidRequest(body, 'users', invalidUser);
}

class FakeHeap {
  readonly stored = { rows: new Set<string>(), appIds: new Set<string>() };
  readonly #fallback: () => HeapFault;
  #fault = NO_FAULT;
  #requests = 0;
  #duplicates = 0;
  #events: unknown[] = [];
  #users: unknown[] = [];
  #known = new Set<string>();

  constructor(fallback: () => HeapFault) {
    this.#fallback = fallback;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const isCall = request.method === 'POST' && path.startsWith('/api/');
    if (isCall) this.#requests += 1;
    // Before the body arrives, so that of concurrent requests the first ones meet the fault.
    const fault = isCall ? this.#nextFault() : NO_FAULT;
    const body = await readBody(request, MAX_BODY_BYTES);

    const reply = this.#route(path, request.method ?? '', body, fault);
    const { latencyMs } = fault;
    // The process need not live on for an answer.
    if (latencyMs !== undefined) await pause(latencyMs, undefined, { ref: false });
    if (fault.mode === 'reset') return void request.socket.resetAndDestroy();
    if (reply === undefined) return latencyMs === undefined ? undefined : void request.socket.destroy();
    if (fault.retryAfter !== undefined) response.setHeader('Retry-After', fault.retryAfter);
    response.writeHead(reply.status, { 'Content-Type': 'text/plain; charset=utf-8', ...reply.headers });
    response.end(reply.body);
  }

  #route(path: string, method: string, body: Buffer | undefined, fault: HeapFault): Reply {
    switch (path) {
      case '/api/track':
        return allow('POST', method, () => this.#call(body, fault, invalidReason, this.#storeEvents));
      case '/api/add_user_properties':
        return allow('POST', method, () => this.#call(body, fault, invalidUsersReason, this.#storeUsers));
      case '/received':
        return allow('GET', method, () => json(this.#received()));
      case '/control':
        return allow('POST', method, () => this.#control(body));
      case '/reset':
        return allow('POST', method, () => this.#reset());
      case '/redirected':
        // Where the redirect leads: a sender that follows it is told all is well, and nothing was stored.
        return json({});
      default:
        return { status: 404, body: 'Not Found' };
    }
  }

  #call(
    body: Buffer | undefined,
    { mode }: HeapFault,
    invalid: (body: unknown) => string | undefined,
    store: (body: unknown) => void,
  ): Reply {
    if (body === undefined || mode === '413') return { status: 413, body: 'Payload Too Large' };
    switch (mode) {
      case '500':
        return { status: 500, body: 'Internal Server Error' };
      case '429':
        return { status: 429, body: 'Too Many Requests' };
      case '400-index':
        return { status: 400, body: 'postBody.events[0].properties should be object' };
      case '400-plain':
        return { status: 400, body: 'Bad Request' };
      case 'redirect':
        return { status: 302, body: '', headers: { Location: '/redirected' } };
      case 'timeout':
      case 'reset':
        return undefined;
      case 'ok':
      case 'store-then-hang': {
        const parsed = parseJson(body);
        const reason = invalid(parsed);
        if (reason !== undefined) return { status: 400, body: reason };
        store(parsed);
        this.stored.appIds.add(appIdOf(parsed));
        return mode === 'ok' ? json({}) : undefined;
      }
    }
  }

  readonly #storeEvents = (body: unknown): void => {
    for (const event of itemsOf(body, 'events')) {
      const row = isObject(event) ? rowId(event) : undefined;
      if (row !== undefined) {
        if (this.#known.has(row)) {
          this.#duplicates += 1;
          continue;
        }
        this.#known.add(row);
        this.stored.rows.add(row);
      }
      this.#events.push(event);
    }
  };

  readonly #storeUsers = (body: unknown): void => {
    this.#users.push(...itemsOf(body, 'users'));
  };

  #received(): unknown {
    return {
      requests: this.#requests,
      events: this.#events,
      users: this.#users,
      duplicates: this.#duplicates,
    };
  }

  #control(body: Buffer | undefined): Answer {
    const fault = parseFault(body === undefined ? undefined : parseJson(body));
    if (typeof fault === 'string') return { status: 400, body: fault };
    this.#fault = fault;
    return json({});
  }

  #reset(): Answer {
    this.#fault = NO_FAULT;
    this.#requests = 0;
    this.#duplicates = 0;
    this.#events = [];
    this.#users = [];
    this.#known = new Set();
    return json({});
  }

  #nextFault(): HeapFault {
    const fault = this.#fault;
    if (fault === NO_FAULT) return this.#fallback();
    this.#fault = fault.times > 1 ? { ...fault, times: fault.times - 1 } : NO_FAULT;
    return fault;
  }
}

function allow(allowed: string, method: string, answer: () => Reply): Reply {
  return method === allowed
    ? answer()
    : { status: 405, body: 'Method Not Allowed', headers: { Allow: allowed } };
}

function json(value: unknown): Answer {
  return { status: 200, body: JSON.stringify(value), headers: { 'Content-Type': 'application/json' } };
}

/** What the fault is, or what is wrong with the request for one. */
function parseFault(body: unknown): ControlledFault | string {
  if (!isObject(body)) return `the body should be a JSON object with mode (${MODES.join(', ')})`;
  const { mode, times, retryAfter, latencyMs, ...unknown } = body;
  const known = MODES.find((allowed) => allowed === mode);
  if (known === undefined) return `mode should be one of ${MODES.join(', ')}`;
  if (times !== undefined && !isWholeNumber(times, 1)) return 'times should be a whole number of at least 1';
  if (retryAfter !== undefined && !isWholeNumber(retryAfter, 0))
    return 'retryAfter should be a whole number of seconds';
  if (latencyMs !== undefined && !isWholeNumber(latencyMs, 0))
    return 'latencyMs should be a whole number of milliseconds';
  const [name] = Object.keys(unknown);
  if (name !== undefined) return `${name} is unknown: only mode, times, retryAfter and latencyMs are allowed`;
  return { mode: known, times: times ?? Infinity, retryAfter, latencyMs };
}

/**
 * Heap's rows are keyed by user and event id: the same key under another user is another event. `undefined` for an
 * event without a key, which is always a row of its own.
 */
export function rowId(event: Readonly<Record<string, unknown>>): string | undefined {
  if (event['idempotency_key'] === undefined) return undefined;
  return JSON.stringify([event['identity'] ?? null, event['user_id'] ?? null, event['idempotency_key']]);
}

function appIdOf(body: unknown): string {
  return isObject(body) ? String(body['app_id']) : '';
}

/** The bulk form's list; the single form is one item as it was posted. */
function itemsOf(body: unknown, list: 'events' | 'users'): readonly unknown[] {
  const items = isObject(body) ? body[list] : undefined;
  return Array.isArray(items) ? items : [body];
}

function invalidRequest(
  body: unknown,
  list: 'events' | 'users',
  invalidItem: (item: unknown, at: string) => string | undefined,
): string | undefined {
  if (!isObject(body)) return 'postBody should be object';
  const appId = body['app_id'];
  if (typeof appId !== 'string' || !/^\d+$/.test(appId))
    return 'postBody.app_id should be a string of digits';
  if (!Object.hasOwn(body, list)) return invalidItem(body, 'postBody');

  const items: unknown = body[list];
  if (!Array.isArray(items)) return `postBody.${list} should be array`;
  if (items.length > MAX_ITEMS) return `postBody.${list} should have at most ${MAX_ITEMS} items`;
  return first(items, (item, index) => invalidItem(item, `postBody.${list}[${index}]`));
}

function invalidEvent(event: unknown, at: string): string | undefined {
  if (!isObject(event)) return `${at} should be object`;
  const { event: name, identity, user_id: userId, timestamp, idempotency_key: key, properties } = event;
  if (!isText(name, 1024)) return `${at}.event should be a string of 1 to 1024 characters`;
  if ((identity === undefined) === (userId === undefined))
    return `${at}.identity should be given, or user_id, and not both`;
  if (identity !== undefined && !isText(identity, 255)) return invalidIdentity(at);
  if (userId !== undefined && !isUserId(userId))
    return `${at}.user_id should be a number from 0 to 2^53 - 1 as a string`;
  if (timestamp !== undefined && !isTimestamp(timestamp))
    return `${at}.timestamp should be an ISO 8601 string`;
  if (key !== undefined && !isText(key, Infinity))
    return `${at}.idempotency_key should be a non-empty string`;
  return properties === undefined ? undefined : invalidProperties(properties, `${at}.properties`);
}

function invalidUser(user: unknown, at: string): string | undefined {
  if (!isObject(user)) return `${at} should be object`;
  if (!isText(user['identity'], 255)) return invalidIdentity(at);
  return invalidProperties(user['properties'], `${at}.properties`);
}

function invalidIdentity(at: string): string {
  return `${at}.identity should be a string of 1 to 255 characters`;
}

function invalidProperties(properties: unknown, at: string): string | undefined {
  if (!isObject(properties)) return `${at} should be object`;
  return first(Object.entries(properties), ([key, value]) => {
    if (key.length >= 1024) return `${at} should have keys of fewer than 1024 characters`;
    if (key.toLowerCase() === 'id') return `${at}.${key} should not be used: the name is reserved`;
    const valid = Array.isArray(value) ? value.every(isScalar) : isScalar(value);
    return valid
      ? undefined
      : `${at}.${key} should be a number, a string of fewer than 1024 characters or an array of these`;
  });
}

function first<T>(
  items: readonly T[],
  reason: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = reason(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= maxLength;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' ? value.length < 1024 : Number.isFinite(value);
}

function isUserId(value: unknown): boolean {
  return typeof value === 'string' && /^\d+$/.test(value) && Number.isSafeInteger(Number(value));
}

function isTimestamp(value: unknown): boolean {
  const day = typeof value === 'string' ? ISO_8601.exec(value)?.[1] : undefined;
  if (day === undefined || Number.isNaN(Date.parse(String(value)))) return false;
  // Date.parse takes 30 February for 1 March; only a real day comes back as it went in.
  return new Date(day).toISOString().startsWith(day);
}

function isWholeNumber(value: unknown, atLeast: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= atLeast;
}

/** `undefined` for text that is no JSON, which no valid request is either. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
