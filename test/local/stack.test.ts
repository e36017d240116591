import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { readEnvironment, stackName } from '../../lib/config/environments';
import { messageReader } from '../../local/account/message-reader';
import { mappingOf } from '../../lib/config/rule-files';
import type { ObservedMetrics } from '../../local/observations';
import { startLocalStack, type LocalStack, type LocalStackOptions } from '../../local/stack';
import { assemblyWithoutWindow } from '../support/assembly';
import { eventually } from '../support/eventually';

const config = readEnvironment('local');
const reader = messageReader({ ...config, mapping: mappingOf(config) });
const started: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const stack of started.splice(0)) await stack.stop();
});

async function start(options: Partial<LocalStackOptions> = {}): Promise<LocalStack> {
  const stack = await startLocalStack({
    assemblyDirectory: assemblyWithoutWindow(),
    stackName: stackName('local'),
    port: 0,
    appId: '11',
    onFunctionLog: () => undefined,
    onNotice: () => undefined,
    ...options,
  });
  started.push(stack);
  return stack;
}

test('lists the resource types of the template without a local counterpart', async () => {
  const stack = await start();
  // A new type in this list cannot be tried out locally. Think twice before you add it.
  expect(stack.unsupportedTypes).toEqual([
    'AWS::CloudWatch::Dashboard',
    'AWS::IAM::ManagedPolicy',
    'AWS::IAM::Policy',
    'AWS::IAM::Role',
    'AWS::Logs::LogGroup',
    'AWS::Logs::MetricFilter',
    'AWS::SQS::QueuePolicy',
  ]);
});

test('uses the two ports after its own, or free ones if those are taken', async () => {
  const [first, taken] = await freePorts();
  const stack = await start({ port: first });
  expect(new URL(stack.webhookUrl).port).toBe(String(first));
  expect(new URL(stack.heapUrl).port).not.toBe(String(first + 1));
  expect(new URL(stack.awsUrl).port).toBe(String(first + 2));
  await close(taken);
});

test('a taken port is an error, and everything that was started is stopped', async () => {
  const { server, port } = await occupy(0);
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(occupy(port + 2).then(close)).resolves.toBeUndefined();
  await close({ server });
});

test('delivers to another Heap on request', async () => {
  const { server, port } = await occupy(0);
  const stack = await start({ heapBaseUrl: `http://127.0.0.1:${port}` });
  const request = new Promise<string | undefined>((resolve) => {
    server.on('request', (incoming, response) => {
      resolve(incoming.url);
      response.end('{}');
    });
  });
  await fetch(stack.webhookUrl, {
    method: 'POST',
    headers: { 'x-api-key': stack.apiKey, 'content-type': 'application/json' },
    body: '{"identity":"c-1","event":"Purchase"}',
  });
  expect(await request).toBe('/api/track');
  expect(stack.heapUrl).toBe(`http://127.0.0.1:${port}`);
  await stack.stop();
  await close({ server });
});

test('returns the outputs of the stack with local values', async () => {
  const stack = await start();
  expect(stack.stackName).toBe('ClevertapToHeapLocal');
  const { awsUrl, webhookUrl, queueUrl, deadLetterQueueUrl } = stack;
  expect(stack.outputs).toMatchObject({
    WebhookUrl: webhookUrl,
    EventBufferUrl: queueUrl,
    DeadLetterQueueUrl: deadLetterQueueUrl,
  });
  const secrets = new SecretsManagerClient({
    endpoint: awsUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  const { SecretString } = await secrets.send(
    new GetSecretValueCommand({ SecretId: stack.outputs['HeapTokensSecret'] }),
  );
  secrets.destroy();
  expect(SecretString).toBe('{"appId":"11"}');
  // The door identifies a key by its id; the output names it.
  expect(stack.outputs['ApiKeyIdk1']).toMatch(/^\w+$/);
  await post(stack, '{"is_test":true,"profiles":[]}');
  await fetch(stack.webhookUrl, { method: 'POST' });
  expect(await metricsOf(stack)).toMatchObject({
    door: { count: 2, '4XXError': 1, '5XXError': 0 },
    requestsByKey: { k1: 1 },
  });
});

test("accounts for the events of a real Heap by the function's counts", async () => {
  const { server, port } = await occupy(0);
  server.on('request', (_, response) => response.end('{}'));
  const stack = await start({ heapBaseUrl: `http://127.0.0.1:${port}` });
  await post(stack, '{"profiles":[{"identity":"c-1"},{"identity":"c-2"}],"key_values":{"event":"Purchase"}}');
  await post(stack, 'no JSON');
  await eventually(async () => {
    const { metrics } = await metricsOf(stack);
    expect(metrics).toMatchObject({ EventsDelivered: { sum: 2 }, EventsRejected: { sum: 1 } });
  });
  const log = await fetch(`${stack.awsUrl}/_local/log?contains=rejected`);
  expect(await log.text()).toContain('invalid_json');
  await stack.stop();
  expect(await stack.reconciliation(reader).account()).toMatchObject({
    requests: 2,
    accepted: 3,
    delivered: 2,
    rows: undefined,
    rejectedByReason: [['invalid_json', 1]],
    missing: 0,
  });
  await close({ server });
});

test('waits a limited time for a running invocation, and accounts for its messages as queued', async () => {
  const stack = await start({ stopPatienceMs: 100 });
  // After a 429 the function waits a minute before it retries.
  await fetch(`${stack.heapUrl}/control`, { method: 'POST', body: '{"mode":"429"}' });
  await post(stack, '{"identity":"c-1","event":"Purchase"}');
  await eventually(async () => {
    expect(await (await fetch(`${stack.heapUrl}/received`)).json()).toMatchObject({ requests: 1 });
  });
  await stack.stop();
  expect(await stack.reconciliation(reader).account()).toMatchObject({ accepted: 1, queued: 1, missing: 0 });
});

const post = (stack: LocalStack, body: string): Promise<Response> =>
  fetch(stack.webhookUrl, {
    method: 'POST',
    headers: { 'x-api-key': stack.apiKey, 'content-type': 'application/json' },
    body,
  });

const metricsOf = async (stack: LocalStack): Promise<ObservedMetrics> =>
  (await (await fetch(`${stack.awsUrl}/_local/metrics?from=0`)).json()) as ObservedMetrics;

interface Occupied {
  readonly server: Server;
  readonly port: number;
}

function occupy(port: number): Promise<Occupied> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve({ server, port: (server.address() as AddressInfo).port });
    });
  });
}

const close = ({ server }: Pick<Occupied, 'server'>): Promise<void> =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => {
      resolve();
    });
  });

/** A free port followed by a taken one and another free one, outside the range the system assigns. */
async function freePorts(): Promise<[number, Occupied]> {
  for (let port = 20_000; port < 30_000; port += 10) {
    const three = await Promise.all(
      [port, port + 1, port + 2].map((one) => occupy(one).catch(() => undefined)),
    );
    const [first, taken, last] = three;
    if (first !== undefined && taken !== undefined && last !== undefined) {
      await Promise.all([close(first), close(last)]);
      return [port, taken];
    }
    for (const one of three) if (one !== undefined) await close(one);
  }
  throw new Error('no three free ports in a row');
}
