import { APIGatewayClient, GetApiKeyCommand } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  GetQueryResultsCommand,
  StartQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { readEnvironment } from '../../../lib/config/environments';
import { openAwsEnvironment } from '../../../relay/environment/aws-environment';
import { explain } from '../../../relay/terminal/operator-error';
import type { EnvironmentConfig } from '../../../lib/config/environment-config';
import { metricsOfStatus } from '../../../tools/cost-report';

const cloudFormation = mockClient(CloudFormationClient);
const cloudWatch = mockClient(CloudWatchClient);
const logs = mockClient(CloudWatchLogsClient);
const apiGateway = mockClient(APIGatewayClient);

const config: EnvironmentConfig = { ...readEnvironment('dev'), region: 'eu-west-1' };
const outputs = {
  WebhookUrl: 'https://a1.execute-api.eu-west-1.amazonaws.com/v1/webhook',
  ApiKeyIdk1: 'key-id-1',
  ApiKeyIdk2: 'key-id-2',
  AccessLogGroup: '/access',
  ForwarderLogGroup: '/aws/lambda/forwarder',
};

function serviceError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $metadata: {} });
}

beforeEach(() => {
  for (const mock of [cloudFormation, cloudWatch, logs, apiGateway]) mock.reset();
  cloudFormation.on(DescribeStacksCommand, { StackName: 'ClevertapToHeapDev' }).resolves({
    Stacks: [
      {
        StackName: 'ClevertapToHeapDev',
        StackId: 'arn:aws:cloudformation:eu-west-1:123456789012:stack/ClevertapToHeapDev/1',
        CreationTime: new Date(),
        StackStatus: 'CREATE_COMPLETE',
        Outputs: Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
      },
    ],
  });
});

const open = () => openAwsEnvironment('dev', config);

test('finds everything by the outputs of the stack', async () => {
  const { stackName, outputs: found, sqs } = await open();

  expect(stackName).toBe('ClevertapToHeapDev');
  expect(Object.fromEntries(found)).toEqual(outputs);
  expect(await sqs.config.region()).toBe('eu-west-1');
});

describe('says why an environment cannot be reached', () => {
  test.each([
    [
      'a missing stack',
      serviceError('ValidationError', 'Stack with id ClevertapToHeapDev does not exist'),
      /^there is no stack ClevertapToHeapDev in eu-west-1 .*npx cdk deploy ClevertapToHeapDev/,
    ],
    [
      'a missing permission',
      serviceError(
        'AccessDenied',
        'User: arn:aws:iam::1:user/x is not authorized to perform: cloudformation:DescribeStacks on resource: y',
      ),
      /^your AWS user or role lacks the permission cloudformation:DescribeStacks\. docs\/operate\.md/,
    ],
    [
      'missing credentials',
      serviceError('CredentialsProviderError', 'Could not load credentials from any providers'),
      /^there are no usable AWS credentials\. Sign in/,
    ],
    [
      'expired credentials',
      serviceError('ExpiredToken', 'The security token included in the request is expired'),
      /^AWS refused the credentials \(ExpiredToken\)\. Sign in/,
    ],
  ])('%s', async (_, error, message) => {
    cloudFormation.on(DescribeStacksCommand).rejects(error);

    const failure: unknown = await open().catch((reason: unknown) => reason);

    expect(explain(failure)).toMatch(message);
  });

  test('credentials of an account other than the configured one', async () => {
    const elsewhere = openAwsEnvironment('dev', { ...config, account: '999999999999' });

    await expect(elsewhere).rejects.toThrow(
      'the credentials are for the account 123456789012; config/dev.ts names 999999999999.',
    );
  });

  test('a stack deployed before the output existed', async () => {
    cloudFormation.on(DescribeStacksCommand).resolves({
      Stacks: [{ StackName: 's', CreationTime: new Date(), StackStatus: 'CREATE_COMPLETE' }],
    });
    const environment = await open();

    expect(() => environment.forwarderLog(0, 'x')).toThrow(
      /has no output ForwarderLogGroup. Deploy it again/,
    );
  });
});

test('the value of an API key is read by its id', async () => {
  apiGateway
    .on(GetApiKeyCommand, { apiKey: 'key-id-2', includeValue: true })
    .resolves({ value: 'v'.repeat(40) });

  expect(await (await open()).apiKey('k2')).toBe('v'.repeat(40));
});

