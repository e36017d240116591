import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
  type MessageAttributeValue,
} from '@aws-sdk/client-sqs';
import type { QueueRef } from '../../relay/dead-letters/visit-dead-letters';
import { startAwsEndpoint } from '../../local/aws/endpoint';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { SqsService } from '../../local/aws/sqs/service';
import { RECEIVED_AT } from './sqs-record';

export interface LetterOptions {
  /** `null` for a dead letter that SQS moved on its own. */
  readonly reason?: string | null;
  readonly detail?: string;
  readonly events?: number;
  readonly requestId?: string;
  readonly event?: string;
}

/** A buffer and its dead-letter queue in a real SQS on 127.0.0.1, accessed over the network. */
export class LocalDeadLetters {
  private constructor(
    readonly endpoint: string,
    readonly secrets: SecretsManagerService,
    readonly service: SqsService,
    readonly sqs: SQSClient,
    readonly buffer: QueueRef,
    readonly deadLetters: QueueRef,
    readonly close: () => Promise<void>,
  ) {}

  static async start(clock: { now(): number } = Date): Promise<LocalDeadLetters> {
    const service = new SqsService({ clock });
    const secrets = new SecretsManagerService();
    const server = await startAwsEndpoint({ port: 0, sqs: service, secrets });
    const sqs = new SQSClient({
      endpoint: server.origin,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    });
    const create = async (QueueName: string, Attributes: Record<string, string>): Promise<string> =>
      (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl!;
    const deadLetterQueueUrl = await create('dead-letters', { MessageRetentionPeriod: '1209600' });
    const bufferUrl = await create('buffer', {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: service.queueArn('dead-letters'),
        maxReceiveCount: 60,
      }),
    });
    return new LocalDeadLetters(
      server.origin,
      secrets,
      service,
      sqs,
      { sqs, url: bufferUrl },
      { sqs, url: deadLetterQueueUrl },
      async () => {
        sqs.destroy();
        await server.close();
      },
    );
  }

  /** Sends a dead letter to where the forwarder sends it. */
  async add(body: string, options: LetterOptions = {}): Promise<void> {
    await this.sqs.send(
      new SendMessageCommand({
        QueueUrl: this.deadLetters.url,
        MessageBody: body,
        MessageAttributes: deadLetterAttributesOf(options),
      }),
    );
  }

  /** The numbers of visible and hidden messages. */
  async counts({ url }: QueueRef): Promise<{ visible: number; hidden: number }> {
    const { Attributes = {} } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    return {
      visible: Number(Attributes.ApproximateNumberOfMessages),
      hidden: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
    };
  }

  /** Receives and deletes every visible message of a queue. */
  take({ url }: QueueRef): { body: string; attributes: Record<string, string | undefined> }[] {
    const name = url.slice(url.lastIndexOf('/') + 1);
    const taken: ReturnType<LocalDeadLetters['take']> = [];
    for (;;) {
      const messages = this.service.receiveMessage(name, {
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
      });
      if (messages.length === 0) return taken;
      for (const { Body, MessageAttributes = {}, ReceiptHandle } of messages) {
        const attributes = Object.entries(MessageAttributes).map(([key, { StringValue }]) => [
          key,
          StringValue,
        ]);
        taken.push({ body: Body, attributes: Object.fromEntries(attributes) as Record<string, string> });
        this.service.deleteMessage(name, ReceiptHandle);
      }
    }
  }
}

export function deadLetterAttributesOf({
  reason = 'placeholder_identity',
  detail = 'identity: a placeholder',
  events = 1,
  requestId = 'request-1',
  event,
}: LetterOptions): Record<string, MessageAttributeValue> {
  const text = (StringValue: string): MessageAttributeValue => ({ DataType: 'String', StringValue });
  const number = (value: number): MessageAttributeValue => ({
    DataType: 'Number',
    StringValue: String(value),
  });
  return {
    requestId: text(requestId),
    receivedAt: number(RECEIVED_AT),
    ...(event !== undefined && { event: text(event) }),
    ...(reason !== null && { reason: text(reason), detail: text(detail), events: number(events) }),
  };
}
