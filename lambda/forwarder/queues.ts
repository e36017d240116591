import type { SQS } from '@aws-sdk/client-sqs';
import { sizeOf, type DeadLetter } from './dead-letter';

/** The calls of SQS the forwarder makes itself; receiving and deleting are Lambda's. */
export type SqsCalls = Pick<SQS, 'sendMessageBatch' | 'changeMessageVisibilityBatch'>;

export interface QueuesProps {
  /** Loaded on first use: a batch without failures needs no SQS. */
  readonly sqs: () => Promise<SqsCalls>;
  readonly eventBufferUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Told of calls that failed, by the name of the error. */
  readonly onProblem: (problem: string) => void;
}

export interface Delay {
  readonly receiptHandle: string;
  readonly seconds: number;
}

/** SQS takes ten entries a batch, and as many bytes as for a single message. */
const maxEntries = 10;
const maxBatchBytes = 1_048_576;

/** The queues on the failure paths: dead letters go out, and what must be retried is put back for later. */
export class Queues {
  constructor(private readonly props: QueuesProps) {}

  /** Sends dead letters and says of each whether it is stored. Never rejects. */
  async sendDeadLetters(letters: readonly DeadLetter[]): Promise<boolean[]> {
    const stored: boolean[] = [];
    for (const batch of batchesOf(letters, sizeOf)) stored.push(...(await this.sendBatch(batch)));
    return stored;
  }

  /**
   * Hides messages for the given time. A failure is harmless: the message then comes back after the queue's own
   * visibility timeout (F60).
   */
  async delay(delays: readonly Delay[]): Promise<void> {
    for (const batch of batchesOf(delays, () => 0)) {
      await this.attempt('ChangeMessageVisibilityBatch', async (sqs) => {
        const { Failed = [] } = await sqs.changeMessageVisibilityBatch({
          QueueUrl: this.props.eventBufferUrl,
          Entries: batch.map(({ receiptHandle, seconds }, index) => ({
            Id: String(index),
            ReceiptHandle: receiptHandle,
            VisibilityTimeout: seconds,
          })),
        });
        for (const { Code } of Failed)
          this.props.onProblem(`ChangeMessageVisibilityBatch: ${Code ?? 'unknown'}`);
      });
    }
  }

  private async sendBatch(letters: readonly DeadLetter[]): Promise<boolean[]> {
    const stored = new Set<string>();
    await this.attempt('SendMessageBatch', async (sqs) => {
      const { Successful = [], Failed = [] } = await sqs.sendMessageBatch({
        QueueUrl: this.props.deadLetterQueueUrl,
        Entries: letters.map(({ body, attributes }, index) => ({
          Id: String(index),
          MessageBody: body,
          MessageAttributes: Object.fromEntries(
            attributes.map(({ name, dataType, value }) => [name, { DataType: dataType, StringValue: value }]),
          ),
        })),
      });
      for (const { Id } of Successful) stored.add(Id ?? '');
      for (const { Code } of Failed) this.props.onProblem(`SendMessageBatch: ${Code ?? 'unknown'}`);
    });
    return letters.map((_, index) => stored.has(String(index)));
  }

  private async attempt(call: string, make: (sqs: SqsCalls) => Promise<void>): Promise<void> {
    try {
      await make(await this.props.sqs());
    } catch (error) {
      this.props.onProblem(`${call}: ${error instanceof Error ? error.name : 'unknown'}`);
    }
  }
}

function batchesOf<T>(entries: readonly T[], bytesOf: (entry: T) => number): T[][] {
  const batches: T[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = bytesOf(entry);
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === maxEntries || bytes + size > maxBatchBytes) {
      batches.push([entry]);
      bytes = size;
    } else {
      batch.push(entry);
      bytes += size;
    }
  }
  return batches;
}
