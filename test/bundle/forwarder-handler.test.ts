import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  CreateQueueCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse } from 'aws-lambda';
import { environmentVariables, mappingFileName, secretPlaceholder } from '../../lambda/contract';
import { noMapping, type MappingRule } from '../../lambda/mapping/rule-format';
import { startAwsEndpoint } from '../../local/aws/endpoint';
import { startFakeHeap } from '../../local/heap/server';
import { FunctionProcess } from '../../local/lambda/function-process';
import type { RunningServer } from '../../local/http-server';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { SqsService } from '../../local/aws/sqs/service';
import { functionAsset } from '../support/function-asset';
import { functionEnvironment } from '../support/function-environment';

/**
 * The function as deployed: bundled, in its own process, with SQS, Secrets Manager and Heap over the network. The test
 * plays the part of Lambda, so that it can check each response.
 */
const appId = '1234567890';
const outdir = realpathSync(mkdtempSync(join(tmpdir(), 'forwarder-handler-')));
let now = Date.now();

let aws: RunningServer;
let heap: RunningServer;
let sqs: SQSClient;
let secretsManager: SecretsManagerClient;
let secretArn: string;
let queueUrl: string;
let deadLetterQueueUrl: string;
const assetDirectory = functionAsset();
let logs: string[];
let forwarder: FunctionProcess;

beforeAll(async () => {
  const clock = { now: () => now };
  aws = await startAwsEndpoint({
    port: 0,
    sqs: new SqsService({ clock }),
    secrets: new SecretsManagerService({ clock }),
  });
  heap = await startFakeHeap({ port: 0 });
  const client = {
    endpoint: aws.origin,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  };
  sqs = new SQSClient(client);
  secretsManager = new SecretsManagerClient(client);
  const { ARN } = await secretsManager.send(
    new CreateSecretCommand({ Name: 'heap-tokens', SecretString: secretPlaceholder }),
  );
  secretArn = ARN!;
  const create = async (QueueName: string): Promise<string> =>
    (await sqs.send(new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout: '730' } })))
      .QueueUrl!;
  queueUrl = await create('buffer');
  deadLetterQueueUrl = await create('dead-letters');
});

afterAll(async () => {
  await Promise.all([aws.close(), heap.close()]);
  sqs.destroy();
  secretsManager.destroy();
  rmSync(outdir, { recursive: true, force: true });
});

beforeEach(async () => {
  now = Date.now();
  logs = [];
  await fetch(`${heap.origin}/reset`, { method: 'POST' });
  for (const QueueUrl of [queueUrl, deadLetterQueueUrl]) await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  await storeSecret(JSON.stringify({ appId }));
  forwarder = newForwarder();
});

afterEach(() => forwarder.stop());

/** A cold instance. */
function newForwarder(overrides: Record<string, string> = {}, directory = assetDirectory): FunctionProcess {
  return new FunctionProcess({
    assetDirectory: directory,
    handler: 'index.handler',
    environment: {
      ...functionEnvironment({
        ...{ heap: heap.origin, secret: secretArn, aws: aws.origin },
        ...{ buffer: queueUrl, deadLetters: deadLetterQueueUrl },
      }),
      ...overrides,
    },
    // Too short to wait until Heap is up again: an invocation puts its batch back at once.
    timeoutMs: 40_000,
    onLog: (line) => logs.push(line),
  });
}

/** A new instance, which does not know yet that Heap was down. */
async function restart(): Promise<void> {
  await forwarder.stop();
  forwarder = newForwarder();
}

const storeSecret = (SecretString: string): Promise<unknown> =>
  secretsManager.send(new PutSecretValueCommand({ SecretId: secretArn, SecretString }));

async function send(body: string): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: body,
      MessageAttributes: {
        requestId: { DataType: 'String', StringValue: 'request=' },
        receivedAt: { DataType: 'Number', StringValue: '1790000000000' },
      },
    }),
  );
}

const receive = async (QueueUrl: string): Promise<Message[]> =>
  (
    await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    )
  ).Messages ?? [];

