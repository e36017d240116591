import { localStack } from './local-stack';
import * as z from 'zod';
import { startSurroundings, type Surroundings } from './function';
import { writeBatch } from './handler';
import { median } from './measure';
import { broadcastWebhook } from './payloads';
import type { Figure } from './report';
import { localAssembly, runWorker } from './workers';

const part = 'delivery';

const events = 100_000;
const latencyMs = 50;
const connections = 50;
/** Invocations at a time, as deployed (lib/forward/heap-forwarder.ts). */
const instances = 2;
const rounds = 3;

const spent = z.object({ wall: z.number(), cpu: z.number() });
type Spent = z.infer<typeof spent>;
const handled = z.object({ ours: z.array(spent) });
const received = z.object({ requests: z.number(), events: z.number() });

/**
 * 100,000 events to a Heap that takes 50 ms for an answer, without a limit on events a minute: by the function, two at
 * a time, and with one request for each event over 50 connections.
 */
export async function benchDelivery(): Promise<Figure[]> {
  const surroundings = await startSurroundings(latencyMs);
  const ways = {
    broadcasts: () => byFunction(surroundings, { messages: 10, profiles: 1000 }),
    singles: () => byFunction(surroundings, { messages: 1000, profiles: 1 }),
    node: () => oneByOne(surroundings, 'node'),
    fetch: () => oneByOne(surroundings, 'fetch'),
  };
  const measured: Record<keyof typeof ways, Spent[]> = { broadcasts: [], singles: [], node: [], fetch: [] };
  const requests: Partial<Record<keyof typeof ways, number>> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const way of ['node', 'fetch', 'broadcasts', 'singles'] as const) {
      // These wait for Heap nearly all of the time: once will do.
      if (round > 0 && (way === 'node' || way === 'fetch')) continue;
      const before = await countsOf(surroundings);
      measured[way].push(await ways[way]());
      const after = await countsOf(surroundings);
      if (after.events - before.events !== events)
        throw new Error(`${way}: Heap did not get ${events} events`);
      requests[way] = after.requests - before.requests;
    }
  }
  await surroundings.stop();

  const seconds = (way: keyof typeof ways): number => median(measured[way].map(({ wall }) => wall)) / 1000;
  const cpu = (way: keyof typeof ways): number =>
    (median(measured[way].map((one) => one.cpu)) * 1000) / events;
  const valueOf = (way: keyof typeof ways): string =>
    `${requests[way] ?? 0} requests, ${seconds(way).toFixed(2)} s, ${cpu(way).toFixed(1)} µs CPU/event`;
  const figures: Figure[] = [
    { part, what: 'one request for each event, 50 connections, node:http', value: valueOf('node') },
    { part, what: 'one request for each event, 50 connections, fetch', value: valueOf('fetch') },
  ];
  for (const [way, what] of [
    ['broadcasts', 'the function, webhooks of 1000 profiles'],
    ['singles', 'the function, webhooks of one event'],
  ] as const) {
    figures.push(
      {
        part,
        what,
        value: valueOf(way),
        reference: 'seconds of node:http',
        ratio: seconds('node') / seconds(way),
        goal: { atLeast: 80 },
      },
      {
        part,
        what,
        value: '',
        reference: 'CPU of node:http',
        ratio: cpu('node') / cpu(way),
        goal: { atLeast: 20 },
      },
      { part, what, value: '', reference: 'CPU of fetch', ratio: cpu('fetch') / cpu(way) },
    );
  }
  return [...figures, await throughTheStack()];
}

/** Half of the events for each of two function processes. */
async function byFunction(
  { environment }: Surroundings,
  batch: { readonly messages: number; readonly profiles: number },
): Promise<Spent> {
  const files = writeBatch(batch);
  const { asset } = localAssembly();
  const invocations = events / (batch.messages * batch.profiles) / instances;
  const all = await Promise.all(
    Array.from({ length: instances }, async () => {
      const args = ['ours', asset, files.event, files.bodies, 1, invocations];
      const [one] = handled.parse(await runWorker('handler', { args, environment })).ours;
      return one ?? { wall: Number.NaN, cpu: Number.NaN };
    }),
  );
  return {
    wall: Math.max(...all.map(({ wall }) => wall)) * invocations,
    cpu: all.reduce((sum, { cpu }) => sum + cpu, 0) * invocations,
  };
}

const oneByOne = async ({ heapUrl }: Surroundings, client: string): Promise<Spent> =>
  spent.parse(await runWorker('single-requests', { args: [client, heapUrl, events, connections] }));

const countsOf = async ({ heapUrl }: { readonly heapUrl: string }): Promise<z.infer<typeof received>> =>
  received.parse(await (await fetch(heapUrl)).json());

/** From the first webhook at the door to the last event in Heap. API Gateway and SQS are those of `local/`. */
async function throughTheStack(): Promise<Figure> {
  const stack = await localStack(latencyMs);
  const startedAt = performance.now();
  const webhooks = Array.from({ length: events / 1000 }, (_, index) => broadcastWebhook(1000, index));
  for (const webhook of webhooks) await stack.post(webhook);
  const accepted = performance.now() - startedAt;
  for (;;) {
    const { requests, events: arrived } = await countsOf(stack);
    if (arrived >= events) {
      const took = performance.now() - startedAt;
      await stack.stop();
      return {
        part,
        what: '100 webhooks of 1000 profiles through the local stack, batch window 1 s',
        value: `${requests} requests, ${(took / 1000).toFixed(1)} s, ${(accepted / 1000).toFixed(1)} s of it at the door`,
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
