import { Duration, RemovalPolicies, RemovalPolicy } from 'aws-cdk-lib';
import { CfnQueuePolicy, Queue, QueueEncryption, type IQueue, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface EventBufferProps {
  /**
   * How long a received message stays hidden: at least six times the consumer's timeout plus its batch window,
   * the ratio AWS asks for (F25).
   */
  readonly visibilityTimeout: Duration;
}

/**
 * The queue in which every accepted webhook is durable before CleverTap gets its 200, and the dead-letter queue
 * for what can never be delivered.
 *
 * Both survive the deletion of the stack and a replacement: they may hold events that exist nowhere else (F18).
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
      // SQS counts a redriven message's age from its first enqueue, so this must outlive the queue before it (F17).
      retentionPeriod: Duration.days(14),
      // No redriveAllowPolicy: naming the source queue here and this queue there is a dependency cycle.
    });

    this.queue = new Queue(this, 'Queue', {
      ...durable,
      retentionPeriod: Duration.days(7),
      visibilityTimeout: props.visibilityTimeout,
      deadLetterQueue: {
        queue: this.deadLetterQueue,
        // Only the backstop for crashes: what cannot be delivered, the forwarder moves itself, with a reason.
        // Lower, and throttled invocations would use up the receives of healthy messages (F23).
        maxReceiveCount: 60,
      },
    });

    // A queue that stays without its policy would answer plain HTTP.
    RemovalPolicies.of(this).retainOnUpdateOrDelete({
      applyToResourceTypes: [CfnQueuePolicy.CFN_RESOURCE_TYPE_NAME],
    });
  }
}
