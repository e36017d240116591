import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { isJsonObject, type JsonObject } from '../../lambda/json';
import { listen, readBody, type BoundServer, type RunningServer } from '../http-server';
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

/** The fault requested by `POST /control`; `times` is how many more API requests it applies to. */
export interface ControlledFault extends HeapFault {
  readonly times: number;
}

export interface FakeHeapServerOptions {
  /** A port (0 picks a free one) or a bound server. */
  readonly port: number | BoundServer;
  /**
   * Called for each API request without a fault set by `POST /control`. Setting the mode `ok` there turns this off
   * until `POST /reset`.
   *
   * @default - no faults
   */
  readonly nextFault?: () => HeapFault;
  /** Called for each event that is stored for the first time, with its id from `rowId`. */
  readonly onRow?: (row: HeapRow & { readonly id: string | undefined }) => void;
  /** Called after `POST /reset`. */
  readonly onReset?: () => void;
  /** Called after each request and each change of the fault. */
  readonly onRequest?: () => void;
}

export interface RunningFakeHeap extends RunningServer {
  /** The fault set by `POST /control`, if any. */
  readonly fault: ControlledFault | undefined;
  /** Whether faults other than those of `POST /control` are injected. */
  readonly isStorm: boolean;
  /** The event of a stored row by its `rowId`, as it was in the request. */
  readonly eventOf: (rowId: string) => JsonObject | undefined;
  /** Does the same as `POST /control` with this value. @returns what is wrong with the value, if anything */
  readonly control: (fault: unknown) => string | undefined;
  /** Injects these faults until another fault is set. */
  readonly play: (nextFault: () => HeapFault) => void;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;
const NO_FAULT: ControlledFault = { mode: 'ok', times: Infinity };

/**
 * Starts a server that acts as Heap's ingestion API.
 *
 * - `POST /api/track`, `POST /api/add_user_properties`: single and bulk form, answered with `{}`.
 * - `GET /received`: `{"requests","events","users","duplicates"}`. `events` are unique by app, user and
 * `idempotency_key`; the first one wins and is shown as it was in its request.
 * - `POST /control {"mode","times","retryAfter","latencyMs"}`: the fault for the next `times` API requests (default:
 * until changed), the `Retry-After` header in seconds, and the latency of each response.
 * - `POST /reset`: forgets the fault and everything received.
 */
export async function startFakeHeap({
  port,
  nextFault,
  onRow = () => undefined,
  onReset = () => undefined,
  onRequest = () => undefined,
}: FakeHeapServerOptions): Promise<RunningFakeHeap> {
  const heap = new HeapEndpoint(nextFault, onRow, onReset, onRequest);
  const server = await listen(port, (request, response) => {
    heap.answer(request, response).catch(() => {
      // The caller disconnected during its own request.
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
    private readonly onReset: () => void,
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
    // Before the body arrives, so that the first of several concurrent requests get the fault.
    const fault = isCall ? this.#nextFault() : NO_FAULT;
    const body = await readBody(request, MAX_BODY_BYTES);

    const reply = this.#route(path, request.method ?? '', body, fault);
    this.onRequest();
    const { latencyMs } = fault;
    // A pending response must not keep the process alive.
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
        // The target of the redirect: a sender that follows it sees success although nothing was stored.
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
    return problem === undefined ? json({}) : { status: 400, body: problem };
  }

  #reset(): Answer {
    this.#fault = NO_FAULT;
    this.#storm = undefined;
    this.#requests = 0;
    this.#heap = this.#newHeap();
    this.onReset();
    return json({});
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
  // Formatted for reading in a terminal.
  return {
    status: 200,
    body: `${JSON.stringify(value, null, 2)}\n`,
    headers: { 'Content-Type': 'application/json' },
  };
}

/** The fault, or what is wrong with the request for it. */
function parseFault(body: unknown): ControlledFault | string {
  if (!isJsonObject(body)) return `the body should be a JSON object with mode (${heapModes.join(', ')})`;
  const { mode, times, retryAfter, latencyMs, ...unknown } = body;
  const known = heapModes.find((allowed) => allowed === mode);
  if (known === undefined) {
    const got = mode === undefined ? 'absent' : JSON.stringify(mode);
    return `mode should be one of ${heapModes.join(', ')}, not ${got}`;
  }
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
