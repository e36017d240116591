import { mockClient } from 'aws-sdk-client-mock';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { readEnvironment } from '../../../lib/config/environments';
import { follow, tail } from '../../../relay/commands/tail';
import { environmentOf } from '../../../relay/environment/aws-environment';
import type { DoorCounts, Environment, IdentifiedLine } from '../../../relay/environment/environment';
import type { FeedRow } from '../../../relay/feed/feed';
import { explain } from '../../../relay/terminal/operator-error';
import { LocalDeadLetters } from '../../support/local-dead-letters';
import { relayEnvironment } from '../../support/relay-environment';

const start = Date.parse('2026-11-28T05:24:00Z');

beforeEach(() => {
  jest.useFakeTimers({ now: start, doNotFake: ['setImmediate', 'nextTick'] });
});
afterEach(() => {
  jest.useRealTimers();
});

// The pause between two polls of the log; the test's clock advances instead.
jest.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => {
    jest.advanceTimersByTime(ms);
    return Promise.resolve();
  },
}));

let opened: Environment | undefined;
jest.mock('../../../relay/commands/environment-command', () => ({
  openEnvironment: () => Promise.resolve(opened),
}));

/** The line of a batch with one event. */
const batch = (id: string, at: number, event = 'Purchase', campaign?: string): IdentifiedLine => ({
  id,
  at,
  stream: `s-${id}`,
  line: JSON.stringify({
    message: 'batch forwarded',
    campaigns: [{ campaign, event, outcome: 'delivered', events: 1 }],
  }),
});

type Look = readonly IdentifiedLine[] | Error;

/** The result of each poll; the last one ends the command. */
async function followed(
  looks: readonly Look[],
  {
    campaign,
    door = {},
    length,
    metricDelayMs = 0,
    since = 60_000,
  }: {
    campaign?: string;
    door?: Partial<DoorCounts>;
    length?: number;
    metricDelayMs?: number;
    since?: number;
  } = {},
): Promise<{ rows: FeedRow[]; remarks: string[]; asked: number[] }> {
  const abort = new AbortController();
  const [rows, remarks, asked]: [FeedRow[], string[], number[]] = [[], [], []];
  const environment = relayEnvironment({
    options: '--env dev',
    settingsPlace: 'config/dev.ts',
    isSandbox: false,
    metricDelayMs,
    forwarderLines: (from) => {
      asked.push(from - start);
      const look = looks[asked.length - 1] ?? [];
      if (asked.length >= looks.length && length === undefined) abort.abort();
      return look instanceof Error
        ? Promise.reject(look)
        : Promise.resolve(look.filter(({ at }) => at >= from));
    },
    doorCounts: () => Promise.resolve({ requests: 0, refused: 0, failed: 0, ...door }),
  });
  await follow(
    environment,
    start - since,
    { campaign, for: length },
    { row: (row) => rows.push(row), remark: (sentence) => remarks.push(sentence) },
    abort.signal,
  );
  return { rows, remarks, asked };
}

const events = ({ rows }: { rows: readonly FeedRow[] }) => rows.map(({ event }) => event);

test('starts as far back as asked, then polls the last two minutes again, and shows each line once', async () => {
  const [one, two] = [batch('1', start - 150_000, 'One'), batch('2', start + 1000, 'Two')];
  const late = batch('0', start - 110_000, 'Late, of another instance');
  const result = await followed([[one], [one, two], [one, late, two], [two]], { since: 180_000 });

  expect(events(result)).toEqual(['One', 'Two', 'Late, of another instance']);
  expect(result.asked).toEqual([-180_000, -180_000, -119_000, -119_000]);
});

test('equal lines at the same instant are two', async () => {
  expect(events(await followed([[batch('1', start), batch('2', start)], []]))).toHaveLength(2);
});

test('shows one campaign, by id or event, and rows without either', async () => {
  const lines = [
    batch('1', start, 'Newsletter', '1650000003'),
    batch('2', start, 'Purchase'),
    { ...batch('3', start), line: '{"message":"batch forwarded","retried":2,"campaigns":[]}' },
  ];
  expect(events(await followed([lines], { campaign: '1650000003' }))).toEqual(['Newsletter', null]);
  expect(events(await followed([lines], { campaign: 'Purchase' }))).toEqual(['Purchase', null]);
});

test('ends after the given time', async () => {
  const { asked } = await followed([], { length: 10_000 });
  expect(asked).toHaveLength(6);
});

const network = Object.assign(new Error('getaddrinfo ENOTFOUND logs'), { code: 'ENOTFOUND' });

describe('a log that does not answer', () => {
  const throttled = Object.assign(new Error('Rate exceeded'), {
    name: 'ThrottlingException',
    $metadata: {},
    $fault: 'client',
  });
  const own = Object.assign(new Error('later'), {
    name: 'ServiceUnavailableException',
    $metadata: {},
    $fault: 'server',
  });

  test.each([throttled, own, network])('is polled again, with one remark: %s', async (error) => {
    const result = await followed([[], error, error, [batch('1', start)], []]);

    expect(events(result)).toEqual(['Purchase']);
    expect(result.remarks).toEqual([
      expect.stringMatching(/(Rate exceeded|later|there is no such host)[^]*Retrying/),
      'The log answers again.',
    ]);
  });

  test('at the first poll is an error', async () => {
    await expect(followed([throttled, []])).rejects.toBe(throttled);
  });

  test('for want of a permission is an error at any time', async () => {
    const denied = Object.assign(new Error('x is not authorized to perform: logs:FilterLogEvents on y'), {
      name: 'AccessDeniedException',
      $metadata: {},
      $fault: 'client',
    });
    await expect(followed([[], denied, []])).rejects.toBe(denied);
    expect(explain(denied)).toContain('lacks the permission logs:FilterLogEvents');
  });
});

