import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { printResult } from './print-result';

// A cold function, as Lambda starts it: loads the handler, then invokes it once. Prints times since the process began,
// by the clock and of the CPU.

const [, , bundle = '', eventFile = ''] = process.argv;

interface Times {
  readonly wall: number;
  readonly cpu: number;
}

function now(): Times {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
}

const event: unknown = JSON.parse(readFileSync(eventFile, 'utf8'));
const exported: unknown = createRequire(join(bundle, 'index.js'))(join(bundle, 'index.js'));
const handler: unknown =
  typeof exported === 'object' && exported !== null && Reflect.get(exported, 'handler');
if (typeof handler !== 'function') throw new Error('the bundle exports no handler');
const ready = now();

Promise.resolve(Reflect.apply(handler, undefined, [event, { getRemainingTimeInMillis: () => 120_000 }])).then(
  () => {
    printResult({ ready, done: now(), rssMiB: process.memoryUsage.rss() / 2 ** 20 });
    process.exit(0);
  },
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
