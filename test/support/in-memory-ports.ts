import { hash } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import type { MetricName, RejectionReason } from '../../lambda/contract';
import type { Letter } from '../../lambda/forwarder/dead-letter';
import { forwardBatch, type Ports } from '../../lambda/forwarder/forward-batch';
import type { ForwardingRules } from '../../lambda/forwarder/message';
import type { Delay } from '../../lambda/forwarder/queues';
import { Breaker } from '../../lambda/heap/breaker';
import type { HeapAnswer } from '../../lambda/heap/outcome';
import { Pace } from '../../lambda/heap/pace';
import { compileMapping, unexpectedTemplate } from '../../lambda/mapping/mapping';
import { noMapping } from '../../lambda/mapping/rule-format';
import type { HeapEvent } from '../../lambda/mapping/map-event';
import type { HeapToken } from '../../lambda/heap/heap-tokens';
import { createLogger } from '../../lambda/telemetry/logger';
import type { MetricValues } from '../../lambda/telemetry/metrics';
import { invalidReason } from '../../local/heap/rules';
import { textOf } from './heap-body';
import { RECEIVED_AT } from './sqs-record';

export interface HeapRequest {
  readonly path: string;
  readonly appId: string;
  readonly events: readonly HeapEvent[];
  readonly header: HeapToken['header'];
  /** The string as it was sent. */
  readonly body: string;
}

export const ok: HeapAnswer = { status: 200, body: '{}' };

/** Everything the forwarder can reach, in memory. Tests can set its behaviour and inspect its effects. */
export class InMemoryPorts implements Ports {
  token: HeapToken | undefined = { appId: '11' };
  /** The value of the secret at its next read. */
  rotatedToken: HeapToken | undefined;
  /** Heap's response to a valid request, by the request's number from 1. */
  answer: (request: HeapRequest, number: number) => HeapAnswer | Promise<HeapAnswer> = () => ok;
  /** Which dead letters the queue accepts. */
  takesLetter: (letter: Letter) => boolean = () => true;
  /** Which continuations the buffer accepts. */
  takesBack: (letter: Letter) => boolean = () => true;
  readonly breaker = new Breaker();
  pace = new Pace(0);
  rules: ForwardingRules = {
    identityOrder: ['identity', 'email'],
    dedupeWindowMs: 600_000,
    mapping: compileMapping(noMapping, unexpectedTemplate),
  };
  time = RECEIVED_AT + 1000;
  remaining = 120_000;

  readonly requests: HeapRequest[] = [];
  /** The events in Heap: the first one of each user and key. */
  readonly stored = new Map<string, HeapEvent>();
  readonly letters: Letter[] = [];
  readonly sentBack: Letter[] = [];
  readonly metered: { values: MetricValues; reason: RejectionReason | undefined }[] = [];
  readonly delays: Delay[] = [];
  readonly lines: string[] = [];
  refreshes = 0;

  readonly heap: Ports['heap'] = {
    post: async (path, bytes, header) => {
      const body = textOf(bytes);
      const { app_id: appId, events } = JSON.parse(body) as { app_id: string; events: HeapEvent[] };
      const request: HeapRequest = { path, appId, events, header, body };
      this.requests.push(request);
      const invalid = path === '/api/track' ? invalidReason(JSON.parse(body)) : undefined;
      if (invalid !== undefined) return { status: 400, body: invalid };
      const answer = await this.answer(request, this.requests.length);
      if ('status' in answer && answer.status < 300 && path === '/api/track')
        for (const event of events) this.#store(event);
      return answer;
    },
  };

  readonly heapTokens: Ports['heapTokens'] = {
    current: () => Promise.resolve(this.token),
    refresh: () => {
      this.refreshes += 1;
      this.token = this.rotatedToken ?? this.token;
      return Promise.resolve(this.token);
    },
  };

  readonly queues: Ports['queues'] = {
    sendDeadLetters: (letters) => {
      const taken = letters.map(this.takesLetter);
      this.letters.push(...letters.filter((_, index) => taken[index]));
      return Promise.resolve(taken);
    },
    sendBack: (letters) => {
      const taken = letters.map(this.takesBack);
      this.sentBack.push(...letters.filter((_, index) => taken[index]));
      return Promise.resolve(taken);
    },
    delay: (delays) => {
      this.delays.push(...delays);
      return Promise.resolve();
    },
  };

  readonly sha256 = (value: string): string => hash('sha256', value);
  readonly log = createLogger((line) => this.lines.push(line));
  readonly now = (): number => this.time;
  readonly random = (): number => 0;
  readonly remainingTime = (): number => this.remaining;
  readonly sleep = (ms: number): Promise<void> => {
    this.time += ms;
    this.remaining -= ms;
    return Promise.resolve();
  };
  readonly metrics: Ports['metrics'] = (values, reason) => {
    this.metered.push({ values, reason });
  };

  /** Forwards a batch and returns the ids of the messages SQS must keep. */
  async forward(records: readonly SQSRecord[]): Promise<string[]> {
    const { batchItemFailures } = await forwardBatch(records, this.rules, this);
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  /** The parsed log lines with a message. */
  logged(message: string): Record<string, unknown>[] {
    return this.lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line['message'] === message);
  }

  /** The sum of a metric without a reason over all batches. */
  sumOf(name: MetricName): number {
    return this.metered
      .filter(({ reason }) => reason === undefined)
      .map(({ values }) => values[name] ?? 0)
      .flat()
      .reduce((sum, value) => sum + value, 0);
  }

  #store(event: HeapEvent): void {
    const key = JSON.stringify([event.identity, event.idempotency_key]);
    if (!this.stored.has(key)) this.stored.set(key, event);
  }
}

/** The attributes of a dead letter by name. */
export const attributesOf = (letter: Letter | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(letter?.attributes ?? {}).map(([name, { StringValue }]) => [name, StringValue]),
  );

/** A dead letter as received after a redrive: with a new id and time from SQS, and all its attributes. */
export const redriven = (record: SQSRecord, { body, attributes }: Letter): SQSRecord => ({
  ...record,
  messageId: `${record.messageId}-redriven`,
  body,
  attributes: { ...record.attributes, SentTimestamp: String(RECEIVED_AT + 86_400_000) },
  messageAttributes: Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue }]) => [
      name,
      { dataType: DataType, stringValue: StringValue, stringListValues: [], binaryListValues: [] },
    ]),
  ),
});
