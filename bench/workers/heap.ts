import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { printResult } from './print-result';

// Stands for Heap: takes every request, answers after a while, and tells by GET how many requests it had and how
// many events were in them. local/heap.ts checks every event and keeps it, which costs more than sending it.

const [, , latencyMs = '0'] = process.argv;

const counts = { requests: 0, events: 0 };
const key = '"idempotency_key":';

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify(counts));
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    counts.requests += 1;
    const body = Buffer.concat(chunks);
    for (let at = body.indexOf(key); at !== -1; at = body.indexOf(key, at + key.length)) counts.events += 1;
    const answer = (): void => void response.end('{}');
    if (latencyMs === '0') answer();
    else setTimeout(answer, Number(latencyMs));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  printResult(`http://127.0.0.1:${address.port}`);
});
