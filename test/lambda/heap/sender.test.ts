import fc from 'fast-check';
import { Breaker } from '../../../lambda/heap/breaker';
import { trackBody } from '../../../lambda/heap/bulk-request';
import type { HeapAnswer } from '../../../lambda/heap/outcome';
import { Pace } from '../../../lambda/heap/pace';
import { HeapSender, type Fate, type PendingEvent } from '../../../lambda/heap/sender';
import { textOf } from '../../support/heap-body';

const delivered: Fate = { kind: 'delivered' };
const ok: HeapAnswer = { status: 200, body: '{}' };

/** Events whose JSON is their own index. */
const pending = (count: number): PendingEvent[] =>
  Array.from({ length: count }, (_, index) => ({ json: Buffer.from(String(index)), fate: undefined }));

/**
 * A sender with its breaker and pace, and a Heap whose answer depends on the events of a request. Only waits and
 * requests advance the clock.
 */
class ScriptedHeap {
  /** The events of each request, read from its body. */
  readonly requests: (readonly PendingEvent[])[] = [];
  readonly waits: number[] = [];
  readonly breaker = new Breaker();
  pace = new Pace(0);
  remaining = 120_000;
  latencyMs = 0;
  onRequest: (bulk: readonly PendingEvent[]) => void = () => undefined;
  mostAtOnce = 0;
  private atOnce = 0;
  private time = 0;

  constructor(private readonly answer: (bulk: readonly PendingEvent[], request: number) => HeapAnswer) {}

  deliver(events: readonly PendingEvent[]): Promise<boolean> {
    const token = { appId: '11' };
    const sender = new HeapSender(token, {
      heap: { post: (_path, body) => this.post(events, body) },
      heapTokens: { refresh: () => Promise.resolve(token) },
      breaker: this.breaker,
      pace: this.pace,
      log: () => undefined,
      now: () => this.time,
      sleep: (ms) => {
        this.waits.push(ms);
        this.pass(ms);
        return Promise.resolve();
      },
      remainingTime: () => this.remaining,
    });
    return sender.deliver('/api/track', events, trackBody);
  }

  /** Enough failures for Heap to count as down. */
  goDown(): void {
    for (let failure = 1; !this.breaker.isOpen; failure += 1)
      this.breaker.failed(this.time, false, undefined);
  }

  /** How often an event was sent. */
  timesOf(event: PendingEvent): number {
    return this.requests.filter((bulk) => bulk.includes(event)).length;
  }

  private async post(events: readonly PendingEvent[], body: Uint8Array): Promise<HeapAnswer> {
    const indices = (JSON.parse(textOf(body)) as { events: number[] }).events;
    const bulk = indices.map((index) => events[index]!);
    this.requests.push(bulk);
    this.onRequest(bulk);
    this.mostAtOnce = Math.max(this.mostAtOnce, (this.atOnce += 1));
    await new Promise(setImmediate);
    this.atOnce -= 1;
    this.pass(this.latencyMs);
    return this.answer(bulk, this.requests.length);
  }

  private pass(ms: number): void {
    this.time += ms;
    this.remaining -= ms;
  }
}

/** A Heap that refuses any request with one of these events, and may or may not say which. */
const refusing = (refused: ReadonlySet<PendingEvent>, namesIndex: boolean): ScriptedHeap =>
  new ScriptedHeap((bulk) => {
    const index = bulk.findIndex((event) => refused.has(event));
    if (index === -1) return ok;
    return { status: 400, body: namesIndex ? `postBody.events[${index}] should be object` : 'Bad Request' };
  });

const kinds = (events: readonly PendingEvent[]): (string | undefined)[] =>
  events.map(({ fate }) => fate?.kind);
const count = (events: readonly PendingEvent[], kind: Fate['kind']): number =>
  kinds(events).filter((each) => each === kind).length;

