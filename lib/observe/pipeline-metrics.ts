import { Duration } from 'aws-cdk-lib';
import type { IRestApi, IStage } from 'aws-cdk-lib/aws-apigateway';
import { MathExpression, Metric, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import {
  metricDimensions,
  metricNamespace,
  metrics,
  type MetricName,
  type RejectionReason,
} from '../../lambda/contract';

/** The parts of one environment to observe, and the two durations that define what is slow. */
export interface Pipeline {
  readonly api: IRestApi;
  readonly stage: IStage;
  readonly accessLog: ILogGroup;
  readonly eventBuffer: IQueue;
  readonly deadLetterQueue: IQueue;
  readonly forwarder: IFunction;
  readonly forwarderLog: ILogGroup;
  /** UUID of the event source mapping between the buffer and the forwarder. */
  readonly eventSourceMappingId: string;
  /** The secret with the Heap app id. */
  readonly heapTokens: ISecret;
  /** How long Lambda lets an invocation of the forwarder run. */
  readonly forwarderTimeout: Duration;
  /** How long a batch may wait for more messages. */
  readonly batchWindow: Duration;
}

/** "Amazon API Gateway dimensions and metrics", for `ApiName, Stage`. */
export type DoorMetric = '4XXError' | '5XXError' | 'Count' | 'IntegrationLatency' | 'Latency';

/** "Available CloudWatch metrics for Amazon SQS", for `QueueName`. */
export type QueueMetric =
  | 'ApproximateAgeOfOldestMessage'
  | 'ApproximateNumberOfMessagesNotVisible'
  | 'ApproximateNumberOfMessagesVisible'
  | 'NumberOfMessagesDeleted'
  | 'NumberOfMessagesReceived'
  | 'NumberOfMessagesSent';

/** "Using CloudWatch metrics with Lambda", for `FunctionName`. */
export type FunctionMetric =
  | 'ConcurrentExecutions'
  | 'Duration'
  | 'Errors'
  | 'Invocations'
  | 'RecursiveInvocationsDropped'
  | 'Throttles';

/**
 * "Event source mapping metrics", for `EventSourceMappingUUID`, limited to those that `EventCount` enables
 * for SQS.
 */
export type EventSourceMetric =
  'DeletedEventCount' | 'FailedInvokeEventCount' | 'InvokedEventCount' | 'PolledEventCount';

/** How to read one metric. */
export interface MetricReading {
  /** `Sum`, `Maximum`, `p95`, … */
  readonly statistic: string;
  /**
   * The time that one datapoint covers.
   *
   * @default - one minute
   */
  readonly period?: Duration;
  /**
   * The label in a graph.
   *
   * @default - that of the metric
   */
  readonly label?: string;
}

/**
 * The endpoint's answers that lose an event without a fault of the endpoint, in the order of its docs. A
 * fixed list, because each is a custom metric.
 */
export const refusalStatuses = ['400', '403', '413', '415', '429'] as const;

/** One of the endpoint's answers that lose an event. */
export type RefusalStatus = (typeof refusalStatuses)[number];

/** Counts refused requests by status; API Gateway itself counts all 4xx together. */
export const refusedRequests = { name: 'RequestsRefused', dimension: 'Status' } as const;

/**
 * The metrics of every part of a pipeline. Only this class knows namespaces and dimensions, so alarms and
 * graphs cannot ask for a metric that does not exist.
 */
export class PipelineMetrics {
  /** @internal */
  constructor(
    private readonly pipeline: Pipeline,
    private readonly name: string,
  ) {}

  /** A metric that the function writes itself; most have no datapoint instead of a zero. */
  own(name: MetricName, reading: MetricReading): Metric {
    return this.read(metricNamespace, name, { [metricDimensions.stack]: this.name }, reading);
  }

  /** Events that were rejected for a reason. */
  rejectedFor(reason: RejectionReason, reading: MetricReading): Metric {
    const dimensions = { [metricDimensions.stack]: this.name, [metricDimensions.reason]: reason };
    return this.read(metricNamespace, metrics.eventsRejected, dimensions, { label: reason, ...reading });
  }

  /** A metric of the endpoint. */
  door(name: DoorMetric, reading: MetricReading): Metric {
    const { api, stage } = this.pipeline;
    return this.read('AWS/ApiGateway', name, { ApiName: api.restApiName, Stage: stage.stageName }, reading);
  }

  /** Requests that were refused with a status. */
  refused(status: RefusalStatus, reading: MetricReading): Metric {
    const dimensions = { [refusedRequests.dimension]: status };
    return this.read(this.refusedNamespace, refusedRequests.name, dimensions, { label: status, ...reading });
  }

  /**
   * A metric filter takes dimensions only from fields of the log line, which do not include the pipeline's
   * name. The namespace contains it instead.
   */
  get refusedNamespace(): string {
    return `${metricNamespace}/${this.name}`;
  }

  /** A metric of the event buffer. */
  buffer(name: QueueMetric, reading: MetricReading): Metric {
    return this.read('AWS/SQS', name, { QueueName: this.pipeline.eventBuffer.queueName }, reading);
  }

  /**
   * A metric of the dead-letter queue. SQS does not count messages it moves there itself as sent ("Available
   * CloudWatch metrics for Amazon SQS"), so that metric is not offered.
   */
  deadLetters(
    name: 'ApproximateAgeOfOldestMessage' | 'ApproximateNumberOfMessagesVisible',
    reading: MetricReading,
  ): Metric {
    return this.read('AWS/SQS', name, { QueueName: this.pipeline.deadLetterQueue.queueName }, reading);
  }

  /** A metric of the function. */
  forwarder(name: FunctionMetric, reading: MetricReading): Metric {
    return this.read('AWS/Lambda', name, { FunctionName: this.pipeline.forwarder.functionName }, reading);
  }

  /** A metric of the event source mapping between the buffer and the function. */
  eventSource(name: EventSourceMetric, reading: MetricReading): Metric {
    const dimensions = { EventSourceMappingUUID: this.pipeline.eventSourceMappingId };
    return this.read('AWS/Lambda', name, dimensions, reading);
  }

  /** Requests that were answered with 200. */
  accepted(reading: Omit<MetricReading, 'statistic'> = {}): IMetric {
    const sum = { ...reading, statistic: 'Sum' };
    return math(
      'FILL(requests, 0) - FILL(clientErrors, 0) - FILL(serverErrors, 0)',
      {
        requests: this.door('Count', sum),
        clientErrors: this.door('4XXError', sum),
        serverErrors: this.door('5XXError', sum),
      },
      { label: 'requests accepted', ...reading },
    );
  }

  private read(
    namespace: string,
    metricName: string,
    dimensionsMap: Record<string, string>,
    { statistic, period = Duration.minutes(1), label }: MetricReading,
  ): Metric {
    return new Metric({ namespace, metricName, dimensionsMap, statistic, period, label });
  }
}

/** Metric math. All its metrics must have the same period. */
export function math(
  expression: string,
  usingMetrics: Record<string, IMetric>,
  { period = Duration.minutes(1), label }: Omit<MetricReading, 'statistic'>,
): MathExpression {
  return new MathExpression({ expression, usingMetrics, period, label });
}
