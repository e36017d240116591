import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type Message,
  type MessageAttributeValue,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { setTimeout as pause } from 'node:timers/promises';

/** Both a receive and a delete accept at most ten messages. */
const MAX_MESSAGES = 10;
const LONG_POLL_SECONDS = 20;
/** Lambda's event size limit minus what it reserves for metadata: 6 MB - 256 KB. */
const MAX_EVENT_BYTES = (6 * 1024 - 256) * 1024;
/** The pause between polls in the last second of a window, which is too short for a long poll. */
const SHORT_POLL_PAUSE_MS = 50;
const RECEIVE_RETRY_MS = 1000;
const DELETE_ATTEMPTS = 3;
const DELETE_RETRY_MS = 100;

/** A message as Lambda passes it to the function (Lambda Developer Guide, "Using Lambda with Amazon SQS"). */
export interface SqsEventRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Partial<Record<string, string>>>;
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>;
  readonly md5OfMessageAttributes?: string;
  readonly md5OfBody: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

/** `binaryValue` is base64. */
export interface SqsMessageAttribute {
  readonly stringValue?: string;
  readonly binaryValue?: string;
  readonly stringListValues: readonly never[];
  readonly binaryListValues: readonly never[];
  readonly dataType: string;
}

export interface SqsEvent {
  readonly Records: readonly SqsEventRecord[];
}

export interface EventSourceMappingOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  readonly region: string;
  readonly batchSize: number;
  /** Counted from the first message of a batch; at least 1 if `batchSize` is above 10. */
  readonly maximumBatchingWindowSeconds: number;
  /** The number of workers. Each runs one invocation at a time. */
  readonly maximumConcurrency: number;
  readonly reportBatchItemFailures: boolean;
  /** `worker`, from 0 to `maximumConcurrency - 1`, is the execution environment to invoke. */
  readonly invoke: (event: SqsEvent, worker: number) => Promise<unknown>;
  /** Called when a worker invokes the function with these messages. */
  readonly onInvoke?: (worker: number, messageIds: readonly string[]) => void;
  /**
   * Called when the messages of a worker's invocation have been deleted or left to be received again.
   *
   * @param failure why the invocation failed, if it did
   */
  readonly onReturn?: (worker: number, failure: string | undefined) => void;
  /** Called with a sentence that says what went wrong. The mapping continues on its own. */
  readonly onError: (message: string) => void;
  /**
   * Whether the deletion of a handled message is lost, so that SQS delivers it again.
   *
   * @default - never
   */
  readonly losesDelete?: (record: SqsEventRecord) => boolean;
}

interface Received {
  readonly record: SqsEventRecord;
  readonly bytes: number;
  readonly receivedAt: number;
}

/**
 * Invokes a function with the messages of an SQS queue, as Lambda's event source mapping does. Collects a batch until
 * it is full, its window ends or its event reaches 6 MB. Deletes what succeeded. Leaves failed messages untouched,
 * since the function may have changed their visibility.
 */
export class EventSourceMapping {
  readonly #options: EventSourceMappingOptions;
  #stopping = new AbortController();
  #workers: readonly Promise<void>[] = [];
  readonly #waiting = new Set<number>();
  /** Ids of the received messages that are not yet deleted or left to be received again. */
  readonly #held = new Set<string>();

  /** @throws RangeError for a batch size above 10 without a window, which AWS rejects too. */
  constructor(options: EventSourceMappingOptions) {
    if (options.batchSize > MAX_MESSAGES && options.maximumBatchingWindowSeconds < 1)
      throw new RangeError('a batchSize above 10 needs a maximumBatchingWindowSeconds of at least 1');
    this.#options = options;
  }

  /** Starts the workers. Does nothing if they are running. */
  start(): void {
    if (this.#workers.length > 0) return;
    const { signal } = (this.#stopping = new AbortController());
    this.#workers = Array.from({ length: this.#options.maximumConcurrency }, (_, worker) =>
      this.#work(worker, signal),
    );
  }

  /** Whether it is running and every worker is waiting for the first message of a batch. */
  get isIdle(): boolean {
    return this.#waiting.size === this.#options.maximumConcurrency;
  }

  /** Whether a message was received and is waiting for the function or being processed. */
  holds(messageId: string): boolean {
    return this.#held.has(messageId);
  }

  /**
   * Ends the polls and resolves once the function has answered for everything received. A message that SQS was just
   * delivering is received again after its visibility timeout.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#workers);
    this.#workers = [];
  }

  async #work(worker: number, signal: AbortSignal): Promise<void> {
    let received: readonly Received[] = [];
    while (!signal.aborted || received.length > 0) {
      if (received.length === 0) {
        this.#waiting.add(worker);
        received = await this.#receive(this.#room(0), LONG_POLL_SECONDS, signal);
        this.#waiting.delete(worker);
      }
      const [first] = received;
      if (first === undefined) continue;
      const filled = await this.#fill(received, first.receivedAt, signal);
      const size = fitting(filled);
      await this.#deliver(filled.slice(0, size), worker);
      // Already received, so the next event starts with it.
      received = filled.slice(size);
    }
  }

  /** Adds messages to those received until the batch is full or its window ends. */
  async #fill(
    received: readonly Received[],
    windowStart: number,
    signal: AbortSignal,
  ): Promise<readonly Received[]> {
    const batch = [...received];
    const deadline = windowStart + this.#options.maximumBatchingWindowSeconds * 1000;
    for (;;) {
      const left = deadline - performance.now();
      const room = this.#room(batch.length);
      if (signal.aborted || left <= 0 || room <= 0 || fitting(batch) < batch.length) return batch;
      // The poll must end within the window: aborting it could lose messages that SQS is delivering.
      const more = await this.#receive(room, Math.min(LONG_POLL_SECONDS, Math.floor(left / 1000)), signal);
      if (more.length === 0 && left < 1000) await pauseUnless(signal, Math.min(SHORT_POLL_PAUSE_MS, left));
      batch.push(...more);
    }
  }

