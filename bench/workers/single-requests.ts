import * as http from 'node:http';
import { singleEventWebhooks } from '../payloads';
import { appId, defaultRules, textOf, transform } from '../pipeline';
import { sqsRecords } from '../sqs-record';
import { printResult } from './print-result';

// One request for each event, as a webhook straight to Heap, Segment and RudderStack make them: reads a webhook, sends
// a body that is ready. Prints milliseconds by the clock and of the CPU.

const [, , client = '', heapUrl = '', events = '', connections = ''] = process.argv;

const url = `${heapUrl}/api/track`;
const agent = new http.Agent({ keepAlive: true, maxSockets: Number(connections) });

const clients: Readonly<Record<string, (body: string) => Promise<void>>> = {
  node: (body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', resolve);
      });
      request.on('error', reject).end(body);
    }),
  fetch: async (body) => {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    await response.text();
  },
};

function readyBodies(webhooks: readonly string[]): string[] {
  return sqsRecords(webhooks).map((record) => {
    const [bulk = ''] = transform([record], defaultRules).map(textOf);
    const start = `{"app_id":"${appId}","events":[{`;
    return `{"app_id":"${appId}",${bulk.slice(start.length, -']}'.length)}`;
  });
}

async function run(): Promise<void> {
  const post = clients[client];
  if (post === undefined) throw new Error(`no client ${client}`);
  const webhooks = singleEventWebhooks(1000);
  const bodies = readyBodies(webhooks);
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < Number(events)) {
      const index = next % webhooks.length;
      next += 1;
      JSON.parse(webhooks[index] ?? '');
      await post(bodies[index] ?? '');
    }
  };
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: Number(connections) }, sender));
  const { user, system } = process.cpuUsage(before);
  printResult({ wall: performance.now() - startedAt, cpu: (user + system) / 1000 });
  process.exit(0);
}

run().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
