import { rowId, type HeapFault } from '../../../local/heap/fake-heap';
import { startFakeHeap, type RunningFakeHeap } from '../../../local/heap/server';
import type { RunningServer } from '../../../local/http-server';

const APP_ID = '11';
const EVENT = {
  identity: 'ada@shop.example',
  event: 'Purchase',
  idempotency_key: 'k1',
  properties: { value: 3 },
};

describe('the fake Heap', () => {
  let heap: RunningServer;

  beforeAll(async () => {
    heap = await startFakeHeap({ port: 0 });
  });

  beforeEach(async () => {
    await post('/reset', '');
  });

  afterAll(async () => {
    await heap.close();
  });

  function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    return fetch(`${heap.origin}${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      redirect: 'manual',
      ...(signal === undefined ? {} : { signal }),
    });
  }

  function bulk(...events: unknown[]): Promise<Response> {
    return post('/api/track', { app_id: APP_ID, events });
  }

  async function received(): Promise<unknown> {
    return (await fetch(`${heap.origin}/received`)).json();
  }

  async function until(expected: object): Promise<void> {
    for (;;) {
      const actual = await received();
      try {
        expect(actual).toMatchObject(expected);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  describe('storing', () => {
    it('accepts the single form and keeps the event as it was posted', async () => {
      const single = { app_id: APP_ID, ...EVENT, timestamp: '2026-01-02T03:04:05.678Z' };
      const answer = await post('/api/track', single);

      expect([answer.status, await answer.text()]).toEqual([200, '{}']);
      expect(await received()).toEqual({ requests: 1, events: [single], users: [], duplicates: 0 });
    });

    it('accepts the bulk form and keeps the events in order, without the app id', async () => {
      const other = { ...EVENT, idempotency_key: 'k2', event: 'Refund' };
      expect((await bulk(other, EVENT)).status).toBe(200);

      expect(await received()).toEqual({ requests: 1, events: [other, EVENT], users: [], duplicates: 0 });
    });

    it('keeps the first event of a user and key and counts the others, within and across requests', async () => {
      await bulk(EVENT, { ...EVENT, properties: { value: 4 } });
      await bulk({ ...EVENT, event: 'Renamed' });

      expect(await received()).toEqual({ requests: 2, events: [EVENT], users: [], duplicates: 2 });
    });

    it('distinguishes the same key under different users, including user ids', async () => {
      const events = [
        EVENT,
        { ...EVENT, identity: 'grace@shop.example' },
        { event: 'Purchase', user_id: '7', idempotency_key: 'k1' },
        { event: 'Purchase', user_id: '8', idempotency_key: 'k1' },
        { event: 'Purchase', identity: '7', idempotency_key: 'k1' },
      ];
      await bulk(...events, { event: 'Purchase', user_id: '7', idempotency_key: 'k1' });

      expect(await received()).toMatchObject({ events, duplicates: 1 });
    });

    it('stores every event without a key', async () => {
      const keyless = { identity: EVENT.identity, event: EVENT.event };
      await bulk(keyless, keyless);

      expect(await received()).toMatchObject({ events: [keyless, keyless], duplicates: 0 });
    });

    it('accepts user properties in both forms', async () => {
      const user = { identity: 'ada@shop.example', properties: { plan: 'gold' } };
      const single = { app_id: APP_ID, ...user };
      expect((await post('/api/add_user_properties', single)).status).toBe(200);
      expect((await post('/api/add_user_properties', { app_id: APP_ID, users: [user, user] })).status).toBe(
        200,
      );

      expect(await received()).toEqual({
        requests: 2,
        events: [],
        users: [single, user, user],
        duplicates: 0,
      });
    });

    it('refuses the whole request for one invalid event and names its index in plain text', async () => {
      const answer = await bulk(EVENT, { ...EVENT, properties: [] });

      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
      expect(await answer.text()).toBe('postBody.events[1].properties should be object');
      expect(await received()).toEqual({ requests: 1, events: [], users: [], duplicates: 0 });
    });

    it('refuses invalid JSON', async () => {
      const answer = await post('/api/track', '{"app_id":"11",');
      expect([answer.status, await answer.text()]).toEqual([400, 'postBody should be object']);
    });

    it('accepts a body of 10 MB and answers 413 to one byte more', async () => {
      const event = JSON.stringify({ app_id: APP_ID, ...EVENT });
      const full = event.padEnd(10 * 1024 * 1024);

      expect((await post('/api/track', full)).status).toBe(200);
      expect((await post('/api/track', `${full} `)).status).toBe(413);
      expect(await received()).toMatchObject({ requests: 2, events: [{ event: 'Purchase' }] });
    });

    it('forgets everything on reset, including known keys and the fault', async () => {
      await bulk(EVENT, EVENT);
      await post('/control', { mode: '500' });
      expect((await post('/reset', '')).status).toBe(200);

      expect(await received()).toEqual({ requests: 0, events: [], users: [], duplicates: 0 });
      expect((await bulk(EVENT)).status).toBe(200);
      expect(await received()).toMatchObject({ requests: 1, events: [EVENT], duplicates: 0 });
    });
  });

  describe('routing', () => {
    it.each([
      ['GET', '/api/track', 405],
      ['PUT', '/api/add_user_properties', 405],
      ['POST', '/received', 405],
      ['GET', '/control', 405],
      ['GET', '/reset', 405],
      ['GET', '/', 404],
      ['POST', '/api/track/', 404],
      ['POST', '/api/identify', 404],
      ['POST', '/api/track?x=1', 400],
    ])('answers %s %s with %d', async (method, path, status) => {
      expect((await fetch(`${heap.origin}${path}`, { method })).status).toBe(status);
    });

    it('counts every POST below /api/ and nothing else', async () => {
      await fetch(`${heap.origin}/api/track`);
      await post('/api/identify', {});
      await post('/api/track', {});
      await post('/api/add_user_properties', {});
      await post('/redirected', {});

      expect(await received()).toMatchObject({ requests: 3 });
    });
  });

  describe('faults', () => {
    it.each([
      ['500', 500, 'Internal Server Error'],
      ['429', 429, 'Too Many Requests'],
      ['400-index', 400, 'postBody.events[0].properties should be object'],
      ['400-plain', 400, 'Bad Request'],
      ['413', 413, 'Payload Too Large'],
    ])('%s answers %d, stores nothing and ends on its own', async (mode, status, text) => {
      await post('/control', { mode, times: 2 });
      for (const attempt of [1, 2]) {
        const answer = await bulk(EVENT);
        expect([attempt, answer.status, await answer.text()]).toEqual([attempt, status, text]);
      }
      expect(await received()).toEqual({ requests: 2, events: [], users: [], duplicates: 0 });

      expect((await bulk(EVENT)).status).toBe(200);
      expect(await received()).toMatchObject({ requests: 3, events: [EVENT] });
    });

    it('lasts until changed if no number of times is given', async () => {
      await post('/control', { mode: '500' });
      for (let request = 0; request < 5; request += 1) expect((await bulk(EVENT)).status).toBe(500);
      await post('/control', { mode: 'ok' });
      expect((await bulk(EVENT)).status).toBe(200);
    });

    it('sends Retry-After only when asked to', async () => {
      await post('/control', { mode: '429', times: 1 });
      expect((await bulk(EVENT)).headers.get('retry-after')).toBeNull();
      await post('/control', { mode: '429', times: 1, retryAfter: 90 });
      expect((await bulk(EVENT)).headers.get('retry-after')).toBe('90');
      expect((await bulk(EVENT)).headers.get('retry-after')).toBeNull();
    });

    it('timeout never answers and stores nothing', async () => {
      await post('/control', { mode: 'timeout', times: 1 });
      const hangUp = new AbortController();
      const answer = post('/api/track', { app_id: APP_ID, ...EVENT }, hangUp.signal);
      await until({ requests: 1, events: [] });
      // The server still answers others, so the silence concerns only this request.
      expect((await bulk({ ...EVENT, idempotency_key: 'k2' })).status).toBe(200);
      hangUp.abort();

      await expect(answer).rejects.toThrow('abort');
      expect(await received()).toMatchObject({ events: [{ idempotency_key: 'k2' }] });
    });

    it('store-then-hang stores and never answers, and recognizes the event when it is received again', async () => {
      await post('/control', { mode: 'store-then-hang', times: 1 });
      const hangUp = new AbortController();
      const answer = post('/api/track', { app_id: APP_ID, events: [EVENT] }, hangUp.signal);
      await until({ events: [EVENT] });
      hangUp.abort();
      await expect(answer).rejects.toThrow('abort');

      expect((await bulk(EVENT)).status).toBe(200);
      expect(await received()).toEqual({ requests: 2, events: [EVENT], users: [], duplicates: 1 });
    });

    it('store-then-hang still refuses an invalid request', async () => {
      await post('/control', { mode: 'store-then-hang' });
      expect((await bulk({})).status).toBe(400);
    });

    it('reset drops the connection and stores nothing', async () => {
      await post('/control', { mode: 'reset', times: 1 });
      await expect(bulk(EVENT)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
      expect(await received()).toMatchObject({ requests: 1, events: [] });
    });

    it('redirect leads to a path that answers 200 to a sender that follows it, and stores nothing', async () => {
      await post('/control', { mode: 'redirect' });
      const answer = await bulk(EVENT);
      expect(answer.status).toBe(302);
      const followed = await fetch(new URL(answer.headers.get('location') ?? '', heap.origin));

      expect([followed.status, await followed.text()]).toEqual([200, '{}']);
      expect(await received()).toEqual({ requests: 1, events: [], users: [], duplicates: 0 });
    });

    it('injects faults for user properties too', async () => {
      await post('/control', { mode: '500', times: 1 });
      expect((await post('/api/add_user_properties', { app_id: APP_ID, users: [] })).status).toBe(500);
    });

    it.each(['ok', '500'])('delays each response on request: %s', async (mode) => {
      await post('/control', { mode, latencyMs: 3_600_000 });
      const patience = new AbortController();
      let isAnswered = false;
      const answer = post('/api/track', { app_id: APP_ID, events: [EVENT] }, patience.signal).then(
        () => (isAnswered = true),
        () => undefined,
      );
      await until({ requests: 1, events: mode === 'ok' ? [EVENT] : [] });
      expect(isAnswered).toBe(false);
      patience.abort();
      await answer;

      await post('/control', { mode, latencyMs: 20 });
      expect((await bulk(EVENT)).status).toBe(mode === 'ok' ? 200 : 500);
    });

    it('handles several requests concurrently during a delay', async () => {
      await post('/control', { mode: 'ok', latencyMs: 3_600_000 });
      const patience = new AbortController();
      const events = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ ...EVENT, idempotency_key: `k${n}` }));
      const answers = events.map((event) =>
        post('/api/track', { app_id: APP_ID, events: [event] }, patience.signal),
      );
      await until({ requests: 8, events: events.map(() => ({})) });
      patience.abort();
      for (const answer of await Promise.allSettled(answers)) expect(answer.status).toBe('rejected');
    });

    it.each(['timeout', 'store-then-hang'])('%s drops the connection after a latency', async (mode) => {
      await post('/control', { mode, times: 1, latencyMs: 20 });
      await expect(bulk(EVENT)).rejects.toThrow('fetch failed');
      expect(await received()).toMatchObject({ requests: 1, events: mode === 'timeout' ? [] : [EVENT] });
    });

    it.each([
      ['no JSON', '{', 'ok, 500, 429'],
      ['no object', '[]', 'ok, 500, 429'],
      ['no mode', '{}', 'mode should be one of ok, 500, 429, 400-index, 400-plain, 413, timeout, reset'],
      ['an unknown mode', '{"mode":"418"}', 'store-then-hang, redirect'],
      ['a number as the mode', '{"mode":500}', 'mode should be one of'],
      ['zero times', '{"mode":"500","times":0}', 'times should be a whole number of at least 1'],
      ['half a time', '{"mode":"500","times":1.5}', 'times should be'],
      ['a string as times', '{"mode":"500","times":"2"}', 'times should be'],
      ['a negative Retry-After', '{"mode":"429","retryAfter":-1}', 'retryAfter should be'],
      ['half a millisecond', '{"mode":"ok","latencyMs":0.5}', 'latencyMs should be'],
      ['a misspelled name', '{"mode":"500","time":1}', 'time is unknown'],
    ])('refuses %s in /control, says what is allowed and changes nothing', async (_, body, message) => {
      const answer = await post('/control', body);
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(message)]);
      expect((await bulk(EVENT)).status).toBe(200);
    });
  });
});

describe('a fake Heap with faults of its own', () => {
  const faults: HeapFault[] = [];
  const rows: { id: string | undefined; appId: string }[] = [];
  let heap: RunningFakeHeap;

  beforeEach(async () => {
    rows.length = 0;
    heap = await startFakeHeap({
      port: 0,
      nextFault: () => faults.shift() ?? { mode: 'ok' },
      onRow: (row) => rows.push(row),
    });
  });

  afterEach(async () => {
    await heap.close();
  });

  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(heap.origin + path, { method: 'POST', body: JSON.stringify(body) });
  const track = async (idempotency_key = 'k1'): Promise<number> =>
    (await post('/api/track', { app_id: APP_ID, events: [{ ...EVENT, idempotency_key }] })).status;

  it('applies one fault to each API request and to nothing else', async () => {
    faults.push({ mode: '500' }, { mode: '429', retryAfter: 3 });
    await fetch(`${heap.origin}/received`);
    expect(await track()).toBe(500);
    const answer = await post('/api/add_user_properties', {});
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '3']);
    expect(await track()).toBe(200);
  });

  it('lets /control override them, and its "ok" turns them off until /reset', async () => {
    faults.push({ mode: '500' }, { mode: '500' }, { mode: '500' });
    await post('/control', { mode: '413', times: 1 });
    expect([await track(), await track()]).toEqual([413, 500]);
    await post('/control', { mode: 'ok' });
    expect([await track(), await track()]).toEqual([200, 200]);
    await post('/reset', {});
    expect([await track(), await track(), await track()]).toEqual([500, 500, 200]);
  });

  it('lets this process do the same as /control, or set other faults in the meantime', async () => {
    expect([heap.fault, heap.isStorm]).toEqual([undefined, true]);
    expect(heap.control({ mode: 'none' })).toMatch(/^mode should be one of ok, 500.*, not "none"$/);
    expect(heap.control({ mode: '503', times: 2 })).toBeUndefined();
    expect([heap.fault, heap.isStorm]).toEqual([expect.objectContaining({ mode: '503', times: 2 }), false]);
    expect(await track()).toBe(503);
    expect(heap.fault).toMatchObject({ times: 1 });
    heap.play(() => ({ mode: '404' }));
    expect([heap.fault, heap.isStorm]).toEqual([undefined, true]);
    expect([await track(), await track()]).toEqual([404, 404]);
    // It ends with the next fault that is set. Then the server's own faults continue.
    await post('/control', { mode: '413', times: 1 });
    faults.push({ mode: '429' });
    expect([await track(), await track()]).toEqual([413, 429]);
  });

  it('reports everything it ever stored, whatever is reset', async () => {
    faults.push({ mode: '500' });
    expect([await track('lost'), await track('k1'), await track('k1')]).toEqual([500, 200, 200]);
    await post('/reset', {});
    await track('k2');
    await post('/api/track', { app_id: '12', identity: EVENT.identity, event: 'Without a key' });
    const [one, two] = ['k1', 'k2'].map((idempotency_key) => rowId({ ...EVENT, idempotency_key }));
    expect(rows.map(({ id }) => id)).toEqual([one, two, undefined]);
    expect(rows.map(({ appId }) => appId)).toEqual([APP_ID, APP_ID, '12']);
    expect(heap.eventOf(String(one))).toBeUndefined();
    expect(heap.eventOf(String(two))).toMatchObject({ idempotency_key: 'k2' });
  });
});
