import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type MessageAttributeValue,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { OperatorError } from '../terminal/operator-error';
import { noProgress, type Progress } from '../terminal/progress-bar';
import { count } from '../terminal/terminal-text';
import { toDeadLetter, type DeadLetter } from './dead-letter';

/** A queue and the client to reach it. */
export interface QueueRef {
  readonly sqs: SQSClient;
  readonly url: string;
}

/** Approximate, as SQS reports them. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
  readonly arn: string;
  readonly retentionMs: number;
}

export async function countsOf({ sqs, url }: QueueRef): Promise<QueueCounts> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
        'MessageRetentionPeriod',
        'QueueArn',
      ],
    }),
  );
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    arn: Attributes.QueueArn ?? '',
    retentionMs: Number(Attributes.MessageRetentionPeriod ?? 0) * 1000,
  };
}

export interface VisitOptions {
  /** Stops the visit between two batches. */
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** How long the caller takes for one dead letter, if it limits its rate. */
  readonly secondsPerDeadLetter?: number;
  /**
   * How long SQS may wait for messages before it returns none. Even one second makes it ask all its servers (SQS Developer
   * Guide, "Amazon SQS short and long polling"). @default 1
   */
  readonly waitSeconds?: number;
}

export interface Visit {
  readonly letters: number;
  /** Whether every dead letter was read: false if some were being read elsewhere. */
  readonly isComplete: boolean;
}

/** SQS's limits: ten messages per call, hidden for at most twelve hours. */
const batchSize = 10;
const maxVisibilitySeconds = 43_200;
/** Upper estimate of an SQS call and the work on its ten messages, per message. */
const secondsPerDeadLetterAtMost = 0.1;
/** Empty responses after which the rest of what SQS counted is gone or being read elsewhere. */
const patience = 3;
/** Concurrent calls when dead letters are made visible again. */
const parallelBatches = 8;

/**
 * Reads every dead letter of a queue once. Each batch is passed to `visit`, which returns those that it has deleted. All
 * others are visible again when this returns or throws, even after an interruption. If the process is killed, they stay
 * hidden until SQS makes them visible again; none is lost.
 */
export async function visitDeadLetters(
  queue: QueueRef,
  visit: (letters: readonly DeadLetter[]) => Promise<readonly DeadLetter[]>,
  { signal, progress = noProgress, secondsPerDeadLetter = 0, waitSeconds = 1 }: VisitOptions = {},
): Promise<Visit> {
  const { visible } = await countsOf(queue);
  progress.total(visible);
  // Long enough to read the whole queue, short enough that a killed command does not hide messages for long.
  const visibilitySeconds = Math.min(
    maxVisibilitySeconds,
    60 + Math.ceil(visible * (secondsPerDeadLetterAtMost + secondsPerDeadLetter)),
  );
  // Stop before the first ones become visible and are received again.
  const deadline = Date.now() + visibilitySeconds * 900;
  /** The latest receipt handle by message id; undefined once deleted. */
  const seen = new Map<string, string | undefined>();
  let emptyAnswers = 0;
  let isComplete = false;
  try {
    while (signal?.aborted !== true && Date.now() < deadline) {
      // The signal does not abort this call: messages that SQS has returned but nobody read would stay hidden.
      const { Messages: messages = [] } = await queue.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queue.url,
          MaxNumberOfMessages: batchSize,
          VisibilityTimeout: visibilitySeconds,
          WaitTimeSeconds: waitSeconds,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['SentTimestamp'],
        }),
      );
      if (messages.length === 0) {
        emptyAnswers += 1;
        if (seen.size < visible && emptyAnswers < patience) continue;
        const held = [...seen.values()].filter((handle) => handle !== undefined).length;
        isComplete = (await countsOf(queue)).inFlight <= held;
        if (isComplete || emptyAnswers >= patience) break;
        continue;
      }
      // SQS may return a message twice.
      const letters = messages.map(toDeadLetter);
      const unseen = letters.filter(({ messageId }) => !seen.has(messageId));
      for (const { messageId, receiptHandle } of letters) seen.set(messageId, receiptHandle);
      for (const { messageId } of await visit(unseen)) seen.set(messageId, undefined);
      progress.done(seen.size);
    }
  } finally {
    progress.end();
    await showAgain(
      queue,
      [...seen.values()].filter((handle) => handle !== undefined),
    );
  }
  return { letters: seen.size, isComplete };
}

async function showAgain({ sqs, url }: QueueRef, receiptHandles: readonly string[]): Promise<void> {
  for (const group of chunks(chunks(receiptHandles, batchSize), parallelBatches)) {
    await Promise.all(
      group.map((batch) =>
        // An entry that fails is already visible or deleted.
        sqs.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: url,
            Entries: batch.map((ReceiptHandle, index) => ({
              Id: String(index),
              ReceiptHandle,
              VisibilityTimeout: 0,
            })),
          }),
        ),
      ),
    );
  }
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

/** Sends a message to a queue. The SDK verifies that SQS stored exactly this body. */
export async function send(
  { sqs, url }: QueueRef,
  body: string,
  attributes: Readonly<Record<string, MessageAttributeValue>>,
): Promise<void> {
  await sqs.send(
    new SendMessageCommand({ QueueUrl: url, MessageBody: body, MessageAttributes: { ...attributes } }),
  );
}

/**
 * Permanently deletes dead letters.
 *
 * @throws {OperatorError} when SQS did not delete some; they become visible again
 */
export async function deleteDeadLetters(
  { sqs, url }: QueueRef,
  letters: readonly DeadLetter[],
): Promise<void> {
  for (const batch of chunks(letters, batchSize)) {
    const { Failed = [] } = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: batch.map(({ receiptHandle }, index) => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
        })),
      }),
    );
    if (Failed.length > 0) {
      throw new OperatorError(
        `SQS did not delete ${count(Failed.length, 'dead letter')} (${Failed[0]?.Code ?? 'unknown'}); run the command again`,
      );
    }
  }
}
