import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Color,
  Dashboard,
  GraphWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  PeriodOverride,
  SingleValueWidget,
  TextWidget,
  type GraphWidgetProps,
  type HorizontalAnnotation,
  type IAlarm,
  type IMetric,
  type IWidget,
  type MathExpression,
  type Metric,
  type YAxisProps,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { metrics, rejectionReasons } from '../../lambda/contract';
import type { Condition } from './alarm-definition';
import { ledgerQuery } from './ledger-query';
import { math, type Pipeline, type PipelineMetrics, refusalStatuses } from './pipeline-metrics';
import type { PipelineConditions } from './pipeline-alarms';

export interface PipelineDashboardProps {
  readonly pipeline: Pipeline;
  readonly metric: PipelineMetrics;
  /** Drawn as lines, so a graph shows how close it is to an alarm. */
  readonly conditions: PipelineConditions;
  /** Shown with their states; empty without alarms. */
  readonly alarms: readonly IAlarm[];
  /** Operators look for it by name in the console. */
  readonly name: string;
}

/** A dashboard is 24 columns wide. */
const fullWidth = 24;
const half = fullWidth / 2;
const third = fullWidth / 3;
const height = 6;

const count: YAxisProps = { min: 0, label: 'per minute', showUnits: false };
const milliseconds: YAxisProps = { min: 0, label: 'ms', showUnits: false };
const seconds: YAxisProps = { min: 0, label: 's', showUnits: false };
const messages: YAxisProps = { min: 0, label: 'messages', showUnits: false };

/** One page that follows the events from top to bottom: first the overall promise, then each part. */
export class PipelineDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: PipelineDashboardProps) {
    super(scope, id);

    this.dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: props.name,
      defaultInterval: Duration.hours(24),
      // Widgets state what one datapoint covers; a longer range must not turn it into an average.
      periodOverride: PeriodOverride.INHERIT,
      widgets: [
        ...promise(props),
        ...door(props),
        ...queue(props),
        ...forwarder(props),
        ...heap(props),
        ...dataQuality(props),
        ...logs(props.pipeline),
      ],
    });
  }
}

function promise({ metric, conditions, alarms, name }: PipelineDashboardProps): IWidget[][] {
  const sum = { statistic: 'Sum' };
  const events = {
    received: metric.own(metrics.eventsReceived, sum),
    delivered: metric.own(metrics.eventsDelivered, sum),
    rejected: metric.own(metrics.eventsRejected, sum),
    ignored: metric.own(metrics.eventsIgnored, sum),
  };
  const { delivered, rejected } = events;
  return [
    title(
      `${name}: what was accepted is delivered, or waits, or is a dead letter`,
      'A request from CleverTap holds one event per profile. An event counts once as delivered, rejected or ignored, when its message is done. The numbers cover the selected time range.',
    ),
    [
      new SingleValueWidget({
        title: 'In this time range',
        width: 18,
        height: 4,
        setPeriodToTimeRange: true,
        fullPrecision: true,
        metrics: [
          metric.accepted(),
          math('FILL(received, 0)', { received: events.received }, { label: 'events received' }),
          math('FILL(delivered, 0)', { delivered }, { label: 'delivered' }),
          math('FILL(rejected, 0)', { rejected }, { label: 'rejected' }),
          math('FILL(ignored, 0)', { ignored: events.ignored }, { label: 'ignored' }),
          math(
            '100 * FILL(delivered, 0) / (FILL(delivered, 0) + FILL(rejected, 0))',
            { delivered, rejected },
            { label: 'delivered, %' },
          ),
        ],
      }),
      new SingleValueWidget({
        title: 'Waiting now',
        width: 6,
        height: 4,
        metrics: [
          math(
            'waiting + inFlight',
            {
              waiting: metric.buffer('ApproximateNumberOfMessagesVisible', { statistic: 'Maximum' }),
              inFlight: metric.buffer('ApproximateNumberOfMessagesNotVisible', { statistic: 'Maximum' }),
            },
            { label: 'messages in the queue' },
          ),
          metric.deadLetters('ApproximateNumberOfMessagesVisible', {
            statistic: 'Maximum',
            label: 'dead letters',
          }),
        ],
      }),
    ],
    [
      graph('Events', half, count, [
        labelled(events.received, 'received'),
        labelled(delivered, 'delivered'),
        labelled(rejected, 'rejected'),
        labelled(events.ignored, 'ignored'),
      ]),
      graph(
        'Received and not yet done, since the start of the time range',
        half,
        { ...count, label: 'events' },
        [
          // Near zero, or as many as wait. A remainder while nothing waits is unaccounted for.
          math(
            'RUNNING_SUM(FILL(received, 0) - FILL(delivered, 0) - FILL(rejected, 0) - FILL(ignored, 0))',
            events,
            { label: 'received - delivered - rejected - ignored' },
          ),
        ],
      ),
    ],
    [
      graph(
        'From acceptance to delivery',
        alarms.length === 0 ? fullWidth : half,
        milliseconds,
        ['p50', 'p95', 'p99'].map((statistic) =>
          metric.own(metrics.deliveryLag, { statistic, label: statistic }),
        ),
        [line(conditions.deliveryLate), line(conditions.deliveryLag)],
      ),
      ...(alarms.length === 0
        ? []
        : [new AlarmStatusWidget({ title: 'Alarms', width: half, height, alarms: [...alarms] })]),
    ],
  ];
}

