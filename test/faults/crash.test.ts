import { randomOf } from '../../local/random';
import { addFaultCounts } from '../support/fault-counts';
import { account, deadLettersOf } from '../support/simulation/account';
import { SimulatedHeap, type SimulatedHeapOptions } from '../support/simulation/heap';
import {
  deadLetterQueueName,
  noFaults,
  Pipeline,
  type PipelineOptions,
} from '../support/simulation/pipeline';
import { Traffic } from '../support/simulation/traffic';
import { VirtualTime } from '../support/simulation/virtual-time';

/** What kills, blocks or delays the function, in virtual time. */
const minute = 60_000;
const hour = 60 * minute;

interface World {
  readonly time: VirtualTime;
  readonly heap: SimulatedHeap;
  readonly pipeline: Pipeline;
  readonly traffic: Traffic;
}

function newWorld(
  options: Partial<PipelineOptions> = {},
  heapOptions: Partial<SimulatedHeapOptions> = {},
): World {
  const random = randomOf('crash');
  const time = new VirtualTime(Date.UTC(2026, 9, 1, 9));
  const heap = new SimulatedHeap({ time, latencyMs: () => 50, ...heapOptions });
  const pipeline = new Pipeline({ time, heap, random, ...options });
  return { time, heap, pipeline, traffic: new Traffic(pipeline, random) };
}

/** Waits until the buffer is empty and accounts for every event. */
async function settle(
  { traffic, pipeline, heap, time }: World,
  limitMs = 24 * hour,
): Promise<ReturnType<typeof account>> {
  const isDrained = await pipeline.drain(limitMs);
  const result = account(traffic, pipeline, heap);
  pipeline.stop();
  await time.run(3 * minute);
  expect([isDrained, result.violations]).toEqual([true, []]);
  addFaultCounts({ events: result.accepted, lost: result.missing, duplicatesInHeap: result.doubled });
  return result;
}

test('an invocation killed after k of its n calls, for every k, loses and duplicates nothing (F26, F61)', async () => {
  let calls = 0;
  for (let wasKilled = true; wasKilled; calls += 1) {
    for (const afterEffect of [false, true]) {
      // This pace leaves no time for the last bulk, so a continuation is sent as well.
      const world = newWorld(
        { pace: 200, maxConcurrency: 1 },
        { refuses: ({ properties }) => 'mark' in properties },
      );
      const { traffic, pipeline } = world;
      traffic.sendProfiles(800, 0.03);
      traffic.sendList(3);
      traffic.sendPing();
      for (let message = 0; message < 12; message += 1) traffic.sendBroken();
      const kills = [{ atCall: calls + 1, afterEffect }];
      pipeline.faults = { ...noFaults, kill: () => kills.pop() };
      pipeline.start();

      const { delivered, rejected, ignored } = await settle(world);
      const kinds = [...traffic.events.values()].map(({ destiny }) => destiny.kind);
      const deliverable = kinds.filter((kind) => kind === 'delivered').length;
      expect({ calls, afterEffect, delivered, rejected, ignored }).toEqual({
        calls,
        afterEffect,
        delivered: deliverable,
        rejected: kinds.length - deliverable - 1,
        ignored: 1,
      });
      expect(pipeline.stats.continued).toBeGreaterThan(0);
      wasKilled = pipeline.stats.killed === 1;
    }
  }
  // The secret, about fifteen bulks and their waits, a continuation, and dead letters.
  expect(calls).toBeGreaterThan(15);
}, 120_000);

describe('a message that kills the function', () => {
  test('does not affect others: they are delivered, and SQS moves it after 60 receives (F27)', async () => {
    const world = newWorld();
    const { traffic, pipeline, heap } = world;
    for (let message = 0; message < 500; message += 1) traffic.sendCustom();
    pipeline.accept('{"n":0,"deadly":true}');
    for (let message = 0; message < 500; message += 1) traffic.sendCustom();
    let receives = 0;
    pipeline.faults = {
      ...noFaults,
      kills: isDeadly,
      onReceive: (record) => {
        if (!isDeadly(record))
          receives = Math.max(receives, Number(record.attributes.ApproximateReceiveCount));
      },
    };
    pipeline.start();

    // An hour is enough for the others: they are retried in batches without it.
    await world.time.run(hour);
    expect(heap.rows.size).toBe(1000);
    expect(await pipeline.drain(24 * hour)).toBe(true);
    const deadLetters = pipeline.sqs.messages(deadLetterQueueName);
    expect(deadLetters.map(({ body }) => body)).toEqual(['{"n":0,"deadly":true}']);
    expect(deadLetters[0]?.attributes).not.toHaveProperty('reason');
    expect(pipeline.stats.killed).toBe(60);
    // The others were received less than half as often as it takes to be given up.
    expect(receives).toBeLessThan(30);
    pipeline.stop();
    await world.time.run(3 * minute);
  });

  test('does not affect others while events keep arriving (F27)', async () => {
    const world = newWorld();
    const { traffic, pipeline, time } = world;
    pipeline.faults = { ...noFaults, kills: isDeadly };
    for (let poison = 0; poison < 3; poison += 1) pipeline.accept('{"n":0,"deadly":true}');
    time.spawn(async () => {
      for (let message = 0; message < 2000; message += 1) {
        traffic.sendCustom();
        await time.sleep(6_000);
      }
    });
    pipeline.start();
    await time.run(3.5 * hour);
    expect(await pipeline.drain(24 * hour)).toBe(true);
    expect(world.heap.rows.size).toBe(2000);
    expect(deadLettersOf(pipeline).flatMap(({ serials }) => serials)).toEqual([0, 0, 0]);
    pipeline.stop();
    await time.run(3 * minute);
  });

  const isDeadly = ({ body }: { body: string }): boolean => body.includes('deadly');
});