/** What Lambda's poller would pass on. */
const toRecord = ({
  MessageId,
  ReceiptHandle,
  Body,
  Attributes,
  MessageAttributes = {},
}: Message): object => ({
  messageId: MessageId,
  receiptHandle: ReceiptHandle,
  body: Body,
  attributes: Attributes,
  messageAttributes: Object.fromEntries(
    Object.entries(MessageAttributes).map(([name, { StringValue, DataType }]) => [
      name,
      { stringValue: StringValue, dataType: DataType },
    ]),
  ),
});

/** Receives the visible messages, invokes the function with them and returns the ids it wants kept. */
async function forward(messages?: Message[]): Promise<string[]> {
  const batch = messages ?? (await receive(queueUrl));
  const answer = await forwarder.invoke({ Records: batch.map(toRecord) });
  return (answer as SQSBatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

const control = (mode: object): Promise<Response> =>
  fetch(`${heap.origin}/control`, { method: 'POST', body: JSON.stringify(mode) });

const received = async (): Promise<{
  requests: number;
  events: Record<string, unknown>[];
  duplicates: number;
}> => (await (await fetch(`${heap.origin}/received`)).json()) as never;

const purchase = (identity: string): string => JSON.stringify({ identity, event: 'Purchase' });

test('a batch is delivered in one request, and nothing is kept', async () => {
  for (let user = 0; user < 10; user += 1) await send(purchase(`c-${user}`));
  expect(await forward()).toEqual([]);
  const { requests, events } = await received();
  expect(requests).toBe(1);
  expect(events).toHaveLength(10);
  expect(events[0]).toMatchObject({ timestamp: '2026-09-21T14:13:20.000Z' });
});

test('a message delivered twice counts once in Heap (F19)', async () => {
  await send(purchase('c-1'));
  const batch = await receive(queueUrl);
  await forward(batch);
  await forward(batch);
  expect(await received()).toMatchObject({ requests: 2, duplicates: 1, events: [{ identity: 'c-1' }] });
});

test('without an app id, Heap is not called and every message is kept; delivery starts once it is stored (F44)', async () => {
  await storeSecret(secretPlaceholder);
  await send(purchase('c-1'));
  await send('not JSON');
  const batch = await receive(queueUrl);
  expect(await forward(batch)).toEqual(batch.map(({ MessageId }) => MessageId));
  expect((await received()).requests).toBe(0);
  expect(await receive(deadLetterQueueUrl)).toEqual([]);
  expect(logs.join()).toContain('no numeric appId');
  expect(logs.join()).not.toContain('REPLACE_ME');

  await storeSecret(JSON.stringify({ appId }));
  // Hidden for half a minute instead of the queue's twelve minutes.
  now += 40_000;
  const again = await receive(queueUrl);
  expect(again).toHaveLength(2);
  expect(await forward(again)).toEqual([]);
  expect((await received()).events).toHaveLength(1);
});

test.each(['500', '429', 'reset', 'redirect'])(
  'Heap answering %s keeps the message for a retry (F48)',
  async (mode) => {
    await send(purchase('c-1'));
    await control({ mode, times: 1 });
    const batch = await receive(queueUrl);
    expect(await forward(batch)).toEqual([batch[0]?.MessageId]);
    expect(await receive(queueUrl)).toEqual([]);

    now += 40_000;
    await restart();
    const again = await receive(queueUrl);
    expect(again).toHaveLength(1);
    expect(await forward(again)).toEqual([]);
    expect((await received()).events).toHaveLength(1);
  },
);

test('Retry-After lengthens the delay', async () => {
  await send(purchase('c-1'));
  await control({ mode: '429', times: 1, retryAfter: 300 });
  await forward();
  now += 290_000;
  expect(await receive(queueUrl)).toEqual([]);
  now += 20_000;
  expect(await receive(queueUrl)).toHaveLength(1);
});

test.each(['400-index', '400-plain', '413'])('%s loses one event and no neighbour (F57)', async (mode) => {
  for (let user = 0; user < 8; user += 1) await send(purchase(`c-${user}`));
  // Heap names the bad event or hides it. While it is hidden, halves and quarters are refused, too.
  await control({ mode, times: mode === '400-index' ? 1 : 4 });
  expect(await forward()).toEqual([]);
  expect((await received()).events).toHaveLength(7);
  const letters = await receive(deadLetterQueueUrl);
  expect(letters.map(({ MessageAttributes }) => MessageAttributes?.['reason']?.StringValue)).toEqual([
    'heap_rejected',
  ]);
});

test('rejections wait for the last event of a message: one dead letter, however many attempts', async () => {
  const profiles = [{ identity: 'c-1' }, { identity: 'null' }];
  await send(JSON.stringify({ key_values: { event: 'Sent' }, profiles }));
  await control({ mode: '500', times: 5 });
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect(await forward()).toHaveLength(1);
    expect(await receive(deadLetterQueueUrl)).toEqual([]);
    now += 4_000_000;
    await restart();
  }
  expect(await forward()).toEqual([]);
  const letters = await receive(deadLetterQueueUrl);
  expect(letters).toHaveLength(1);
  expect(JSON.parse(letters[0]?.Body ?? '')).toEqual({
    key_values: { event: 'Sent' },
    profiles: [{ identity: 'null' }],
  });
});

test('a dead letter redriven after a fix is delivered under the stamps of its webhook (F65)', async () => {
  await send(JSON.stringify({ identity: 'c-1', event: 'Purchase', app_id: '99' }));
  expect(await forward()).toEqual([]);
  const [letter] = await receive(deadLetterQueueUrl);
  expect(letter?.MessageAttributes?.['reason']?.StringValue).toBe('app_id_mismatch');

  await storeSecret(JSON.stringify({ appId: '99' }));
  await restart();
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: letter?.Body,
      MessageAttributes: letter?.MessageAttributes,
    }),
  );
  expect(await forward()).toEqual([]);
  expect((await received()).events).toMatchObject([{ timestamp: '2026-09-21T14:13:20.000Z' }]);
});

