import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { metrics } from '../../lambda/contract';
import type { AlarmDefinition, CompositeAlarm, Condition } from './alarm-definition';
import { math, type Pipeline, type PipelineMetrics } from './pipeline-metrics';

/** Minimum of accepted requests in a number of hours; fewer raise an alarm. */
export interface ExpectedTraffic {
  /** At least 1. */
  readonly requests: number;
  /** At most 24, the longest period CloudWatch allows. */
  readonly hours: number;
}

const minutes = (count: number): Duration => Duration.minutes(count);
const { GREATER_THAN_THRESHOLD: above, GREATER_THAN_OR_EQUAL_TO_THRESHOLD: atLeast } = ComparisonOperator;

/**
 * What missing data means for all conditions but one: nothing was counted, so nothing went wrong. NoTraffic
 * detects a missing count, as does ConsumerStalled, whose SQS metrics exist while anything waits.
 */
const quietIsFine = TreatMissingData.NOT_BREACHING;

/** All thresholds, for the alarms and for the lines in the dashboard's graphs. */
export function pipelineConditions(metric: PipelineMetrics, pipeline: Pipeline) {
  // Five minutes, or more if a batch itself waits longer.
  const late = minutes(Math.max(5, Math.ceil((2 * pipeline.batchWindow.toSeconds()) / 60)));
  const tooLate = minutes(3 * late.toMinutes());
  return {
    ingressServerErrors: {
      name: 'IngressServerErrors',
      impact:
        'Events are lost now: they were not stored, and CleverTap tries only a few times and has no replay.',
      lookAt: ['dashboard', 'accessLog', 'api'],
      metric: metric.door('5XXError', { statistic: 'Sum', period: minutes(5) }),
      comparison: atLeast,
      // A single one may be a transient fault of AWS, which CleverTap's own retry covers.
      threshold: 3,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    ingressOccasionalErrors: {
      name: 'IngressOccasionalErrors',
      impact: 'A request was not stored. CleverTap tries it a few times; if all fail, its events are lost.',
      lookAt: ['accessLog', 'dashboard', 'api'],
      metric: metric.door('5XXError', { statistic: 'Sum', period: minutes(5) }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    ingressLatency: {
      name: 'IngressLatency',
      impact:
        'CleverTap may wait no longer than one second. After a slower answer it retries the event or gives up.',
      lookAt: ['dashboard', 'accessLog', 'api'],
      metric: metric.door('Latency', { statistic: 'p99' }),
      comparison: above,
      threshold: 800,
      datapoints: [5, 10],
      whenMissing: quietIsFine,
    },
    ingressRejected: {
      name: 'IngressRejected',
      impact: 'More than one request in twenty is refused. CleverTap does not send those events again.',
      lookAt: ['dashboard', 'accessLog', 'api'],
      metric: math(
        // A few wrong requests in a quiet hour are not a rate.
        'IF(requests > 20, 100 * refused / requests, 0)',
        {
          requests: metric.door('Count', { statistic: 'Sum', period: minutes(5) }),
          refused: metric.door('4XXError', { statistic: 'Sum', period: minutes(5) }),
        },
        { period: minutes(5), label: 'requests refused, %' },
      ),
      comparison: above,
      threshold: 5,
      datapoints: [2, 3],
      whenMissing: quietIsFine,
    },
    deliveryLag: {
      name: 'DeliveryLag',
      impact: `Events reach Heap more than ${tooLate.toMinutes()} minutes after CleverTap sent them. None is lost for 24 hours.`,
      lookAt: ['dashboard', 'forwarderLog', 'eventBuffer'],
      metric: metric.own(metrics.deliveryLag, { statistic: 'p95', period: minutes(5) }),
      comparison: above,
      threshold: tooLate.toMilliseconds(),
      // Not five of five minutes: an invocation that waits for Heap reports only every 100 seconds. Two
      // periods in a row rule out a single message in its back-off, which doubles its lag.
      datapoints: [2, 2],
      whenMissing: quietIsFine,
    },
    deliveryLate: {
      name: 'DeliveryLate',
      impact: `Events reach Heap more than ${late.toMinutes()} minutes after CleverTap sent them. None is lost.`,
      lookAt: ['dashboard', 'forwarderLog', 'eventBuffer'],
      metric: metric.own(metrics.deliveryLag, { statistic: 'p95', period: minutes(5) }),
      comparison: above,
      threshold: late.toMilliseconds(),
      datapoints: [2, 2],
      whenMissing: quietIsFine,
    },
    queueAge: {
      name: 'QueueAge',
      impact: `Messages wait in the queue for more than ${late.toMinutes()} minutes. None is lost; SQS keeps them for 7 days.`,
      lookAt: ['dashboard', 'eventBuffer', 'forwarder'],
      // Ignores messages received three times; DeliveryLate covers those.
      metric: metric.buffer('ApproximateAgeOfOldestMessage', { statistic: 'Maximum' }),
      comparison: above,
      threshold: late.toSeconds(),
      datapoints: [5, 5],
      whenMissing: quietIsFine,
    },
    consumerStalled: {
      name: 'ConsumerStalled',
      impact: 'Messages wait and for 15 minutes none was finished. After 7 days SQS deletes them.',
      lookAt: ['dashboard', 'forwarder', 'forwarderLog', 'eventBuffer'],
      metric: math(
        'IF(waiting > 0 AND FILL(finished, 0) < 1, 1, 0)',
        {
          waiting: metric.buffer('ApproximateNumberOfMessagesVisible', { statistic: 'Maximum' }),
          finished: metric.buffer('NumberOfMessagesDeleted', { statistic: 'Sum' }),
        },
        { label: 'messages wait and none is finished' },
      ),
      comparison: atLeast,
      threshold: 1,
      datapoints: [15, 15],
      whenMissing: quietIsFine,
    },
    inFlightHigh: {
      name: 'InFlightHigh',
      impact:
        'SQS hands out no more messages when 120,000 are in flight: delivery stops until some return. None is lost.',
      lookAt: ['dashboard', 'eventBuffer', 'forwarderLog'],
      metric: metric.buffer('ApproximateNumberOfMessagesNotVisible', { statistic: 'Maximum' }),
      comparison: above,
      threshold: 100_000,
      datapoints: [3, 3],
      whenMissing: quietIsFine,
    },
    dlqNotEmpty: {
      name: 'DlqNotEmpty',
      impact:
        'Events are in the dead-letter queue: they are not in Heap, and SQS deletes them after 14 days.',
      lookAt: ['dashboard', 'deadLetterQueue', 'forwarderLog'],
      metric: metric.deadLetters('ApproximateNumberOfMessagesVisible', { statistic: 'Maximum' }),
      comparison: above,
      threshold: 0,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    dlqAgeing: {
      name: 'DlqAgeing',
      impact:
        'The dead-letter queue was not empty for three days. SQS deletes a dead letter after 14 days, some sooner; then its events are lost.',
      lookAt: ['deadLetterQueue', 'dashboard', 'forwarderLog'],
      // Not the age of the oldest: SQS ignores messages received three times, and listing is receiving. Not
      // an hourly minimum: listing hides all of them for a minute.
      metric: metric.deadLetters('ApproximateNumberOfMessagesVisible', {
        statistic: 'Maximum',
        period: Duration.hours(1),
      }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [72, 72],
      whenMissing: quietIsFine,
    },
    eventsRejected: {
      name: 'EventsRejected',
      impact: 'Events have just been rejected: they are in the dead-letter queue and not in Heap.',
      lookAt: ['dashboard', 'forwarderLog', 'deadLetterQueue'],
      // In addition to DlqNotEmpty: SQS may report an idle queue 15 minutes late.
      metric: metric.own(metrics.eventsRejected, { statistic: 'Sum' }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    heapFailing: {
      name: 'HeapFailing',
      impact: 'Heap accepts fewer than half of our requests. Events wait and are retried for 24 hours.',
      lookAt: ['dashboard', 'forwarderLog'],
      metric: math(
        // One waiting invocation makes four requests in five minutes; below that the breaker decides. The
        // function writes all three metrics or none. No division: it has no result at zero.
        'IF((requests >= 4 AND 2 * failed > requests) OR (waits > 0 AND 2 * failed >= requests), 1, 0)',
        {
          requests: metric.own(metrics.heapCalls, { statistic: 'Sum', period: minutes(5) }),
          failed: metric.own(metrics.heapCallsRetryable, { statistic: 'Sum', period: minutes(5) }),
          waits: metric.own(metrics.breakerOpen, { statistic: 'Maximum', period: minutes(5) }),
        },
        { period: minutes(5), label: 'more than half of the requests fail' },
      ),
      comparison: atLeast,
      threshold: 1,
      datapoints: [2, 3],
      whenMissing: quietIsFine,
    },
    heapThrottled: {
      name: 'HeapThrottled',
      impact:
        'Heap answers 429: this app and its other senders exceed its limit. Events are late, none is lost.',
      lookAt: ['dashboard', 'forwarderLog'],
      metric: metric.own(metrics.heapCallsThrottled, { statistic: 'Sum', period: minutes(5) }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [3, 3],
      whenMissing: quietIsFine,
    },
    heapAuth: {
      name: 'HeapAuth',
      impact:
        'Heap answers 401 or 403: nothing is delivered, and after 24 hours events go to the dead-letter queue.',
      lookAt: ['heapTokens', 'dashboard', 'forwarderLog'],
      metric: metric.own(metrics.heapCallsUnauthorized, { statistic: 'Sum' }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    // A separate alarm: without a secret there are no requests to Heap, and a sum has no value where one
    // metric has none.
    secretError: {
      name: 'SecretError',
      impact:
        'The Heap app id cannot be read or is invalid. Instances without an earlier one deliver nothing; messages wait.',
      lookAt: ['heapTokens', 'forwarderLog', 'dashboard'],
      metric: metric.own(metrics.secretError, { statistic: 'Sum' }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    functionErrors: {
      name: 'FunctionErrors',
      impact:
        'The function crashes or runs out of time. Its batches are retried; after 60 receives SQS moves them to the dead-letter queue.',
      lookAt: ['forwarderLog', 'forwarder', 'dashboard'],
      // Only crashes and timeouts are errors here, not what Heap refuses. A batch returns 3 to 12 minutes
      // after a crash, so a crash loop has few minutes with an error.
      metric: metric.forwarder('Errors', { statistic: 'Sum', period: minutes(5) }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [2, 5],
      whenMissing: quietIsFine,
    },
    functionThrottles: {
      name: 'FunctionThrottles',
      impact:
        'Lambda does not run the function when it should: the account has no concurrency left. Events are late.',
      lookAt: ['forwarder', 'dashboard'],
      metric: metric.forwarder('Throttles', { statistic: 'Sum' }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [3, 5],
      whenMissing: quietIsFine,
    },
    recursionStopped: {
      name: 'RecursionStopped',
      impact:
        'Lambda mistook messages that the function returned to its queue for an endless loop and dropped them: their events are not delivered.',
      lookAt: ['forwarder', 'deadLetterQueue', 'dashboard'],
      // Written only while Lambda's loop detection is on; the template switches it off.
      metric: metric.forwarder('RecursiveInvocationsDropped', { statistic: 'Sum' }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    functionNearTimeout: {
      name: 'FunctionNearTimeout',
      impact: 'The function nearly times out. When it does, its whole batch is retried.',
      lookAt: ['forwarder', 'forwarderLog', 'dashboard'],
      metric: metric.forwarder('Duration', { statistic: 'p99', period: minutes(5) }),
      comparison: above,
      // Not 80 %: an invocation that waits for Heap or paces itself uses its time up to the last 20 seconds,
      // and may then make one more request of 10.
      threshold: 0.95 * pipeline.forwarderTimeout.toMilliseconds(),
      datapoints: [3, 5],
      whenMissing: quietIsFine,
    },
  } as const satisfies Record<string, Condition>;
}

export type PipelineConditions = ReturnType<typeof pipelineConditions>;

/** Who is notified of what. */
export function pipelineAlarms(
  conditions: PipelineConditions,
  metric: PipelineMetrics,
  expectedTraffic: ExpectedTraffic | undefined,
): AlarmDefinition[] {
  const losing: CompositeAlarm = {
    name: 'PipelineLosingEvents',
    severity: 'page',
    impact: 'Events are being lost, or will be soon, unless someone acts. The alarms below it show where.',
    lookAt: ['dashboard'],
    anyOf: [
      conditions.ingressServerErrors,
      conditions.dlqAgeing,
      conditions.heapAuth,
      conditions.secretError,
      conditions.recursionStopped,
    ],
  };
  const heapDown: CompositeAlarm = {
    name: 'HeapDown',
    severity: 'page',
    impact:
      'Heap is down or throttles most requests. Events wait and are delivered when it is back; after 24 hours they go to the dead-letter queue.',
    lookAt: ['dashboard', 'forwarderLog'],
    anyOf: [conditions.heapFailing],
  };
  const impaired: CompositeAlarm = {
    name: 'DeliveryImpaired',
    severity: 'page',
    impact: 'Events are not delivered, or far too late, and Heap is not the reason.',
    lookAt: ['dashboard', 'forwarder', 'forwarderLog', 'eventBuffer'],
    anyOf: [conditions.deliveryLag, conditions.consumerStalled, conditions.functionErrors],
    explainedBy: heapDown,
  };
  const slow: CompositeAlarm = {
    name: 'DeliverySlow',
    severity: 'ticket',
    impact: 'Events are some minutes late, and Heap is not down.',
    lookAt: ['dashboard', 'eventBuffer', 'forwarderLog'],
    anyOf: [conditions.deliveryLate, conditions.queueAge],
    explainedBy: heapDown,
  };
  const tickets = [
    conditions.ingressOccasionalErrors,
    conditions.ingressLatency,
    conditions.ingressRejected,
    conditions.dlqNotEmpty,
    conditions.eventsRejected,
    conditions.heapThrottled,
    conditions.functionThrottles,
    conditions.functionNearTimeout,
    conditions.inFlightHigh,
    ...(expectedTraffic === undefined ? [] : [noTraffic(metric, expectedTraffic)]),
  ];
  return [
    losing,
    heapDown,
    impaired,
    slow,
    ...tickets.map((when): AlarmDefinition => ({ severity: 'ticket', when })),
  ];
}

/** The one condition that looks for silence. */
const noTraffic = (metric: PipelineMetrics, { requests, hours }: ExpectedTraffic): Condition => ({
  name: 'NoTraffic',
  impact: `Fewer than ${requests} requests were accepted in ${hours} h: campaigns have stopped, or use another URL or key.`,
  lookAt: ['dashboard', 'accessLog', 'api'],
  // Only accepted ones: unauthorized requests never stop.
  metric: metric.accepted({ period: Duration.hours(hours) }),
  comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
  threshold: requests,
  datapoints: [1, 1],
  whenMissing: TreatMissingData.BREACHING,
});
