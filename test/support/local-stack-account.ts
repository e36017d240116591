import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { fixture } from './clevertap-fixture';
import { eventually } from './eventually';
import { startLocalStackProcess, type LocalStackProcess } from './local-stack-process';

/** Runs `npm start -- --chaos` and reads the account that every `npm start` ends with, for the tests of both. */
const started: LocalStackProcess[] = [];
const clients: SQSClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  // Those that ended on their own are already gone.
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

export async function start(...options: string[]): Promise<LocalStackProcess> {
  const stack = await startLocalStackProcess(...options);
  started.push(stack);
  return stack;
}

export function sqsOf({ awsUrl }: LocalStackProcess): SQSClient {
  const client = new SQSClient({
    endpoint: awsUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  clients.push(client);
  return client;
}

export async function post({ webhookUrl, apiKey }: LocalStackProcess, body: string): Promise<void> {
  const { status } = await fetch(webhookUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body,
  });
  expect(status).toBe(200);
}

export const control = ({ heapUrl }: LocalStackProcess, fault: object): Promise<Response> =>
  fetch(`${heapUrl}/control`, { method: 'POST', body: JSON.stringify(fault) });

export interface Received {
  requests: number;
  events: { identity: string; event: string; idempotency_key: string }[];
  duplicates: number;
}

export const received = async ({ heapUrl }: LocalStackProcess): Promise<Received> =>
  (await (await fetch(`${heapUrl}/received`)).json()) as Received;

/** Waits until the buffer is empty, including hidden messages. */
export async function settled(stack: LocalStackProcess): Promise<void> {
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
export async function deadLetters(stack: LocalStackProcess): Promise<string[]> {
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
export function round(n: number): { bodies: string[]; identities: string[] } {
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
export const eventsOfRound = { accepted: 12, rejected: 4, ignored: 1 };

interface Summary {
  requests: number;
  accepted: number;
  delivered: number;
  rejected: number;
  ignored: number;
  queued: number;
}

/** The account that a stack printed when it ended. It must balance. */
export function summaryOf(stack: LocalStackProcess): Summary {
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