function door({ metric, conditions }: PipelineDashboardProps): IWidget[][] {
  const sum = { statistic: 'Sum' };
  const requests = metric.door('Count', sum);
  return [
    title(
      'Door',
      'API Gateway: it stores what CleverTap sends. A request is lost unless it is answered with 200.',
    ),
    [
      graph(
        'Requests',
        third,
        count,
        [
          labelled(requests, 'all'),
          metric.door('4XXError', { ...sum, label: 'refused' }),
          metric.door('5XXError', { ...sum, label: 'failed' }),
        ],
        [
          line(conditions.ingressServerErrors, 'failed in 5 minutes'),
          line(conditions.ingressOccasionalErrors, 'failed'),
        ],
      ),
      graph(
        'Refused, by status',
        third,
        count,
        refusalStatuses.map((status) => metric.refused(status, sum)),
        [],
        {
          right: [labelled(conditions.ingressRejected.metric, 'share of all, %')],
          rightAnnotations: [line(conditions.ingressRejected)],
          rightYAxis: { min: 0, label: '%', showUnits: false },
        },
      ),
      graph(
        'Response time',
        third,
        milliseconds,
        [
          ...['p50', 'p99'].map((statistic) => metric.door('Latency', { statistic, label: statistic })),
          metric.door('IntegrationLatency', { statistic: 'p99', label: 'SQS, p99' }),
        ],
        [
          line(conditions.ingressLatency),
          { value: 1000, label: "CleverTap's shortest patience", color: Color.GREY },
        ],
      ),
    ],
  ];
}

function queue({ metric, conditions }: PipelineDashboardProps): IWidget[][] {
  const sum = { statistic: 'Sum' };
  const most = { statistic: 'Maximum' };
  return [
    title('Queue', 'SQS keeps messages for 7 days, and dead letters for 14 days after their first arrival.'),
    [
      graph('Messages', third, count, [
        metric.buffer('NumberOfMessagesSent', { ...sum, label: 'sent' }),
        metric.buffer('NumberOfMessagesReceived', { ...sum, label: 'received' }),
        metric.buffer('NumberOfMessagesDeleted', { ...sum, label: 'finished' }),
      ]),
      graph(
        'Waiting',
        third,
        messages,
        [
          metric.buffer('ApproximateNumberOfMessagesVisible', { ...most, label: 'to be received' }),
          metric.buffer('ApproximateNumberOfMessagesNotVisible', { ...most, label: 'in flight or delayed' }),
        ],
        [line(conditions.inFlightHigh)],
      ),
      graph(
        'Age of the oldest message received fewer than three times',
        third,
        seconds,
        [metric.buffer('ApproximateAgeOfOldestMessage', { ...most, label: 'age' })],
        [line(conditions.queueAge)],
      ),
    ],
    [
      graph(
        'Messages wait and none is finished',
        third,
        { min: 0, max: 1, showUnits: false },
        [conditions.consumerStalled.metric],
        [line(conditions.consumerStalled)],
      ),
      graph(
        'Dead letters',
        third,
        messages,
        [metric.deadLetters('ApproximateNumberOfMessagesVisible', { ...most, label: 'dead letters' })],
        [line(conditions.dlqNotEmpty), line(conditions.dlqAgeing, 'for three days')],
      ),
      graph('Age of the oldest dead letter received fewer than three times', third, seconds, [
        metric.deadLetters('ApproximateAgeOfOldestMessage', { ...most, label: 'age' }),
      ]),
    ],
  ];
}

