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
  /** The dimension of the function's metrics, which separates them from those of other pipelines. */
  readonly name: string;
  /** The queue to consume. */
  readonly eventBuffer: IQueue;
  /** Where undeliverable events go. */
  readonly deadLetterQueue: IQueue;
  /** The secret with the Heap app id. */
  readonly heapTokens: ISecret;
  /** Origin of Heap's API, e.g. `https://heapanalytics.com`. */
  readonly heapBaseUrl: string;
  /** How events are mapped to Heap events; deployed beside the code as `mapping.json`. */
  readonly mapping: MappingSettings;
  /** Profile fields that identify a user, best first. */
  readonly identityOrder: readonly IdentityField[];
  /** Equal events of a user within this time count once; zero: only within one webhook call. */
  readonly dedupeWindow: Duration;
  /** Maximum events a minute sent to Heap; 0: no limit. */
  readonly maxEventsPerMinute: number;
  /** How long a batch may wait for more messages. */
  readonly batchWindow: Duration;
  /** How long the function's log is retained. */
  readonly logRetention: RetentionDays;
}

/** The function that consumes the event buffer and delivers to Heap in bulk. */
export class HeapForwarder extends Construct {
  /** A batch of 1000 events takes well under a second; the rest allows for a slow Heap. */
  static readonly timeout = Duration.seconds(120);

  /** How long the queue must hide a message that this function may still be processing. */
  static visibilityTimeout(batchWindow: Duration): Duration {
    // A constant margin instead of the exact window: tuning the window then leaves the queue unchanged.
    return Duration.seconds(6 * HeapForwarder.timeout.toSeconds() + Math.max(10, batchWindow.toSeconds()));
  }

  /**
   * Maximum concurrent invocations, which limits the load on Heap. Reserved concurrency would throttle
   * instead, and every throttled invocation uses up a receive.
   */
  static readonly maxConcurrency = 2;

  readonly function: IFunction;
  /** The function's log group. */
  readonly log: ILogGroup;
  /** UUID of the event source mapping; Lambda's polling metrics use it. */
  readonly eventSourceMappingId: string;

  constructor(scope: Construct, id: string, props: HeapForwarderProps) {
    super(scope, id);

    const logGroup = new LogGroup(this, 'LogGroup', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    // Its own role: AWSLambdaBasicExecutionRole may write to every log group.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);

    const forwarder = new Function(this, 'Function', {
      description: 'Delivers CleverTap events from the buffer to Heap',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      // Costs half as much per event as 128 MB. More memory is no faster: the function mostly waits for Heap.
      memorySize: 256,
      timeout: HeapForwarder.timeout,
      role,
      logGroup,
      code: forwarderCode(props.mapping),
      handler: 'index.handler',
      // Unfinished work returns to the source queue, which Lambda would drop as a loop after 16 times. It
      // ends, because continuations hold only unsent events.
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
      // No filters: Lambda deletes messages that match none.
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
        // Also the buffer: unfinished work of a batch returns there.
        resources: [props.deadLetterQueue.queueArn, props.eventBuffer.queueArn],
      }),
    );
  }
}
