import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { median } from './measure';
import { broadcastWebhook } from './payloads';
import { defaultRules, textOf, transform } from './pipeline';
import type { Figure, Goal } from './report';
import { sqsRecords } from './sqs-record';
import { runWorker, scratchDirectory } from './workers';

const part = 'transform';

const processes = 9;
const rounds = 11;
const turnMs = 60;
const events = 1000;

const timings = z.record(z.string(), z.array(z.number()));
const firstCall = z.object({ cpuMicroseconds: z.number() });

const mappings: readonly { readonly name: string; readonly what: string; readonly goal: Goal }[] = [
  { name: 'default', what: 'default mapping', goal: { atLeast: 0.55 } },
  { name: 'simple', what: 'rule of simple templates', goal: { atLeast: 0.35 } },
  { name: 'complex', what: 'rule of complex Liquid', goal: { atLeast: 0.15 } },
];

/**
 * JSON text of webhooks to text of bulk requests, with everything on: decoding, identity, properties, key, limits.
 * The reference reads the same text and writes an output that is ready, which is the least a program can do.
 */
export async function benchTransform(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { name, what, goal } of mappings) {
    const samples: Record<string, number[]> = {};
    // Many processes: each compiles and collects garbage in its own way, and keeps to it.
    for (let run = 0; run < processes; run += 1) {
      const timed = timings.parse(await runWorker('transform', { args: [name, rounds, turnMs] }));
      for (const [task, times] of Object.entries(timed)) samples[task] = [...(samples[task] ?? []), ...times];
    }
    for (const form of ['single', 'broadcast']) {
      const ours = samples[`${form} ours`] ?? [];
      const floor = samples[`${form} floor`] ?? [];
      const ratio = median(ours.map((time, index) => (floor[index] ?? Number.NaN) / time));
      const perEvent = median(ours) / events;
      figures.push({
        part,
        what: `${what}, ${form === 'single' ? '1000 webhooks of one event' : 'one webhook of 1000 profiles'}`,
        value: `${perEvent.toFixed(1)} µs CPU/event, ${Math.round(1000 / perEvent)} k events/s`,
        reference: 'floor',
        ratio,
        goal,
      });
    }
  }
  return [...figures, await benchFirstCall()];
}

/** What a cold function pays: nothing is compiled yet. */
async function benchFirstCall(): Promise<Figure> {
  const directory = scratchDirectory();
  const files = { webhook: join(directory, 'webhook.json'), body: join(directory, 'body.json') };
  const webhook = broadcastWebhook(events);
  writeFileSync(files.webhook, webhook);
  writeFileSync(
    files.body,
    transform(sqsRecords([webhook]), defaultRules)
      .map(textOf)
      .join(),
  );
  const times: Record<string, number[]> = { ours: [], floor: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const task of ['floor', 'ours']) {
      const { cpuMicroseconds } = firstCall.parse(
        await runWorker('first-call', { args: [task, files.webhook, files.body] }),
      );
      times[task]?.push(cpuMicroseconds);
    }
  }
  const { ours = [], floor = [] } = times;
  return {
    part,
    what: 'first call of a fresh process, one webhook of 1000 profiles',
    value: `${(median(ours) / 1000).toFixed(1)} ms CPU`,
    reference: 'first call of the floor',
    ratio: median(ours.map((time, index) => time / (floor[index] ?? Number.NaN))),
    goal: { atMost: 2.5 },
  };
}
