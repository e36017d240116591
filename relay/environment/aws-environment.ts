import { APIGatewayClient, GetApiKeyCommand } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import {
  CloudWatchClient,
  paginateDescribeAlarms,
  paginateGetMetricData,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { metricDimensions, metricNamespace, metrics, rejectionReasons } from '../../lambda/contract';
import type { EnvironmentConfig } from '../../lib/config/environment-config';
import { stackName as stackNameOf } from '../../lib/config/environments';
import { alarmRecipients } from './alarm-recipients';
import {
  apiKeyNames,
  isAlarmOf,
  outputOf,
  type Alarms,
  type DeployedSettings,
  type DoorCounts,
  type Environment,
  type ForwarderCounts,
  type IdentifiedLine,
} from './environment';
import { searchLedger } from '../ledger/search-ledger';
import { requestsByKeyId } from './requests-by-key';
import { OperatorError } from '../terminal/operator-error';

/**
 * CloudWatch shows a metric within a minute or two; SQS's counts settle within one
 * (docs.aws.amazon.com, "CloudWatch metrics for Amazon SQS").
 */
const metricDelayMs = 180_000;

/**
 * Opens an environment on AWS by the outputs of its stack.
 *
 * @throws {OperatorError} when the stack does not exist, or is in another account
 */
export async function openAwsEnvironment(name: string, config: EnvironmentConfig): Promise<Environment> {
  const region = regionOf(config);
  const stack = await describeStack(new CloudFormationClient({ region }), stackNameOf(name));
  if (stack === undefined) {
    throw new OperatorError(
      `there is no stack ${stackNameOf(name)} in ${region ?? 'the region'} of the account of these credentials. ` +
        `Deploy it with "npx cdk deploy ${stackNameOf(name)}", or check account and region in config/${name}.ts, AWS_PROFILE and AWS_REGION.`,
    );
  }
  const account = stack.StackId?.split(':')[4];
  if (config.account !== undefined && account !== config.account) {
    throw new OperatorError(
      `the credentials are for the account ${account ?? 'unknown'}; config/${name}.ts names ${config.account}.`,
    );
  }
  return environmentOf(name, config, stack);
}

/** The region of an environment; undefined to let the SDK read the shared AWS configuration. */
export const regionOf = ({ region }: Pick<EnvironmentConfig, 'region'>): string | undefined =>
  // The AWS CLI reads AWS_DEFAULT_REGION, the SDK does not.
  region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];

