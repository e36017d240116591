import { existsSync, readFileSync, statSync } from 'node:fs';
import {
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { eventually } from '../support/eventually';
import { fixture, personalData } from '../support/clevertap-fixture';
import { startLocalStackProcess, type LocalStackProcess } from '../support/local-stack-process';

/** `npm start -- --chaos`, and the account that every `npm start` ends with. */
const started: LocalStackProcess[] = [];
const clients: SQSClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  // Those that ended by themselves are gone already.
  const left = started.splice(0).filter(({ pid }) => isRunning(pid));
  await Promise.all(left.map(({ end }) => end('SIGKILL')));
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function start(...options: string[]): Promise<LocalStackProcess> {
  const stack = await startLocalStackProcess(...options);
  started.push(stack);
  return stack;
}

function sqsOf({ awsUrl }: LocalStackProcess): SQSClient {
  const client = new SQSClient({
    endpoint: awsUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  clients.push(client);
  return client;
}

async function post({ webhookUrl, apiKey }: LocalStackProcess, body: string): Promise<void> {
  const { status } = await fetch(webhookUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body,
  });
  expect(status).toBe(200);
}

const control = ({ heapUrl }: LocalStackProcess, fault: object): Promise<Response> =>
  fetch(`${heapUrl}/control`, { method: 'POST', body: JSON.stringify(fault) });

interface Received {
  requests: number;
  events: { identity: string; event: string; idempotency_key: string }[];
  duplicates: number;
}

const received = async ({ heapUrl }: LocalStackProcess): Promise<Received> =>
  (await (await fetch(`${heapUrl}/received`)).json()) as Received;

/** Until nothing is left in the buffer, not even hidden. */
async function settled(stack: LocalStackProcess): Promise<void> {
  const sqs = sqsOf(stack);
  await eventually(async () => {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: stack.queueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
    });
  }, 150_000);
}

/** The bodies in the dead-letter queue. */
async function deadLetters(stack: LocalStackProcess): Promise<string[]> {
  const sqs = sqsOf(stack);
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: stack.deadLetterQueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 43_200,
      }),
    );
    if (Messages.length === 0) return bodies;
    bodies.push(...Messages.map(({ Body = '' }) => Body));
  }
}

/** A round of messages of every kind: 12 events in 8 requests. */
function round(n: number): { bodies: string[]; identities: string[] } {
  const who = (name: string): string => `pii-${name}-${n}@shop.test`;
  const three = ['a', 'b', 'c'].map(who);
  return {
    bodies: [
      JSON.stringify({
        targetId: 1650000001,
        key_values: { event: 'Reminder Sent' },
        profiles: three.map((identity) => ({ identity, event_properties: { n } })),
      }),
      JSON.stringify({ identity: who('d'), event: 'Purchase', properties: { n } }),
      JSON.stringify({ email: who('e'), event_name: 'Signup' }),
      JSON.stringify({
        key_values: { event: 'Broadcast' },
        profiles: [{ identity: who('f') }, { identity: '{{Profile.Identity}}' }, 'no profile'],
      }),
      JSON.stringify({ identity: 'user@example.com', event: 'Purchase' }),
      `{ "identity": "${who('broken')}", `,
      fixture('setup-ping'),
      JSON.stringify([{ identity: who('g'), event: 'Listed' }]),
    ],
    identities: [...three, ...['d', 'e', 'f', 'g'].map(who)],
  };
}
const eventsOfRound = { accepted: 12, rejected: 4, ignored: 1 };

interface Summary {
  requests: number;
  accepted: number;
  delivered: number;
  rejected: number;
  ignored: number;
  queued: number;
}

