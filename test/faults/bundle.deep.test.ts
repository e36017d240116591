import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SQSBatchResponse } from 'aws-lambda';
import { deadLetterAttributes } from '../../lambda/contract';
import { startAwsEndpoint } from '../../local/aws/endpoint';
import type { HeapFault } from '../../local/heap/fake-heap';
import { startFakeHeap } from '../../local/heap/server';
import type { RunningServer } from '../../local/http-server';
import { FunctionProcess } from '../../local/lambda/function-process';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { SqsService } from '../../local/aws/sqs/service';
import { functionAsset } from '../support/function-asset';
import { fixture, fixtureNames, personalData } from '../support/clevertap-fixture';
import { addFaultCounts } from '../support/fault-counts';
import { functionEnvironment } from '../support/function-environment';

/**
 * The deployed function in its own process, for what a simulation cannot prove: a real kill, real memory use and the
 * real log output.
 */
const outdir = realpathSync(mkdtempSync(join(tmpdir(), 'faults-bundle-')));
const sqs = new SqsService();
const secrets = new SecretsManagerService();
const { ARN: secretArn } = secrets.createSecret({ Name: 'heap-tokens', SecretString: '{"appId":"11"}' });

let aws: RunningServer;
let assetDirectory: string;
let logs: string[] = [];
const running: { close: () => Promise<unknown> }[] = [];

beforeAll(async () => {
  // A wrapper around the function that also returns its peak memory.
  assetDirectory = join(outdir, 'measured');
  cpSync(functionAsset(), assetDirectory, { recursive: true });
  writeFileSync(
    join(assetDirectory, 'measured.js'),
    `const { handler } = require('./index.js');
     exports.handler = async (event, context) => {
       const answer = await handler(event, context);
       return { ...answer, peakMb: process.resourceUsage().maxRSS / 1024 };
     };`,
  );
  sqs.createQueue('buffer');
  sqs.createQueue('dead-letters');
  aws = await startAwsEndpoint({ port: 0, sqs, secrets });
});

afterAll(async () => {
  await aws.close();
  rmSync(outdir, { recursive: true, force: true });
});

beforeEach(() => {
  logs = [];
  sqs.purgeQueue('buffer');
  sqs.purgeQueue('dead-letters');
});

afterEach(() => Promise.all(running.splice(0).map((one) => one.close())));

function newForwarder(heapOrigin: string): FunctionProcess {
  const forwarder = new FunctionProcess({
    assetDirectory,
    handler: 'measured.handler',
    environment: functionEnvironment({
      ...{ heap: heapOrigin, secret: secretArn, aws: aws.origin },
      buffer: `${aws.origin}/000000000000/buffer`,
      deadLetters: `${aws.origin}/000000000000/dead-letters`,
    }),
    timeoutMs: 120_000,
    onLog: (line) => logs.push(line),
  });
  running.push({ close: () => forwarder.stop() });
  return forwarder;
}

interface Measured extends SQSBatchResponse {
  readonly peakMb: number;
}

const invoke = async (forwarder: FunctionProcess, Records: readonly object[]): Promise<Measured> =>
  (await forwarder.invoke({ Records })) as Measured;

async function newHeap(nextFault?: () => HeapFault): Promise<Awaited<ReturnType<typeof startFakeHeap>>> {
  const heap = await startFakeHeap({ port: 0, ...(nextFault && { nextFault }) });
  running.push(heap);
  return heap;
}

interface Received {
  readonly requests: number;
  readonly duplicates: number;
  readonly events: { readonly identity: string; readonly properties: object }[];
}

const received = async (origin: string): Promise<Received> =>
  (await (await fetch(`${origin}/received`)).json()) as Received;

const record = (body: string, index: number, attributes: object = {}): object => ({
  messageId: `m${index}`,
  receiptHandle: Buffer.from(`${sqs.queueArn('buffer')} m${index} 1`).toString('base64'),
  body,
  attributes: { ApproximateReceiveCount: '1', ApproximateFirstReceiveTimestamp: String(Date.now()) },
  messageAttributes: {
    requestId: { dataType: 'String', stringValue: `request-${index}` },
    receivedAt: { dataType: 'Number', stringValue: '1790000000000' },
    ...attributes,
  },
});

