import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { startSurroundings, type Surroundings } from './function';
import { median } from './measure';
import { broadcastWebhook, singleEventWebhooks } from './payloads';
import { defaultRules, textOf, transform } from './pipeline';
import type { Figure, Goal } from './report';
import { sqsRecords } from './sqs-record';
import { localAssembly, runWorker, scratchDirectory } from './workers';

const part = 'handler';

const timing = z.array(z.object({ cpu: z.number(), wall: z.number() }));
const result = z.object({ ours: timing, reference: timing, maxRssMiB: z.number() });

interface Batch {
  readonly messages: number;
  readonly profiles: number;
  /** How many invocations a turn has: a short one is not measured alone. */
  readonly invocations: number;
  readonly goal?: Goal;
  readonly maxRssMiB?: number;
}

const batches: readonly Batch[] = [
  { messages: 10, profiles: 1, invocations: 50 },
  { messages: 1000, profiles: 1, invocations: 4, goal: { atMost: 1.4 }, maxRssMiB: 80 },
  { messages: 1, profiles: 1000, invocations: 4, maxRssMiB: 80 },
  { messages: 10, profiles: 1000, invocations: 1, goal: { atMost: 1.4 }, maxRssMiB: 160 },
];

const rounds = 15;
const warmUps = 5;

/**
 * The bundled function, warm, from the text of its event to the text of its answer. The reference is a handler that
 * parses event and messages and sends bodies that are ready.
 */
export async function benchHandler(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const latencyMs of [0, 50]) {
    const { environment, stop } = await startSurroundings(latencyMs);
    for (const batch of batches) {
      const name = `${batch.messages} × ${batch.profiles} events, Heap at ${latencyMs} ms`;
      const kind = latencyMs === 0 ? 'cpu' : 'wall';
      const invocations = latencyMs === 0 ? batch.invocations : 1;
      const { ours, reference } = await invoke(
        'both',
        { ...batch, invocations },
        rounds + warmUps,
        environment,
      );
      const times = ours.slice(warmUps).map((time) => time[kind]);
      const ratios = times.map((time, index) => time / (reference[warmUps + index]?.[kind] ?? Number.NaN));
      figures.push({
        part,
        what: name,
        value: `${median(times).toFixed(1)} ms ${kind === 'cpu' ? 'CPU' : 'wall'}`,
        reference: 'parse and send',
        ratio: median(ratios),
        ...(latencyMs === 0 && { goal: batch.goal }),
      });
      if (latencyMs !== 0) continue;
      const first = await invoke('ours', { ...batch, invocations: 1 }, 1, environment);
      const later = await invoke('ours', { ...batch, invocations: 1 }, rounds + warmUps, environment);
      const parsing = await invoke('reference', { ...batch, invocations: 1 }, rounds + warmUps, environment);
      const what = `peak memory, ${name}`;
      const value = `${first.maxRssMiB.toFixed(0)} MiB at the first, ${later.maxRssMiB.toFixed(0)} MiB at the 20th invocation`;
      const { maxRssMiB } = batch;
      figures.push({
        part,
        what,
        value,
        reference: 'parse and send',
        ratio: later.maxRssMiB / parsing.maxRssMiB,
      });
      if (maxRssMiB === undefined) continue;
      const ratio = later.maxRssMiB / maxRssMiB;
      figures.push({ part, what, value: '', reference: `${maxRssMiB} MiB`, ratio, goal: { atMost: 1 } });
    }
    await stop();
  }
  return figures;
}

/** CPU time of an event in a batch, in microseconds, in the warm function. */
export async function cpuOfAnEvent(
  batch: Pick<Batch, 'messages' | 'profiles' | 'invocations'>,
  environment: Surroundings['environment'],
): Promise<number> {
  const { ours } = await invoke('ours', batch, rounds + warmUps, environment);
  return (median(ours.slice(warmUps).map(({ cpu }) => cpu)) * 1000) / (batch.messages * batch.profiles);
}

async function invoke(
  task: 'both' | 'ours' | 'reference',
  batch: Pick<Batch, 'messages' | 'profiles' | 'invocations'>,
  turns: number,
  environment: Surroundings['environment'],
): Promise<z.infer<typeof result>> {
  const files = writeBatch(batch);
  const args = [task, localAssembly().asset, files.event, files.bodies, turns, batch.invocations];
  return result.parse(await runWorker('handler', { args, environment }));
}

/** Writes the event of a batch, and for the reference the bodies it becomes. */
export function writeBatch({ messages, profiles }: Pick<Batch, 'messages' | 'profiles'>): {
  readonly event: string;
  readonly bodies: string;
} {
  const webhooks =
    profiles === 1
      ? singleEventWebhooks(messages)
      : Array.from({ length: messages }, (_, index) => broadcastWebhook(profiles, index));
  const records = sqsRecords(webhooks);
  const directory = scratchDirectory();
  const files = { event: join(directory, 'event.json'), bodies: join(directory, 'bodies.json') };
  writeFileSync(files.event, JSON.stringify({ Records: records }));
  writeFileSync(files.bodies, JSON.stringify(transform(records, defaultRules).map(textOf)));
  return files;
}