function forwarder({ metric, conditions, pipeline }: PipelineDashboardProps): IWidget[][] {
  const sum = { statistic: 'Sum' };
  return [
    title('Forwarder', 'The function. Only crashes and timeouts are errors here, not what Heap refuses.'),
    [
      graph(
        'Invocations',
        third,
        count,
        [
          metric.forwarder('Invocations', { ...sum, label: 'invocations' }),
          metric.forwarder('Errors', { ...sum, label: 'errors' }),
          metric.forwarder('Throttles', { ...sum, label: 'throttled' }),
          metric.forwarder('RecursiveInvocationsDropped', { ...sum, label: 'dropped as a loop' }),
        ],
        [
          line(conditions.functionErrors, 'errors'),
          line(conditions.functionThrottles, 'throttled'),
          line(conditions.recursionStopped, 'dropped'),
        ],
      ),
      graph(
        'Duration',
        third,
        milliseconds,
        ['p50', 'p99'].map((statistic) => metric.forwarder('Duration', { statistic, label: statistic })),
        [
          line(conditions.functionNearTimeout),
          { value: pipeline.forwarderTimeout.toMilliseconds(), label: 'time-out', color: Color.GREY },
        ],
      ),
      graph('Concurrency, and messages in a batch', third, { min: 0, showUnits: false }, [
        metric.forwarder('ConcurrentExecutions', { statistic: 'Maximum', label: 'concurrent' }),
        math(
          'messages / batches',
          {
            messages: metric.eventSource('InvokedEventCount', sum),
            batches: metric.forwarder('Invocations', sum),
          },
          { label: 'messages in a batch' },
        ),
      ]),
    ],
    [
      graph('Event source mapping', half, count, [
        metric.eventSource('PolledEventCount', { ...sum, label: 'polled' }),
        metric.eventSource('InvokedEventCount', { ...sum, label: 'given to the function' }),
        metric.eventSource('FailedInvokeEventCount', { ...sum, label: 'returned' }),
        metric.eventSource('DeletedEventCount', { ...sum, label: 'deleted' }),
      ]),
      graph('Events returned, at every attempt', half, count, [
        metric.own(metrics.eventsRetried, { ...sum, label: 'events' }),
      ]),
    ],
  ];
}

function heap({ metric, conditions }: PipelineDashboardProps): IWidget[][] {
  const sum = { statistic: 'Sum' };
  const calls = metric.own(metrics.heapCalls, sum);
  const failed = metric.own(metrics.heapCallsRetryable, sum);
  const unauthorized = metric.own(metrics.heapCallsUnauthorized, sum);
  const refused = metric.own(metrics.heapCallsRefused, sum);
  return [
    title('Heap', 'Requests to Heap by its answer. Failed ones include 429.'),
    [
      graph(
        'Requests, by answer',
        half,
        count,
        [
          math(
            'calls - FILL(failed, 0) - FILL(unauthorized, 0) - FILL(refused, 0)',
            { calls, failed, unauthorized, refused },
            { label: 'taken' },
          ),
          labelled(failed, '5xx, 408, 425, 429, redirect, no answer'),
          metric.own(metrics.heapCallsThrottled, { ...sum, label: 'of which 429' }),
          labelled(unauthorized, '401, 403'),
          labelled(refused, '400, 413, other 4xx'),
        ],
        [line(conditions.heapThrottled, '429'), line(conditions.heapAuth, '401, 403')],
      ),
      graph(
        'Failing',
        half,
        { min: 0, max: 1, showUnits: false },
        [
          labelled(conditions.heapFailing.metric, 'counts as failing'),
          metric.own(metrics.breakerOpen, { statistic: 'Maximum', label: 'the function waits for Heap' }),
          math(
            'FILL(failures, 0) / calls',
            { failures: failed, calls },
            { label: 'share of requests that fail' },
          ),
        ],
        [line(conditions.heapFailing), { value: 0.5, label: 'half of the requests', color: Color.GREY }],
      ),
    ],
    [
      graph(
        'Response time',
        half,
        milliseconds,
        ['p50', 'p99'].map((statistic) => metric.own(metrics.heapLatency, { statistic, label: statistic })),
        [{ value: 10_000, label: 'no answer', color: Color.GREY }],
      ),
      graph('Events in a request', half, { min: 0, showUnits: false }, [
        metric.own(metrics.bulkSize, { statistic: 'Average', label: 'average' }),
        metric.own(metrics.bulkSize, { statistic: 'Maximum', label: 'maximum' }),
      ]),
    ],
  ];
}