test('requests by key are counted in the access log, not by the usage plan', async () => {
  logs.on(StartQueryCommand).resolves({ queryId: 'q' });
  const row = (id: string, requests: string) => [
    { field: 'apiKeyId', value: id },
    { field: 'requests', value: requests },
  ];
  logs
    .on(GetQueryResultsCommand, { queryId: 'q' })
    .resolvesOnce({ status: 'Running' })
    .resolves({
      status: 'Complete',
      results: [row('key-id-1', '12'), row('a-deleted-key', '9'), row('-', '4')],
    });

  const counts = await (await open()).requestsByKey(new Date('2026-11-01T00:00:00Z'));

  expect(Object.fromEntries(counts)).toEqual({ k1: 12, k2: 0 });
  expect(logs.commandCalls(StartQueryCommand)[0]?.args[0].input).toMatchObject({
    logGroupName: '/access',
    startTime: Date.parse('2026-11-01T00:00:00Z') / 1000,
    queryString: expect.stringContaining('by apiKeyId') as string,
  });
});

test("the ledger is read from the function's log, as far back as that is kept", async () => {
  logs.on(StartQueryCommand).resolves({ queryId: 'q' });
  logs.on(GetQueryResultsCommand).resolves({ status: 'Complete', statistics: { bytesScanned: 5 } });
  const environment = await open();

  const { rows, gaps } = await environment.ledger(Date.now() - 3_600_000, Date.now());
  expect({ rows, gaps }).toEqual({ rows: [], gaps: [] });
  expect(logs.commandCalls(StartQueryCommand)[0]?.args[0].input.logGroupName).toBe('/aws/lambda/forwarder');

  const days = config.logRetentionDays + 1;
  const { gaps: tooOld } = await environment.ledger(Date.now() - days * 86_400_000, Date.now());
  expect(tooOld).toEqual([expect.stringContaining(`The log is kept for ${config.logRetentionDays} days.`)]);
});

test('a failed search of the access log is an error, not a count', async () => {
  logs.on(StartQueryCommand).resolves({ queryId: 'q' });
  logs.on(GetQueryResultsCommand).resolves({ status: 'Timeout' });

  await expect((await open()).requestsByKey(new Date())).rejects.toThrow(
    'CloudWatch Logs could not search the access log: Timeout',
  );
});

/** Answers metric queries by name, statistic and reason, in two pages. */
function answerMetrics(values: Record<string, number[]>): void {
  cloudWatch
    .on(GetMetricDataCommand)
    .callsFake(({ MetricDataQueries = [], NextToken }: GetMetricDataCommand['input']) => ({
      MetricDataResults: MetricDataQueries.map(({ Id, MetricStat }) => {
        const reason = MetricStat?.Metric?.Dimensions?.find(({ Name }) => Name === 'Reason')?.Value;
        const name = [MetricStat?.Metric?.MetricName, reason].filter((part) => part !== undefined).join('/');
        const all = values[`${name} ${MetricStat?.Stat ?? ''}`] ?? [];
        return { Id, Values: NextToken === undefined ? all.slice(0, 1) : all.slice(1) };
      }),
      NextToken: NextToken === undefined ? 'second page' : undefined,
    }));
}

const now = Date.now();
const dayMs = 86_400_000;

test("the endpoint's one-minute counts are added up", async () => {
  answerMetrics({ 'Count Sum': [10, 5], '4XXError Sum': [2] });

  const counts = await (await open()).doorCounts(now - 3_600_000, now);

  expect(counts).toEqual({ requests: 15, refused: 2, failed: 0 });
  const query = cloudWatch.commandCalls(GetMetricDataCommand)[0]?.args[0].input.MetricDataQueries?.[0];
  expect(query?.MetricStat).toEqual({
    Metric: {
      Namespace: 'AWS/ApiGateway',
      MetricName: 'Count',
      Dimensions: [{ Name: 'ApiName', Value: 'ClevertapToHeapDev' }],
    },
    Period: 60,
    Stat: 'Sum',
  });
});

test.each([
  ['a day', 1, 0, 60],
  ['more than a day', 2, 0, 300],
  ['an old day', 1, 14.5, 300],
  ['a day before five minutes are kept', 1, 63, 3600],
])('sums %s by what CloudWatch still has', async (_, days, ago, period) => {
  answerMetrics({});
  const to = now - ago * dayMs;

  await (await open()).doorCounts(to - days * dayMs, to);

  const { input } = cloudWatch.commandCalls(GetMetricDataCommand)[0]!.args[0];
  expect(input.MetricDataQueries?.[0]?.MetricStat?.Period).toBe(period);
});

