import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { isJsonObject, type JsonObject } from '../../lambda/json';
import { listen, readBody, type RunningServer } from '../http-server';
import {
  FakeHeap,
  heapModes,
  parseJson,
  rowId,
  taken,
  type Answer,
  type HeapFault,
  type HeapRow,
  type Reply,
} from './fake-heap';

/** What `POST /control` asked for; `times` is the number of API requests it still holds for. */
export interface ControlledFault extends HeapFault {
  readonly times: number;
}

export interface FakeHeapServerOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /**
   * Asked for each API request that `POST /control` has no fault for; its mode `ok` is none, too, so that it ends
   * what this plays until `POST /reset`.
   *
   * @default - no faults
   */
  readonly nextFault?: () => HeapFault;
  /** Told of each event that is stored and was not there before; its id as `rowId` has it. */
  readonly onRow?: (row: HeapRow & { readonly id: string | undefined }) => void;
  /** Told that it was asked for something, or to do something else. */
  readonly onRequest?: () => void;
}

export interface RunningFakeHeap extends RunningServer {
  /** The fault that `POST /control` asked for; undefined while none is asked for. */
  readonly fault: ControlledFault | undefined;
  /** Whether faults are played that no `POST /control` asked for. */
  readonly isStorm: boolean;
  /** The event of a row it has, as it stood in its request, by its `rowId`. */
  readonly eventOf: (rowId: string) => JsonObject | undefined;
  /** What `POST /control` does with the same value. @returns what is wrong with it, if so */
  readonly control: (fault: unknown) => string | undefined;
  /** Plays faults until another is asked for. */
  readonly play: (nextFault: () => HeapFault) => void;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const NO_FAULT: ControlledFault = { mode: 'ok', times: Infinity };

/**
 * Starts a server that plays Heap's ingestion API.
 *
 * - `POST /api/track`, `POST /api/add_user_properties`: single and bulk form, answered `{}`.
 * - `GET /received`: `{"requests","events","users","duplicates"}`; `events` are unique by app, user and
 *   `idempotency_key`, the first one wins, and stand as they stood in their request.
 * - `POST /control {"mode","times","retryAfter","latencyMs"}`: the fault to play for the next `times` API
 *   requests (absent: until changed), the `Retry-After` header in seconds, and how long each answer takes.
 * - `POST /reset`: forgets everything received and the fault.
 */
export async function startFakeHeap({
  port,
  nextFault,
  onRow = () => undefined,
  onRequest = () => undefined,
}: FakeHeapServerOptions): Promise<RunningFakeHeap> {
  const heap = new HeapEndpoint(nextFault, onRow, onRequest);
  const server = await listen(port, (request, response) => {
    heap.answer(request, response).catch(() => {
      // The caller hung up in the middle of its own request: there is nobody left to tell.
      response.destroy();
    });
  });
  return {
    ...server,
    get fault() {
      return heap.fault;
    },
    get isStorm() {
      return heap.isStorm;
    },
    eventOf: (rowId) => heap.eventOf(rowId),
    control: (fault) => heap.control(fault),
    play: (storm) => {
      heap.play(storm);
    },
  };
}

class HeapEndpoint {
  #fault = NO_FAULT;
  #storm: (() => HeapFault) | undefined;
  readonly #appIds = new Set<string>();
  #requests = 0;
  #heap = this.#newHeap();

  constructor(
    private readonly fallback: (() => HeapFault) | undefined,
    private readonly onRow: NonNullable<FakeHeapServerOptions['onRow']>,
    private readonly onRequest: () => void,
  ) {}

  get fault(): ControlledFault | undefined {
    return this.#fault === NO_FAULT ? undefined : this.#fault;
  }

  get isStorm(): boolean {
    return this.#fault === NO_FAULT && (this.#storm ?? this.fallback) !== undefined;
  }

  eventOf(id: string): JsonObject | undefined {
    for (const appId of this.#appIds) {
      const row = this.#heap.rows.get(`${appId} ${id}`);
      if (row !== undefined) return row.event;
    }
    return undefined;
  }