function dataQuality({ metric, conditions, pipeline }: PipelineDashboardProps): IWidget[][] {
  const sum = { statistic: 'Sum' };
  return [
    title('Data quality', 'What to fix in campaigns and profiles. docs/reasons.md says how.'),
    [
      graph(
        'Events rejected, by reason',
        half,
        count,
        rejectionReasons.map((reason) => metric.rejectedFor(reason, sum)),
        [line(conditions.eventsRejected)],
      ),
      graph(
        'Noticed',
        half,
        count,
        [
          metric.own(metrics.placeholderIdentity, { ...sum, label: 'placeholder as the only identity' }),
          metric.own(metrics.eventsIgnored, { ...sum, label: 'ignored: pings, and what a rule skips' }),
          metric.own(metrics.truncated, { ...sum, label: 'names and values truncated' }),
          metric.own(metrics.encodingReplaced, { ...sum, label: 'messages with invalid UTF-8' }),
          metric.own(metrics.secretError, { ...sum, label: 'Heap app id not usable' }),
        ],
        [line(conditions.secretError, 'app id')],
      ),
    ],
    [
      // Campaign ids grow: the newest come first, and the rows of a campaign stay together.
      logTable('What became of each campaign', pipeline.forwarderLog, [
        ...ledgerQuery,
        'stats sum(entry.events) as events by entry.campaign, entry.event, entry.outcome, entry.reason',
        'sort entry.campaign desc',
        'limit 500',
      ]),
    ],
  ];
}

function logs({ forwarderLog, accessLog }: Pipeline): IWidget[][] {
  return [
    title(
      'Logs',
      'Neither log holds an identity or a property; the access log holds no event name. Opening a table runs a query on its log.',
    ),
    [
      logTable('Recent rejections', forwarderLog, [
        'filter message = "rejected"',
        'fields @timestamp, reason, detail, events, requestId',
        'sort @timestamp desc',
        'limit 50',
      ]),
    ],
    [
      logTable('Recent refusals at the door', accessLog, [
        'filter status like /^[45]/',
        'stats count(*) as requests, max(@timestamp) as latest by status, errorType, resourcePath, apiKeyId',
        'sort requests desc',
        'limit 50',
      ]),
    ],
    [
      logTable('Recent errors of the function', forwarderLog, [
        'filter level = "error" or @message like /Task timed out|Runtime exited|Runtime.ExitError/',
        'fields @timestamp, message, problem, outcome, status, error, @message',
        'sort @timestamp desc',
        'limit 50',
      ]),
    ],
  ];
}

const logTable = (heading: string, { logGroupName }: ILogGroup, queryLines: string[]): IWidget =>
  new LogQueryWidget({
    title: heading,
    width: fullWidth,
    height,
    logGroupNames: [logGroupName],
    queryLines,
    view: LogQueryVisualizationType.TABLE,
  });

const title = (heading: string, text: string): IWidget[] => [
  new TextWidget({ markdown: `## ${heading}\n${text}`, width: fullWidth, height: 2 }),
];

function graph(
  heading: string,
  width: number,
  leftYAxis: YAxisProps,
  left: IMetric[],
  leftAnnotations: HorizontalAnnotation[] = [],
  others: GraphWidgetProps = {},
): GraphWidget {
  return new GraphWidget({ title: heading, width, height, left, leftYAxis, leftAnnotations, ...others });
}

/** A condition's threshold as a line in a graph. */
const line = ({ name, threshold }: Condition, of?: string): HorizontalAnnotation => ({
  value: threshold,
  label: of === undefined ? name : `${name} (${of})`,
  color: Color.RED,
});

/** The same metric with another label. */
const labelled = (metric: Metric | MathExpression, label: string): IMetric => metric.with({ label });