describe('silence', () => {
  const looks = Array.from({ length: 40 }, () => []);

  test.each([
    [{}, /^Nothing has arrived\. Send a test in CleverTap; .*"relay webhook --env dev"/],
    [{ requests: 2, refused: 2 }, /^The endpoint refused 2 requests: a wrong x-api-key/],
    [{ requests: 2 }, /^2 requests arrived, .*"relay status --env dev"/],
  ])('of a minute is explained: %j', async (door, remark) => {
    expect((await followed(looks, { door })).remarks).toEqual([expect.stringMatching(remark)]);
  });

  test.each([
    [60_000, /^No request has been counted yet; CloudWatch counts up to 3 min late\. Send a test/],
    [3_600_000, /^Nothing had arrived by 05:22:00 UTC; CloudWatch counts up to 3 min late\. Send a test/],
  ])('does not prove that nothing arrived while metrics are late: since %d ms', async (since, remark) => {
    expect((await followed(looks, { metricDelayMs: 180_000, since })).remarks).toEqual([
      expect.stringMatching(remark),
    ]);
  });

  test('of the selected campaign is explained, even if others arrived', async () => {
    const result = await followed([[batch('1', start)], ...looks], { campaign: 'Newsletter' });

    expect(result.rows).toEqual([]);
    expect(result.remarks).toEqual([expect.stringMatching(/^Only events of other campaigns arrived\./)]);
  });

  test('is not explained after an event', async () => {
    expect((await followed([[batch('1', start)], ...looks])).remarks).toEqual([]);
  });
});

describe('the sum', () => {
  afterEach(() => jest.restoreAllMocks());

  test.each([
    ['the messages in the queue', true, 1],
    ['null where the queue does not answer', false, null],
  ])('includes the pending messages: %s', async (_, answers, pending) => {
    const queues = await LocalDeadLetters.start();
    queues.service.sendMessage('buffer', { MessageBody: 'a' });
    if (!answers) jest.spyOn(queues.sqs, 'send').mockRejectedValue(network as never);
    opened = relayEnvironment({
      sqs: queues.sqs,
      outputs: { EventBufferUrl: queues.buffer.url },
      forwarderLines: () => Promise.resolve([batch('1', start)]),
    });
    const printed = jest.spyOn(console, 'log').mockReturnValue();
    const remarked = jest.spyOn(console, 'error').mockReturnValue();
    await tail({ env: 'dev', json: true, since: 60_000, for: 1 });
    await queues.close();

    expect(JSON.parse(String(printed.mock.lastCall))).toMatchObject({ kind: 'sum', delivered: 1, pending });
    expect(remarked.mock.calls.flat()).toEqual(
      answers ? [] : [expect.stringMatching(/^Pending messages unknown: no connection: /)],
    );
  });
});

test('Ctrl-C ends a long read of the log on AWS after the current page', async () => {
  const logs = mockClient(CloudWatchLogsClient);
  const { at, stream, line } = batch('1', start);
  const abort = new AbortController();
  logs.on(FilterLogEventsCommand).callsFake(({ nextToken = '0' }: { nextToken?: string }) => {
    if (nextToken === '1') abort.abort();
    return {
      events: [{ eventId: nextToken, timestamp: at, logStreamName: stream, message: line }],
      nextToken: Number(nextToken) < 9 ? String(Number(nextToken) + 1) : undefined,
    };
  });
  const rows: FeedRow[] = [];
  const output = { row: (row: FeedRow) => rows.push(row), remark: () => undefined };
  await follow(onAws(), start - 1000, {}, output, abort.signal);

  expect(rows).toHaveLength(2);
  expect(logs.commandCalls(FilterLogEventsCommand)).toHaveLength(2);
});

const onAws = (): Environment =>
  environmentOf(
    'dev',
    { ...readEnvironment('dev'), region: 'eu-west-1' },
    {
      StackName: 'ClevertapToHeapDev',
      CreationTime: new Date(),
      StackStatus: 'CREATE_COMPLETE',
      Outputs: [{ OutputKey: 'ForwarderLogGroup', OutputValue: '/aws/lambda/forwarder' }],
    },
  );

test("on AWS it reads the function's log", async () => {
  const logs = mockClient(CloudWatchLogsClient);
  const { id, at, stream, line } = batch('1', start);
  logs
    .on(FilterLogEventsCommand)
    .resolves({ events: [{ eventId: id, timestamp: at, logStreamName: stream, message: line }] });
  const rows: FeedRow[] = [];
  const output = { row: (row: FeedRow) => rows.push(row), remark: () => undefined };
  await follow(onAws(), start - 1000, { for: 6000 }, output, new AbortController().signal);

  expect(rows).toMatchObject([{ event: 'Purchase', delivered: 1 }]);
  expect(logs.commandCalls(FilterLogEventsCommand).map(({ args }) => args[0].input)).toEqual(
    Array.from({ length: 4 }, () => ({ logGroupName: '/aws/lambda/forwarder', startTime: start - 1000 })),
  );
});
