import type { SendMessageBatchResult, SQS } from '@aws-sdk/client-sqs';
import { inBatches } from '../batches';
import { sizeOf, type Letter } from './dead-letter';

/** The SQS calls the forwarder makes itself. Lambda receives and deletes. */
export type SqsCalls = Pick<SQS, 'sendMessageBatch' | 'changeMessageVisibilityBatch'>;

type Failures = Partial<Pick<SendMessageBatchResult, 'Failed'>>;

export interface QueuesProps {
  /** Loaded on first use: a batch without failures needs no SQS. */
  readonly sqs: () => Promise<SqsCalls>;
  readonly eventBufferUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Called when a call fails, with the name of the error. */
  readonly onProblem: (problem: string) => void;
}

export interface Delay {
  readonly receiptHandle: string;
  readonly seconds: number;
}

/** SQS accepts ten entries per batch, and as many bytes as in a single message. */
const maxEntries = 10;
const maxBatchBytes = 1_048_576;

/** Concurrent calls. A batch may have a thousand messages to put back. */
const maxCalls = 10;

/** The queues on the failure paths: dead letters go to one, and what must be retried goes back to the other. */
export class Queues {
  constructor(private readonly props: QueuesProps) {}

  /** Sends dead letters and returns for each whether it is stored. Never rejects. */
  sendDeadLetters(letters: readonly Letter[]): Promise<boolean[]> {
    return this.send(this.props.deadLetterQueueUrl, letters);
  }

  /** Sends continuations to the buffer and returns for each whether it is stored. Never rejects. */
  sendBack(letters: readonly Letter[]): Promise<boolean[]> {
    return this.send(this.props.eventBufferUrl, letters);
  }

  /** Hides messages for the given time. A failure is harmless: the queue's own visibility timeout then applies. */
  async delay(delays: readonly Delay[]): Promise<void> {
    const batches = [...inBatches(delays, maxEntries, maxBatchBytes, () => 0)];
    await inTurns(batches, (batch) =>
      this.attempt('ChangeMessageVisibilityBatch', (sqs) =>
        sqs.changeMessageVisibilityBatch({
          QueueUrl: this.props.eventBufferUrl,
          Entries: batch.map(({ receiptHandle, seconds }, index) => ({
            Id: String(index),
            ReceiptHandle: receiptHandle,
            VisibilityTimeout: seconds,
          })),
        }),
      ),
    );
  }

  private async send(queueUrl: string, letters: readonly Letter[]): Promise<boolean[]> {
    const batches = [...inBatches(letters, maxEntries, maxBatchBytes, sizeOf)];
    const stored = await inTurns(batches, (batch) => this.sendBatch(queueUrl, batch));
    return stored.flat();
  }

  private async sendBatch(queueUrl: string, letters: readonly Letter[]): Promise<boolean[]> {
    const stored = new Set<string>();
    await this.attempt('SendMessageBatch', async (sqs) => {
      const result = await sqs.sendMessageBatch({
        QueueUrl: queueUrl,
        Entries: letters.map(({ body, attributes }, index) => ({
          Id: String(index),
          MessageBody: body,
          MessageAttributes: attributes,
        })),
      });
      for (const { Id } of result.Successful ?? []) stored.add(Id ?? '');
      return result;
    });
    return letters.map((_, index) => stored.has(String(index)));
  }

  private async attempt(call: string, make: (sqs: SqsCalls) => Promise<Failures>): Promise<void> {
    try {
      const { Failed = [] } = await make(await this.props.sqs());
      for (const { Code = 'unknown' } of Failed) this.props.onProblem(`${call}: ${Code}`);
    } catch (error) {
      this.props.onProblem(`${call}: ${error instanceof Error ? error.name : 'unknown'}`);
    }
  }
}

/** Runs a task for each item, a few at a time, and returns the results in the order of the items. */
async function inTurns<T, R>(items: readonly T[], task: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += maxCalls) {
    results.push(...(await Promise.all(items.slice(start, start + maxCalls).map(task))));
  }
  return results;
}
