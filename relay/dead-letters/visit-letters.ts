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
import { toLetter, type Letter } from './letter';

/** A queue and how to speak to it. */
export interface QueueRef {
  readonly sqs: SQSClient;
  readonly url: string;
}

/** Approximate, as SQS counts. */
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
  /** How long one letter takes, where the caller goes slowly. */
  readonly secondsPerLetter?: number;
  /** How long SQS may look for more before the queue counts as empty. */
  readonly waitSeconds?: number;
}

export interface Visit {
  readonly letters: number;
  /** Whether every visible letter was seen. */
  readonly isComplete: boolean;
}

/** SQS's limits: ten messages a call, hidden for at most twelve hours. */
const batchSize = 10;
const maxVisibilitySeconds = 43_200;
/** What a call of SQS and some work on its ten messages take at most, as a rule. */
const secondsPerLetterAtMost = 0.1;
/** Empty answers before letters that SQS counted are given up as being read elsewhere. */
const patience = 3;
/** Calls at a time when letters are shown again. */
const parallelBatches = 8;

/**
 * Reads every letter of a queue once. Each batch is shown to `visit`, which answers the letters it has deleted; all
 * others are visible again when this returns, whether it was interrupted or failed. Killed outright it leaves them
 * hidden for a while, and then SQS shows them by itself: nothing is lost in any case.
 */
export async function visitLetters(
  queue: QueueRef,
  visit: (letters: readonly Letter[]) => Promise<readonly Letter[]>,
  { signal, progress = noProgress, secondsPerLetter = 0, waitSeconds = 2 }: VisitOptions = {},
): Promise<Visit> {
  const { visible } = await countsOf(queue);
  progress.total(visible);
  // Long enough to get through, and short enough that a killed command hides nothing for long.
  const visibilitySeconds = Math.min(
    maxVisibilitySeconds,
    60 + Math.ceil(visible * (secondsPerLetterAtMost + secondsPerLetter)),
  );
  // Later the first ones would come again.
  const deadline = Date.now() + visibilitySeconds * 900;
  /** The latest receipt handle of every letter seen; undefined once it is deleted. */
  const seen = new Map<string, string | undefined>();
  let emptyAnswers = 0;
  let isComplete = false;
  try {
    while (signal?.aborted !== true && Date.now() < deadline) {
      // Not torn off by the signal: what SQS has handed out and nobody got would stay hidden.
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
        isComplete = seen.size >= visible || emptyAnswers >= patience;
        if (isComplete) break;
        continue;
      }
      // SQS may hand out a message twice.
      const letters = messages.map(toLetter);
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
        // An entry that fails is one that is visible or gone already.
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

/** Puts a message into a queue; the SDK checks that SQS stored just this body. */
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
 * Deletes letters for ever.
 *
 * @throws {OperatorError} when SQS did not delete some; they come back
 */
export async function deleteLetters({ sqs, url }: QueueRef, letters: readonly Letter[]): Promise<void> {
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
        `SQS did not delete ${Failed.length} letters (${Failed[0]?.Code ?? 'unknown'}); run the command again`,
      );
    }
  }
}