/** Builds an environment from the description of its stack. */
export const environmentOf = (name: string, config: EnvironmentConfig, stack: Stack): Environment =>
  environmentOfOutputs(
    {
      name,
      options: `--env ${name}`,
      settingsPlace: `config/${name}.ts`,
      stackName: stackNameOf(name),
      // The only pipeline of a stack has the stack's name.
      pipelineName: stackNameOf(name),
      region: regionOf(config),
      settings: config,
    },
    new Map((stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
  );

/** What to know about a deployed pipeline besides its outputs. */
interface Deployed extends Pick<Environment, 'name' | 'options' | 'settingsPlace' | 'stackName'> {
  /** The name of its API and metrics, and the prefix of its alarm names before a dash. */
  readonly pipelineName: string;
  readonly region: string | undefined;
  readonly settings: DeployedSettings;
}

/** Builds an environment from the outputs of its pipeline, named as in a stack of its own. */
export function environmentOfOutputs(
  { pipelineName, region, settings: config, ...named }: Deployed,
  outputs: ReadonlyMap<string, string>,
): Environment {
  const cloudWatch = new CloudWatchClient({ region });
  const apiGateway = new APIGatewayClient({ region });
  const logs = new CloudWatchLogsClient({ region });
  const sns = new SNSClient({ region });
  const environment: Environment = {
    ...named,
    config,
    outputs,
    sqs: new SQSClient({ region }),
    secretsManager: new SecretsManagerClient({ region }),
    isSandbox: false,
    metricDelayMs,
    apiKey: async (key) => {
      const id = outputOf(environment, `ApiKeyId${key}`);
      const { value } = await apiGateway.send(new GetApiKeyCommand({ apiKey: id, includeValue: true }));
      if (value === undefined) throw new OperatorError(`API Gateway has no value for the key ${key} (${id})`);
      return value;
    },
    requestsByKey: async (since) => {
      const byId = await requestsByKeyId(logs, outputOf(environment, 'AccessLogGroup'), since.getTime());
      return new Map(
        apiKeyNames(environment).map((key) => [key, byId.get(outputOf(environment, `ApiKeyId${key}`)) ?? 0]),
      );
    },
    doorCounts: (from, to) => doorCounts(cloudWatch, pipelineName, from, to),
    forwarderCounts: (from, to) => forwarderCounts(cloudWatch, pipelineName, from, to),
    alarms: () => alarms(cloudWatch, pipelineName),
    alarmRecipients: () => alarmRecipients(sns, config, outputs),
    deadLettersSince: (now) => notEmptySince(cloudWatch, outputOf(environment, 'DeadLetterQueueUrl'), now),
    ledger: (from, to) => {
      const log = {
        logGroup: outputOf(environment, 'ForwarderLogGroup'),
        retentionDays: config.logRetentionDays,
      };
      return searchLedger(logs, log, from, to);
    },
    forwarderLog: (from, contains) =>
      logLines(logs, outputOf(environment, 'ForwarderLogGroup'), from, contains),
    forwarderLines: (from, signal) =>
      allLines(logs, outputOf(environment, 'ForwarderLogGroup'), from, signal),
  };
  return environment;
}

/** CloudFormation's description of a stack; undefined if it does not exist. */
export async function describeStack(
  cloudFormation: CloudFormationClient,
  stackName: string,
): Promise<Stack | undefined> {
  try {
    const { Stacks: [stack] = [] } = await cloudFormation.send(
      new DescribeStacksCommand({ StackName: stackName }),
    );
    return stack;
  } catch (error) {
    const isAbsent =
      error instanceof Error && error.name === 'ValidationError' && error.message.includes('does not exist');
    if (isAbsent) return undefined;
    throw error;
  }
}

interface Sum {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

async function doorCounts(
  client: CloudWatchClient,
  pipelineName: string,
  from: number,
  to: number,
): Promise<DoorCounts> {
  const door = (metric: string): Sum => ({
    namespace: 'AWS/ApiGateway',
    metric,
    dimensions: { ApiName: pipelineName },
  });
  const [requests = 0, refused = 0, failed = 0] = await sumsOf(
    client,
    [door('Count'), door('4XXError'), door('5XXError')],
    from,
    to,
  );
  return { requests, refused, failed };
}

async function forwarderCounts(
  client: CloudWatchClient,
  pipelineName: string,
  from: number,
  to: number,
): Promise<ForwarderCounts> {
  const names = Object.values(metrics);
  const own = (metric: string, dimensions: Readonly<Record<string, string>> = {}): Sum => ({
    namespace: metricNamespace,
    metric,
    dimensions: { [metricDimensions.stack]: pipelineName, ...dimensions },
  });
  const reasons = rejectionReasons.map((reason) =>
    own(metrics.eventsRejected, { [metricDimensions.reason]: reason }),
  );
  const sums = await sumsOf(client, [...names.map((metric) => own(metric)), ...reasons], from, to);
  return {
    sums: Object.fromEntries(names.map((metric, index) => [metric, sums[index] ?? 0])),
    rejectedByReason: Object.fromEntries(
      rejectionReasons
        .map((reason, index) => [reason, sums[names.length + index] ?? 0] as const)
        .filter(([, events]) => events > 0),
    ),
    lag: await lagOf(client, own(metrics.deliveryLag), from, to),
  };
}

/** Adds up sums of short periods, because CloudWatch aligns longer periods on its own boundaries. */
async function sumsOf(
  client: CloudWatchClient,
  sums: readonly Sum[],
  from: number,
  to: number,
): Promise<number[]> {
  const period = periodOf(from, to);
  const results = await metricData(
    client,
    sums.map((sum) => ({ ...sum, period, statistic: 'Sum' })),
    from,
    to,
  );
  return results.map((values) => values.reduce((total, value) => total + value, 0));
}

const dayMs = 86_400_000;

/** In seconds. CloudWatch keeps one-minute metrics for 15 days and five-minute ones for 63 ("GetMetricData"). */
function periodOf(from: number, to: number): number {
  const age = Date.now() - from;
  if (age > 63 * dayMs) return 3600;
  // More than a day of minutes would come close to CloudWatch's 100,800 values per response.
  return age > 15 * dayMs || to - from > dayMs ? 300 : 60;
}

async function lagOf(
  client: CloudWatchClient,
  metric: Sum,
  from: number,
  to: number,
): Promise<ForwarderCounts['lag']> {
  // A single period, because percentiles of the whole window are wanted.
  const period = Math.max(60, Math.ceil((to - from) / 60_000) * 60);
  const statistics = ['p50', 'p95', 'Maximum'];
  const results = await metricData(
    client,
    statistics.map((statistic) => ({ ...metric, period, statistic })),
    from,
    to,
  );
  // CloudWatch may split the window into two periods: report the worse value.
  const [p50, p95, max] = results.map((values) => (values.length === 0 ? undefined : Math.max(...values)));
  return p50 === undefined || p95 === undefined || max === undefined ? undefined : { p50, p95, max };
}

async function metricData(
  client: CloudWatchClient,
  queries: readonly (Sum & { readonly period: number; readonly statistic: string })[],
  from: number,
  to: number,
): Promise<number[][]> {
  const results = queries.map((): number[] => []);
  const input = {
    MetricDataQueries: queries.map(
      ({ namespace, metric, dimensions, period, statistic }, index): MetricDataQuery => ({
        Id: `m${index}`,
        MetricStat: {
          Metric: {
            Namespace: namespace,
            MetricName: metric,
            Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
          },
          Period: period,
          Stat: statistic,
        },
      }),
    ),
    StartTime: new Date(from),
    EndTime: new Date(to),
  };
  for await (const { MetricDataResults = [] } of paginateGetMetricData({ client }, input)) {
    for (const { Id = '', Values = [] } of MetricDataResults) results[Number(Id.slice(1))]?.push(...Values);
  }
  return results;
}

async function alarms(client: CloudWatchClient, pipelineName: string): Promise<Alarms> {
  const names: string[] = [];
  const ringing: Alarms['ringing'][number][] = [];
  const muted: string[] = [];
  const input = {
    AlarmNamePrefix: `${pipelineName}-`,
    AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] as const,
  };
  for await (const page of paginateDescribeAlarms(
    { client },
    { ...input, AlarmTypes: [...input.AlarmTypes] },
  )) {
    for (const { AlarmName: name = '', ...alarm } of [
      ...(page.MetricAlarms ?? []),
      ...(page.CompositeAlarms ?? []),
    ]) {
      if (!isAlarmOf(pipelineName, name)) continue;
      names.push(name);
      if (alarm.ActionsEnabled === false) muted.push(name);
      if (alarm.StateValue !== 'ALARM') continue;
      ringing.push({
        name,
        description: alarm.AlarmDescription ?? '',
        since: alarm.StateUpdatedTimestamp?.toISOString() ?? '',
      });
    }
  }
  return { names, ringing, muted };
}

const hourMs = 3_600_000;
/** SQS's longest retention. */
const longestRetentionMs = 14 * 24 * hourMs;

/**
 * The earliest time since which a queue has not been empty, to the hour; undefined without a count of the last two hours.
 *
 * Uses hourly maximums, because reading a queue hides its messages for a minute. ApproximateAgeOfOldestMessage will not
 * do: it leaves out messages that were received three times
 * (docs.aws.amazon.com, "Available CloudWatch metrics for Amazon SQS").
 */
async function notEmptySince(
  client: CloudWatchClient,
  queueUrl: string,
  now: number,
): Promise<number | undefined> {
  const input = {
    MetricDataQueries: [
      {
        Id: 'letters',
        MetricStat: {
          Metric: {
            Namespace: 'AWS/SQS',
            MetricName: 'ApproximateNumberOfMessagesVisible',
            Dimensions: [{ Name: 'QueueName', Value: queueUrl.slice(queueUrl.lastIndexOf('/') + 1) }],
          },
          Period: hourMs / 1000,
          Stat: 'Maximum',
        },
      },
    ],
    StartTime: new Date(now - longestRetentionMs),
    EndTime: new Date(now),
  };
  const hours: { at: number; letters: number }[] = [];
  for await (const { MetricDataResults: [result] = [] } of paginateGetMetricData({ client }, input)) {
    const { Timestamps = [], Values = [] } = result ?? {};
    hours.push(...Timestamps.map((at, index) => ({ at: at.getTime(), letters: Values[index] ?? 0 })));
  }
  hours.sort((one, other) => other.at - one.at);
  let since: number | undefined;
  // The current hour may have no value yet.
  let expected = now - hourMs;
  for (const { at, letters } of hours) {
    if (at < expected - hourMs) break;
    // The queue was empty for this whole hour.
    if (letters === 0) return since ?? at;
    [since, expected] = [at, at];
  }
  return since;
}

async function logLines(
  client: CloudWatchLogsClient,
  logGroupName: string,
  from: number,
  contains: string,
): Promise<string[]> {
  const lines: string[] = [];
  const input = { logGroupName, startTime: from, filterPattern: `"${contains}"` };
  for await (const { events = [] } of paginateFilterLogEvents({ client }, input)) {
    lines.push(...events.flatMap(({ message }) => message ?? []));
  }
  return lines;
}

/** A page may be empty although more pages follow (CloudWatch Logs API Reference, "FilterLogEvents"). */
async function allLines(
  client: CloudWatchLogsClient,
  logGroupName: string,
  startTime: number,
  signal: AbortSignal | undefined,
): Promise<IdentifiedLine[]> {
  const lines: IdentifiedLine[] = [];
  for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName, startTime })) {
    for (const { eventId = '', timestamp = 0, logStreamName = '', message = '' } of events) {
      lines.push({ id: eventId, at: timestamp, stream: logStreamName, line: message });
    }
    if (signal?.aborted === true) break;
  }
  // Each page is sorted, but the next one may hold earlier lines of other streams.
  return lines.sort((one, other) => one.at - other.at);
}
