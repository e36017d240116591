import type { JsonInput } from '../json';
import type { Message, SendMessageInput, SqsService } from './service';
import { SqsError } from './error';
import { receiveMessage } from './long-poll';
import type { MessageAttributes, MessageAttributeValue } from './message';

type SqsAction = (input: JsonInput, hungUp: AbortSignal) => object | Promise<object>;

/**
 * The actions of SQS by name. Each maps the JSON input to the JSON output and throws the API's errors. `hungUp` ends
 * a long poll whose caller has disconnected.
 *
 * @param origin the origin of queue URLs, without a trailing slash
 */
export function sqsActions(sqs: SqsService, origin: () => string): ReadonlyMap<string, SqsAction> {
  const queueUrl = (name: string): string => `${origin()}${sqs.queuePath(name)}`;
  return new Map(
    Object.entries<SqsAction>({
      CreateQueue: (input) => {
        const name = requiredString(input, 'QueueName');
        sqs.createQueue(name, input.stringMap('Attributes'));
        return { QueueUrl: queueUrl(name) };
      },
      GetQueueUrl: (input) => {
        const name = requiredString(input, 'QueueName');
        sqs.getQueueAttributes(name, []);
        return { QueueUrl: queueUrl(name) };
      },
      ListQueues: (input) => ({
        QueueUrls: sqs.listQueues(input.string('QueueNamePrefix')).map((name) => queueUrl(name)),
      }),
      ListDeadLetterSourceQueues: (input) => ({
        queueUrls: sqs.listDeadLetterSourceQueues(queueName(input)).map((name) => queueUrl(name)),
      }),
      DeleteQueue: (input) => {
        sqs.deleteQueue(queueName(input));
        return {};
      },
      PurgeQueue: (input) => {
        sqs.purgeQueue(queueName(input));
        return {};
      },
      GetQueueAttributes: (input) => {
        const Attributes = sqs.getQueueAttributes(queueName(input), input.strings('AttributeNames') ?? []);
        return Object.keys(Attributes).length === 0 ? {} : { Attributes };
      },
      SetQueueAttributes: (input) => {
        sqs.setQueueAttributes(queueName(input), required('Attributes', input.stringMap('Attributes')));
        return {};
      },
      SendMessage: (input) => sqs.sendMessage(queueName(input), sendMessageInput(input)),
      SendMessageBatch: (input) =>
        sqs.sendMessageBatch(
          queueName(input),
          entries(input).map((entry) => ({ ...id(entry), ...sendMessageInput(entry) })),
        ),
      ReceiveMessage: async (input, hungUp) => {
        const messages = await receiveMessage(sqs, queueName(input), receiveMessageInput(input), hungUp);
        return messages.length === 0 ? {} : { Messages: messages.map(encodeMessage) };
      },
      DeleteMessage: (input) => {
        sqs.deleteMessage(queueName(input), requiredString(input, 'ReceiptHandle'));
        return {};
      },
      DeleteMessageBatch: (input) =>
        sqs.deleteMessageBatch(
          queueName(input),
          entries(input).map((entry) => ({
            ...id(entry),
            ReceiptHandle: requiredString(entry, 'ReceiptHandle'),
          })),
        ),
      ChangeMessageVisibility: (input) => {
        const { ReceiptHandle, VisibilityTimeout } = visibilityChange(input);
        sqs.changeMessageVisibility(queueName(input), ReceiptHandle, VisibilityTimeout);
        return {};
      },
      ChangeMessageVisibilityBatch: (input) =>
        sqs.changeMessageVisibilityBatch(
          queueName(input),
          entries(input).map((entry) => ({ ...id(entry), ...visibilityChange(entry) })),
        ),
      StartMessageMoveTask: (input) => ({
        TaskHandle: sqs.startMessageMoveTask({
          SourceArn: requiredString(input, 'SourceArn'),
          DestinationArn: input.string('DestinationArn'),
          MaxNumberOfMessagesPerSecond: input.integer('MaxNumberOfMessagesPerSecond'),
        }),
      }),
      ListMessageMoveTasks: (input) => ({
        Results: sqs.listMessageMoveTasks(requiredString(input, 'SourceArn'), input.integer('MaxResults')),
      }),
      CancelMessageMoveTask: (input) => ({
        ApproximateNumberOfMessagesMoved: sqs.cancelMessageMoveTask(requiredString(input, 'TaskHandle')),
      }),
    }),
  );
}

/** The queue name in a queue URL or its path. Like AWS, this also accepts the bare name. */
export function queueNameOfUrl(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}

function queueName(input: JsonInput): string {
  return queueNameOfUrl(requiredString(input, 'QueueUrl'));
}

function sendMessageInput(input: JsonInput): SendMessageInput {
  return {
    MessageBody: requiredString(input, 'MessageBody'),
    DelaySeconds: input.integer('DelaySeconds'),
    MessageAttributes: decodeAttributes(input),
  };
}

function receiveMessageInput(input: JsonInput) {
  // When both parameters are given, the older one wins.
  const names = [input.strings('AttributeNames'), input.strings('MessageSystemAttributeNames')];
  return {
    MaxNumberOfMessages: input.integer('MaxNumberOfMessages'),
    VisibilityTimeout: input.integer('VisibilityTimeout'),
    WaitTimeSeconds: input.integer('WaitTimeSeconds'),
    MessageSystemAttributeNames: names.find((given) => given !== undefined && given.length > 0),
    MessageAttributeNames: input.strings('MessageAttributeNames'),
  };
}

function visibilityChange(input: JsonInput): {
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout: number;
} {
  return {
    ReceiptHandle: requiredString(input, 'ReceiptHandle'),
    VisibilityTimeout: required('VisibilityTimeout', input.integer('VisibilityTimeout')),
  };
}

function entries(input: JsonInput): readonly JsonInput[] {
  return required('Entries', input.structures('Entries'));
}

function id(entry: JsonInput): { readonly Id: string } {
  return { Id: requiredString(entry, 'Id') };
}

function requiredString(input: JsonInput, name: string): string {
  return required(name, input.string(name));
}

function required<T>(name: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new SqsError('MissingParameter', `The request must contain the parameter ${name}.`);
}

function decodeAttributes(input: JsonInput): MessageAttributes {
  const attributes = input.structureMap('MessageAttributes') ?? [];
  return Object.fromEntries(
    attributes.map(([name, value]): [string, MessageAttributeValue] => [
      name,
      {
        DataType: requiredString(value, 'DataType'),
        StringValue: value.string('StringValue'),
        BinaryValue: value.blob('BinaryValue'),
      },
    ]),
  );
}

function encodeMessage({ MessageAttributes: attributes = {}, ...message }: Message): object {
  const encoded = Object.entries(attributes).map(([name, { BinaryValue, ...value }]): [string, object] => [
    name,
    { ...value, ...(BinaryValue && { BinaryValue: Buffer.from(BinaryValue).toString('base64') }) },
  ]);
  return encoded.length === 0 ? message : { ...message, MessageAttributes: Object.fromEntries(encoded) };
}