/** The account a stack printed as it ended; it must balance. */
function summaryOf(stack: LocalStackProcess): Summary {
  const count = (name: string): number =>
    Number(new RegExp(`^ {2}${name} +(\\d+)`, 'm').exec(stack.stderr())?.[1]);
  const summary = {
    requests: Number(/in (\d+) requests?/.exec(stack.stderr())?.[1]),
    accepted: count('Accepted'),
    delivered: count('Delivered'),
    rejected: count('Rejected'),
    ignored: count('Ignored'),
    queued: count('Queued'),
  };
  const { accepted, delivered, rejected, ignored, queued } = summary;
  expect(stack.stderr()).toContain(
    `${accepted} = ${delivered} + ${rejected} + ${ignored} + ${queued}: every accepted event is accounted for.`,
  );
  expect(delivered + rejected + ignored + queued).toBe(accepted);
  return summary;
}

test('with a seed everything settles: each event is in Heap once or a dead letter (F19, F26, F42, F54, F59)', async () => {
  const stack = await start('--chaos', '7');
  const rounds = [1, 2, 3, 4].map(round);
  for (const { bodies } of rounds) for (const body of bodies) await post(stack, body);
  await settled(stack);
  const { events } = await received(stack);
  const letters = await deadLetters(stack);
  expect(await stack.end('SIGINT')).toBe(0);

  const { requests, accepted, delivered, rejected, ignored, queued } = summaryOf(stack);
  expect([requests, accepted, ignored, queued]).toEqual([
    32,
    4 * eventsOfRound.accepted,
    4 * eventsOfRound.ignored,
    0,
  ]);
  // Heap refuses some good events, too, and how many depends on how messages fall into batches.
  expect(rejected).toBeGreaterThanOrEqual(4 * eventsOfRound.rejected);
  expect(events).toHaveLength(delivered);
  const identities = events.map(({ identity }) => identity);
  expect(new Set(identities).size).toBe(identities.length);
  for (const identity of rounds.flatMap((each) => each.identities))
    expect(identities.includes(identity) || letters.some((body) => body.includes(identity))).toBe(true);

  expect(stack.stderr()).toContain('chaos: ');
  expect(stack.stderr()).toMatch(/Heap +[1-9]\d* of [1-9]\d* requests failed/);
  const log = stack.stderr().replaceAll(/^chaos: .*$/gm, '');
  expect(log).not.toMatch(personalData);
}, 200_000);

test('stopped in the middle, what is still queued is part of the account', async () => {
  const stack = await start('--chaos', '3');
  for (const body of round(1).bodies) await post(stack, body);
  await eventually(async () => {
    expect((await received(stack)).requests).toBeGreaterThan(0);
  }, 60_000);
  await control(stack, { mode: '500' });
  const late = [1, 2, 3].map((n) => JSON.stringify({ identity: `pii-late-${n}`, event: 'Late' }));
  for (const body of late) await post(stack, body);
  const { events } = await received(stack);
  // As npm does it, which passes on the Ctrl-C that the terminal has sent to all.
  expect(await stack.end('SIGINT', 'SIGINT')).toBe(0);

  const summary = summaryOf(stack);
  expect(summary).toMatchObject({ requests: 11, accepted: eventsOfRound.accepted + 3 });
  expect(summary.delivered).toBe(events.length);
  expect(summary.queued).toBeGreaterThanOrEqual(3);
  expect(stack.stderr()).toContain('not delivered yet, and gone with this stack');
});

test('without chaos the account is exact, whatever a person forgets in Heap or takes out of the dead letters', async () => {
  const stack = await start();
  for (const body of round(1).bodies) await post(stack, body);
  const profile = { identity: 'pii-twice@shop.test' };
  await post(stack, JSON.stringify({ key_values: { event: 'Twice' }, profiles: [profile, profile] }));
  await settled(stack);
  await fetch(`${stack.heapUrl}/reset`, { method: 'POST' });
  await sqsOf(stack).send(new PurgeQueueCommand({ QueueUrl: stack.deadLetterQueueUrl }));
  expect(await stack.end('SIGTERM')).toBe(0);

  const { accepted, rejected, ignored } = eventsOfRound;
  expect(summaryOf(stack)).toEqual({
    requests: 9,
    accepted: accepted + 2,
    delivered: accepted - rejected - ignored + 2,
    rejected,
    ignored,
    queued: 0,
  });
  expect(stack.stderr()).toContain('8 rows in Heap: equal events count once');
  for (const reason of ['unrendered_template', 'unknown_shape', 'placeholder_identity', 'invalid_json'])
    expect(stack.stderr()).toMatch(new RegExp(`dead letters: .*1 ${reason}`));
  expect(stack.stderr()).not.toContain('chaos');
});

