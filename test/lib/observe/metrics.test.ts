import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metrics, rejectionReasons } from '../../../lambda/contract';
import { createMetrics } from '../../../lambda/telemetry/metrics';
import { metricAlarms, readBy, shownBy, widgets, type ObservedMetric } from '../../support/observed-metrics';
import { testStackName } from '../../support/settings';
import { synthesizedTemplate, type SynthesizedTemplate } from '../../support/synthesized';
import { resource, resources } from '../../support/template';

const template = synthesizedTemplate('allSettings');

/** Namespace, name and dimensions, which identify a metric. */
const identity = (namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string =>
  `${namespace} ${name} ${JSON.stringify(Object.entries(dimensions).sort())}`;

interface EmbeddedMetrics {
  readonly _aws: {
    readonly CloudWatchMetrics: {
      readonly Namespace: string;
      readonly Dimensions: string[][];
      readonly Metrics: { Name: string }[];
    }[];
  };
  readonly [field: string]: unknown;
}

/** The metrics that CloudWatch extracts from a log line in its embedded metric format. */
const ofLogLine = (line: string): string[] => {
  const fields = JSON.parse(line) as EmbeddedMetrics;
  return fields._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.map(({ Name }) =>
        identity(Namespace, Name, Object.fromEntries(names.map((name) => [name, String(fields[name])]))),
      ),
    ),
  );
};

/** What the function's own writer writes for the stack. */
function written(): string[] {
  const lines: string[] = [];
  const write = createMetrics(
    (line) => lines.push(line),
    testStackName,
    () => 0,
  );
  write(Object.fromEntries(Object.values(metrics).map((name) => [name, 1])));
  for (const reason of rejectionReasons) write({ [metrics.eventsRejected]: 1 }, reason);
  return lines.flatMap(ofLogLine);
}

/** The metrics that the template's metric filters extract from the access log. */
const filtered = (from: SynthesizedTemplate): string[] =>
  resources<{
    FilterPattern: string;
    MetricTransformations: {
      MetricNamespace: string;
      MetricName: string;
      Dimensions: { Key: string; Value: string }[];
    }[];
  }>(from, 'AWS::Logs::MetricFilter').flatMap(({ Properties }) =>
    Properties.MetricTransformations.flatMap(({ MetricNamespace, MetricName, Dimensions }) => {
      expect(Dimensions).toEqual([{ Key: 'Status', Value: '$.status' }]);
      const statuses = [...Properties.FilterPattern.matchAll(/\(\$\.status = "(\d+)"\)/g)];
      return statuses.map(([, status = '']) => identity(MetricNamespace, MetricName, { Status: status }));
    }),
  );

/** The metrics that AWS documents for its services, with the dimensions of this stack's resources. */
function documented(from: SynthesizedTemplate): string[] {
  const queue = (path: string): string =>
    `\${${resource(from, 'AWS::SQS::Queue', path).logicalId}.QueueName}`;
  const table: [namespace: string, dimensions: Record<string, string>, names: string[]][] = [
    [
      // "Amazon API Gateway dimensions and metrics"
      'AWS/ApiGateway',
      {
        ApiName: String(resource(from, 'AWS::ApiGateway::RestApi').Properties['Name']),
        Stage: `\${${resource(from, 'AWS::ApiGateway::Stage').logicalId}}`,
      },
      ['4XXError', '5XXError', 'CacheHitCount', 'CacheMissCount', 'Count', 'IntegrationLatency', 'Latency'],
    ],
    ...['EventBufferQueue', 'EventBufferDeadLetterQueue'].map((path): (typeof table)[number] => [
      // "Available CloudWatch metrics for Amazon SQS"
      'AWS/SQS',
      { QueueName: queue(path) },
      [
        'ApproximateAgeOfOldestMessage',
        'ApproximateNumberOfMessagesDelayed',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesVisible',
        'NumberOfEmptyReceives',
        'NumberOfMessagesDeleted',
        'NumberOfMessagesReceived',
        'NumberOfMessagesSent',
        'SentMessageSize',
      ],
    ]),
    [
      // "Types of metrics for Lambda functions"
      'AWS/Lambda',
      { FunctionName: `\${${resource(from, 'AWS::Lambda::Function').logicalId}}` },
      [
        'ConcurrentExecutions',
        'Duration',
        'Errors',
        'Invocations',
        // Only with loop detection on: its alarm covers the day someone enables it.
        'RecursiveInvocationsDropped',
        'Throttles',
      ],
    ],
    [
      // "Event source mapping metrics"; only if the mapping enables EventCount.
      'AWS/Lambda',
      { EventSourceMappingUUID: `\${${resource(from, 'AWS::Lambda::EventSourceMapping').logicalId}}` },
      [
        'DeletedEventCount',
        'FailedInvokeEventCount',
        'FilteredOutEventCount',
        'InvokedEventCount',
        'PolledEventCount',
      ],
    ],
  ];
  return table.flatMap(([namespace, dimensions, names]) =>
    names.map((name) => identity(namespace, name, dimensions)),
  );
}