  control(asked: unknown): string | undefined {
    const fault = parseFault(asked);
    if (typeof fault === 'string') return fault;
    this.#fault = fault;
    this.#storm = undefined;
    this.onRequest();
    return undefined;
  }

  play(storm: () => HeapFault): void {
    this.#fault = NO_FAULT;
    this.#storm = storm;
    this.onRequest();
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const isCall = request.method === 'POST' && path.startsWith('/api/');
    if (isCall) this.#requests += 1;
    // Before the body arrives, so that of concurrent requests the first ones meet the fault.
    const fault = isCall ? this.#nextFault() : NO_FAULT;
    const body = await readBody(request, MAX_BODY_BYTES);

    const reply = this.#route(path, request.method ?? '', body, fault);
    this.onRequest();
    const { latencyMs } = fault;
    // The process need not live on for an answer.
    if (latencyMs !== undefined) await pause(latencyMs, undefined, { ref: false });
    if (reply === 'reset') return void request.socket.resetAndDestroy();
    if (reply === 'hang') return latencyMs === undefined ? undefined : void request.socket.destroy();
    if (fault.retryAfter !== undefined) response.setHeader('Retry-After', fault.retryAfter);
    response.writeHead(reply.status, { 'Content-Type': 'text/plain; charset=utf-8', ...reply.headers });
    response.end(reply.body);
  }

  #route(path: string, method: string, body: Buffer | undefined, fault: HeapFault): Reply {
    switch (path) {
      case '/api/track':
      case '/api/add_user_properties':
        return allow('POST', method, () => this.#heap.reply(path, body?.toString(), fault.mode));
      case '/received':
        return allow('GET', method, () => json(this.#received()));
      case '/control':
        return allow('POST', method, () => this.#control(body));
      case '/reset':
        return allow('POST', method, () => this.#reset());
      case '/redirected':
        // Where the redirect leads: a sender that follows it is told all is well, and nothing was stored.
        return taken;
      default:
        return { status: 404, body: 'Not Found' };
    }
  }

  #received(): unknown {
    const { rows, users, duplicates } = this.#heap;
    return {
      requests: this.#requests,
      events: Array.from(rows.values(), ({ event }) => event),
      users,
      duplicates,
    };
  }

  #control(body: Buffer | undefined): Answer {
    const problem = this.control(body === undefined ? undefined : parseJson(body.toString()));
    return problem === undefined ? taken : { status: 400, body: problem };
  }

  #reset(): Answer {
    this.#fault = NO_FAULT;
    this.#storm = undefined;
    this.#requests = 0;
    this.#heap = this.#newHeap();
    return taken;
  }

  #newHeap(): FakeHeap {
    return new FakeHeap({
      onRow: (row) => {
        this.#appIds.add(row.appId);
        this.onRow({ ...row, id: rowId(row.event) });
      },
    });
  }

  #nextFault(): HeapFault {
    const fault = this.#fault;
    if (fault === NO_FAULT) return (this.#storm ?? this.fallback ?? (() => NO_FAULT))();
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
  if (!isJsonObject(body)) return `the body should be a JSON object with mode (${heapModes.join(', ')})`;
  const { mode, times, retryAfter, latencyMs, ...unknown } = body;
  const known = heapModes.find((allowed) => allowed === mode);
  if (known === undefined) return `mode should be one of ${heapModes.join(', ')}`;
  if (times !== undefined && !isWholeNumber(times, 1)) return 'times should be a whole number of at least 1';
  if (retryAfter !== undefined && !isWholeNumber(retryAfter, 0))
    return 'retryAfter should be a whole number of seconds';
  if (latencyMs !== undefined && !isWholeNumber(latencyMs, 0))
    return 'latencyMs should be a whole number of milliseconds';
  const [name] = Object.keys(unknown);
  if (name !== undefined) return `${name} is unknown: only mode, times, retryAfter and latencyMs are allowed`;
  return { mode: known, times: times ?? Infinity, retryAfter, latencyMs };
}

function isWholeNumber(value: unknown, atLeast: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= atLeast;
}
