import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A Lambda function, by its event; resolves with its answer. */
export type Handler = (event: unknown) => Promise<unknown>;

/** Loads the bundled function of a directory, as Lambda's runtime does. */
export function loadFunction(asset: string): Handler {
  const file = join(asset, 'index.js');
  const exported: unknown = createRequire(file)(file);
  const handler: unknown =
    typeof exported === 'object' && exported !== null && Reflect.get(exported, 'handler');
  if (typeof handler !== 'function') throw new Error(`${file} exports no handler`);
  const context = { getRemainingTimeInMillis: () => 120_000 };
  return (event) => Promise.resolve(Reflect.apply(handler, undefined, [event, context]));
}

/** @throws unless the function is done with every message */
export async function invoke(handler: Handler, event: unknown): Promise<void> {
  const answer = JSON.stringify(await handler(event));
  if (answer !== '{"batchItemFailures":[]}') throw new Error(`the function kept messages: ${answer}`);
}

/** Milliseconds. CPU is that of the whole process, the compiler's and the collector's threads included. */
export interface Spent {
  readonly cpu: number;
  readonly wall: number;
}

/** What this process has taken since it began. */
export function spentSoFar(): Spent {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1000, wall: performance.now() };
}

/** Hands a result to bench/processes.ts. Not on stdout: that is the log of the function. */
export const printResult = (result: unknown): void => void writeSync(3, `${JSON.stringify(result)}\n`);
