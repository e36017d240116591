import https from 'node:https';
import { singleEventWebhooks, webhooksOf } from '../payloads';
import { sqsRecords } from '../sqs-record';
import { invoke, loadFunction, printResult, spentSoFar, type Handler, type Spent } from './function';
import { openSink } from './sink';

// Invokes functions and their references in turns with one batch, and prints what an invocation took in each turn. The
// extent `whole` is from the event's JSON to Heap's answer; `inside` is from the parsed event to the finished requests.

const [, , tasks = '', set = '', messages = '', profiles = '', extent = ''] = process.argv;
const isWhole = extent === 'whole';
const rounds = 9;
const turnMs = 200;
/** Long enough for V8 to finish compiling a task. */
const warmUpMs = 3000;

const sink = openSink();
const records = sqsRecords(webhooksOf(set, Number(messages), Number(profiles)));
const events = records.length * Number(profiles);
const json = JSON.stringify({ Records: records });
const readEvent = (): unknown => (isWhole ? JSON.parse(json) : { Records: records });
const parseAll = (): unknown[] => [readEvent(), ...records.map(({ body }): unknown => JSON.parse(body))];

const agent = new https.Agent({ keepAlive: true, maxSockets: 50 });
const post = (body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const url = `${process.env['HEAP_BASE_URL'] ?? ''}/api/track`;
    const request = https.request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', resolve);
    });
    request.on('error', reject).end(body);
  });

/** What a function sends to Heap for these messages. It must send all their events. */
async function bodiesOf(handler: Handler, messages: readonly object[], count: number): Promise<string[]> {
  await invoke(handler, { Records: messages });
  const bodies = sink.take().map((body) => Buffer.concat(body).toString());
  const sent = bodies.reduce((sum, body) => sum + body.split('"idempotency_key":').length - 1, 0);
  if (sent !== count) throw new Error(`${sent} of ${count} events were sent`);
  return bodies;
}

async function run(): Promise<unknown> {
  const names = tasks.split(',');
  const runs = new Map<string, () => unknown>();
  const handlers = new Map(
    names.filter((name) => name.startsWith('/')).map((asset) => [asset, loadFunction(asset)]),
  );
  for (const [asset, handler] of handlers) runs.set(asset, () => invoke(handler, readEvent()));
  // Any function will do: its requests define what the references send.
  const [first] = handlers.values();
  if (first === undefined) throw new Error('no task is a function');

  const bodies = await bodiesOf(first, records, events);
  const requests = bodies.length;
  // Keep nothing that is not needed, because memory is measured, too.
  if (names.includes('floor')) {
    const ready = bodies.map((body): unknown => JSON.parse(body));
    runs.set('floor', () => [parseAll(), ready.map((body) => JSON.stringify(body))]);
  }
  if (names.includes('one request each')) {
    const singles: string[] = [];
    for (const record of sqsRecords(singleEventWebhooks(events)))
      singles.push(...(await bodiesOf(first, [record], 1)));
    runs.set('one request each', () => {
      parseAll();
      return Promise.all(singles.map(post));
    });
  }
  if (isWhole) sink.close();

  const turn = async (name: string, ms: number): Promise<Spent> => {
    const before = spentSoFar();
    let count = 0;
    do {
      await runs.get(name)?.();
      sink.take();
      count += 1;
    } while (performance.now() < before.wall + ms);
    const { cpu, wall } = spentSoFar();
    return { cpu: (cpu - before.cpu) / count, wall: (wall - before.wall) / count };
  };
  const samples: Record<string, Spent[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (const name of names) await turn(name, warmUpMs);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed())
      samples[name]?.push(await turn(name, turnMs));
  }
  return { samples, requests, maxRssMiB: process.resourceUsage().maxRSS / 1024 };
}

void run().then(printResult);
