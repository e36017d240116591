import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ingressStamps } from '../../../lambda/contract';
import { fixture } from '../../support/clevertap-fixture';
import { eventually } from '../../support/eventually';
import { runRelay } from '../../support/relay-process';
import { StackWithConsole } from '../../support/stack-with-console';

let stack: StackWithConsole;

beforeAll(async () => {
  stack = await StackWithConsole.start();
});
afterAll(async () => {
  await stack.end();
});

/** Nothing is left to do: no event waits. */
const pause = (): Promise<void> =>
  eventually(async () => {
    expect((await stack.state()).equation).toMatchObject({ queued: 0, missing: 0 });
  });

/** Compares all that the console says with Heap by key, with the dead letters by id, and with the account. */
async function expectTruth(): Promise<void> {
  const { equation, rows, deadLetters } = await stack.state();
  const account = await stack.account();
  expect({ ...account, ...equation }).toEqual(account);
  expect(equation.accepted).toBe(rows.reduce((sum, { events }) => sum + events, 0));
  const inHeap = new Map((await stack.received()).map((event) => [event['idempotency_key'], event]));
  const dead = await stack.letters();
  expect(deadLetters).toBe(dead.length);
  const told = new Set<unknown>();
  const rejected = new Map<string, number>();
  for (const { id, requestId, counts, events: count } of rows) {
    const { events } = await stack.detail(id, true);
    expect(events).toHaveLength(count);
    for (const { state, heapEvent, isStored } of events) {
      const stored = inHeap.get(heapEvent?.['idempotency_key']);
      expect([isStored, state.kind === 'delivered']).toEqual([stored !== undefined, stored !== undefined]);
      if (stored !== undefined) {
        expect(heapEvent).toEqual(stored);
        told.add(stored['idempotency_key']);
      }
      if (state.kind === 'rejected') {
        const key = `${String(requestId)} ${state.reason}`;
        rejected.set(key, (rejected.get(key) ?? 0) + 1);
      }
    }
    const kinds = events.map(({ state }) => state.kind);
    for (const place of ['delivered', 'queued', 'rejected', 'ignored', 'missing'] as const)
      expect(counts[place]).toBe(kinds.filter((kind) => kind === place).length);
  }
  // No row of Heap and no dead letter that the rows do not tell of.
  expect(told).toEqual(new Set(inHeap.keys()));
  expect(rejected).toEqual(
    new Map(
      dead.map(({ reason, events, attributes }) => [
        `${String(attributes[ingressStamps.requestId]?.StringValue)} ${reason}`,
        events,
      ]),
    ),
  );
}

const purchase = (identity: string): string => JSON.stringify({ identity, event: 'Purchase', n: identity });

test('every row is in the place where it says it is, whatever happens to Heap and the function', async () => {
  const { webhookUrl, apiKey } = stack.stack;
  const curl = ['-s', webhookUrl, '-H', `x-api-key: ${apiKey}`, '-d', purchase('curl@shop.test')];
  await promisify(execFile)('curl', curl, { env: process.env });
  const sent = await runRelay(['send', '--sample', 'broadcast'], { stackFile: stack.stackFile });
  expect(sent.code).toBe(0);
  await stack.post(fixture('setup-ping'));
  await stack.post('no JSON');
  const twice = [
    await stack.post(purchase('twice@shop.test')),
    await stack.post(purchase('twice@shop.test')),
  ];
  await pause();
  await expectTruth();
  // Of two that come together Heap may get either first.
  const both = await Promise.all(twice.map((requestId) => stack.row(requestId)));
  const counted = both.map(({ state }) => (state.kind === 'delivered' ? state.countedOnceWith : state.kind));
  expect(counted).toContain(null);
  expect([both[0]?.id, both[1]?.id]).toContain(counted.find((id) => id !== null));
  expect((await stack.state()).equation).toEqual({
    accepted: 8,
    delivered: 5,
    rejected: 2,
    ignored: 1,
    queued: 0,
    missing: 0,
  });

  // Heap has it, and nobody knows: neither when it hangs, nor when the function ends before it asks.
  await stack.heap({ mode: 'store-then-hang', times: 1, latencyMs: 20 });
  const hung = await stack.post(purchase('hung@shop.test'));
  await eventually(async () => {
    expect((await stack.row(hung)).state).toMatchObject({ kind: 'delivered', countedOnceWith: null });
  });
  await pause();
  await expectTruth();
  await stack.heap({ mode: 'store-then-hang', times: 1, latencyMs: 2000 });
  stack.killNext();
  const killed = await stack.post(purchase('killed@shop.test'));
  await pause();
  await expectTruth();
  await eventually(async () => {
    const [event] = await stack.events(killed);
    const journey = event?.journey.map(({ what }) => what);
    expect(journey).toContain('Heap stored it');
    expect(journey).toContainEqual(expect.stringMatching(/^the function failed: .*SIGKILL/));
  });

  const redriven = await runRelay(['dlq', 'redrive'], { stackFile: stack.stackFile });
  expect(redriven.code).toBe(0);
  await eventually(async () => {
    expect((await stack.state()).equation.rejected).toBe(2);
  });
  await pause();
  await expectTruth();
});

