import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Invokes a Lambda function with an event and resolves with its response. */
export type Handler = (event: unknown) => Promise<unknown>;

/** Loads the bundled function from a directory, like Lambda's runtime. */
export function loadFunction(asset: string): Handler {
  const file = join(asset, 'index.js');
  const exported: unknown = createRequire(file)(file);
  const handler: unknown =
    typeof exported === 'object' && exported !== null && Reflect.get(exported, 'handler');
  if (typeof handler !== 'function') throw new Error(`${file} exports no handler`);
  const context = { getRemainingTimeInMillis: () => 120_000 };
  return (event) => Promise.resolve(Reflect.apply(handler, undefined, [event, context]));
}

/** @throws if the function keeps any message */
export async function invoke(handler: Handler, event: unknown): Promise<void> {
  const answer = JSON.stringify(await handler(event));
  if (answer !== '{"batchItemFailures":[]}') throw new Error(`the function kept messages: ${answer}`);
}

/** In milliseconds. CPU time covers the whole process, including the compiler's and garbage collector's threads. */
export interface Spent {
  readonly cpu: number;
  readonly wall: number;
}

/** The time this process has taken since it started. */
export function spentSoFar(): Spent {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1000, wall: performance.now() };
}

/** Passes a result to bench/processes.ts. Not on stdout, which is the function's log. */
export const printResult = (result: unknown): void => void writeSync(3, `${JSON.stringify(result)}\n`);
