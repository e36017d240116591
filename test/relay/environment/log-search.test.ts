import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  LimitExceededException,
  ResourceNotFoundException,
  ServiceUnavailableException,
  StartQueryCommand,
  type ResultField,
} from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { searchLog, type LogSearchResult } from '../../../relay/environment/log-search';
import { explain } from '../../../relay/terminal/operator-error';

const logs = mockClient(CloudWatchLogsClient);
const client = new CloudWatchLogsClient({ region: 'eu-west-1' });

beforeEach(() => {
  logs.reset();
  logs.on(StartQueryCommand).resolves({ queryId: 'q' });
});

let waits: number[] = [];
beforeEach(() => {
  waits = [];
});

const search = (): Promise<LogSearchResult> =>
  searchLog(client, { logGroup: '/log', name: 'log', from: 1500, to: 2500, query: 'fields a' }, (wait) => {
    waits.push(wait);
    return Promise.resolve();
  });

const explained = async (): Promise<string | undefined> =>
  explain(await search().catch((error: unknown) => error));

const row = (value: string): ResultField[] => [
  { field: 'a', value },
  { field: 'empty', value: '' },
];

test('waits for the result, and covers the whole window in seconds', async () => {
  logs
    .on(GetQueryResultsCommand)
    .resolvesOnce({ status: 'Scheduled' })
    .resolvesOnce({ status: 'Running', results: [row('half')] })
    .resolves({ status: 'Complete', results: [row('1')], statistics: { bytesScanned: 12 } });

  expect(await search()).toEqual({
    rows: [new Map([['a', '1']])],
    isComplete: true,
    scannedBytes: 12,
  });
  expect(logs.commandCalls(StartQueryCommand)[0]?.args[0].input).toEqual({
    logGroupName: '/log',
    startTime: 1,
    endTime: 3,
    queryString: 'fields a',
    limit: 100_000,
  });
  expect(waits).toEqual([250, 500]);
});

const throttled = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException', $metadata: {} });
const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const unavailable = new ServiceUnavailableException({ message: 'later', $metadata: {} });

test('a transient error does not end a search that is paid for, neither while it runs nor between pages', async () => {
  logs
    .on(GetQueryResultsCommand, { queryId: 'q' })
    .rejectsOnce(throttled)
    .resolvesOnce({ status: 'Running' })
    .rejectsOnce(reset)
    .rejectsOnce(unavailable)
    .resolves({ status: 'Complete', results: [row('1')], nextToken: 't1' })
    .on(GetQueryResultsCommand, { queryId: 'q', nextToken: 't1' })
    .rejectsOnce(throttled)
    .resolves({ status: 'Complete', results: [row('2')] });

  expect((await search()).rows.map((one) => one.get('a'))).toEqual(['1', '2']);
  expect(waits).toEqual([1000, 250, 1000, 2000, 1000]);
  expect(logs.commandCalls(StartQueryCommand)).toHaveLength(1);
});

test.each([
  ['while it runs', { queryId: 'q' }],
  ['between pages', { queryId: 'q', nextToken: 't1' }],
])('an error that persists for five attempts ends the search: %s', async (_, input) => {
  logs
    .on(GetQueryResultsCommand, { queryId: 'q' })
    .resolves({ status: 'Complete', results: [row('1')], nextToken: 't1' })
    .on(GetQueryResultsCommand, input)
    .rejects(throttled);

  expect(await explained()).toBe(
    'CloudWatch Logs is searching the log, but its results could not be read in 5 attempts: AWS answered ThrottlingException: Rate exceeded. Retry in a minute; that search will cost again.',
  );
  expect(waits).toEqual([1000, 2000, 4000, 8000]);
});

test('a permanent error is not retried', async () => {
  const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: {} });
  logs.on(GetQueryResultsCommand).rejects(denied);

  await expect(search()).rejects.toBe(denied);
  expect(waits).toEqual([]);
});

test('reads every page, which holds 10,000 rows at most', async () => {
  logs
    .on(GetQueryResultsCommand, { queryId: 'q' })
    .resolves({ status: 'Complete', results: [row('1')], nextToken: 't1' })
    .on(GetQueryResultsCommand, { queryId: 'q', nextToken: 't1' })
    .resolves({ status: 'Complete', results: [row('2')], nextToken: 't2' })
    .on(GetQueryResultsCommand, { queryId: 'q', nextToken: 't2' })
    .resolves({ status: 'Complete', results: [row('3')] });

  const { rows } = await search();
  expect(rows.map((one) => one.get('a'))).toEqual(['1', '2', '3']);
});

test('a result with the maximum number of rows may be incomplete', async () => {
  const results = Array.from({ length: 100_000 }, () => row('1'));
  logs.on(GetQueryResultsCommand).resolves({ status: 'Complete', results });

  expect((await search()).isComplete).toBe(false);
});

test.each(['Timeout', 'Failed', 'Cancelled', 'Unknown'] as const)(
  'a search that ends with %s says what to do',
  async (status) => {
    logs.on(GetQueryResultsCommand).resolves({ status });

    expect(await explained()).toBe(
      `CloudWatch Logs could not search the log: ${status}. Retry, or choose a shorter window.`,
    );
  },
);

test.each([
  [
    'too many searches',
    new LimitExceededException({ message: 'limit', $metadata: {} }),
    /maximum number of searches .* open dashboards\. Retry in a minute\.$/,
  ],
  [
    'no such log',
    new ResourceNotFoundException({ message: 'no', $metadata: {} }),
    /^the log group \/log does not exist\. Deploy the stack again/,
  ],
  [
    'no permission',
    Object.assign(
      new Error('User: arn:aws:iam::1:user/x is not authorized to perform: logs:StartQuery on resource: y'),
      { name: 'AccessDeniedException', $metadata: {} },
    ),
    /^your AWS user or role lacks the permission logs:StartQuery\. docs\/operate\.md/,
  ],
])('%s', async (_, error, message) => {
  logs.on(StartQueryCommand).rejects(error);

  expect(await explained()).toMatch(message);
});
