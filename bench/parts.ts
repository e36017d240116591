import { statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { complexRule, simpleRule, singleEventWebhooks } from './payloads';
import { assetFrom, assetOf, runWorker, withRules, withServices } from './processes';
import { sqsRecords } from './sqs-record';

/** One line of the result. */
export interface Figure {
  readonly what: string;
  /** With its unit. */
  readonly value: string;
  /** Ratio to the reference, which is a measurement from the same run or a limit of Heap or Lambda. */
  readonly ratio: number;
  readonly reference: string;
  readonly goal?: Goal | undefined;
}

/** The target for a ratio. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** The vCPUs of a function with 256 MB: Lambda gives one per 1769 MB ("Configure Lambda function memory"). */
const vCpu = 256 / 1769;

/** Heap's limit per app: 15,000 events per minute in bulk requests ("Heap API limits"). */
const heapPerSecond = 250;

/** Heap's response time, in the parts that depend on it. */
const latencyMs = 50;

const spent = z.object({ cpu: z.number(), wall: z.number() });
const coldStarted = z.object({ ready: spent, done: spent });
const sizes = z.array(z.object({ cpuMicroseconds: z.number(), maxRssMiB: z.number() }));
const invoked = z.object({
  samples: z.record(z.string(), z.array(spent)),
  requests: z.number(),
  maxRssMiB: z.number(),
});

interface Job {
  /** Assets of functions, the measured one first, and names of references. */
  readonly tasks: readonly string[];
  readonly set?: 'own' | 'varied';
  readonly messages: number;
  readonly profiles?: number;
  readonly extent: 'whole' | 'inside';
  /** V8's old-space limit in MiB; Lambda's by default. */
  readonly heapMiB?: number;
}

/** Runs a job in several processes, because V8 compiles and collects garbage differently in each. */
async function measure(environment: NodeJS.ProcessEnv, job: Job, processes = 3) {
  const { tasks, set = 'own', messages, profiles = 1, extent, heapMiB } = job;
  const results: z.infer<typeof invoked>[] = [];
  for (let run = 0; run < processes; run += 1) {
    // The order of loading and warm-up affects how code is compiled.
    const order = run % 2 === 0 ? tasks : tasks.toReversed();
    const args = [order.join(), set, messages, profiles, extent];
    results.push(invoked.parse(await runWorker('invoke', environment, args, heapMiB)));
  }
  const [first = ''] = tasks;
  const times = (kind: 'cpu' | 'wall', task = first): number[] =>
    results.flatMap(({ samples }) => samples[task] ?? []).map((one) => one[kind]);
  return {
    cpu: (task?: string) => median(times('cpu', task)),
    wall: (task?: string) => median(times('wall', task)),
    /** Ratio of the CPU time to that of another task, turn by turn. */
    ratioTo: (task: string) =>
      median(times('cpu').map((cpu, turn) => cpu / (times('cpu', task)[turn] ?? Number.NaN))),
    requests: results[0]?.requests ?? Number.NaN,
    maxRssMiB: median(results.map(({ maxRssMiB }) => maxRssMiB)),
  };
}

const sets = [
  { what: 'own set, 3 shapes', set: 'own', rules: [] },
  { what: 'varied set, 1000 shapes', set: 'varied', rules: [] },
  { what: 'rule of simple templates', set: 'own', rules: [simpleRule] },
  { what: 'rule of complex Liquid', set: 'own', rules: [complexRule] },
] as const;

/**
 * The function's own work for 1000 webhooks of one event, without Lambda's JSON and the network. The floor only parses
 * the same messages and serializes the same requests, which any JavaScript program must do.
 *
 * @param against another checkout; its function is measured in alternation with this one
 */
export const transform = (asset: string, against?: string): Promise<Figure[]> =>
  withServices(0, async (environment) => {
    const assets = [asset, ...(against === undefined ? [] : [assetOf(against)])];
    const figures: Figure[] = [];
    for (const { what, set, rules } of sets) {
      const tasks = assets.map((one) => withRules(one, rules));
      const job = { set, messages: 1000, extent: 'inside' } as const;
      const result = await measure(environment, { ...job, tasks: [...tasks, 'floor'] }, 3 * tasks.length);
      const perSecond = (vCpu * 1e6) / result.cpu();
      const cpu = `${digits(result.cpu())} µs CPU/event`;
      const value = `${cpu}, ${digits(result.ratioTo('floor'))} × the floor`;
      figures.push(figure(what, value, perSecond / heapPerSecond, "Heap's 250/s", { atLeast: 2 }));
      const [mine = '', theirs] = tasks;
      if (against === undefined || theirs === undefined) continue;
      // With more memory, the peak would show how long V8 delays garbage collection, not what the function needs.
      const tight = { ...job, heapMiB: 32 };
      const peak = (await measure(environment, { ...tight, tasks: [mine] })).maxRssMiB;
      const theirPeak = (await measure(environment, { ...tight, tasks: [theirs] })).maxRssMiB;
      figures.push(
        figure(what, cpu, result.ratioTo(theirs), `${digits(result.cpu(theirs))} µs of ${against}`),
        figure(what, mib(peak), peak / theirPeak, `${theirPeak.toFixed(0)} MiB of ${against}`),
      );
    }
    return figures;
  });

/**
 * Warm invocations, from the event's JSON to Heap's answer. The time Lambda bills is computed: waiting takes as long as
 * here, and CPU time is scaled to the function's share of a vCPU.
 */
export const handler = (asset: string): Promise<Figure[]> =>
  withServices(latencyMs, async (environment) => {
    const figures: Figure[] = [];
    for (const { messages, profiles } of [
      { messages: 10, profiles: 1 },
      { messages: 1000, profiles: 1 },
      { messages: 10, profiles: 1000 },
    ]) {
      const what = `batch of ${messages} × ${profiles} events`;
      const job = { tasks: [asset], messages, profiles, extent: 'whole' } as const;
      const { cpu, wall, maxRssMiB } = await measure(environment, job);
      const waiting = wall() - cpu();
      const billed = waiting + cpu() / vCpu;
      const value = `${digits((billed * 1000) / (messages * profiles))} ms billed/1000 events`;
      figures.push(
        figure(what, value, billed / waiting, 'waiting for Heap'),
        figure(what, mib(maxRssMiB), maxRssMiB / 256, '256 MB', { atMost: 0.8 }),
      );
    }
    return figures;
  });

/**
 * From the start of the process to the end of a first invocation with ten events, without Lambda's own overhead.
 *
 * @param against another checkout; its function is started in alternation with this one
 */
export const coldStart = (asset: string, against?: string): Promise<Figure[]> =>
  withServices(0, async (environment) => {
    const assets = {
      ours: asset,
      empty: await assetFrom('exports.handler = async () => undefined;'),
      secret: await assetFrom(`import { SecretsManager } from '@aws-sdk/client-secrets-manager';
        const secrets = new SecretsManager();
        export const handler = () => secrets.getSecretValue({ SecretId: process.env.HEAP_TOKENS_ARN });`),
    };
    type Started = keyof typeof assets | 'theirs';
    const started: (readonly [Started, string])[] = [
      ['empty', assets.empty],
      ['secret', assets.secret],
      ['ours', assets.ours],
      ...(against === undefined ? [] : [['theirs', assetOf(against)] as const]),
    ];
    const ready: Record<Started, number[]> = { ours: [], empty: [], secret: [], theirs: [] };
    const first: Record<Started, number[]> = { ours: [], empty: [], secret: [], theirs: [] };
    const event = JSON.stringify({ Records: sqsRecords(singleEventWebhooks(10)) });
    for (let round = 0; round < 21; round += 1) {
      for (const [name, code] of started) {
        const result = coldStarted.parse(await runWorker('cold-start', environment, [code, event]));
        ready[name].push(result.ready.wall);
        first[name].push(result.done.cpu - result.ready.cpu);
      }
    }
    const ratio = (times: typeof ready, to: Started): number => median(times.ours) / median(times[to]);
    // Every cold start parses this file. The others are loaded when a batch needs them.
    const kB = statSync(join(asset, 'index.js')).size / 1000;
    const [readyMs, firstMs] = [
      `${median(ready.ours).toFixed(0)} ms`,
      `${median(first.ours).toFixed(0)} ms CPU`,
    ];
    const beside = (times: typeof ready, unit: string): string =>
      `${median(times.theirs).toFixed(0)} ${unit} of ${against ?? ''}`;
    return [
      ...(against === undefined
        ? []
        : [
            figure('ready', readyMs, ratio(ready, 'theirs'), beside(ready, 'ms')),
            figure('first invocation, 10 events', firstMs, ratio(first, 'theirs'), beside(first, 'ms CPU')),
          ]),
      figure('ready', readyMs, ratio(ready, 'empty'), 'empty handler'),
      figure('ready', readyMs, ratio(ready, 'secret'), 'handler that reads a secret'),
      figure('first invocation, 10 events', firstMs, ratio(first, 'secret'), 'handler that reads a secret'),
      figure('code it reads', `${kB.toFixed(0)} kB`, kB / 270, '270 kB', { atMost: 1 }),
    ];
  });

/** The sender's cost per delivered event when warm, compared with one request per event, 50 at a time (node:https). */
export const delivery = (asset: string): Promise<Figure[]> =>
  withServices(latencyMs, async (environment) => {
    const figures: Figure[] = [];
    const alone = 'one request each';
    for (const messages of [10, 1000]) {
      const what = `batch of ${messages} × 1 events`;
      const job = { tasks: [asset, alone], messages, extent: 'whole' } as const;
      const { requests, cpu, ratioTo } = await measure(environment, job);
      const ms = (task?: string): string => `${digits((cpu(task) * 1000) / messages)} ms`;
      const value = `${(requests * 1000) / messages} requests/1000 events`;
      figures.push(
        figure(what, value, requests / messages, alone, { atMost: 1 / messages }),
        figure(what, `${ms()} CPU/1000 events`, ratioTo(alone), `${ms(alone)} of ${alone}`, { atMost: 1 }),
      );
    }
    return figures;
  });

/** Events of ever new shapes, 1000 at a time: time and memory per event must not grow with their number. */
export const scale = (asset: string): Promise<Figure[]> =>
  withServices(0, async (environment) => {
    const [few, many] = [10_000, 1_000_000];
    const runs: z.infer<typeof sizes>[] = [];
    for (let run = 0; run < 3; run += 1)
      runs.push(sizes.parse(await runWorker('scale', environment, [asset, few, many])));
    const of = (at: number, key: 'cpuMicroseconds' | 'maxRssMiB'): number =>
      median(runs.map((run) => run[at]?.[key] ?? Number.NaN));
    const [what, goal] = [`up to ${digits(many)} events`, { atMost: 1.2 }];
    const [cpu, firstCpu] = [of(1, 'cpuMicroseconds'), of(0, 'cpuMicroseconds')];
    const [peak, firstPeak] = [of(1, 'maxRssMiB'), of(0, 'maxRssMiB')];
    const first = `of the first ${digits(few)}`;
    return [
      figure(what, `${digits(cpu)} µs CPU/event`, cpu / firstCpu, `${digits(firstCpu)} µs ${first}`, goal),
      figure(what, mib(peak), peak / firstPeak, `${firstPeak.toFixed(0)} MiB ${first}`, goal),
    ];
  });

const figure = (what: string, value: string, ratio: number, reference: string, goal?: Goal): Figure => ({
  ...{ what, value, ratio, reference, goal },
});

const digits = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en');
const mib = (value: number): string => `${value.toFixed(0)} MiB at the peak`;

/** The median of a list of numbers; NaN for an empty list. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[sorted.length / 2 - 1] ?? Number.NaN)) / 2;
}