test('a process killed at any request to Heap loses and duplicates nothing (F26)', async () => {
  const profiles = (message: number): object[] =>
    Array.from({ length: 700 }, (_, profile) => ({ identity: `cust-${message}-${profile}` }));
  const records = Array.from({ length: 10 }, (_, message) =>
    record(JSON.stringify({ key_values: { event: 'Sent' }, profiles: profiles(message) }), message),
  );
  let duplicates = 0;
  let kills = 0;
  for (let atRequest = 1, wasKilled = true; wasKilled; atRequest += 1) {
    let requests = 0;
    let isFirst = true;
    const heap = await newHeap(() => {
      requests += 1;
      if (isFirst && requests === atRequest) forwarder.kill();
      return { mode: 'ok' };
    });
    const forwarder = newForwarder(heap.origin);
    wasKilled = await invoke(forwarder, records).then(
      () => false,
      () => true,
    );
    isFirst = false;
    kills += Number(wasKilled);
    // As SQS would after the visibility timeout.
    expect(await invoke(forwarder, records)).toMatchObject({ batchItemFailures: [] });

    const stored = await received(heap.origin);
    expect(new Set(stored.events.map(({ identity }) => identity)).size).toBe(7000);
    expect(stored.events).toHaveLength(7000);
    duplicates += stored.duplicates;
  }
  expect(kills).toBe(7);
  expect(duplicates).toBeGreaterThan(7000);
  addFaultCounts({ events: 7000 * (kills + 1), duplicatesDropped: duplicates, duplicatesInHeap: 0, lost: 0 });
});

test('a batch of 10,000 messages takes one invocation and less than 256 MB, and every event is accounted for (F28)', async () => {
  const heap = await newHeap();
  const records = Array.from({ length: 10_000 }, (_, index) =>
    record(
      JSON.stringify({ identity: `cust-${index}`, event: 'Purchase', properties: { note: 'x'.repeat(420) } }),
      index,
    ),
  );
  const { batchItemFailures, peakMb } = await invoke(newForwarder(heap.origin), records);

  expect(batchItemFailures).toEqual([]);
  expect((await received(heap.origin)).events).toHaveLength(10_000);
  expect(peakMb).toBeLessThan(256);
});

describe('a response', () => {
  const origins = async (server: Server): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    running.push({
      close: () => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      },
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  test('of 300 MB costs less than 20 MB of memory (F53)', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    let isHuge = false;
    let chunks = 0;
    const origin = await origins(
      createServer((request, response) => {
        request.resume();
        request.on('end', () => {
          response.writeHead(500);
          if (!isHuge) return void response.end();
          const fill = (): void => {
            while (chunks < 300 && !response.destroyed) {
              chunks += 1;
              if (!response.write(chunk)) return void response.once('drain', fill);
            }
            response.end();
          };
          fill();
        });
      }),
    );
    const forwarder = newForwarder(origin);
    const records = [record('{"identity":"cust-1","event":"Purchase"}', 1)];
    const { peakMb: before } = await invoke(forwarder, records);
    isHuge = true;
    const { batchItemFailures, peakMb } = await invoke(forwarder, records);

    expect(batchItemFailures).toHaveLength(1);
    expect(chunks).toBeGreaterThan(0);
    expect(peakMb - before).toBeLessThan(20);
  });

  test('that quotes the request never reaches the log, the metrics or a dead letter (F68, F69)', async () => {
    let status = 400;
    const origin = await origins(
      createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          response.writeHead(status, { 'retry-after': 'pii', location: 'https://shop.test/pii' });
          response.end(Buffer.concat(parts));
        });
      }),
    );
    const bodies = fixtureNames
      .map(fixture)
      .flatMap((text) => [
        text,
        text.slice(0, -2),
        `pii ${text}`,
        JSON.stringify([text]),
        text.replace('"', '“'),
      ]);
    const records = bodies.map((body, index) =>
      record(body, index, { event: { dataType: 'String', stringValue: 'pii%0A%1B%5B31m' } }),
    );
    const forwarder = newForwarder(origin);
    // No 5xx: after three of them the function would wait for half a minute.
    for (status of [400, 404, 413, 302, 200]) await invoke(forwarder, records);

    expect(logs.filter((line) => line.includes('"_aws"')).length).toBeGreaterThan(5);
    for (const line of logs) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(logs.filter((line) => personalData.test(line))).toEqual([]);
    const deadLetters = sqs.messages('dead-letters');
    expect(deadLetters.length).toBeGreaterThan(50);
    const values = deadLetters.map(({ attributes }) =>
      Object.values(deadLetterAttributes).map((name) => attributes[name]?.StringValue),
    );
    expect(values.flat().filter((value) => personalData.test(value ?? ''))).toEqual([]);
  });
});