test('a rule bundled with the code maps the event, and a broken mapping loses nothing', async () => {
  const rules: MappingRule[] = [
    {
      name: 'purchase',
      when: { event: 'Purchase' },
      send: { event: 'Bought {{ Body.item }}', properties: { value: '{{ Body.value }}' } },
      types: { value: 'number' },
      userProperties: { plan: '{{ Body.plan | default: "free" }}' },
    },
  ];
  const withMapping = (text: string): FunctionProcess => {
    const directory = mkdtempSync(join(outdir, 'with-mapping-'));
    cpSync(assetDirectory, directory, { recursive: true });
    writeFileSync(join(directory, mappingFileName), text);
    return newForwarder({}, directory);
  };
  await forwarder.stop();
  forwarder = withMapping('{}');
  await send(JSON.stringify({ identity: 'c-1', event: 'purchase', item: 'hat', value: '19.90' }));
  const batch = await receive(queueUrl);
  await expect(forward(batch)).rejects.toThrow('mapping.json');

  await forwarder.stop();
  forwarder = withMapping(JSON.stringify({ ...noMapping, rules }));
  expect(await forward(batch)).toEqual([]);
  const heapHolds = await received();
  expect(heapHolds.events).toMatchObject([{ event: 'Bought hat', properties: { value: 19.9 } }]);
  expect(heapHolds).toMatchObject({ users: [{ identity: 'c-1', properties: { plan: 'free' } }] });
});

test('a function deployed without its settings names all missing ones and loses nothing', async () => {
  forwarder = newForwarder({
    [environmentVariables.heapBaseUrl]: 'http://heap.shop.test',
    [environmentVariables.identityOrder]: '',
  });
  await send(purchase('c-1'));
  await expect(forward()).rejects.toThrow(/HEAP_BASE_URL .*; IDENTITY_ORDER /);
});
