import { APIGatewayClient, GetApiKeyCommand, paginateGetUsage } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import {
  CloudWatchClient,
  paginateDescribeAlarms,
  paginateGetMetricData,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { metricDimensions, metricNamespace, metrics, rejectionReasons } from '../../lambda/contract';
import type { EnvironmentConfig } from '../../lib/config/environment-config';
import { stackName as stackNameOf } from '../../lib/config/environments';
import {
  apiKeyNames,
  outputOf,
  type Alarms,
  type DoorCounts,
  type Environment,
  type ForwarderCounts,
} from './environment';
import { OperatorError } from '../terminal/operator-error';

/**
 * CloudWatch shows a metric within a minute or two; SQS's counts settle within one
 * (docs.aws.amazon.com, "CloudWatch metrics for Amazon SQS").
 */
const metricDelayMs = 180_000;

/**
 * An environment on AWS: what its stack put out, and the account's services.
 *
 * @throws {OperatorError} when there is no such stack, or it is in another account
 */
export async function openAwsEnvironment(name: string, config: EnvironmentConfig): Promise<Environment> {
  const stackName = stackNameOf(name);
  // The AWS CLI knows the second variable, the SDK does not.
  const region = config.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'];
  const stack = await describeStack(new CloudFormationClient({ region }), name, stackName);
  const account = stack.StackId?.split(':')[4];
  if (config.account !== undefined && account !== config.account) {
    throw new OperatorError(
      `the credentials are for the account ${account ?? 'unknown'}; config/${name}.ts names ${config.account}.`,
    );
  }
  const outputs = new Map(
    (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
  const cloudWatch = new CloudWatchClient({ region });
  const apiGateway = new APIGatewayClient({ region });
  const logs = new CloudWatchLogsClient({ region });
  const environment: Environment = {
    name,
    stackName,
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
    requestsByKey: (since) => requestsByKey(apiGateway, environment, since),
    doorCounts: (from, to) => doorCounts(cloudWatch, stackName, from, to),
    forwarderCounts: (from, to) => forwarderCounts(cloudWatch, stackName, from, to),
    alarms: () => alarms(cloudWatch, stackName),
    forwarderLog: (from, contains) =>
      logLines(logs, outputOf(environment, 'ForwarderLogGroup'), from, contains),
  };
  return environment;
}

async function describeStack(
  cloudFormation: CloudFormationClient,
  name: string,
  stackName: string,
): Promise<Stack> {
  const missing = async (): Promise<OperatorError> => {
    const region = await cloudFormation.config.region();
    return new OperatorError(
      `there is no stack ${stackName} in ${region} of the account of these credentials. ` +
        `Deploy it with "npx cdk deploy ${stackName}", or see account and region in config/${name}.ts, AWS_PROFILE and AWS_REGION.`,
    );
  };
  try {
    const { Stacks: [stack] = [] } = await cloudFormation.send(
      new DescribeStacksCommand({ StackName: stackName }),
    );
    if (stack === undefined) throw await missing();
    return stack;
  } catch (error) {
    if (
      error instanceof Error &&
      error.name === 'ValidationError' &&
      error.message.includes('does not exist')
    ) {
      throw await missing();
    }
    throw error;
  }
}

/** Usage plans count by key and day (UTC). */
async function requestsByKey(
  client: APIGatewayClient,
  environment: Environment,
  since: Date,
): Promise<ReadonlyMap<string, number>> {
  const ids = new Map(
    apiKeyNames(environment).map((name) => [outputOf(environment, `ApiKeyId${name}`), name]),
  );
  const counts = new Map([...ids.values()].map((name) => [name, 0]));
  const usage = {
    usagePlanId: outputOf(environment, 'UsagePlanId'),
    startDate: dayOf(since),
    endDate: dayOf(new Date()),
  };
  for await (const { items = {} } of paginateGetUsage({ client }, usage)) {
    for (const [keyId, daily] of Object.entries(items)) {
      const name = ids.get(keyId);
      if (name === undefined) continue;
      // Each day is [used, remaining].
      const used = daily.reduce((sum, [requests = 0]) => sum + requests, 0);
      counts.set(name, (counts.get(name) ?? 0) + used);
    }
  }
  return counts;
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

interface Sum {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

async function doorCounts(
  client: CloudWatchClient,
  stackName: string,
  from: number,
  to: number,
): Promise<DoorCounts> {
  const door = (metric: string): Sum => ({
    namespace: 'AWS/ApiGateway',
    metric,
    // The API is named after its stack.
    dimensions: { ApiName: stackName },
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
  stackName: string,
  from: number,
  to: number,
): Promise<ForwarderCounts> {
  const names = Object.values(metrics);
  const own = (metric: string, dimensions: Readonly<Record<string, string>> = {}): Sum => ({
    namespace: metricNamespace,
    metric,
    dimensions: { [metricDimensions.stack]: stackName, ...dimensions },
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

/** Sums by the minute, added up here: CloudWatch's own longer periods begin where it wants. */
async function sumsOf(
  client: CloudWatchClient,
  sums: readonly Sum[],
  from: number,
  to: number,
): Promise<number[]> {
  // More than a day is asked for in five minutes, to stay below CloudWatch's 100,800 values an answer.
  const period = to - from > 86_400_000 ? 300 : 60;
  const results = await metricData(
    client,
    sums.map((sum) => ({ ...sum, period, statistic: 'Sum' })),
    from,
    to,
  );
  return results.map((values) => values.reduce((total, value) => total + value, 0));
}

async function lagOf(
  client: CloudWatchClient,
  metric: Sum,
  from: number,
  to: number,
): Promise<ForwarderCounts['lag']> {
  // One period for all, so that they are percentiles of the whole window.
  const period = Math.max(60, Math.ceil((to - from) / 60_000) * 60);
  const statistics = ['p50', 'p95', 'Maximum'];
  const results = await metricData(
    client,
    statistics.map((statistic) => ({ ...metric, period, statistic })),
    from,
    to,
  );
  // Two values are those of a window that CloudWatch cut in two: the worse one is told.
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

async function alarms(client: CloudWatchClient, stackName: string): Promise<Alarms> {
  let total = 0;
  const ringing: Alarms['ringing'][number][] = [];
  // CloudFormation names them so.
  const input = { AlarmNamePrefix: `${stackName}-`, AlarmTypes: ['MetricAlarm', 'CompositeAlarm'] as const };
  for await (const page of paginateDescribeAlarms(
    { client },
    { ...input, AlarmTypes: [...input.AlarmTypes] },
  )) {
    for (const alarm of [...(page.MetricAlarms ?? []), ...(page.CompositeAlarms ?? [])]) {
      total += 1;
      if (alarm.StateValue !== 'ALARM') continue;
      ringing.push({
        name: alarm.AlarmName ?? '',
        description: alarm.AlarmDescription ?? '',
        since: alarm.StateUpdatedTimestamp?.toISOString() ?? '',
      });
    }
  }
  return { total, ringing };
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
