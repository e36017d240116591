import { hash } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import { ingressStamps, type MetricName, type RejectionReason } from '../../../lambda/contract';
import { forwardBatch, type Ports } from '../../../lambda/forwarder/forward-batch';
import { maxCampaigns, type LedgerRow } from '../../../lambda/forwarder/ledger';
import type { ForwardingRules } from '../../../lambda/forwarder/message';
import { Queues, type SqsCalls } from '../../../lambda/forwarder/queues';
import { Breaker } from '../../../lambda/heap/breaker';
import { Pace } from '../../../lambda/heap/pace';
import { HeapTokens } from '../../../lambda/heap/heap-tokens';
import { compileMapping, unexpectedTemplate } from '../../../lambda/mapping/mapping';
import { noMapping } from '../../../lambda/mapping/rule-format';
import type { LogFields } from '../../../lambda/telemetry/logger';
import type { MetricValues } from '../../../lambda/telemetry/metrics';
import { failedMessageIds, recordOf } from '../../../local/lambda/event-source-mapping';
import type { Random } from '../../../local/random';
import { SqsService } from '../../../local/aws/sqs/service';
import { textOf } from '../heap-body';
import type { SimulatedHeap } from './heap';
import { Life, type Kill } from './life';
import { serialsIn } from './traffic';
import type { VirtualTime } from './virtual-time';

/** The faults around the function. By default there are none. */
export interface PipelineFaults {
  /** Whether Lambda throttles an invocation: its messages use up a receive and are received again later. */
  readonly throttles: (records: readonly SQSRecord[]) => boolean;
  /** When an invocation is killed. */
  readonly kill: () => Kill | undefined;
  /** Messages that kill the function as soon as it reads them. */
  readonly kills: (record: SQSRecord) => boolean;
  /** Whether deleting a handled message fails, so that it is received again. */
  readonly losesDelete: () => boolean;
  /** Whether SQS delivers a message again although it is hidden. */
  readonly repeats: () => boolean;
  /** Whether one of the function's calls to SQS fails, entirely or for an entry. */
  readonly failsCall: (call: keyof SqsCalls) => boolean;
  readonly failsEntry: (call: keyof SqsCalls) => boolean;
  /** Called for each message that is received. */
  readonly onReceive: (record: SQSRecord) => void;
  /** How many milliseconds an instance's clock is ahead of SQS's. */
  readonly clockOffset: (instance: number) => number;
}

/** Deliberate bugs, to check that they are detected. */
export type Sabotage =
  | 'responses without the messages to keep'
  | 'dead letters that are not stored'
  | 'keys that change with each attempt'
  | 'events under another identity';

export const noFaults: PipelineFaults = {
  throttles: () => false,
  kill: () => undefined,
  kills: () => false,
  losesDelete: () => false,
  repeats: () => false,
  failsCall: () => false,
  failsEntry: () => false,
  onReceive: () => undefined,
  clockOffset: () => 0,
};

export interface PipelineOptions {
  readonly time: VirtualTime;
  readonly heap: SimulatedHeap;
  readonly random: Random;
  /** The value of the secret; may throw. */
  readonly secret?: () => string;
  readonly rules?: ForwardingRules;
  /** The events per minute of one instance; 0 means no limit. */
  readonly pace?: number;
  readonly maxConcurrency?: number;
  /** The number of messages in the next batch. */
  readonly batchSize?: () => number;
  readonly windowMs?: number;
  readonly maxReceiveCount?: number;
  /**
   * Whether rules set user properties. Then an event is given up if Heap refuses its user, although the event is
   * stored.
   */
  readonly hasUserProperties?: boolean;
  readonly sabotage?: Sabotage | undefined;
  /** Whether to record `maxInFlight`. */
  readonly watchesInFlight?: boolean;
  /** Called before each receive. */
  readonly beforeReceive?: () => void;
}

export interface RequestOptions {
  /** The event in the URL, percent-encoded. */
  readonly event?: string;
  /** Whether the message came through the endpoint. */
  readonly stamped?: boolean;
  /** When it was sent, for a backlog that is generated lazily. @default - now */
  readonly at?: number;
}

