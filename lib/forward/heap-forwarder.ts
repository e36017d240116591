import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Function,
  MetricType,
  RecursiveLoop,
  Runtime,
  type IFunction,
} from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, type ILogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { environmentVariables, type IdentityField } from '../../lambda/contract';
import type { MappingSettings } from '../../lambda/mapping/rule-format';
import { forwarderCode } from './forwarder-code';

export interface HeapForwarderProps {
  /** The dimension of the function's metrics, by which they are told from those of another pipeline. */
  readonly name: string;
  /** The queue that is consumed. */
  readonly eventBuffer: IQueue;
  /** Where events go that can never be delivered. */
  readonly deadLetterQueue: IQueue;
  /** The secret with the Heap app id. */
  readonly heapTokens: ISecret;
  /** Origin of Heap's API, e.g. `https://heapanalytics.com`. */
  readonly heapBaseUrl: string;
  /** How events become Heap events; it lies beside the code as `mapping.json`. */
  readonly mapping: MappingSettings;
  /** Profile fields that identify a user, best first. */
  readonly identityOrder: readonly IdentityField[];
  /** Equal events of one user within this time count once; zero: only within one webhook call. */
  readonly dedupeWindow: Duration;
  /** Events a minute sent to Heap at most; 0: no limit. */
  readonly maxEventsPerMinute: number;
  /** How long a batch may wait for more messages. */
  readonly batchWindow: Duration;
  /** How long the function's log is kept. */
  readonly logRetention: RetentionDays;
}

/** The function that consumes the event buffer and delivers to Heap in bulk. */
export class HeapForwarder extends Construct {
  /** A batch of 1000 events takes well under a second; the rest is room for a slow Heap. */
  static readonly timeout = Duration.seconds(120);

  /** How long the queue must hide a message that this function may still be working on (F25). */
  static visibilityTimeout(batchWindow: Duration): Duration {
    // A constant margin instead of the exact window, so that tuning the window leaves the queue alone.
    return Duration.seconds(6 * HeapForwarder.timeout.toSeconds() + Math.max(10, batchWindow.toSeconds()));
  }

  /**
   * Invocations at a time. The brake that keeps us from flooding Heap. Reserved concurrency would throttle instead,
   * and every throttled invocation uses up a receive (F23).
   */
  static readonly maxConcurrency = 2;

  readonly function: IFunction;
  /** Where the function logs. */
  readonly log: ILogGroup;
  /** UUID of the event source mapping, by which Lambda counts what it polls. */
  readonly eventSourceMappingId: string;

  constructor(scope: Construct, id: string, props: HeapForwarderProps) {
    super(scope, id);

    const logGroup = new LogGroup(this, 'LogGroup', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    // A role of its own instead of AWSLambdaBasicExecutionRole, which may write to every log group.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);

    const forwarder = new Function(this, 'Function', {
      description: 'Delivers CleverTap events from the buffer to Heap',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      // Half the price-time of 128 MB, and no faster with more: the work is waiting for Heap.
      memorySize: 256,
      timeout: HeapForwarder.timeout,
      role,
      logGroup,
      code: forwarderCode(props.mapping),
      handler: 'index.handler',
      // What a batch has no time for goes back to the queue it came from, and a large body at a low pace goes round
      // more than 16 times: where Lambda, by default, takes it for an endless loop and drops it. It ends, because a
      // continuation holds only the events that were not sent yet.
      recursiveLoop: RecursiveLoop.ALLOW,
      environment: {
        [environmentVariables.heapBaseUrl]: props.heapBaseUrl,
        [environmentVariables.heapTokensArn]: props.heapTokens.secretArn,
        [environmentVariables.eventBufferUrl]: props.eventBuffer.queueUrl,
        [environmentVariables.deadLetterQueueUrl]: props.deadLetterQueue.queueUrl,
        [environmentVariables.identityOrder]: props.identityOrder.join(','),
        [environmentVariables.dedupeWindowMinutes]: String(props.dedupeWindow.toMinutes()),
        [environmentVariables.maxEventsPerMinute]: String(
          Math.floor(props.maxEventsPerMinute / HeapForwarder.maxConcurrency),
        ),
        [environmentVariables.stackName]: props.name,
      },
    });
    this.function = forwarder;
    this.log = logGroup;

    const eventSource = new SqsEventSource(props.eventBuffer, {
      batchSize: 1000,
      maxBatchingWindow: props.batchWindow,
      maxConcurrency: HeapForwarder.maxConcurrency,
      reportBatchItemFailures: true,
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
      // No filters: a message that matches none is deleted for ever (F22).
    });
    forwarder.addEventSource(eventSource);
    this.eventSourceMappingId = eventSource.eventSourceMappingId;

    role.addToPolicy(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [props.heapTokens.secretArn],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['sqs:SendMessage'],
        // The buffer too: what a batch has no time for goes back there (F25).
        resources: [props.deadLetterQueue.queueArn, props.eventBuffer.queueArn],
      }),
    );
  }
}