  #room(taken: number): number {
    return Math.min(MAX_MESSAGES, this.#options.batchSize - taken);
  }

  /** Empty if there are no messages, and after an error. */
  async #receive(max: number, waitSeconds: number, signal: AbortSignal): Promise<readonly Received[]> {
    const { sqs, queueUrl, queueArn, region, onError } = this.#options;
    try {
      const answer = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: max,
          WaitTimeSeconds: waitSeconds,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
        { abortSignal: signal },
      );
      const receivedAt = performance.now();
      return (answer.Messages ?? []).map((message) => {
        const record = recordOf(message, queueArn, region);
        this.#held.add(record.messageId);
        return { record, bytes: Buffer.byteLength(JSON.stringify(record)) + 1, receivedAt };
      });
    } catch (error) {
      if (signal.aborted) return [];
      onError(`receiving from ${queueUrl} failed, retrying: ${String(error)}`);
      await pauseUnless(signal, RECEIVE_RETRY_MS);
      return [];
    }
  }

  async #deliver(batch: readonly Received[], worker: number): Promise<void> {
    const { onInvoke, onReturn } = this.#options;
    const records = batch.map(({ record }) => record);
    const messageIds = records.map(({ messageId }) => messageId);
    onInvoke?.(worker, messageIds);
    const failure = await this.#invoke(records, worker);
    for (const messageId of messageIds) this.#held.delete(messageId);
    onReturn?.(worker, failure);
  }

  /** @returns why the invocation failed, if it did */
  async #invoke(records: readonly SqsEventRecord[], worker: number): Promise<string | undefined> {
    const { invoke, reportBatchItemFailures, onError, losesDelete = () => false } = this.#options;
    let answer: unknown;
    try {
      answer = await invoke({ Records: records }, worker);
    } catch (error) {
      onError(`the function failed, all ${records.length} messages will be received again: ${String(error)}`);
      return error instanceof Error ? error.message : String(error);
    }
    const failed = reportBatchItemFailures ? failedMessageIds(answer, records) : new Set();
    if (failed === undefined) {
      onError(
        `the function's response is not a valid batch response, all ${records.length} messages will be received again`,
      );
      return 'its response is not a valid batch response';
    }
    const done = records.filter((record) => !failed.has(record.messageId) && !losesDelete(record));
    for (let start = 0; start < done.length; start += MAX_MESSAGES)
      await this.#delete(done.slice(start, start + MAX_MESSAGES));
    return undefined;
  }

  async #delete(records: readonly SqsEventRecord[]): Promise<void> {
    let left = await this.#deleteOnce(records);
    for (let attempt = 2; left.length > 0 && attempt <= DELETE_ATTEMPTS; attempt += 1) {
      await pause(DELETE_RETRY_MS);
      left = await this.#deleteOnce(left);
    }
    if (left.length > 0)
      this.#options.onError(
        `${left.length} handled messages could not be deleted and will be received again`,
      );
  }

  /** Deletes once. @returns the records that could not be deleted */
  async #deleteOnce(records: readonly SqsEventRecord[]): Promise<readonly SqsEventRecord[]> {
    const { sqs, queueUrl } = this.#options;
    const entries = records.map(({ receiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
    }));
    try {
      const { Failed } = await sqs.send(
        new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }),
      );
      const failed = new Set(Failed?.map(({ Id }) => Id));
      return records.filter((_, index) => failed.has(String(index)));
    } catch {
      return records;
    }
  }
}

/**
 * The messages the function reported as failed, under the rules of ReportBatchItemFailures (Lambda Developer Guide,
 * "Implementing partial batch responses"). No response, an empty one or an empty list means complete success.
 *
 * @returns `undefined` for complete failure: an identifier that is empty, null, missing or not in this batch, or a
 * response of another shape.
 */
export function failedMessageIds(
  answer: unknown,
  batch: readonly Pick<SqsEventRecord, 'messageId'>[],
): ReadonlySet<string> | undefined {
  if (answer === undefined || answer === null) return new Set();
  const failures = isRecord(answer) ? (answer['batchItemFailures'] ?? []) : undefined;
  if (!Array.isArray(failures)) return undefined;

  const known = new Set(batch.map(({ messageId }) => messageId));
  const failed = new Set<string>();
  for (const failure of failures) {
    const id: unknown = isRecord(failure) ? failure['itemIdentifier'] : undefined;
    if (typeof id !== 'string' || !known.has(id)) return undefined;
    failed.add(id);
  }
  return failed;
}

/** How many of the first messages fit in one event. A single one always does. */
function fitting(received: readonly Received[]): number {
  let bytes = 0;
  const over = received.findIndex((message) => (bytes += message.bytes) > MAX_EVENT_BYTES);
  return over === -1 ? received.length : Math.max(1, over);
}

/** An SQS message as the function receives it. */
export function recordOf(message: Message, queueArn: string, region: string): SqsEventRecord {
  const attributes = Object.entries(message.MessageAttributes ?? {});
  const md5 = message.MD5OfMessageAttributes;
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: { ...message.Attributes },
    messageAttributes: Object.fromEntries(attributes.map(([name, value]) => [name, attributeOf(value)])),
    ...(md5 === undefined ? {} : { md5OfMessageAttributes: md5 }),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}

function attributeOf({ StringValue, BinaryValue, DataType }: MessageAttributeValue): SqsMessageAttribute {
  return {
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType ?? 'String',
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A pause that `signal` ends early. */
async function pauseUnless(signal: AbortSignal, ms: number): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
