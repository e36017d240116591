import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { metrics } from '../../lambda/contract';
import type { AlarmDefinition, CompositeAlarm, Condition } from './alarm-definition';
import { math, type Pipeline, type PipelineMetrics } from './pipeline-metrics';

/** Fewer accepted requests than these in these hours are an alarm. */
export interface ExpectedTraffic {
  /** At least 1. */
  readonly requests: number;
  /** At most 24, which CloudWatch allows one datapoint. */
  readonly hours: number;
}

const minutes = (count: number): Duration => Duration.minutes(count);
const { GREATER_THAN_THRESHOLD: above, GREATER_THAN_OR_EQUAL_TO_THRESHOLD: atLeast } = ComparisonOperator;

/**
 * What silence means for all conditions but one: nothing was counted, so nothing went wrong. Whether it should
 * have been counted is asked by ConsumerStalled, of metrics that SQS sends while anything waits, and by NoTraffic.
 */
const quietIsFine = TreatMissingData.NOT_BREACHING;

/** When something is wrong: every threshold there is, for alarms and for the lines in the dashboard's graphs. */
export function pipelineConditions(metric: PipelineMetrics, pipeline: Pipeline) {
  // Five minutes; more where a batch waits longer by itself.
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
      // One alone may be a passing fault of AWS, which CleverTap's own retry makes up for.
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
        'CleverTap may wait no longer than one second. A slower answer makes it send the event again or give it up.',
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
        // A few wrong requests at a quiet hour are no rate.
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
      // Not five of five minutes: an invocation that waits for Heap reports once in 100 seconds, so many minutes
      // have no datapoint. Two periods in a row cannot be one message in its back-off, which doubles its lag.
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
      // Knows nothing of messages that were received three times; those are what DeliveryLate is for.
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
        'Events stand in the dead-letter queue: they are not in Heap, and SQS deletes them after 14 days.',
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
      // Not the age of the oldest: SQS leaves out of it what was received three times, and looking is receiving. And
      // not the least of an hour: looking hides all of them for a minute.
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
      impact: 'Events were rejected a moment ago: they are in the dead-letter queue and not in Heap.',
      lookAt: ['dashboard', 'forwarderLog', 'deadLetterQueue'],
      // Beside DlqNotEmpty, because SQS may report an idle queue 15 minutes late.
      metric: metric.own(metrics.eventsRejected, { statistic: 'Sum' }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    heapFailing: {
      name: 'HeapFailing',
      impact: 'Heap takes fewer than half of our requests. Events wait and are tried again for 24 hours.',
      lookAt: ['dashboard', 'forwarderLog'],
      metric: math(
        // Not "of at least 10 requests in 5 minutes": with Heap down the function makes about two a minute, and
        // with a long Retry-After none at all. Four is what one waiting invocation makes; where there are fewer,
        // the breaker says whether that is an outage. Written without a division, which has no result at zero. Once a
        // request fails or the function waits, all three are written; else there is no value and nothing fails.
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
        'Heap answers 401 or 403: nothing is delivered, and after 24 hours events go to the dead letters.',
      lookAt: ['heapTokens', 'dashboard', 'forwarderLog'],
      metric: metric.own(metrics.heapCallsUnauthorized, { statistic: 'Sum' }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    // An alarm of its own and not a sum with the one above: without a secret there are no requests to Heap, and a
    // sum has no value where one part has none.
    secretError: {
      name: 'SecretError',
      impact:
        'The Heap app id cannot be read or is none. Instances that know no earlier one deliver nothing; messages wait.',
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
        'The function crashes or runs out of time. Its batches are repeated, and after 60 times SQS gives them up.',
      lookAt: ['forwarderLog', 'forwarder', 'dashboard'],
      // What Heap does not take is no error here: errors are crashes and time-outs alone. A batch comes back 3 to
      // 12 minutes after a crash, so one that crashes again and again has few minutes with an error.
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
        'Lambda took what the function sent back to its queue for an endless loop and dropped it: those events are not delivered.',
      lookAt: ['forwarder', 'deadLetterQueue', 'dashboard'],
      // Lambda writes it only while its loop detection is on, which the template switches off.
      metric: metric.forwarder('RecursiveInvocationsDropped', { statistic: 'Sum' }),
      comparison: atLeast,
      threshold: 1,
      datapoints: [1, 1],
      whenMissing: quietIsFine,
    },
    functionNearTimeout: {
      name: 'FunctionNearTimeout',
      impact: 'The function almost runs out of time. When it does, its whole batch is repeated.',
      lookAt: ['forwarder', 'forwarderLog', 'dashboard'],
      metric: metric.forwarder('Duration', { statistic: 'p99', period: minutes(5) }),
      comparison: above,
      // Not 80 %: an invocation that waits for Heap or paces itself uses its time up to the last 20 seconds, and
      // may then make one more request of 10.
      threshold: 0.95 * pipeline.forwarderTimeout.toMilliseconds(),
      datapoints: [3, 5],
      whenMissing: quietIsFine,
    },
  } as const satisfies Record<string, Condition>;
}

export type PipelineConditions = ReturnType<typeof pipelineConditions>;

/** Who is told of what. */
export function pipelineAlarms(
  conditions: PipelineConditions,
  metric: PipelineMetrics,
  expectedTraffic: ExpectedTraffic | undefined,
): AlarmDefinition[] {
  const losing: CompositeAlarm = {
    name: 'PipelineLosingEvents',
    severity: 'page',
    impact: 'Events are being lost, or will be soon, unless somebody acts. The alarms below it say where.',
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
      'Heap is down, or throttles most requests. Events wait and are delivered when it is back; those that have waited for 24 hours go to the dead letters.',
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
    impact: 'Events are late by some minutes, and Heap is not down.',
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

/** The one condition for which silence is what it looks for. */
const noTraffic = (metric: PipelineMetrics, { requests, hours }: ExpectedTraffic): Condition => ({
  name: 'NoTraffic',
  impact: `Fewer than ${requests} requests were accepted in ${hours} h: campaigns stand still, or send to another URL or key.`,
  lookAt: ['dashboard', 'accessLog', 'api'],
  // Accepted ones, because strangers' requests never stop.
  metric: metric.accepted({ period: Duration.hours(hours) }),
  comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
  threshold: requests,
  datapoints: [1, 1],
  whenMissing: TreatMissingData.BREACHING,
});
