import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { isJsonObject } from '../../lambda/json';
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

/** What `POST /control` asked for; `times` is the number of API requests it still holds for. */
interface ControlledFault extends HeapFault {
  readonly times: number;
}

export interface FakeHeapServerOptions {
  /** 0 picks a free one; or a server that is bound already. */
  readonly port: number | BoundServer;
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
  /** App ids of the events. */
  readonly appIds: ReadonlySet<string>;
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
  nextFault = () => NO_FAULT,
}: FakeHeapServerOptions): Promise<RunningFakeHeap> {
  const heap = new HeapEndpoint(nextFault);
  const server = await listen(port, (request, response) => {
    heap.answer(request, response).catch(() => {
      // The caller hung up in the middle of its own request: there is nobody left to tell.
      response.destroy();
    });
  });
  return { ...server, stored: heap.stored };
}

class HeapEndpoint {
  readonly stored = { rows: new Set<string>(), appIds: new Set<string>() };
  #fault = NO_FAULT;
  #requests = 0;
  #heap = this.#newHeap();

  constructor(private readonly fallback: () => HeapFault) {}

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
    const fault = parseFault(body === undefined ? undefined : parseJson(body.toString()));
    if (typeof fault === 'string') return { status: 400, body: fault };
    this.#fault = fault;
    return json({});
  }

  #reset(): Answer {
    this.#fault = NO_FAULT;
    this.#requests = 0;
    this.#heap = this.#newHeap();
    return json({});
  }

  #newHeap(): FakeHeap {
    return new FakeHeap({
      onRow: ({ appId, event }: HeapRow) => {
        this.stored.appIds.add(appId);
        const id = rowId(event);
        if (id !== undefined) this.stored.rows.add(id);
      },
    });
  }

  #nextFault(): HeapFault {
    const fault = this.#fault;
    if (fault === NO_FAULT) return this.fallback();
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
  // A person reads it in a terminal.
  return {
    status: 200,
    body: `${JSON.stringify(value, null, 2)}\n`,
    headers: { 'Content-Type': 'application/json' },
  };
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
