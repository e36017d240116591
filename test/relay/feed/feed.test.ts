import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Feed, type FeedRow } from '../../../relay/feed/feed';
import { InMemoryPorts } from '../../support/in-memory-ports';
import { sqsRecord } from '../../support/sqs-record';

const at = Date.parse('2026-11-28T05:24:11Z');

interface Ledger {
  campaign?: string;
  event: string;
  outcome: string;
  reason?: string;
  events: number;
}
const delivered = (event: string, events = 1, campaign?: string): Ledger => ({
  event,
  events,
  outcome: 'delivered',
  ...(campaign === undefined ? {} : { campaign }),
});
const received = (event: string, events = 1): Ledger => ({ event, events, outcome: 'received' });
const rejected = (event: string, reason: string, events = 1): Ledger => ({
  event,
  events,
  outcome: 'rejected',
  reason,
});

const request = (requestId: string, ...campaigns: Ledger[]) => ({ requestId, lagMs: 1200, campaigns });
const settled = (...requests: object[]) => ({ message: 'settled', requestIds: [], requests });
const forwarded = (campaigns: Ledger[], retried = 0) => ({ message: 'batch forwarded', retried, campaigns });
const refusal = (status: number | string, outcome = 'retry') => ({
  message: 'Heap did not take a bulk',
  outcome,
  status,
});

/** The rows of a feed for lines of one instance. */
function rowsOf(...lines: (object | string)[]): FeedRow[] {
  const feed = new Feed();
  return lines.flatMap((line) =>
    feed.take({ at, stream: 's', line: typeof line === 'string' ? line : JSON.stringify(line) }),
  );
}

test('each request of a batch is a row, with what was found', () => {
  const rows = rowsOf(
    {
      message: 'rejected',
      reason: 'placeholder_identity',
      detail: 'identity: a placeholder',
      requestId: 'r-2',
    },
    settled(
      request('r-1', delivered('Purchase')),
      request('r-2', delivered('Newsletter', 2, '1650000003'), {
        ...rejected('Newsletter', 'placeholder_identity'),
        campaign: '1650000003',
      }),
    ),
    forwarded([
      received('Purchase'),
      delivered('Purchase'),
      delivered('Newsletter', 2, '1650000003'),
      { ...rejected('Newsletter', 'placeholder_identity'), campaign: '1650000003' },
    ]),
  );

  expect(rows).toEqual([
    expect.objectContaining({
      kind: 'request',
      requestId: 'r-1',
      event: 'Purchase',
      delivered: 1,
      lagMs: 1200,
    }),
    expect.objectContaining({
      at,
      requestId: 'r-2',
      campaign: '1650000003',
      delivered: 2,
      rejected: 1,
      reasons: { placeholder_identity: 1 },
      detail: 'identity: a placeholder',
    }),
  ]);
});

test('a request with several events is a row for each', () => {
  const campaigns = [delivered('Added'), delivered('Removed')];
  const rows = rowsOf(settled(request('r-1', ...campaigns)), forwarded(campaigns));

  expect(rows.map(({ event, requestId }) => [event, requestId])).toEqual([
    ['Added', 'r-1'],
    ['Removed', 'r-1'],
  ]);
});

test('a batch of more requests than the log names is shown by campaign, and nothing twice', () => {
  const rows = rowsOf(
    settled(...Array.from({ length: 20 }, (_, index) => request(`r-${index}`, delivered('Purchase')))),
    settled(),
    forwarded([
      delivered('Purchase', 1000),
      rejected('Purchase', 'missing_identity', 3),
      delivered('Viewed', 7),
    ]),
  );

  expect(rows).toEqual([
    expect.objectContaining({ kind: 'batch', event: 'Purchase', delivered: 1000, rejected: 3, lagMs: null }),
    expect.objectContaining({ kind: 'batch', event: 'Viewed', delivered: 7 }),
  ]);
});

test('lines of concurrent instances are kept apart', () => {
  const feed = new Feed();
  const take = (stream: string, line: object): FeedRow[] =>
    feed.take({ at, stream, line: JSON.stringify(line) });
  take('a', refusal(500));
  take('b', settled(request('r-b', delivered('Viewed'))));
  take('a', settled(request('r-a', delivered('Purchase'))));

  expect(take('b', forwarded([delivered('Viewed')]))).toEqual([
    expect.objectContaining({ requestId: 'r-b', event: 'Viewed' }),
  ]);
  expect(take('a', forwarded([delivered('Purchase'), received('Restocked')], 1))).toEqual([
    expect.objectContaining({ requestId: 'r-a' }),
    expect.objectContaining({
      kind: 'waiting',
      event: 'Restocked',
      detail: expect.stringContaining('500') as string,
    }),
  ]);
});