test('Heap fails and comes back: the row tells it at each step, and the page hears it', async () => {
  await stack.heap({ mode: '500' });
  const requestId = await stack.post(purchase('waits@shop.test'));
  await eventually(async () => {
    expect((await stack.row(requestId)).state).toMatchObject({
      kind: 'queued',
      attempts: expect.any(Number) as number,
      why: 'Heap answered 500',
    });
    expect((await stack.state()).heap).toMatchObject({
      mode: '500',
      health: 'failing',
      said: 'Heap answered 500',
    });
  });
  await stack.heap({ mode: 'ok' });
  await pause();
  await expectTruth();
  expect((await stack.row(requestId)).state).toMatchObject({ kind: 'delivered', countedOnceWith: null });
  expect((await stack.state()).heap).toMatchObject({ mode: 'ok', health: 'ok', said: null });
  const [event] = await stack.events(requestId);
  const steps = event?.journey.map(({ place, what }) => `${place}: ${what}`) ?? [];
  expect(steps[0]).toMatch(/^endpoint: the endpoint answered 200 in \d+ ms$/);
  expect(steps.slice(1, 4)).toEqual([
    'queue: stored in the queue',
    'function: attempt 1',
    'heap: Heap answered 500',
  ]);
  expect(steps.at(-1)).toBe('heap: Heap stored it');
});

test('an event equal to one that Heap has waits until its message is gone', async () => {
  const first = await stack.post(purchase('again@shop.test'));
  await pause();
  await stack.heap({ mode: '500' });
  const second = await stack.post(purchase('again@shop.test'));
  await eventually(async () => {
    expect((await stack.row(second)).state).toMatchObject({ kind: 'queued', why: 'Heap answered 500' });
  });
  await stack.heap({ mode: 'ok' });
  await pause();
  await expectTruth();
  expect((await stack.row(second)).state).toEqual({
    kind: 'delivered',
    afterMs: null,
    countedOnceWith: (await stack.row(first)).id,
  });
  const [event] = await stack.events(second);
  expect(event?.journey.at(-1)?.what).toMatch(/^Heap had an equal event already/);
});

test('a broadcast is one row of its profiles', async () => {
  const profiles = Array.from({ length: 1000 }, (_, n) => ({ identity: `sample-many-${n}` }));
  const requestId = await stack.post(
    JSON.stringify({ targetId: 1650000009, key_values: { event: 'Newsletter' }, profiles }),
  );
  await pause();
  expect(await stack.row(requestId)).toMatchObject({
    event: 'Newsletter',
    campaign: '1650000009',
    who: 's…0',
    events: 1000,
    state: { kind: 'delivered' },
    counts: { delivered: 1000 },
  });
  const events = await stack.events(requestId);
  expect(events.map(({ who }) => who)).toEqual(profiles.map(({ identity }) => identity));
  const keysOf = (all: readonly { idempotency_key?: unknown }[]): unknown[] =>
    all.map(({ idempotency_key: key }) => key).sort();
  const received = (await stack.received()).filter(({ event }) => event === 'Newsletter');
  const own = received.filter(({ identity }) => String(identity).startsWith('sample-many-'));
  expect(keysOf(events.map(({ heapEvent }) => heapEvent ?? {}))).toEqual(keysOf(own));
});

test('what Heap forgot by a reset says so, and proves nothing about what is sent again', async () => {
  const first = await stack.post(purchase('forgotten@shop.test'));
  await pause();
  await fetch(`${stack.stack.heapUrl}/reset`, { method: 'POST' });
  const { state, id } = await stack.row(first);
  expect(state).toEqual({
    kind: 'delivered',
    afterMs: expect.any(Number) as number,
    countedOnceWith: null,
    forgottenAt: expect.any(Number) as number,
  });
  const [forgotten] = await stack.events(first);
  expect(forgotten?.isStored).toBe(false);
  expect(forgotten?.journey.slice(-2).map(({ what }) => what)).toEqual([
    'Heap stored it',
    'Heap had it until POST /reset forgot it',
  ]);
  const second = await stack.post(purchase('forgotten@shop.test'));
  await pause();
  const again = await stack.row(second);
  expect(again.state).toEqual({
    kind: 'delivered',
    afterMs: expect.any(Number) as number,
    countedOnceWith: null,
  });
  expect(again.state.kind === 'delivered' && Number(again.state.afterMs)).toBeGreaterThan(0);
  expect((await stack.events(second))[0]?.isStored).toBe(true);
  expect((await stack.row(first)).id).toBe(id);
  expect((await stack.row(first)).state).toEqual(state);
  expect(await stack.account()).toMatchObject({ missing: 0, unexplainedRows: 0 });
});
