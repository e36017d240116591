import type { HeapAnswer } from '../../../lambda/heap/outcome';
import type { HeapEvent } from '../../../lambda/mapping/map-event';
import type { HeapToken } from '../../../lambda/heap/heap-tokens';
import { invalidReason, invalidUsersReason, rowId } from '../../../local/heap';
import type { VirtualTime } from './virtual-time';

/** What Heap, or the way to it, does with a request. */
export type HeapBehaviour =
  | 'ok'
  | 'refuse-index'
  | 'refuse-plain'
  | '400-request'
  | '401'
  | '404'
  | '413'
  | '429'
  | '429-retry-after'
  | '500'
  | '503'
  | '503-retry-after'
  | 'redirect'
  | 'reset'
  | 'store-then-reset'
  | 'hang'
  | 'store-then-hang';

export interface HeapRow {
  readonly appId: string;
  readonly event: HeapEvent;
}

export interface SimulatedHeapOptions {
  readonly time: VirtualTime;
  /** What happens to the next request. */
  readonly behaviour: () => HeapBehaviour;
  /** Milliseconds until an answer. */
  readonly latencyMs: () => number;
  /** Seconds, for `Retry-After`. */
  readonly retryAfterSeconds?: () => number;
  /** Events that it never takes, however valid they look. */
  readonly refuses?: (event: HeapEvent) => boolean;
  /** Whether a refusal names the event. */
  readonly namesRefused?: boolean;
  /** Events a minute it takes; more are answered with 429. */
  readonly eventsPerMinute?: number;
  /** Told of each event that is stored and was not there before. */
  readonly onRow?: (row: HeapRow) => void;
}

/** Our own limit for a request, which is what a hanging Heap costs. */
const timeoutMs = 10_000;

/**
 * Heap's ingestion API without a network: the rules of the local stack's fake Heap, rows by user and key of which
 * the first wins, and every way a request can go wrong.
 */
export class SimulatedHeap {
  /** By app, user and key. */
  readonly rows = new Map<string, HeapRow>();
  /** When each request came in. */
  readonly requestTimes: number[] = [];
  /** Events that came again under a known user and key. */
  duplicates = 0;
  /** Requests that brought more events than it takes in a minute. */
  throttled = 0;
  /** Rules of ours that a request broke. */
  readonly violations: string[] = [];
  /** The header it wants; none by default. */
  token: HeapToken['header'];
  readonly #taken: { readonly at: number; readonly events: number }[] = [];

  constructor(private readonly options: SimulatedHeapOptions) {}

  /**
   * @param onStored told of the events of a request that Heap took, known or not
   */
  async post(
    path: string,
    body: string,
    header: HeapToken['header'],
    onStored: (events: readonly HeapEvent[]) => void = () => undefined,
  ): Promise<HeapAnswer> {
    const { time, behaviour, latencyMs, retryAfterSeconds = () => 60 } = this.options;
    this.requestTimes.push(time.now());
    const what = behaviour();
    await time.sleep(latencyMs());
    if (this.token !== undefined && header?.value !== this.token.value) return { status: 401, body: '' };
    switch (what) {
      case 'ok':
        return this.#take(path, body, onStored);
      case 'store-then-reset':
        this.#take(path, body, () => undefined);
        return { fault: 'ECONNRESET' };
      case 'store-then-hang':
        this.#take(path, body, () => undefined);
        await time.sleep(timeoutMs);
        return { fault: 'timeout' };
      case 'hang':
        await time.sleep(timeoutMs);
        return { fault: 'timeout' };
      case 'reset':
        return { fault: 'ECONNRESET' };
      case 'redirect':
        return { status: 302, body: '' };
      case 'refuse-index':
        return { status: 400, body: 'postBody.events[0].properties should be object' };
      case 'refuse-plain':
        return { status: 400, body: 'Bad Request' };
      case '400-request':
        return { status: 400, body: 'postBody should be object' };
      case '429-retry-after':
      case '503-retry-after':
        return { status: Number(what.slice(0, 3)), body: '', retryAfterSeconds: retryAfterSeconds() };
      default:
        return { status: Number(what), body: '' };
    }
  }

  #take(path: string, body: string, onStored: (events: readonly HeapEvent[]) => void): HeapAnswer {
    const request = JSON.parse(body) as { app_id: string; events?: HeapEvent[] };
    const invalid = path === '/api/track' ? invalidReason(request) : invalidUsersReason(request);
    if (invalid !== undefined) {
      this.violations.push(`invalid request: ${invalid}`);
      return { status: 400, body: invalid };
    }
    const { events = [] } = request;
    if (this.#isTooFast(events.length)) {
      this.throttled += 1;
      return { status: 429, body: '' };
    }
    const { refuses = () => false, namesRefused = true, time, onRow } = this.options;
    const refused = events.findIndex(refuses);
    if (refused !== -1)
      return {
        status: 400,
        body: namesRefused ? `postBody.events[${refused}].properties should be object` : '',
      };
    this.#taken.push({ at: time.now(), events: events.length });
    for (const event of events) {
      const id = `${request.app_id} ${rowId({ ...event }) ?? ''}`;
      const known = this.rows.get(id);
      if (known === undefined) {
        const row = { appId: request.app_id, event };
        this.rows.set(id, row);
        onRow?.(row);
      } else {
        this.duplicates += 1;
        if (known.event.event !== event.event || !sameProperties(known.event, event))
          this.violations.push(`one key for two events: ${JSON.stringify([known.event, event])}`);
      }
    }
    onStored(events);
    return { status: 200, body: '{}' };
  }

  #isTooFast(events: number): boolean {
    const { eventsPerMinute, time } = this.options;
    if (eventsPerMinute === undefined) return false;
    const since = time.now() - 60_000;
    return (
      this.#taken.reduce((sum, taken) => sum + (taken.at > since ? taken.events : 0), events) >
      eventsPerMinute
    );
  }

  /** The most events it took within any minute. */
  peakPerMinute(): number {
    let peak = 0;
    let sum = 0;
    let first = 0;
    for (const { at, events } of this.#taken) {
      sum += events;
      for (let oldest = this.#taken[first]; oldest && oldest.at <= at - 60_000; oldest = this.#taken[first]) {
        sum -= oldest.events;
        first += 1;
      }
      peak = Math.max(peak, sum);
    }
    return peak;
  }
}

const sameProperties = (one: HeapEvent, other: HeapEvent): boolean =>
  JSON.stringify(one.properties) === JSON.stringify(other.properties);
