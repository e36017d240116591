import { Duration, RemovalPolicies, RemovalPolicy } from 'aws-cdk-lib';
import { CfnQueuePolicy, Queue, QueueEncryption, type IQueue, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface EventBufferProps {
  /**
   * How long a received message stays hidden. AWS recommends at least six times the consumer's timeout plus
   * its batch window.
   */
  readonly visibilityTimeout: Duration;
}

/**
 * Stores every accepted webhook durably before CleverTap gets its 200. Its dead-letter queue holds what can
 * never be delivered.
 *
 * Both queues survive stack deletion and replacement: they may hold events that exist nowhere else.
 */
export class EventBuffer extends Construct {
  readonly queue: IQueue;
  readonly deadLetterQueue: IQueue;

  constructor(scope: Construct, id: string, props: EventBufferProps) {
    super(scope, id);

    const durable: QueueProps = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    };

    this.deadLetterQueue = new Queue(this, 'DeadLetterQueue', {
      ...durable,
      // SQS keeps a redriven message's first enqueue time, so this must outlive the source queue.
      retentionPeriod: Duration.days(14),
      // No redriveAllowPolicy: if each queue names the other, CloudFormation sees a dependency cycle.
    });

    this.queue = new Queue(this, 'Queue', {
      ...durable,
      retentionPeriod: Duration.days(7),
      visibilityTimeout: props.visibilityTimeout,
      deadLetterQueue: {
        queue: this.deadLetterQueue,
        // Only a backstop for crashes: the forwarder moves undeliverable events itself, with a reason. With a
        // lower count, throttled invocations would use up the receives of healthy messages.
        maxReceiveCount: 60,
      },
    });

    // A retained queue without its policy would accept plain HTTP.
    RemovalPolicies.of(this).retainOnUpdateOrDelete({
      applyToResourceTypes: [CfnQueuePolicy.CFN_RESOURCE_TYPE_NAME],
    });
  }
}