export const bufferName = 'buffer';
export const deadLetterQueueName = 'dead-letters';

/** The deployed settings (lib/buffer/event-buffer.ts, lib/forward/heap-forwarder.ts). */
const timeoutMs = 120_000;
const visibilitySeconds = 730;
const maxEventBytes = 6 * 1024 * 1024;
const days = 86_400;

/** The duration of an SQS call. */
const sqsCallMs = 10;

/** The state that one execution environment keeps between invocations. */
interface Instance {
  readonly breaker: Breaker;
  readonly pace: Pace;
  readonly heapTokens: HeapTokens;
  life: Life;
}

interface Invocation {
  readonly worker: number;
  readonly instance: Instance;
  readonly life: Life;
  readonly records: readonly SQSRecord[];
  /** The serials of the events that Heap has accepted, as far as this invocation knows. */
  readonly taken: Set<number>;
}

/**
 * Queues, event source mapping and function in virtual time: the real forwarder with its real breaker, pace, queues
 * and tokens, on the local stack's SQS, in this process and without a network.
 */
export class Pipeline {
  readonly sqs: SqsService;
  readonly stats = {
    invocations: 0,
    killed: 0,
    throttled: 0,
    timedOut: 0,
    lostDeletes: 0,
    repeated: 0,
    receives: 0,
    firstReceives: 0,
    /** The number of messages the function sent back to the buffer. */
    continued: 0,
    /** The number of log lines that combine some campaigns. */
    otherCampaigns: 0,
  };
  /** The sums of the function's metrics, and of those with a reason by reason. */
  readonly metrics = new Map<MetricName, number>();
  readonly rejectedByReason = new Map<RejectionReason, number>();
  /** The events over all campaigns by outcome, as logged. */
  readonly campaigns = new Map<string, number>();
  /** Violations of our own rules. */
  readonly violations: string[] = [];
  /** The times of requests to Heap, by instance. */
  readonly heapCalls: number[][] = [];
  maxInFlight = 0;
  faults: PipelineFaults = noFaults;
  #repeated: SQSRecord[] = [];
  /** The arrival time of a message that is stored late. */
  #storedAt: number | undefined;
  #isRunning = false;
  #accepted = 0;