describe('deliver', () => {
  it('sends nothing if there are no events', async () => {
    const heap = new ScriptedHeap(() => ok);
    await heap.deliver([]);

    expect(heap.requests).toEqual([]);
  });

  it.each([200, 201, 204, 299])('delivers all events at once on %d', async (status) => {
    const events = pending(3);
    const heap = new ScriptedHeap(() => ({ status, body: '' }));
    await heap.deliver(events);

    expect(heap.requests).toEqual([events]);
    for (const { fate } of events) expect(fate).toEqual(delivered);
  });

  it('sends no more events per request than the pace allows', async () => {
    const heap = new ScriptedHeap(() => ok);
    heap.pace = new Pace(600);
    await heap.deliver(pending(700));

    expect(heap.requests.map(({ length }) => length)).toEqual([300, 300, 100]);
  });

  it('sends several bulks one by one, in order', async () => {
    const events = pending(2500);
    const heap = new ScriptedHeap(() => ok);
    await heap.deliver(events);

    expect(heap.requests).toEqual([events.slice(0, 1000), events.slice(1000, 2000), events.slice(2000)]);
    expect(heap.mostAtOnce).toBe(1);
    expect(count(events, 'delivered')).toBe(2500);
  });

  it.each<[string, HeapAnswer]>([
    ['500', { status: 500, body: '' }],
    ['408', { status: 408, body: '' }],
    ['401', { status: 401, body: '' }],
    ['403', { status: 403, body: '' }],
    ['302', { status: 302, body: '' }],
    ['a fault', { fault: 'ECONNRESET' }],
  ])('on %s retries only the events of that bulk, and not in this invocation', async (_, answer) => {
    const events = pending(2500);
    const heap = new ScriptedHeap((_bulk, request) => (request === 2 ? answer : ok));
    await heap.deliver(events);

    expect(heap.requests).toHaveLength(3);
    expect(new Set(kinds(events.slice(1000, 2000)))).toEqual(new Set(['retry']));
    expect(count(events, 'delivered')).toBe(1500);
  });

  it('returns how long Heap asks to wait', async () => {
    const events = pending(1001);
    const heap = new ScriptedHeap((_, request) =>
      request === 2 ? { status: 429, body: '', retryAfterSeconds: 120 } : { fault: 'timeout' },
    );
    await heap.deliver(events);

    expect(events[1000]?.fate).toEqual({ kind: 'retry', retryAfterSeconds: 120, cause: 'Heap answered 429' });
    expect(events[0]?.fate).toMatchObject({ kind: 'retry' });
    expect(events[0]?.fate).not.toMatchObject({ retryAfterSeconds: expect.anything() as unknown });
  });

  it.each([402, 404, 422])('rejects the events of a bulk answered with %d', async (status) => {
    const events = pending(3);
    const heap = new ScriptedHeap(() => ({ status, body: 'ana@shop.test' }));
    await heap.deliver(events);

    expect(heap.requests).toHaveLength(1);
    for (const { fate } of events)
      expect(fate).toEqual({ kind: 'rejected', reason: 'heap_rejected', detail: `Heap answered ${status}` });
  });

  describe('on 413', () => {
    it('halves until it fits', async () => {
      const events = pending(10);
      const heap = new ScriptedHeap((bulk) => (bulk.length > 3 ? { status: 413, body: '' } : ok));
      await heap.deliver(events);

      expect(heap.requests.map(({ length }) => length)).toEqual([10, 5, 3, 2, 5, 3, 2]);
      expect(count(events, 'delivered')).toBe(10);
    });

    it('keeps the order of the events', async () => {
      const events = pending(10);
      const heap = new ScriptedHeap((bulk) => (bulk.length > 3 ? { status: 413, body: '' } : ok));
      await heap.deliver(events);

      expect(heap.requests.filter(({ length }) => length <= 3).flat()).toEqual(events);
    });

    it('rejects a single event that is too large, and delivers its neighbours', async () => {
      const events = pending(4);
      const heap = new ScriptedHeap((bulk) => (bulk.includes(events[2]!) ? { status: 413, body: '' } : ok));
      await heap.deliver(events);

      expect(kinds(events)).toEqual(['delivered', 'delivered', 'rejected', 'delivered']);
      expect(events[2]?.fate).toMatchObject({ reason: 'heap_rejected', detail: 'Heap answered 413' });
    });

    it('ignores an index: all events contribute to the size', async () => {
      const events = pending(2);
      const heap = new ScriptedHeap((bulk) =>
        bulk.length > 1 ? { status: 413, body: 'postBody.events[0] should be smaller' } : ok,
      );
      await heap.deliver(events);

      expect(count(events, 'delivered')).toBe(2);
    });
  });

  describe('on 400 with the index of the refused event', () => {
    it.each([0, 1, 98, 99])('sends the others once more without event %d (F57)', async (refused) => {
      const events = pending(100);
      const heap = refusing(new Set([events[refused]!]), true);
      await heap.deliver(events);

      expect(heap.requests).toEqual([events, events.filter((_, index) => index !== refused)]);
      expect(events[refused]?.fate).toEqual({
        kind: 'rejected',
        reason: 'heap_rejected',
        detail: `Heap answered 400: postBody.events[${refused}] should be object`,
      });
      expect(count(events, 'delivered')).toBe(99);
    });

    it('finds one after another', async () => {
      const events = pending(50);
      const heap = refusing(new Set([events[3]!, events[4]!, events[49]!]), true);
      await heap.deliver(events);

      expect(heap.requests).toHaveLength(4);
      expect([count(events, 'rejected'), count(events, 'delivered')]).toEqual([3, 47]);
    });

    it('finds one in each of several bulks', async () => {
      const events = pending(2000);
      const refused = new Set([events[3]!, events[1500]!]);
      const heap = refusing(refused, true);
      await heap.deliver(events);

      expect(events.filter(({ fate }) => fate?.kind === 'rejected')).toEqual([...refused]);
      expect(count(events, 'delivered')).toBe(1998);
    });

    it('that is out of range halves instead', async () => {
      const events = pending(8);
      const heap = new ScriptedHeap((bulk) =>
        bulk.includes(events[5]!) ? { status: 400, body: 'postBody.events[999] should be object' } : ok,
      );
      await heap.deliver(events);

      expect(events.map(({ fate }) => fate?.kind === 'rejected')).toEqual(
        events.map((_, index) => index === 5),
      );
    });
  });

  describe('on 400 without an index', () => {
    it('finds one of 100 in at most 2 + 2 log2(100) requests, wherever it is (F57)', async () => {
      for (let refused = 0; refused < 100; refused += 1) {
        const events = pending(100);
        const heap = refusing(new Set([events[refused]!]), false);
        await heap.deliver(events);

        expect(heap.requests.length).toBeLessThanOrEqual(2 + 2 * Math.log2(100));
        expect([count(events, 'rejected'), count(events, 'delivered')]).toEqual([1, 99]);
        expect(events[refused]?.fate?.kind).toBe('rejected');
      }
    });

    it('halves once per level, with two requests each after the first (F57)', async () => {
      const place = fc
        .integer({ min: 1, max: 1000 })
        .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1)));
      await fc.assert(
        fc.asyncProperty(place, async ([size, refused]) => {
          const events = pending(size);
          const heap = refusing(new Set([events[refused]!]), false);
          await heap.deliver(events);

          expect(heap.requests.length).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(size)));
          expect(count(events, 'delivered')).toBe(size - 1);
        }),
        { numRuns: 25 },
      );
    });

    it('rejects a single event at once', async () => {
      const events = pending(1);
      const heap = refusing(new Set(events), false);
      await heap.deliver(events);

      expect(heap.requests).toHaveLength(1);
      expect(kinds(events)).toEqual(['rejected']);
    });
  });

  it('rejects exactly the refused events, and sends no event again once its fate is known', async () => {
    const input = fc.record({ refused: fc.array(fc.boolean(), { maxLength: 60 }), namesIndex: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(input, async ({ refused, namesIndex }) => {
        const events = pending(refused.length);
        const refusedEvents = new Set(events.filter((_, index) => refused[index]));
        const heap = refusing(refusedEvents, namesIndex);
        let settledWasSent = false;
        heap.onRequest = (bulk) => {
          settledWasSent ||= bulk.some(({ fate }) => fate !== undefined);
        };
        await heap.deliver(events);

        expect(settledWasSent).toBe(false);
        expect(kinds(events)).toEqual(refused.map((isRefused) => (isRefused ? 'rejected' : 'delivered')));
        for (const event of events)
          expect(heap.timesOf(event)).toBeLessThanOrEqual(
            1 + Math.max(refusedEvents.size, Math.ceil(Math.log2(refused.length))),
          );
      }),
    );
  });

  describe('when time runs out', () => {
    it('sends nothing and leaves every fate open (F25)', async () => {
      const events = pending(2);
      const heap = new ScriptedHeap(() => ok);
      heap.remaining = 20_000;

      expect(await heap.deliver(events)).toBe(false);
      expect(heap.requests).toEqual([]);
      expect(kinds(events)).toEqual([undefined, undefined]);
    });

    it('sends with a millisecond more (F25)', async () => {
      const heap = new ScriptedHeap(() => ok);
      heap.remaining = 20_001;

      expect(await heap.deliver(pending(2))).toBe(true);
      expect(heap.requests).toHaveLength(1);
    });

    it('keeps what was delivered before (F25)', async () => {
      const events = pending(2500);
      const heap = new ScriptedHeap(() => ok);
      heap.remaining = 20_000 + 2 * 5000;
      heap.latencyMs = 5000;

      expect(await heap.deliver(events)).toBe(false);
      expect(heap.requests).toHaveLength(2);
      expect(count(events, 'delivered')).toBe(2000);
      expect(kinds(events).slice(2000)).toEqual(Array(500).fill(undefined));
    });

    it('stops searching for a refused event and leaves the rest open (F25)', async () => {
      const events = pending(8);
      const heap = refusing(new Set([events[7]!]), false);
      heap.remaining = 20_000 + 2 * 5000;
      heap.latencyMs = 5000;

      expect(await heap.deliver(events)).toBe(false);
      expect(kinds(events)).toEqual([
        ...Array<string>(4).fill('delivered'),
        ...Array<undefined>(4).fill(undefined),
      ]);
    });

    it('does not wait for what it could not send (F25)', async () => {
      const heap = new ScriptedHeap(() => ok);
      heap.pace = new Pace(6000);
      // Ten seconds are needed until there are tokens for the second bulk.
      heap.remaining = 30_000;

      expect(await heap.deliver(pending(2000))).toBe(false);
      expect([heap.requests.length, heap.waits]).toEqual([1, []]);
    });
  });

  describe('while Heap is down', () => {
    it('sends the same bulk again at each turn, and no other (F56)', async () => {
      const events = pending(2500);
      const heap = new ScriptedHeap(() => ({ status: 503, body: '', retryAfterSeconds: 7 }));
      heap.goDown();

      expect(await heap.deliver(events)).toBe(false);
      expect(heap.waits).toEqual([30_000, 30_000, 30_000]);
      expect(heap.requests.map((bulk) => bulk[0])).toEqual([events[0], events[0], events[0]]);
      expect(events[0]?.fate).toEqual({ kind: 'retry', retryAfterSeconds: 7, cause: 'Heap answered 503' });
      expect(kinds(events).slice(1000)).toEqual(Array(1500).fill(undefined));
    });

    it('sends the bulk again that found Heap down (F56)', async () => {
      const events = pending(4500);
      const heap = new ScriptedHeap((_, request) => (request <= 3 ? { fault: 'ECONNREFUSED' } : ok));

      expect(await heap.deliver(events)).toBe(true);
      expect(heap.requests.map((bulk) => events.indexOf(bulk[0]!))).toEqual([
        0, 1000, 2000, 2000, 3000, 4000,
      ]);
      expect(new Set(kinds(events.slice(0, 2000)))).toEqual(new Set(['retry']));
      expect(count(events, 'delivered')).toBe(2500);
    });

    it('delivers everything at once when Heap is up again', async () => {
      const events = pending(2500);
      const heap = new ScriptedHeap((_, request) => (request < 3 ? { fault: 'ECONNREFUSED' } : ok));
      heap.goDown();

      expect(await heap.deliver(events)).toBe(true);
      expect(heap.requests).toHaveLength(5);
      expect(heap.waits).toHaveLength(3);
      expect(count(events, 'delivered')).toBe(2500);
    });
  });
});
