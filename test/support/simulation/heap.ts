import type { JsonObject } from '../../../lambda/json';
import type { HeapAnswer } from '../../../lambda/heap/outcome';
import type { HeapEvent } from '../../../lambda/mapping/map-event';
import type { HeapToken } from '../../../lambda/heap/heap-tokens';
import { FakeHeap, type Answer, type HeapFault, type HeapRow } from '../../../local/heap/fake-heap';
import type { VirtualTime } from './virtual-time';

export interface SimulatedHeapOptions {
  readonly time: VirtualTime;
  /** @default - no faults */
  readonly nextFault?: () => HeapFault;
  /** Milliseconds until the response. */
  readonly latencyMs: () => number;
  /** Events that it always refuses, even if they look valid. */
  readonly refuses?: (event: HeapEvent) => boolean;
  /** Whether a refusal names the event. */
  readonly namesRefused?: boolean;
  /** The events per minute it accepts; more are answered with 429. */
  readonly eventsPerMinute?: number;
  /** Called for each event that is stored for the first time. */
  readonly onRow?: (row: HeapRow) => void;
}

/** Our own request timeout, which is what a hanging Heap costs. */
const timeoutMs = 10_000;

/** The local stack's fake Heap in virtual time, with a rate limit, a token and events that it always refuses. */
export class SimulatedHeap {
  /** When each request was received. */
  readonly requestTimes: number[] = [];
  /** The number of requests above the rate limit. */
  throttled = 0;
  /** Our own rules that a request violated. */
  readonly violations: string[] = [];
  /** The required header; none by default. */
  token: HeapToken['header'];
  readonly #taken: { readonly at: number; readonly events: number }[] = [];
  readonly #heap: FakeHeap;

  constructor(private readonly options: SimulatedHeapOptions) {
    this.#heap = new FakeHeap({
      refusal: (events) => this.#refusal(events as unknown as readonly HeapEvent[]),
      onRow: options.onRow,
      onDuplicate: (event, { event: known }) => {
        if (known['event'] !== event['event'] || !sameProperties(known, event))
          this.violations.push(`one key for two events: ${JSON.stringify([known, event])}`);
      },
      onInvalid: (reason) => this.violations.push(`invalid request: ${reason}`),
    });
  }

  /** By app, user and key. */
  get rows(): ReadonlyMap<string, HeapRow> {
    return this.#heap.rows;
  }

  /** The number of events received again under a known user and key. */
  get duplicates(): number {
    return this.#heap.duplicates;
  }

  async post(path: string, body: string, header: HeapToken['header']): Promise<HeapAnswer> {
    const { time, nextFault = () => ({ mode: 'ok' }), latencyMs } = this.options;
    this.requestTimes.push(time.now());
    const { mode, retryAfter }: HeapFault = nextFault();
    await time.sleep(latencyMs());
    if (this.token !== undefined && header?.value !== this.token.value) return { status: 401, body: '' };
    const reply = this.#heap.reply(path, body, mode);
    if (reply === 'reset') return { fault: 'ECONNRESET' };
    if (reply === 'hang') {
      await time.sleep(timeoutMs);
      return { fault: 'timeout' };
    }
    const { status, body: text } = reply;
    return { status, body: text, ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }) };
  }

  #refusal(events: readonly HeapEvent[]): Answer | undefined {
    const { refuses = () => false, namesRefused = true, time } = this.options;
    if (this.#isTooFast(events.length)) {
      this.throttled += 1;
      return { status: 429, body: '' };
    }
    const refused = events.findIndex(refuses);
    if (refused !== -1)
      return {
        status: 400,
        body: namesRefused ? `postBody.events[${refused}].properties should be object` : '',
      };
    this.#taken.push({ at: time.now(), events: events.length });
    return undefined;
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

  /** The most events it accepted within any minute. */
  peakPerMinute(): number {
    return peakPerMinute(this.#taken);
  }
}

/** The most events within any minute, given when each batch was received. */
export function peakPerMinute(samples: readonly { readonly at: number; readonly events: number }[]): number {
  let peak = 0;
  let sum = 0;
  let first = 0;
  for (const { at, events } of samples) {
    sum += events;
    for (let oldest = samples[first]; oldest && oldest.at <= at - 60_000; oldest = samples[first]) {
      sum -= oldest.events;
      first += 1;
    }
    peak = Math.max(peak, sum);
  }
  return peak;
}

const sameProperties = (one: JsonObject, other: JsonObject): boolean =>
  JSON.stringify(one['properties']) === JSON.stringify(other['properties']);