test("the forwarder's metrics are those of this stack, with reasons and percentiles of the whole window", async () => {
  answerMetrics({
    'EventsReceived Sum': [7, 8],
    'EventsRejected Sum': [3],
    'EventsRejected/invalid_json Sum': [1, 2],
    'DeliveryLagMs p50': [100],
    'DeliveryLagMs p95': [200],
    'DeliveryLagMs Maximum': [300, 400],
  });

  const { sums, rejectedByReason, lag } = await (await open()).forwarderCounts(now - 5_400_000, now);

  expect(sums).toMatchObject({ EventsReceived: 15, EventsRejected: 3, EventsDelivered: 0 });
  expect(rejectedByReason).toEqual({ invalid_json: 3 });
  expect(lag).toEqual({ p50: 100, p95: 200, max: 400 });
  const queries = cloudWatch
    .commandCalls(GetMetricDataCommand)
    .flatMap((call) => call.args[0].input.MetricDataQueries ?? []);
  for (const { MetricStat } of queries) {
    expect(MetricStat?.Metric?.Namespace).toBe('ClevertapToHeap');
    expect(MetricStat?.Metric?.Dimensions?.[0]).toEqual({ Name: 'Stack', Value: 'ClevertapToHeapDev' });
    expect(MetricStat?.Period).toBe(MetricStat?.Stat === 'Sum' ? 60 : 5400);
  }
});

test('a status reads as many metrics as docs/cost.md assumes', async () => {
  answerMetrics({});

  const environment = await open();
  await environment.doorCounts(0, 60_000);
  await environment.forwarderCounts(0, 60_000);
  const queries = cloudWatch
    .commandCalls(GetMetricDataCommand)
    .flatMap((call) => call.args[0].input.MetricDataQueries ?? []);
  // Here each query takes two pages.
  expect(queries).toHaveLength(2 * metricsOfStatus);
});

test('without a delivery there is no lag', async () => {
  answerMetrics({});

  expect((await (await open()).forwarderCounts(0, 60_000)).lag).toBeUndefined();
});

test('alarms are those of this stack, composite ones too', async () => {
  cloudWatch
    .on(DescribeAlarmsCommand, {
      AlarmNamePrefix: 'ClevertapToHeapDev-',
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
    })
    .resolves({
      MetricAlarms: [
        { AlarmName: 'ClevertapToHeapDev-A', StateValue: 'OK' },
        { AlarmName: 'ClevertapToHeapDev-B', StateValue: 'INSUFFICIENT_DATA' },
      ],
      CompositeAlarms: [
        {
          AlarmName: 'ClevertapToHeapDev-C',
          AlarmDescription: 'Events are lost.',
          StateValue: 'ALARM',
          StateUpdatedTimestamp: new Date(0),
        },
      ],
    });

  expect(await (await open()).alarms()).toEqual({
    names: ['ClevertapToHeapDev-A', 'ClevertapToHeapDev-B', 'ClevertapToHeapDev-C'],
    ringing: [
      { name: 'ClevertapToHeapDev-C', description: 'Events are lost.', since: '1970-01-01T00:00:00.000Z' },
    ],
    muted: [],
  });
});

test('all lines of the log are returned with their ids, over all pages and in order', async () => {
  const event = (eventId: string, timestamp: number, logStreamName: string) => ({
    eventId,
    timestamp,
    logStreamName,
    message: `line ${eventId}`,
    ingestionTime: 99_000,
  });
  logs
    .on(FilterLogEventsCommand, { nextToken: undefined })
    .resolves({ events: [event('e1', 1000, 'a'), event('e3', 3000, 'a')], nextToken: 'empty' })
    .on(FilterLogEventsCommand, { nextToken: 'empty' })
    .resolves({ events: [], nextToken: 'last' })
    .on(FilterLogEventsCommand, { nextToken: 'last' })
    .resolves({ events: [event('e2', 2000, 'b')] });

  expect(await (await open()).forwarderLines(1000)).toEqual([
    { id: 'e1', at: 1000, stream: 'a', line: 'line e1' },
    { id: 'e2', at: 2000, stream: 'b', line: 'line e2' },
    { id: 'e3', at: 3000, stream: 'a', line: 'line e3' },
  ]);
  const [first] = logs.commandCalls(FilterLogEventsCommand);
  expect(first?.args[0].input).toMatchObject({ logGroupName: '/aws/lambda/forwarder', startTime: 1000 });
});

test('a request id is searched literally, over all pages of the log', async () => {
  logs
    .on(FilterLogEventsCommand, { nextToken: undefined })
    .resolves({ events: [{ message: 'one' }], nextToken: 'next' })
    .on(FilterLogEventsCommand, { nextToken: 'next' })
    .resolves({ events: [{ message: 'two' }] });

  expect(await (await open()).forwarderLog(1000, 'JKJaXmPLvHcESHA=')).toEqual(['one', 'two']);
  expect(logs.commandCalls(FilterLogEventsCommand)[0]?.args[0].input).toMatchObject({
    logGroupName: '/aws/lambda/forwarder',
    startTime: 1000,
    filterPattern: '"JKJaXmPLvHcESHA="',
  });
});
