import * as z from 'zod';
import { metrics, rejectionReasons, type MetricName } from '../lambda/contract';

/**
 * List prices of us-east-1 in US dollars, without free tiers, from AWS's price pages on the given date. Other regions
 * differ by up to a fifth. Prices change rarely; check the pages when the date is old.
 */
export const prices = {
  region: 'us-east-1',
  date: '2026-11-24',
  /** A request to a REST API, for the first 333 million a month. */
  restRequest: 3.5 / 1e6,
  /** A request to a standard queue, per 64 KiB or part of it. */
  sqsRequest: 0.4 / 1e6,
  lambdaRequest: 0.2 / 1e6,
  /** A GB-second on arm64. */
  lambdaGbSecond: 0.0000133334,
  logGb: 0.5,
  /** Data scanned by a search in Logs Insights. */
  logSearchGb: 0.005,
  /** From an AWS region to the internet. */
  transferGb: 0.09,
  secretMonth: 0.4,
  secretRead: 0.05 / 10_000,
  customMetricMonth: 0.3,
  /** Per metric that an alarm reads. */
  alarmMetricMonth: 0.1,
  compositeAlarmMonth: 0.5,
  dashboardMonth: 3,
  /** Per metric that GetMetricData requests. */
  metricRead: 0.01 / 1000,
} as const;

/** One line of a bill. */
export interface CostLine {
  readonly item: string;
  /** How many there are, if the item can be counted. */
  readonly count?: number;
  readonly usd: number;
}

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
});

const hoursOfMonth = 730;

/** API Gateway's metrics per method: 4XXError, 5XXError, Count, IntegrationLatency, Latency. */
const metricsOfMethod = 5;

/** The metrics of an event source mapping for SQS: Polled, Invoked, FilteredOut, FailedInvoke, Deleted. */
const metricsOfMapping = 5;

/** The metrics the function always writes. The others are written, and charged, only in the hours in which they occur. */
export const healthyMetrics: readonly MetricName[] = [
  metrics.eventsReceived,
  metrics.eventsDelivered,
  metrics.deliveryLag,
  metrics.heapCalls,
  metrics.heapLatency,
  metrics.bulkSize,
];

/** The metrics that `relay status` requests: three counts of the endpoint, the function's own, and three percentiles. */
export const metricsOfStatus = 3 + Object.keys(metrics).length + rejectionReasons.length + 3;

/** Lambda polls a queue with at least five long polls of 20 s at a time ("Using Lambda with Amazon SQS"). */
const pollsOfMonth = (5 * hoursOfMonth * 3600) / 20;

/** Each of two instances reads the secret once every five minutes, while there are events. */
const secretReadsOfMonth = (2 * hoursOfMonth * 60) / 5;

/**
 * An environment's monthly cost with next to no events. The function still runs now and then.
 *
 * @param document a synthesized template
 */
export function fixedCost(document: unknown): CostLine[] {
  const resources = Object.values(templateSchema.parse(document).Resources);
  const ofType = (type: string): Record<string, unknown>[] =>
    resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties);
  const line = (item: string, count: number, price: number): CostLine => ({
    item,
    count,
    usd: count * price,
  });
  const isDetailed = JSON.stringify(ofType('AWS::ApiGateway::Stage')).includes('"MetricsEnabled":true');
  const alarmMetrics = ofType('AWS::CloudWatch::Alarm').reduce(
    (sum, alarm) => sum + ('MetricName' in alarm ? 1 : readMetrics(alarm['Metrics'])),
    0,
  );
  return [
    line('Metrics read by alarms', alarmMetrics, prices.alarmMetricMonth),
    line('Composite alarms', ofType('AWS::CloudWatch::CompositeAlarm').length, prices.compositeAlarmMonth),
    line('Dashboards', ofType('AWS::CloudWatch::Dashboard').length, prices.dashboardMonth),
    line("The function's own metrics", healthyMetrics.length, prices.customMetricMonth),
    line(
      'Metrics of API methods',
      isDetailed ? metricsOfMethod * ofType('AWS::ApiGateway::Method').length : 0,
      prices.customMetricMonth,
    ),
    line(
      'Metrics of the event source mapping',
      ofType('AWS::Lambda::EventSourceMapping').filter((mapping) => 'MetricsConfig' in mapping).length *
        metricsOfMapping,
      prices.customMetricMonth,
    ),
    line('Secrets', ofType('AWS::SecretsManager::Secret').length, prices.secretMonth),
    line('Reads of the secret (at most)', secretReadsOfMonth, prices.secretRead),
    line('Polls of the empty queue', pollsOfMonth, prices.sqsRequest),
  ];
}

const queriesSchema = z.array(z.object({ MetricStat: z.unknown().optional() }));

const readMetrics = (queries: unknown): number =>
  queriesSchema.parse(queries).filter(({ MetricStat }) => MetricStat !== undefined).length;

/** The shape of CleverTap's requests. */
export interface Traffic {
  readonly name: string;
  /** Profiles per webhook. */
  readonly eventsInRequest: number;
  readonly requestBytes: number;
  readonly requestsInBatch: number;
  /** How long the function takes for a batch: mostly Heap's answer. */
  readonly batchSeconds: number;
}

export const traffics: readonly Traffic[] = [
  {
    name: '1 profile, 8 kB',
    eventsInRequest: 1,
    requestBytes: 8_000,
    requestsInBatch: 10,
    batchSeconds: 0.35,
  },
  {
    name: '100 profiles, 200 kB',
    eventsInRequest: 100,
    requestBytes: 200_000,
    requestsInBatch: 10,
    batchSeconds: 0.6,
  },
];

