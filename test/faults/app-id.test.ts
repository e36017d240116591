import type { HeapEvent } from '../../lambda/mapping/map-event';
import type { HeapRow } from '../../local/heap/fake-heap';
import { randomOf } from '../../local/random';
import { account } from '../support/simulation/account';
import { SimulatedHeap } from '../support/simulation/heap';
import { Pipeline } from '../support/simulation/pipeline';
import { Traffic } from '../support/simulation/traffic';
import { VirtualTime } from '../support/simulation/virtual-time';

/** The Heap app id is stored and rotated while events are in flight. In virtual time. */
const minute = 60_000;
const hour = 60 * minute;

/** The secret of an app. Heap accepts the token of one app at a time. */
const secretOf = (appId: string): string =>
  JSON.stringify({ appId, header: { name: 'X-Token', value: `token-${appId}` } });

/**
 * Sends the same traffic each time, including three bulks from a single message. Once Heap has stored the first
 * event, the app id changes to `rotatedTo`. @returns the rows of Heap
 */
async function play(appId: string, rotatedTo = appId): Promise<readonly HeapRow[]> {
  const time = new VirtualTime(Date.UTC(2026, 9, 1, 9));
  const random = randomOf('app id');
  let current = appId;
  const heap = new SimulatedHeap({
    time,
    latencyMs: () => 50,
    onRow: () => {
      current = rotatedTo;
      heap.token = { name: 'X-Token', value: `token-${current}` };
    },
  });
  heap.token = { name: 'X-Token', value: `token-${appId}` };
  const pipeline = new Pipeline({
    time,
    heap,
    random,
    secret: () => secretOf(current),
    maxConcurrency: 1,
  });
  const traffic = new Traffic(pipeline, random);
  traffic.sendProfiles(2500, 0);
  for (let message = 0; message < 20; message += 1) traffic.sendCustom();
  traffic.sendList(3);
  pipeline.start();

  const isDrained = await pipeline.drain(4 * hour);
  const { queued, missing, rejected } = account(traffic, pipeline, heap);
  expect({ isDrained, queued, missing, rejected }).toMatchObject({ isDrained: true, queued: 0, missing: 0 });
  expect(heap.violations).toEqual([]);
  pipeline.stop();
  await time.run(3 * minute);
  return [...heap.rows.values()];
}

/** The key of each event under an app, by the event's number. */
const keysOf = (rows: readonly HeapRow[], appId: string): Map<unknown, string> =>
  new Map(
    rows
      .filter((row) => row.appId === appId)
      .map(({ event }) => event as unknown as HeapEvent)
      .map(({ properties, idempotency_key: key }) => [properties['n'], key]),
  );

test('an event has a different key under each app id (F45, F47)', async () => {
  const [one, other] = [keysOf(await play('11'), '11'), keysOf(await play('12'), '12')];

  expect(one.size).toBeGreaterThan(2500);
  expect([...other.keys()]).toEqual([...one.keys()]);
  expect([...one].filter(([serial, key]) => other.get(serial) === key)).toEqual([]);
});

test('a rotated app id applies from the next attempt: no request mixes the new app id with old keys (F45)', async () => {
  const expected = { before: keysOf(await play('11'), '11'), after: keysOf(await play('12'), '12') };
  const rows = await play('11', '12');
  const [before, after] = [keysOf(rows, '11'), keysOf(rows, '12')];

  // One bulk was stored before the rotation. Its whole message is retried for the new app.
  expect(before.size).toBe(1000);
  expect(after.size).toBe(expected.after.size);
  for (const [serial, key] of before) expect(key).toBe(expected.before.get(serial));
  for (const [serial, key] of after) expect(key).toBe(expected.after.get(serial));
});
