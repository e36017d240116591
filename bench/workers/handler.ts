import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { printResult } from './print-result';

// Invokes the bundled function as Lambda's runtime does, from the text of an event to the text of an answer, in turns
// with a handler that parses all the same but sends bodies that are ready. Prints times and memory.

const [, , task = '', asset = '', eventFile = '', bodyFile = '', rounds = '', invocations = ''] =
  process.argv;
const heapUrl = process.env['HEAP_BASE_URL'] ?? '';

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const eventText = readFileSync(eventFile, 'utf8');

function loadFunction(): Handler {
  const exported: unknown = createRequire(join(asset, 'index.js'))(join(asset, 'index.js'));
  const handler: unknown =
    typeof exported === 'object' && exported !== null && Reflect.get(exported, 'handler');
  if (typeof handler !== 'function') throw new Error('the bundle exports no handler');
  return async (event, context) => {
    const answer: unknown = await Reflect.apply(handler, undefined, [event, context]);
    return answer;
  };
}

/** Parses every message and sends ready bodies, as many at a time as the function does. */
function referenceHandler(): Handler {
  const parsed: unknown = JSON.parse(readFileSync(bodyFile, 'utf8'));
  const bodies = Array.isArray(parsed) ? parsed.map(String) : [];
  const agent = new http.Agent({ keepAlive: true });
  const post = (body: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const request = http.request(`${heapUrl}/api/track`, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', resolve);
      });
      request.on('error', reject).end(body);
    });
  return async (event) => {
    for (const body of bodiesIn(event)) JSON.parse(body);
    const [first = '', ...others] = bodies;
    await post(first);
    for (let start = 0; start < others.length; start += 4) {
      await Promise.all(others.slice(start, start + 4).map(post));
    }
    return { batchItemFailures: [] };
  };
}

function bodiesIn(event: unknown): string[] {
  const records: unknown = typeof event === 'object' && event !== null && Reflect.get(event, 'Records');
  return Array.isArray(records)
    ? records.map((record: unknown) =>
        String(typeof record === 'object' && record !== null && Reflect.get(record, 'body')),
      )
    : [];
}

async function invoke(handler: Handler): Promise<void> {
  const answer = JSON.stringify(
    await handler(JSON.parse(eventText), { getRemainingTimeInMillis: () => 120_000 }),
  );
  if (answer !== '{"batchItemFailures":[]}') throw new Error('messages were kept');
}

async function timed(handler: Handler): Promise<{ cpu: number; wall: number }> {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  for (let count = 0; count < Number(invocations); count += 1) await invoke(handler);
  const { user, system } = process.cpuUsage(before);
  const wall = performance.now() - startedAt;
  return { cpu: (user + system) / 1000 / Number(invocations), wall: wall / Number(invocations) };
}

async function run(): Promise<unknown> {
  const ours = task === 'reference' ? undefined : loadFunction();
  const reference = task === 'ours' ? undefined : referenceHandler();
  const samples: Record<string, { cpu: number; wall: number }[]> = { ours: [], reference: [] };
  for (let round = 0; round < Number(rounds); round += 1) {
    if (reference !== undefined) samples['reference']?.push(await timed(reference));
    if (ours !== undefined) samples['ours']?.push(await timed(ours));
  }
  return { ...samples, maxRssMiB: process.resourceUsage().maxRSS / 1024 };
}

run().then(
  (result) => {
    printResult(result);
    process.exit(0);
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