/** Message attributes set by the endpoint. */
const stampBytes = 200;
const sqsUnit = 65_536;
/** An access log line, with CloudWatch's overhead per line. */
const accessLogBytes = 290;
/** Metrics, summary and Lambda's own log lines, per invocation. */
const batchLogBytes = 2_000;
/** A request in the log line `settled`: its id and, for the first 20 of a batch, its outcome. */
const settledBytes = 160;
/** An event as sent to Heap, with its share of the bulk's headers. */
const heapEventBytes = 700;

/** Bytes that the function logs for a million events, and that a search of its log reads. */
export function functionLogBytes({ eventsInRequest, requestsInBatch }: Traffic): number {
  const requests = 1e6 / eventsInRequest;
  return requests * settledBytes + (requests / requestsInBatch) * batchLogBytes;
}

/**
 * The cost of a million events that are all delivered at the first attempt.
 *
 * @param document a synthesized template
 */
export function costOfMillion(document: unknown, traffic: Traffic): CostLine[] {
  const lambda = Object.values(templateSchema.parse(document).Resources).find(
    ({ Type }) => Type === 'AWS::Lambda::Function',
  );
  const { MemorySize } = z.object({ MemorySize: z.number() }).parse(lambda?.Properties);
  const requests = 1e6 / traffic.eventsInRequest;
  const batches = requests / traffic.requestsInBatch;
  const bytes = traffic.requestBytes + stampBytes;
  // Small messages are received ten per call.
  const received = Math.max(1 / 10, bytes / sqsUnit);
  const logBytes = requests * accessLogBytes + functionLogBytes(traffic);
  return [
    { item: 'API Gateway, requests', usd: requests * prices.restRequest },
    {
      item: 'SQS: stored, received, deleted',
      usd: requests * (Math.ceil(bytes / sqsUnit) + received + 1 / 10) * prices.sqsRequest,
    },
    { item: 'Lambda, invocations', usd: batches * prices.lambdaRequest },
    {
      item: 'Lambda, time',
      usd: batches * traffic.batchSeconds * (MemorySize / 1024) * prices.lambdaGbSecond,
    },
    { item: 'Logs', usd: (logBytes / 1e9) * prices.logGb },
    { item: 'Transfer to Heap', usd: ((1e6 * heapEventBytes) / 1e9) * prices.transferGb },
  ];
}

const totalOf = (lines: readonly CostLine[]): number => lines.reduce((sum, { usd }) => sum + usd, 0);
const dollars = (usd: number): string => usd.toFixed(2);

const searchCell = (bytes: number): string =>
  `${((bytes / 1e9) * prices.logSearchGb).toFixed(4)} (${Math.ceil(bytes / 1e6).toLocaleString('en')} MB)`;

/** A Markdown table with one column per bill and a last row of sums. */
function table(heading: string, bills: readonly (readonly [name: string, lines: CostLine[]])[]): string[] {
  const [[, first] = ['', []]] = bills;
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row([heading, ...bills.map(([name]) => name)]),
    row(['---', ...bills.map(() => '--:')]),
    ...first.map(({ item }, index) =>
      row([
        item,
        ...bills.map(([, lines]) => {
          const { count, usd = 0 } = lines[index] ?? {};
          return count === undefined ? dollars(usd) : `${dollars(usd)} (${count.toLocaleString('en')})`;
        }),
      ]),
    ),
    row(['**Sum**', ...bills.map(([, lines]) => `**${dollars(totalOf(lines))}**`)]),
  ];
}

/**
 * The tables of docs/cost.md, in US dollars.
 *
 * @param templates synthesized templates by environment name
 */
export function costTables(templates: ReadonlyMap<string, unknown>): string {
  const [[, template] = ['', undefined]] = templates;
  const millions = traffics.map((traffic): [string, CostLine[]] => [
    traffic.name,
    costOfMillion(template, traffic),
  ]);
  const months = [1, 10, 100].map((count) => [
    `${count} million`,
    ...millions.map(([, lines]) => dollars(count * totalOf(lines))),
  ]);
  return [
    `List prices of ${prices.region} on ${prices.date}.`,
    '',
    ...table(
      'An environment, per month (how many)',
      [...templates].map(([name, document]): [string, CostLine[]] => [name, fixedCost(document)]),
    ),
    '',
    ...table('A million events', millions),
    '',
    `| Events per month, without the environment | ${millions.map(([name]) => name).join(' | ')} |`,
    `| --- | ${millions.map(() => '--:').join(' | ')} |`,
    ...months.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `| \`npm run relay -- status\` from cron, per month (${metricsOfStatus} metrics each time) | USD |`,
    '| --- | --: |',
    ...Object.entries({ 'every five minutes': 12, 'every hour': 1 }).map(
      ([often, timesAnHour]) =>
        `| ${often} | ${dollars(timesAnHour * hoursOfMonth * metricsOfStatus * prices.metricRead)} |`,
    ),
    '',
    `| A search of the function's log, by events in its window | ${traffics.map(({ name }) => name).join(' | ')} |`,
    `| --- | ${traffics.map(() => '--:').join(' | ')} |`,
    ...[1, 10, 100].map(
      (count) =>
        `| ${count} million | ${traffics.map((traffic) => searchCell(count * functionLogBytes(traffic))).join(' | ')} |`,
    ),
    '',
  ].join('\n');
}
