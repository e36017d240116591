import * as http from 'node:http';
import { singleEventWebhooks } from '../payloads';
import { printResult } from './print-result';

// Posts webhooks at a steady rate, whether or not earlier ones were answered. Prints the milliseconds to each 200.

const [, , url = '', apiKey = '', perSecond = '', seconds = ''] = process.argv;

const agent = new http.Agent({ keepAlive: true });
const webhooks = singleEventWebhooks(1000);
const total = Number(perSecond) * Number(seconds);
const latencies: number[] = [];

const post = (webhook: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(webhook),
      'x-api-key': apiKey,
    };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => {
        latencies.push(performance.now() - startedAt);
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the door answered ${String(response.statusCode)}`));
      });
    });
    request.on('error', reject).end(webhook);
  });

async function run(): Promise<void> {
  const startedAt = performance.now();
  const posted: Promise<void>[] = [];
  for (let number = 0; number < total; number += 1) {
    const wait = startedAt + (number * 1000) / Number(perSecond) - performance.now();
    if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
    posted.push(post(webhooks[number % webhooks.length] ?? ''));
  }
  await Promise.all(posted);
  printResult(latencies);
  process.exit(0);
}

run().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