test('a lost event is told, and the exit code is 1', async () => {
  const stack = await start();
  await control(stack, { mode: '500' });
  await post(stack, '{"identity":"pii-lost","event":"Purchase"}');
  await eventually(async () => {
    expect((await received(stack)).requests).toBe(1);
  });
  await sqsOf(stack).send(new PurgeQueueCommand({ QueueUrl: stack.queueUrl }));
  expect(await stack.end('SIGINT')).toBe(1);
  expect(stack.stderr()).toContain('1 ≠ 0 + 0 + 0 + 0: 1 accepted event is neither in Heap nor in a queue.');
});

test('a row in Heap that no event explains is told, and the exit code is 1', async () => {
  const stack = await start();
  const row = { identity: 'pii-row', event: 'Purchase', idempotency_key: 'ab'.repeat(32) };
  await fetch(`${stack.heapUrl}/api/track`, {
    method: 'POST',
    body: JSON.stringify({ app_id: stack.appId, events: [row, { ...row, idempotency_key: 'by hand' }] }),
  });
  expect(await stack.end('SIGINT')).toBe(1);
  expect(stack.stderr()).toContain('Heap has 1 row more than the accepted events explain.');
});

test('a second Ctrl-C ends at once', async () => {
  const stack = await start();
  // After a 429 the function waits for a minute before it looks again.
  await control(stack, { mode: '429' });
  await post(stack, '{"identity":"pii-slow","event":"Purchase"}');
  await eventually(async () => {
    expect((await received(stack)).requests).toBe(1);
  });
  const ended = stack.end('SIGINT');
  await eventually(async () => {
    await Promise.resolve();
    expect(stack.stderr()).toContain('Ctrl-C again ends at once');
  });
  const again = setInterval(() => process.kill(stack.pid, 'SIGINT'), 100);
  try {
    expect(await ended).toBe(130);
  } finally {
    clearInterval(again);
  }
  expect(stack.stderr()).not.toContain('What became of the events');
  expect(existsSync(stack.stackFile)).toBe(false);
});

test('while it runs, a file that only its owner can read says how to reach it', async () => {
  const stack = await start();
  const { webhookUrl, apiKey, appId, heapUrl, awsUrl, queueUrl, deadLetterQueueUrl } = stack;
  expect(JSON.parse(readFileSync(stack.stackFile, 'utf8'))).toEqual({
    webhookUrl,
    apiKey,
    appId,
    heapUrl,
    awsUrl,
    queueUrl,
    deadLetterQueueUrl,
    pid: stack.pid,
    stackName: 'ClevertapToHeapLocal',
    outputs: expect.objectContaining({
      WebhookUrl: webhookUrl,
      ApiKeyIdk1: expect.any(String) as string,
      HeapTokensSecret: expect.any(String) as string,
      EventBufferUrl: queueUrl,
      DeadLetterQueueUrl: deadLetterQueueUrl,
    }) as object,
  });
  expect(statSync(stack.stackFile).mode & 0o777).toBe(0o600);
  expect(await stack.end('SIGINT')).toBe(0);
  expect(existsSync(stack.stackFile)).toBe(false);
  expect(stack.stderr()).toContain('No event was accepted.');
});

test('chaos needs the fake Heap', async () => {
  await expect(start('--chaos', '1', '--heap', 'https://heapanalytics.com', '--app-id', '1')).rejects.toThrow(
    'error: --chaos plays faults of the fake Heap; leave out --heap, or --chaos',
  );
});

test('--heap takes what the settings take, and repeats no password', async () => {
  const refusal = start('--heap', 'https://ana:pii-pa55@heap.shop.test', '--app-id', '1');

  await expect(refusal).rejects.toThrow(
    'error: --heap must not carry credentials; they belong in the secret',
  );
  await expect(refusal).rejects.not.toThrow(/pii-pa55/);
});
