import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  type Message,
} from '@aws-sdk/client-sqs';
import { eventually } from '../support/eventually';
import { fixture, personalData, withoutRequestIds } from '../support/clevertap-fixture';
import { startLocalStackProcess, type LocalStackProcess } from '../support/local-stack-process';

/** `npm start`, used only over HTTP as a marketer and an engineer would. */
let stack: LocalStackProcess;
let sqs: SQSClient;

beforeAll(async () => {
  stack = await startLocalStackProcess();
  sqs = new SQSClient({
    endpoint: stack.awsUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
});

afterAll(async () => {
  sqs.destroy();
  await stack.end('SIGKILL');
});

beforeEach(async () => {
  await fetch(`${stack.heapUrl}/reset`, { method: 'POST' });
});

interface Received {
  requests: number;
  events: Record<string, unknown>[];
  duplicates: number;
}

const received = async (): Promise<Received> =>
  (await (await fetch(`${stack.heapUrl}/received`)).json()) as Received;

function post(
  body: string | Buffer,
  { path = '', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(`${stack.webhookUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': stack.apiKey, ...headers },
    // As bytes, because fetch adds a content type to a string.
    body: Buffer.from(body),
  });
}

const delivered = (count: number): Promise<Received> =>
  eventually(async () => {
    const heap = await received();
    expect(heap.events).toHaveLength(count);
    return heap;
  });

/** Takes the next dead letter from its queue. */
const nextDeadLetter = (): Promise<Message> =>
  eventually(async () => {
    const QueueUrl = stack.deadLetterQueueUrl;
    const { Messages: [letter] = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'], WaitTimeSeconds: 2 }),
    );
    if (letter === undefined) throw new Error('the dead-letter queue is empty');
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: letter.ReceiptHandle }));
    return letter;
  });

const attributesOf = ({ MessageAttributes = {} }: Message): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]));

/** Waits until everything that was posted is settled. */
const drained = (): Promise<void> =>
  eventually(async () => {
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: stack.queueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
  });

const isoUtc = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

test('the line of --json names everything a script needs, without trailing slashes', () => {
  const { webhookUrl, apiKey, appId, heapUrl, awsUrl, queueUrl, deadLetterQueueUrl, consoleUrl } = stack;
  const named = { webhookUrl, apiKey, appId, heapUrl, awsUrl, queueUrl, deadLetterQueueUrl, consoleUrl };
  expect(stack.stdout()).toBe(`${JSON.stringify(named)}\n`);
  expect(consoleUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(webhookUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/webhook$/);
  for (const origin of [heapUrl, awsUrl]) expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  for (const url of [queueUrl, deadLetterQueueUrl])
    expect(url).toMatch(new RegExp(`^${awsUrl}/\\d{12}/[\\w-]+$`));
  expect(apiKey.length).toBeGreaterThanOrEqual(20);
  expect(appId).toMatch(/^\d+$/);
});

test("the guide's payload reaches Heap", async () => {
  // The guide leaves the app id for the reader to fill in.
  const body = fixture('guide-rendered').replace(/"app_id": "\d+"/, '"app_id": "<app id>"');
  const before = Date.now();
  const response = await post(body);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'queued', requestId: expect.any(String) as string });

  const { events, requests } = await delivered(1);
  const { identity, event, properties } = JSON.parse(body) as Record<string, unknown>;
  expect(events[0]).toEqual({
    identity,
    event,
    properties,
    timestamp: expect.stringMatching(isoUtc) as string,
    idempotency_key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
  const time = Date.parse(String(events[0]?.['timestamp']));
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(Date.now());
  expect(requests).toBe(1);
});

test("the guide's payload as printed, not rendered, becomes a dead letter and no user", async () => {
  expect((await post(fixture('guide-as-printed'))).status).toBe(200);
  const letter = await nextDeadLetter();
  expect(letter.Body).toBe(fixture('guide-as-printed'));
  expect(attributesOf(letter)).toMatchObject({ reason: 'unrendered_template', events: '1' });
  expect((await received()).events).toEqual([]);
});

test('three profiles become three events in one request', async () => {
  const profiles = ['c-1', 'c-2', 'c-3'].map((identity) => ({
    identity,
    event_properties: { price: 19.99 },
  }));
  await post(JSON.stringify({ targetId: 1650000001, key_values: { event: 'Reminder Sent' }, profiles }));
  const { events, requests } = await delivered(3);
  expect(events).toMatchObject(
    profiles.map(({ identity }) => ({
      identity,
      event: 'Reminder Sent',
      properties: { price: 19.99, clevertap_campaign_id: 1650000001 },
    })),
  );
  expect(requests).toBe(1);
});

test('the setup ping is answered with 200 and delivers nothing (F07)', async () => {
  expect((await post(fixture('setup-ping'))).status).toBe(200);
  await drained();
  expect(await received()).toMatchObject({ requests: 0, events: [] });
});

test('a placeholder identity is dead-lettered with a reason and its stamps, its neighbours are delivered (F35)', async () => {
  const body = fixture('broadcast-with-placeholder');
  await post(body, { path: '/Broadcast%20Sent' });
  await delivered(2);
  const letter = await nextDeadLetter();
  expect(attributesOf(letter)).toEqual({
    reason: 'placeholder_identity',
    detail: expect.any(String) as string,
    events: '1',
    requestId: expect.any(String) as string,
    receivedAt: expect.stringMatching(/^\d{13}$/) as string,
    event: 'Broadcast%20Sent',
  });
  const narrowed = JSON.parse(letter.Body ?? '') as { profiles: unknown[] };
  expect(narrowed.profiles).toHaveLength(1);
});

test('user@example.com is never delivered (F35)', async () => {
  await post(JSON.stringify({ identity: 'user@example.com', event: 'Purchase' }));
  expect(attributesOf(await nextDeadLetter())).toMatchObject({ reason: 'placeholder_identity' });
  expect((await received()).requests).toBe(0);
});

test.each([
  ['Purchase', 'Purchase'],
  ['Added%20to%20Cart', 'Added to Cart'],
  ['100%25%20Off', '100% Off'],
  ['%2541', '%41'],
  ['Caf%C3%A9%20%26%20Bar', 'Café & Bar'],
])('the path segment %s names the event %s', async (segment, event) => {
  await post('{"identity":"ana@shop.test","total":5}', { path: `/${segment}` });
  const { events } = await delivered(1);
  expect(events[0]).toMatchObject({ event, properties: { total: 5 } });
});

test('a body sent twice counts once (F19, F40)', async () => {
  // Two requests on either side of a window boundary are two events. There is a boundary every ten minutes.
  const windowOf = (time: number): number => Math.floor(time / 600_000);
  let bodies = 0;
  let startedAt: number;
  do {
    await fetch(`${stack.heapUrl}/reset`, { method: 'POST' });
    startedAt = Date.now();
    bodies += 1;
    const body = JSON.stringify({ identity: 'twice@shop.test', event: 'Purchase', at: startedAt });
    await post(body);
    await post(body);
    await drained();
  } while (windowOf(startedAt) !== windowOf(Date.now()) && bodies < 3);

  expect(await received()).toMatchObject({ events: [{ identity: 'twice@shop.test' }], duplicates: 1 });
});

test.each([
  ['no key', 403, { 'x-api-key': '' }],
  ['a wrong key', 403, { 'x-api-key': 'k'.repeat(40) }],
  ['XML', 415, { 'content-type': 'application/xml' }],
  ['JSON with a charset', 200, { 'content-type': 'application/json; charset=utf-8' }],
  ['plain text', 200, { 'content-type': 'text/plain' }],
  ['a form', 200, { 'content-type': 'application/x-www-form-urlencoded' }],
])('%s is answered with %i (F07, F09, F11)', async (_, status, headers) => {
  const response = await post(fixture('setup-ping'), { headers });
  expect(response.status).toBe(status);
  const answer = (await response.json()) as Record<string, unknown>;
  expect(Object.keys(answer)).toEqual(status === 200 ? ['status', 'requestId'] : ['message']);
});

test('a missing content type counts as JSON (F07)', async () => {
  const response = await fetch(stack.webhookUrl, {
    method: 'POST',
    headers: { 'x-api-key': stack.apiKey },
    body: Buffer.from(fixture('setup-ping')),
  });
  expect(response.status).toBe(200);
});

test('a body of 1.1 MB is answered with 413, one of 512 KiB is delivered (F05)', async () => {
  const bodyOf = (length: number): string =>
    JSON.stringify({ identity: 'big@shop.test', event: 'Big', note: 'x'.repeat(length) });
  expect((await post(bodyOf(1_100_000))).status).toBe(413);
  expect((await post(bodyOf(512 * 1024 - 64))).status).toBe(200);
  const { events } = await delivered(1);
  expect(events[0]).toMatchObject({ properties: { note: 'x'.repeat(1023) } });
});

test('characters SQS refuses are answered with 400, and nothing is stored (F06)', async () => {
  const response = await post('{"identity":"a\u0001","event":"x"}');
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ message: expect.stringContaining('control characters') as string });
});

test('an empty body is stored and rejected with a reason (F15)', async () => {
  expect((await post('')).status).toBe(200);
  expect(attributesOf(await nextDeadLetter())).toMatchObject({ reason: 'unknown_shape' });
});

test('another method is refused (F08)', async () => {
  const response = await fetch(stack.webhookUrl, { headers: { 'x-api-key': stack.apiKey } });
  expect(response.status).toBe(403);
});

test("no line of the function's log holds personal data (F68)", () => {
  expect(stack.stderr()).toContain('batch forwarded');
  expect(withoutRequestIds(stack.stderr())).not.toMatch(personalData);
  for (const text of ['ana@shop.test', 'user@example.com', stack.apiKey]) {
    expect(stack.stderr()).not.toContain(text);
  }
});

test('other stacks run beside the first, and SIGINT and SIGTERM stop them cleanly', async () => {
  const others = await Promise.all([startLocalStackProcess(), startLocalStackProcess()]);
  expect(new Set([stack, ...others].map(({ webhookUrl }) => webhookUrl)).size).toBe(3);
  for (const [index, signal] of (['SIGINT', 'SIGTERM'] as const).entries()) {
    const other = others[index]!;
    expect(await other.end(signal)).toBe(0);
    await expect(fetch(`${other.heapUrl}/received`)).rejects.toThrow();
  }
});