describe('waiting events', () => {
  const lag = (...ms: number[]) => ({ _aws: {}, DeliveryLagMs: ms });

  test('are shown by campaign at the first attempt, with the reason and the next try', () => {
    expect(rowsOf(refusal(503), lag(900), forwarded([received('Purchase', 3)], 3))).toEqual([
      expect.objectContaining({
        kind: 'waiting',
        event: 'Purchase',
        waiting: 3,
        detail: 'Heap answered 503, next try in 30 s',
      }),
    ]);
  });

  test.each([
    ['were received before', [refusal(500), lag(95_000)], 'Heap answered 500, next try in 95 s'],
    [
      'waited for hours',
      [refusal('ECONNRESET'), lag(9_000_000)],
      'Heap: no answer (ECONNRESET), next try in 60 min',
    ],
    ['are throttled', [refusal(429)], 'Heap answered 429, next try when it allows'],
    ['waited while Heap was down', [{ _aws: {}, BreakerOpen: 1 }], 'Heap is down, next try in 30 s'],
    ['ran out of time', [lag(100)], 'no time left in this batch, next try in a minute'],
    [
      'had a neighbour that Heap refused',
      [refusal(400, 'invalid')],
      'no time left in this batch, next try in a minute',
    ],
  ])('have a cause and a next try if they %s', (_, lines, detail) => {
    expect(rowsOf(...lines, forwarded([], 2))).toEqual([
      expect.objectContaining({ kind: 'waiting', campaign: null, event: null, waiting: 2, detail }),
    ]);
  });

  test('have no name if some were received before', () => {
    expect(rowsOf(refusal(500), forwarded([received('Purchase', 3)], 5))).toMatchObject([
      { event: null, waiting: 5 },
    ]);
  });

  test('for an app id are shown by campaign or by messages', () => {
    const waiting = { message: 'no Heap app id; all messages wait', messages: 2 };
    const problem = { message: 'Heap token not usable', problem: 'it holds the placeholder' };

    expect(rowsOf(problem, { ...waiting, campaigns: [received('Purchase', 2)] })).toMatchObject([
      {
        kind: 'waiting',
        event: 'Purchase',
        waiting: 2,
        detail: 'Heap token not usable: it holds the placeholder',
      },
    ]);
    expect(rowsOf({ ...waiting, campaigns: [] })).toMatchObject([
      { kind: 'problem', detail: 'no Heap app id; 2 messages are waiting' },
    ]);
  });
});

test("a refusal of an earlier batch does not explain a later one's wait", () => {
  const rows = rowsOf(refusal(500), forwarded([delivered('Purchase')]), forwarded([received('Purchase')], 1));
  expect(rows.at(-1)).toMatchObject({
    kind: 'waiting',
    detail: expect.stringContaining('no time') as string,
  });
});

test.each([
  [
    '2026-11-28T05:24:11.000Z 0f1e Task timed out after 300.00 seconds',
    'the function timed out; its messages will be received again',
  ],
  [
    'REPORT RequestId: 0f1e\tDuration: 5 ms\tStatus: timeout',
    'the function timed out; its messages will be received again',
  ],
  [
    'RequestId: 0f1e Error: Runtime exited with error: signal: killed',
    'the function failed; its messages will be received again',
  ],
])('a crash of an invocation is reported once: %s', (line, detail) => {
  expect(
    rowsOf(
      'START RequestId: 0f1e Version: $LATEST',
      refusal(500),
      line,
      'REPORT RequestId: 0f1e\tStatus: timeout',
    ),
  ).toMatchObject([{ kind: 'problem', detail }]);
});

test('lines of a crashed invocation are forgotten, and the next crash is reported again', () => {
  const death = 'RequestId: 1 Error: Runtime exited with error: exit status 1';
  const rows = rowsOf(
    'START RequestId: 1',
    refusal(500),
    death,
    'START RequestId: 2',
    forwarded([received('Purchase')], 1),
    death,
  );
  expect(rows.map(({ kind, detail }) => [kind, detail])).toEqual([
    ['problem', 'the function failed; its messages will be received again'],
    ['waiting', 'no time left in this batch, next try in a minute'],
    ['problem', 'the function failed; its messages will be received again'],
  ]);
});

