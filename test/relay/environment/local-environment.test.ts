import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../../../lib/config/environments';
import { openLocalEnvironment } from '../../../relay/environment/local-environment';

const config = readEnvironment('local');
let folder: string;
let server: Server;
let answers: Record<string, unknown>;
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'local-environment-'));
  process.env['LOCAL_STACK_FILE'] = join(folder, 'stack.json');
  [answers, asked] = [{}, []];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(JSON.stringify(answers[(request.url ?? '').split('?')[0] ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  delete process.env['LOCAL_STACK_FILE'];
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function write(overrides: object = {}): void {
  const awsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stack = {
    pid: process.pid,
    stackName: 'ClevertapToHeapLocal',
    webhookUrl: 'http://127.0.0.1:2/v1/webhook',
    apiKey: 'the key',
    appId: '11',
    heapUrl: 'http://127.0.0.1:1',
    awsUrl,
    queueUrl: `${awsUrl}/0/q`,
    deadLetterQueueUrl: `${awsUrl}/0/d`,
    outputs: { ApiKeyIdk1: 'id' },
  };
  writeFileSync(process.env['LOCAL_STACK_FILE'] ?? '', JSON.stringify({ ...stack, ...overrides }));
}

test('no stack is running if the file is missing, incomplete, or of a process that has ended', () => {
  const open = (): unknown => openLocalEnvironment(config);

  expect(open).toThrow('no local stack is running; start one with npm start');
  writeFileSync(process.env['LOCAL_STACK_FILE'] ?? '', '{"pid":');
  expect(open).toThrow('no local stack is running; start one with npm start');
  // No process has this id: Linux's maximum is four million.
  write({ pid: 2 ** 30 });
  expect(open).toThrow('no local stack is running; start one with npm start');
});

test('of several stacks the newest that still runs is found', () => {
  write({ stackName: 'Older' });
  const older = JSON.parse(readFileSync(process.env['LOCAL_STACK_FILE'] ?? '', 'utf8')) as object;
  write({ pid: 2 ** 30, stackName: 'Killed', others: [older] });

  expect(openLocalEnvironment(config).stackName).toBe('Older');
});

test('a file of another version is named as such', () => {
  write({ outputs: undefined });

  expect(() => openLocalEnvironment(config)).toThrow('was written by another version; restart npm start');
});

test('a real Heap is no sandbox', () => {
  write({ heapUrl: 'https://heapanalytics.com' });

  expect(openLocalEnvironment(config).isSandbox).toBe(false);
});

test('reads counts, reasons and percentiles from what the stack has observed', async () => {
  write();
  answers['/_local/metrics'] = {
    metrics: {
      EventsReceived: { sum: 5, count: 2, max: 3, values: [2, 3] },
      DeliveryLagMs: { sum: 0, count: 4, max: 40, values: [40, 10, 20, 30] },
    },
    byReason: { invalid_json: 2 },
    door: { count: 9, '4XXError': 2, '5XXError': 1 },
    requestsByKey: { k1: 7 },
  };
  const environment = openLocalEnvironment(config);

  expect(await environment.doorCounts(1000, 2000)).toEqual({ requests: 9, refused: 2, failed: 1 });
  expect(await environment.forwarderCounts(1000, 2000)).toMatchObject({
    sums: { EventsReceived: 5, EventsDelivered: 0 },
    rejectedByReason: { invalid_json: 2 },
    lag: { p50: 20, p95: 40, max: 40 },
  });
  expect(await environment.requestsByKey(new Date(1000))).toEqual(new Map([['k1', 7]]));
  // The function's counts go up to now, so events that ended after the queue was counted are no difference.
  expect(asked).toEqual([
    '/_local/metrics?from=1000&to=2000',
    '/_local/metrics?from=1000',
    '/_local/metrics?from=1000',
  ]);
});

test('reads the ledger of the stack, without gaps', async () => {
  write();
  const row = { event: 'Purchase', outcome: 'rejected', reason: 'invalid_json', events: 3 };
  answers['/_local/ledger'] = { rows: [row] };

  expect(await openLocalEnvironment(config).ledger(1000, 2000)).toEqual({ rows: [row], gaps: [] });
  expect(asked).toEqual(['/_local/ledger?from=1000&to=2000']);
});

test('searches the log for a literal request id', async () => {
  write();
  answers['/_local/log'] = { lines: ['one'] };

  expect(await openLocalEnvironment(config).forwarderLog(5, 'a+b/c=')).toEqual(['one']);
  expect(asked).toEqual(['/_local/log?from=5&contains=a%2Bb%2Fc%3D']);
});

test('says what to do if the stack sends an unknown response or none', async () => {
  write();
  await expect(openLocalEnvironment(config).doorCounts(0, 0)).rejects.toThrow('sent an unknown response to');

  write({ awsUrl: 'http://127.0.0.1:1' });
  await expect(openLocalEnvironment(config).doorCounts(0, 0)).rejects.toThrow(
    'does not answer; restart npm start',
  );
});

test('the key is that of the first name', async () => {
  write();
  const environment = openLocalEnvironment(config);

  expect(await environment.apiKey('k1')).toBe('the key');
  await expect(environment.apiKey('k2')).rejects.toThrow('has only the value of the key k1');
});