  constructor(private readonly options: PipelineOptions) {
    const { time, maxReceiveCount = 60 } = options;
    this.sqs = new SqsService({ clock: { now: () => this.#storedAt ?? time.now() } });
    this.sqs.createQueue(deadLetterQueueName, { MessageRetentionPeriod: String(14 * days) });
    this.sqs.createQueue(bufferName, {
      MessageRetentionPeriod: String(7 * days),
      VisibilityTimeout: String(visibilitySeconds),
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: this.sqs.queueArn(deadLetterQueueName),
        maxReceiveCount,
      }),
    });
  }

  /** Stores a body as the endpoint does. @returns the time it is stamped with */
  accept(body: string, { event, stamped = true, at }: RequestOptions = {}): number {
    const receivedAt = at ?? this.options.time.now();
    this.#storedAt = receivedAt;
    this.#accepted += 1;
    this.sqs.sendMessage(bufferName, {
      MessageBody: body,
      MessageAttributes: stamped
        ? {
            [ingressStamps.requestId]: { DataType: 'String', StringValue: `request-${this.#accepted}` },
            [ingressStamps.receivedAt]: { DataType: 'Number', StringValue: String(receivedAt) },
            ...(event !== undefined && {
              [ingressStamps.event]: { DataType: 'String', StringValue: event },
            }),
          }
        : {},
    });
    this.#storedAt = undefined;
    return receivedAt;
  }

  /** Starts the event source mapping. */
  start(): void {
    this.#isRunning = true;
    const { time, maxConcurrency = 2 } = this.options;
    for (let worker = 0; worker < maxConcurrency; worker += 1) time.spawn(() => this.#work(worker));
  }

  /** Lets running invocations finish and starts no more. */
  stop(): void {
    this.#isRunning = false;
  }

  /** The number of messages in the buffer, visible or not. */
  get queued(): number {
    const counts = this.sqs.getQueueAttributes(bufferName, ['All']);
    return Number(counts['ApproximateNumberOfMessages']) + this.inFlight;
  }

  get inFlight(): number {
    return Number(this.sqs.getQueueAttributes(bufferName, ['All'])['ApproximateNumberOfMessagesNotVisible']);
  }

  /** Lets time pass until the buffer is empty. @returns whether that happened in time */
  async drain(limitMs: number, stepMs = 60_000): Promise<boolean> {
    const { time } = this.options;
    const end = time.now() + limitMs;
    while (this.queued > 0) {
      if (time.now() >= end) return false;
      await time.run(stepMs);
    }
    return true;
  }

  /** Redrives every dead letter, as an operator would. */
  redrive(): void {
    this.sqs.startMessageMoveTask({
      SourceArn: this.sqs.queueArn(deadLetterQueueName),
      DestinationArn: this.sqs.queueArn(bufferName),
    });
  }

  async #work(worker: number): Promise<void> {
    this.heapCalls[worker] = [];
    let instance = this.#newInstance();
    while (this.#isRunning) {
      const records = await this.#collect();
      if (records.length === 0) continue;
      if (this.faults.throttles(records)) {
        this.stats.throttled += 1;
        await this.options.time.sleep(1000);
        continue;
      }
      const answer = await this.#invoke(worker, instance, records);
      if (answer === undefined) instance = this.#newInstance();
      else this.#deleteHandled(records, answer);
    }
  }

  /** A batch as the event source mapping collects it: until it is full or its window ends. */
  async #collect(): Promise<SQSRecord[]> {
    const { time, batchSize = () => 1000, windowMs = 5_000 } = this.options;
    const size = batchSize();
    const records = this.#repeated.splice(0);
    this.#receive(records, size);
    if (records.length === 0) {
      const next = this.sqs.nextVisibleAt(bufferName) ?? Infinity;
      await time.sleep(Math.min(Math.max(next - time.now(), 100), 20_000));
      return [];
    }
    if (records.length < size) {
      await time.sleep(windowMs);
      this.#receive(records, size);
    }
    return records;
  }