test.each([
  [
    { message: 'SQS call failed', problem: 'sendMessageBatch: TimeoutError' },
    'an SQS call failed: sendMessageBatch: TimeoutError',
  ],
  [
    { message: 'too large for a dead letter' },
    expect.stringContaining('too large for a dead letter') as string,
  ],
  [
    { message: 'unexpected error', error: 'TypeError', at: 'at f (a.js:1)' },
    'a bug in this app, TypeError: at f (a.js:1)',
  ],
])('an error of the function or its environment is a row: %j', (line, detail) => {
  expect(rowsOf(line)).toMatchObject([{ kind: 'problem', detail }]);
});

test.each(['', 'END RequestId: 1', '{"message":', '{"message":7}', '[]', 'null', '{"_aws":1}'])(
  '%j makes no row',
  (line) => {
    expect(rowsOf(line)).toEqual([]);
  },
);

test('a timestamp before the JSON does no harm', () => {
  expect(
    rowsOf(`2026-11-28T05:24:11Z\t1\tINFO\t${JSON.stringify(forwarded([delivered('Purchase')]))}`),
  ).toMatchObject([{ kind: 'batch', delivered: 1 }]);
});

describe('with the lines that the forwarder really writes', () => {
  const purchase = (id: number, receiveCount = 1) =>
    sqsRecord({ identity: `cust-${id}`, event: 'Purchase' }, { messageId: `m${id}`, receiveCount });
  const many = (length: number) => Array.from({ length }, (_, id) => purchase(id));

  test.each([
    [20, 'request', 20],
    [21, 'batch', 1],
  ])('a batch of %i calls is shown by %s', async (calls, kind, length) => {
    const ports = new InMemoryPorts();
    await ports.forward(many(calls));
    const rows = rowsOf(...ports.lines);

    expect(new Set(rows.map((row) => row.kind))).toEqual(new Set([kind]));
    expect(rows).toHaveLength(length);
    expect(rows.reduce((sum, { delivered: events }) => sum + events, 0)).toBe(calls);
  });

  test('waiting events are named at the first attempt, and counted at the next', async () => {
    const ports = new InMemoryPorts();
    ports.answer = () => ({ status: 503, body: '' });
    await ports.forward([purchase(1)]);
    expect(rowsOf(...ports.lines)).toMatchObject([{ kind: 'waiting', event: 'Purchase', waiting: 1 }]);

    ports.lines.length = 0;
    await ports.forward([purchase(1, 2)]);
    expect(rowsOf(...ports.lines)).toMatchObject([{ kind: 'waiting', event: null, waiting: 1 }]);
  });

  test('a campaign with several event names waits as one', async () => {
    const ports = new InMemoryPorts();
    ports.answer = ({ body }) => ({ status: body.includes('"A"') ? 500 : 200, body: '' });
    const profiles = (identities: string[]) => identities.map((identity) => ({ identity }));
    await ports.forward([
      sqsRecord({ targetId: 7, key_values: { event: 'A' }, profiles: profiles(['a', 'b', 'guest']) }),
      sqsRecord(
        { targetId: 7, key_values: { event: 'B' }, profiles: profiles(['guest']) },
        { messageId: 'm2' },
      ),
    ]);

    expect(rowsOf(...ports.lines)).toMatchObject([
      { kind: 'request', campaign: '7', event: 'B', rejected: 1 },
      { kind: 'waiting', campaign: '7', event: 'A', waiting: 3 },
    ]);
  });

  test('events that wait for an app id are shown', async () => {
    const ports = new InMemoryPorts();
    ports.token = undefined;
    await ports.forward(many(3));
    expect(rowsOf(...ports.lines)).toMatchObject([
      { kind: 'waiting', event: 'Purchase', waiting: 3, detail: 'no Heap app id' },
    ]);
  });

  test('every log message that the feed reads is one that the function writes', () => {
    const read = (folder: string): string =>
      readdirSync(join(__dirname, '../../..', folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(join(__dirname, '../../..', folder, file), 'utf8'))
        .join('\n');
    const known = [...read('relay/feed').matchAll(/case '([^']+)':/g)].map(([, message]) => message);

    expect(known.length).toBeGreaterThanOrEqual(8);
    const source = read('lambda');
    expect(known.filter((message) => !source.includes(`, '${message}', {`))).toEqual([]);
  });
});
