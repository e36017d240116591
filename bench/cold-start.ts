import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import * as z from 'zod';
import { startSurroundings } from './function';
import { writeBatch } from './handler';
import { median } from './measure';
import type { Figure } from './report';
import { bundling, localAssembly, runWorker, scratchDirectory } from './workers';

const part = 'cold start';

const rounds = 21;

const times = z.object({ wall: z.number(), cpu: z.number() });
const result = z.object({ ready: times, done: times, rssMiB: z.number() });
type Result = z.infer<typeof result>;

/**
 * From the start of the process to a handler that is ready, and through its first invocation with ten events. The
 * reference is a handler that does nothing; beside it, one that does nothing but hold the SDK's client for secrets.
 */
export async function benchColdStart(): Promise<Figure[]> {
  const { environment, stop } = await startSurroundings(0);
  const { asset } = localAssembly();
  const bundles = { ours: asset, empty: emptyHandler(), sdk: await handlerWithSdk() };
  const { event } = writeBatch({ messages: 10, profiles: 1 });
  const results: Record<keyof typeof bundles, Result[]> = { ours: [], empty: [], sdk: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of ['empty', 'sdk', 'ours'] as const) {
      results[name].push(
        result.parse(await runWorker('cold-start', { args: [bundles[name], event], environment })),
      );
    }
  }
  await stop();

  const ratio = (pick: (one: Result) => number, reference: 'empty' | 'sdk'): number =>
    median(results.ours.map((one, round) => pick(one) / (results[reference].map(pick)[round] ?? Number.NaN)));
  const ms = (pick: (one: Result) => number): string => median(results.ours.map(pick)).toFixed(1);
  const size = statSync(join(asset, 'index.js')).size;
  return [
    {
      part,
      what: 'handler ready, by the clock',
      value: `${ms(({ ready }) => ready.wall)} ms`,
      reference: 'empty handler',
      ratio: ratio(({ ready }) => ready.wall, 'empty'),
      goal: { atMost: 2.4 },
    },
    {
      part,
      what: 'handler ready, by the clock',
      value: '',
      reference: 'empty handler with the client for secrets',
      ratio: ratio(({ ready }) => ready.wall, 'sdk'),
    },
    {
      part,
      what: 'handler ready, CPU',
      value: `${ms(({ ready }) => ready.cpu)} ms`,
      reference: 'empty handler',
      ratio: ratio(({ ready }) => ready.cpu, 'empty'),
    },
    {
      part,
      what: 'first invocation, 10 events, secret and connection included',
      value: `${ms(({ ready, done }) => done.wall - ready.wall)} ms wall, ${ms(({ ready, done }) => done.cpu - ready.cpu)} ms CPU`,
    },
    { part, what: 'memory after it', value: `${ms(({ rssMiB }) => rssMiB)} MiB resident` },
    {
      part,
      what: 'size of the bundle',
      value: `${(size / 1000).toFixed(0)} kB`,
      reference: '420 kB',
      ratio: size / 420_000,
      goal: { atMost: 1 },
    },
  ];
}

function emptyHandler(): string {
  const directory = join(scratchDirectory(), 'empty');
  mkdirSync(directory);
  writeFileSync(join(directory, 'index.js'), 'exports.handler = async () => ({ batchItemFailures: [] });\n');
  return directory;
}

async function handlerWithSdk(): Promise<string> {
  const directory = scratchDirectory();
  await build({
    ...bundling,
    stdin: {
      contents: `import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
        const client = new SecretsManagerClient();
        export const handler = async () => ({ batchItemFailures: client === undefined ? [''] : [] });`,
      resolveDir: __dirname,
    },
    outfile: join(directory, 'index.js'),
  });
  return directory;
}