test('one bad message among a thousand is dead-lettered alone, with its reason (F27)', async () => {
  const world = newWorld();
  const { traffic, pipeline } = world;
  for (let message = 0; message < 1000; message += 1) {
    if (message === 500) traffic.sendBroken();
    else traffic.sendCustom();
  }
  pipeline.start();

  expect(await settle(world)).toMatchObject({ delivered: 999, rejected: 1 });
  expect(deadLettersOf(pipeline).map(({ reason }) => typeof reason)).toEqual(['string']);
  expect(pipeline.stats.invocations).toBe(1);
});

test('the largest message that SQS accepts is dead-lettered although it leaves no room for a reason (F62)', async () => {
  const world = newWorld();
  const { pipeline, traffic } = world;
  const attributes =
    'requestId' + 'String' + 'request-1' + 'receivedAt' + 'Number' + String(world.time.now());
  const broken = '{"identity":"';
  const body = broken + 'x'.repeat(1_048_576 - attributes.length - broken.length);
  pipeline.accept(body);
  expect(() => pipeline.accept(`${body} `)).toThrow('must be shorter than 1048576 bytes');
  traffic.sendCustom();
  pipeline.start();

  expect(await pipeline.drain(4 * 24 * hour)).toBe(true);
  expect(pipeline.sqs.messages(deadLetterQueueName).map((message) => message.body === body)).toEqual([true]);
  expect(world.heap.rows.size).toBe(1);
  pipeline.stop();
  await world.time.run(3 * minute);
});

test('a message whose first five invocations are throttled is still delivered (F23)', async () => {
  const world = newWorld();
  const { traffic, pipeline } = world;
  for (let message = 0; message < 50; message += 1) traffic.sendCustom();
  pipeline.faults = {
    ...noFaults,
    throttles: (records) => records.some(({ attributes }) => Number(attributes.ApproximateReceiveCount) <= 5),
  };
  pipeline.start();

  expect(await settle(world)).toMatchObject({ delivered: 50, rejected: 0 });
  expect(pipeline.stats.throttled).toBeGreaterThanOrEqual(5);
});

describe("Heap's rate limit", () => {
  test('is never exceeded, even by two instances that both start fresh (F55)', async () => {
    const world = newWorld({ pace: 6000 }, { eventsPerMinute: 15_000 });
    const { traffic, pipeline, heap } = world;
    for (let broadcast = 0; broadcast < 30; broadcast += 1) traffic.sendProfiles(1000, 0);
    pipeline.start();

    expect(await settle(world)).toMatchObject({ delivered: 30_000, rejected: 0 });
    // Each instance may save up one bulk, but no more.
    expect(heap.peakPerMinute()).toBeLessThanOrEqual(12_000 + 2000);
    expect(heap.throttled).toBe(0);
  });

  test('shared with other senders costs time but no events (F55)', async () => {
    const world = newWorld({ pace: 6000 }, { eventsPerMinute: 5000 });
    const { traffic, pipeline, heap } = world;
    for (let broadcast = 0; broadcast < 15; broadcast += 1) traffic.sendProfiles(1000, 0);
    const startedAt = world.time.now();
    pipeline.start();

    expect(await settle(world)).toMatchObject({ delivered: 15_000, rejected: 0 });
    const minutes = (world.time.now() - startedAt) / minute;
    // Each 429 pauses the instance that received it for a minute.
    expect(heap.throttled).toBeGreaterThan(0);
    expect(heap.throttled).toBeLessThanOrEqual(2 * minutes);
  });
});