const emitted = new Set([...written(), ...filtered(template), ...documented(template)]);

const readers: [reader: string, metric: ObservedMetric][] = [
  ...metricAlarms(template).flatMap(({ Properties }) =>
    Object.values(readBy(Properties)).map((metric): [string, ObservedMetric] => [
      `alarm ${Properties.AlarmName}`,
      metric,
    ]),
  ),
  ...widgets(template).flatMap((widget) =>
    shownBy(widget).map((metric): [string, ObservedMetric] => [
      `widget ${widget.properties.title ?? ''}`,
      metric,
    ]),
  ),
];

test('F72 every alarm and every widget reads an emitted metric', () => {
  expect(readers.length).toBeGreaterThan(100);
  const unheard = readers.filter(
    ([, { namespace, name, dimensions }]) => !emitted.has(identity(namespace, name, dimensions)),
  );
  expect(unheard).toEqual([]);
});

test('counts are sums, states are maxima, durations are percentiles', () => {
  const states = /^Approximate|^BreakerOpen$|^ConcurrentExecutions$/;
  const times = /^(DeliveryLagMs|HeapLatencyMs|Latency|IntegrationLatency|Duration)$/;
  for (const [reader, { name, statistic }] of readers) {
    const expected = states.test(name)
      ? /^Maximum$/
      : times.test(name)
        ? /^p\d\d$/
        : name === 'BulkSize'
          ? /^(Average|Maximum)$/
          : /^Sum$/;
    expect([reader, name, statistic]).toEqual([reader, name, expect.stringMatching(expected)]);
  }
});

test('the function writes each metric of the contract, and an alarm or widget reads it', () => {
  const directory = join(__dirname, '../../../lambda');
  const source = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('contract.ts'))
    .map((file) => readFileSync(join(directory, file), 'utf8'))
    .join('\n');
  const seen = new Set(readers.map(([, { name }]) => name));
  for (const [key, name] of Object.entries(metrics)) {
    expect([name, new RegExp(`\\bmetric(s|Names)\\.${key}\\b`).test(source), seen.has(name)]).toEqual([
      name,
      true,
      true,
    ]);
  }
});

describe('the filter of the access log', () => {
  const { Properties } = resource<{ FilterPattern: string; LogGroupName: string }>(
    template,
    'AWS::Logs::MetricFilter',
  );
  const { AccessLogSetting: log } = resource<{
    AccessLogSetting: { DestinationArn: string; Format: string };
  }>(template, 'AWS::ApiGateway::Stage').Properties;

  it('reads the access log, where the status is a string', () => {
    expect(log.DestinationArn.endsWith(`:${Properties.LogGroupName}`)).toBe(true);
    expect(JSON.parse(log.Format)).toMatchObject({ status: '$context.status' });
    expect(log.Format).toContain('"status":"$context.status"');
  });

  it('distinguishes every refusal with at most five metrics', () => {
    expect(Properties.FilterPattern).toBe(
      '{ ($.status = "400") || ($.status = "403") || ($.status = "413") || ($.status = "415") || ($.status = "429") }',
    );
    const answers = resources<{ StatusCode: string }>(template, 'AWS::ApiGateway::GatewayResponse').map(
      (response) => response.Properties.StatusCode,
    );
    for (const status of answers) expect(Properties.FilterPattern).toContain(`"${status}"`);
  });

  it('keeps two environments in an account apart', () => {
    expect(filtered(template)).toContain(
      identity(`ClevertapToHeap/${testStackName}`, 'RequestsRefused', { Status: '403' }),
    );
  });
});