  #receive(records: SQSRecord[], size: number): void {
    let bytes = records.reduce((sum, { body }) => sum + body.length, 0);
    while (records.length < size && bytes < maxEventBytes) {
      this.options.beforeReceive?.();
      const messages = this.sqs.receiveMessage(bufferName, {
        MaxNumberOfMessages: Math.min(10, size - records.length),
        WaitTimeSeconds: 20,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      });
      if (messages.length === 0) return;
      this.stats.receives += messages.length;
      for (const message of messages) {
        if (message.Attributes?.['ApproximateReceiveCount'] === '1') this.stats.firstReceives += 1;
        const record = recordOf(
          message,
          this.sqs.queueArn(bufferName),
          this.sqs.region,
        ) as unknown as SQSRecord;
        records.push(record);
        this.faults.onReceive(record);
        bytes += message.Body.length;
        if (this.faults.repeats()) {
          this.stats.repeated += 1;
          this.#repeated.push(record);
        }
      }
    }
  }

  /** @returns the function's result; undefined if it was killed */
  async #invoke(worker: number, instance: Instance, records: readonly SQSRecord[]): Promise<unknown> {
    const { time } = this.options;
    const life = new Life(this.faults.kill());
    instance.life = life;
    this.stats.invocations += 1;
    if (this.options.watchesInFlight === true) this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    const cancelTimeout = time.after(timeoutMs, () => {
      this.stats.timedOut += 1;
      life.die();
    });
    const answer = await Promise.race([
      forwardBatch(
        records.map((record) => this.#deadly(record, life)),
        this.options.rules ?? defaultRules,
        this.#ports({ worker, instance, life, records, taken: new Set() }),
      ),
      life.end,
    ]);
    cancelTimeout();
    if (life.isOver) {
      this.stats.killed += 1;
      return undefined;
    }
    return this.options.sabotage === 'responses without the messages to keep'
      ? { batchItemFailures: [] }
      : answer;
  }

  /** A record that kills the process as soon as the function reads its body, if it should. */
  #deadly(record: SQSRecord, life: Life): SQSRecord {
    if (!this.faults.kills(record)) return record;
    return {
      ...record,
      get body(): string {
        life.die();
        return record.body;
      },
    };
  }

  #deleteHandled(records: readonly SQSRecord[], answer: unknown): void {
    const failed = failedMessageIds(answer, records);
    if (failed === undefined) {
      this.violations.push(`a response that keeps the whole batch: ${JSON.stringify(answer)}`);
      return;
    }
    for (const { messageId, receiptHandle } of records) {
      if (failed.has(messageId)) continue;
      if (this.faults.losesDelete()) this.stats.lostDeletes += 1;
      else this.sqs.deleteMessage(bufferName, receiptHandle);
    }
  }

  #newInstance(): Instance {
    const instance: Instance = {
      breaker: new Breaker(),
      pace: new Pace(this.options.pace ?? 0),
      heapTokens: new HeapTokens({
        fetchSecret: () => instance.life.call(() => this.options.secret?.() ?? '{"appId":"11"}'),
        now: this.options.time.now,
        onProblem: () => undefined,
      }),
      life: new Life(),
    };
    return instance;
  }

  #ports(invocation: Invocation): Ports {
    const { worker, instance, life, taken } = invocation;
    const { time, heap, random } = this.options;
    const deadline = time.now() + timeoutMs;
    return {
      heap: {
        post: (path, body, header) =>
          life.call(async () => {
            this.heapCalls[worker]?.push(time.now());
            const text = this.#sabotaged(textOf(body));
            const answer = await heap.post(path, text, header);
            if ('status' in answer && answer.status === 200)
              for (const serial of serialsIn(text)) taken.add(serial);
            return answer;
          }),
      },
      heapTokens: instance.heapTokens,
      queues: new Queues({
        sqs: () => Promise.resolve(this.#sqsCalls(invocation)),
        eventBufferUrl: `https://sqs.test/0/${bufferName}`,
        deadLetterQueueUrl: `https://sqs.test/0/${deadLetterQueueName}`,
        onProblem: () => undefined,
      }),
      breaker: instance.breaker,
      pace: instance.pace,
      log: (_, __, fields = {}) => {
        if (!life.isOver) this.#read(fields);
      },
      sha256: (value) => hash('sha256', value),
      metrics: (values, reason) => {
        if (!life.isOver) this.#count(values, reason);
      },
      now: () => time.now() + this.faults.clockOffset(worker),
      random,
      sleep: (ms) => life.call(() => time.sleep(ms)),
      remainingTime: () => deadline - time.now(),
    };
  }

  #sabotaged(body: string): string {
    switch (this.options.sabotage) {
      case 'keys that change with each attempt':
        return body.replace(/"idempotency_key":"\w+"/g, () => `"idempotency_key":"${this.options.random()}"`);
      case 'events under another identity':
        return body.replace(/"identity":"user-1"/g, '"identity":"user-2"');
      default:
        return body;
    }
  }

  /** No attempt may both deliver an event and give it up, unless the batch contained it twice. */
  #checkDeadLetters(body: string, { records, taken }: Invocation): void {
    for (const serial of serialsIn(body)) {
      if (!taken.has(serial) || this.options.hasUserProperties === true) continue;
      const copies = records.filter((record) => serialsIn(record.body).includes(serial)).length;
      if (copies === 1) this.violations.push(`one attempt delivered ${serial} and gave it up`);
    }
  }

  /** Adds the campaign counts of a log line. */
  #read({ campaigns, ...counts }: LogFields): void {
    if (!Array.isArray(campaigns)) return;
    const rows = campaigns as readonly LedgerRow[];
    // Setup pings are `other`, too: only beside as many named campaigns as a line may hold were some combined.
    const isOther = ({ event, campaign }: LedgerRow): boolean => campaign === undefined && event === 'other';
    const named = new Set(
      rows.filter((row) => !isOther(row)).map(({ event, campaign }) => campaign ?? event),
    );
    if (named.size === maxCampaigns && rows.some(isOther)) this.stats.otherCampaigns += 1;
    const sums = { received: 0, delivered: 0, rejected: 0, ignored: 0 };
    for (const { outcome, events } of rows) sums[outcome] += events;
    for (const [outcome, sum] of Object.entries(sums)) {
      this.campaigns.set(outcome, (this.campaigns.get(outcome) ?? 0) + sum);
      if (counts[outcome] !== undefined && counts[outcome] !== sum)
        this.violations.push(`campaigns: ${sum} ${outcome} instead of ${JSON.stringify(counts[outcome])}`);
    }
  }

  #count(values: MetricValues, reason: RejectionReason | undefined): void {
    for (const [name, value] of Object.entries(values) as [MetricName, number | number[]][]) {
      if (typeof value !== 'number') continue;
      if (reason === undefined) this.metrics.set(name, (this.metrics.get(name) ?? 0) + value);
      else this.rejectedByReason.set(reason, (this.rejectedByReason.get(reason) ?? 0) + value);
    }
  }

  /** The part of the SQS client that the function uses, calling the service directly. */
  #sqsCalls(invocation: Invocation): SqsCalls {
    const calls: Record<keyof SqsCalls, (input: BatchInput) => Promise<object>> = {
      sendMessageBatch: (input) => this.#call(invocation, 'sendMessageBatch', input, this.#send),
      changeMessageVisibilityBatch: (input) =>
        this.#call(invocation, 'changeMessageVisibilityBatch', input, (queueName, entries) =>
          this.sqs.changeMessageVisibilityBatch(queueName, entries as never),
        ),
    };
    return calls as unknown as SqsCalls;
  }

  async #call(
    invocation: Invocation,
    name: keyof SqsCalls,
    { QueueUrl, Entries }: BatchInput,
    act: (queueName: string, entries: readonly BatchEntry[], invocation: Invocation) => BatchOutput,
  ): Promise<object> {
    await this.options.time.sleep(sqsCallMs);
    const queueName = QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1);
    return invocation.life.call(() => {
      if (this.faults.failsCall(name)) throw new Error('SQS is down');
      const failed = Entries.filter(() => this.faults.failsEntry(name));
      const entries = Entries.filter((entry) => !failed.includes(entry));
      const { Successful, Failed } =
        entries.length === 0 ? { Successful: [], Failed: [] } : act(queueName, entries, invocation);
      return {
        Successful,
        Failed: [...Failed, ...failed.map(({ Id }) => ({ Id, Code: 'InternalError' }))],
      };
    });
  }

  readonly #send = (
    queueName: string,
    entries: readonly BatchEntry[],
    invocation: Invocation,
  ): BatchOutput => {
    if (queueName === bufferName) this.stats.continued += entries.length;
    else {
      for (const { MessageBody = '' } of entries) this.#checkDeadLetters(MessageBody, invocation);
      if (this.options.sabotage === 'dead letters that are not stored')
        return { Successful: entries, Failed: [] };
    }
    return this.sqs.sendMessageBatch(queueName, entries as never);
  };
}

/** A batch call to SQS as the function makes it. */
interface BatchInput {
  readonly QueueUrl: string;
  readonly Entries: readonly BatchEntry[];
}

interface BatchEntry {
  readonly Id: string;
  readonly MessageBody?: string;
}

interface BatchOutput {
  readonly Successful: readonly { readonly Id: string }[];
  readonly Failed: readonly object[];
}

const defaultRules: ForwardingRules = {
  identityOrder: ['identity', 'email'],
  dedupeWindowMs: 600_000,
  mapping: compileMapping(noMapping, unexpectedTemplate),
};
