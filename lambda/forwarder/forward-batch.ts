import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { decodeMessage, isUnreadable, type EventLocation } from '../clevertap/decode-message';
import { trackBody, userPropertiesBody } from '../heap/bulk-request';
import { deliver, type Fate, type PendingEvent } from '../heap/deliver';
import type { HeapClient } from '../heap/heap-client';
import { outcomeOf, type HeapAnswer } from '../heap/outcome';
import type { Change } from '../mapping/changes';
import { isAborted, mapEvent, type MappingContext } from '../mapping/map-event';
import type { Mapping } from '../mapping/mapping';
import type { HeapProperties } from '../mapping/properties';
import { isRejected, type Rejected } from '../mapping/rejection';
import type { HeapToken, HeapTokens } from '../secrets/heap-tokens';
import type { Logger } from '../telemetry/logger';
import { deadLettersOf, type RejectedEvent } from './dead-letter';
import { readIngress, type Ingress } from './ingress';
import type { Queues } from './queues';
import { retryDelaySeconds } from './retry-delay';

/** Everything the forwarder reaches outside itself. */
export interface Ports {
  readonly heap: Pick<HeapClient, 'post'>;
  readonly heapTokens: Pick<HeapTokens, 'current' | 'refresh'>;
  readonly queues: Pick<Queues, 'sendDeadLetters' | 'delay'>;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Milliseconds until the function is stopped. */
  readonly remainingTime: () => number;
}

export interface ForwardingRules {
  readonly identityOrder: readonly string[];
  readonly dedupeWindowMs: number;
  /** Rules, campaigns and denied identities of the environment. */
  readonly mapping?: Mapping;
}

/** An event and its place in its message. */
interface Entry extends PendingEvent {
  readonly location: EventLocation;
  /** Where a rule has properties of the user: whose they are. */
  readonly user?: { readonly identity: string; readonly properties: HeapProperties } | undefined;
}

/** A message with its events; done only when all of them are (F42). */
interface Message {
  readonly record: SQSRecord;
  readonly entries: readonly Entry[];
}

/** Below this no request is started: a bulk may take its ten seconds, and dead letters must still be sent. */
const reservedMs = 20_000;

/**
 * Brings a batch of messages to Heap.
 *
 * Each event has its own fate; a message is acknowledged when every event of it is final, and its rejected events
 * are dead-lettered just before. While one must be retried, the message stays in the queue whole: delivered
 * neighbours are sent again under the same keys, and rejected ones are judged again, so that no number of
 * attempts makes a second dead letter.
 *
 * @returns the messages SQS must keep
 */
export async function forwardBatch(
  records: readonly SQSRecord[],
  rules: ForwardingRules,
  ports: Ports,
): Promise<SQSBatchResponse> {
  const token = await ports.heapTokens.current();
  if (token === undefined) {
    const waiting = records.map((record): Message => ({ record, entries: [] }));
    ports.log('error', 'no Heap app id; all messages wait', { messages: records.length });
    await putBack(waiting, ports);
    return toResponse(waiting);
  }

  const changes = new Map<Change, number>();
  const messages = records.map((record) => readMessage(record, token, rules, changes, ports.log));
  const pending = messages.flatMap(({ entries }) => entries.filter(({ fate }) => fate === undefined));
  const sender = new BulkSender(token, ports);
  const hasTime = (): boolean => ports.remainingTime() > reservedMs;
  await deliver(pending, (bulk) => sender.post('/api/track', bulk, trackBody), hasTime);
  await deliverUserProperties(pending, sender, hasTime);

  const unsettled = messages.filter(isRetried);
  const undeliverable = await deadLetter(
    messages.filter((message) => !isRetried(message)),
    ports,
  );
  const kept = [...unsettled, ...undeliverable];
  await putBack(kept, ports);

  const fates = messages.flatMap(({ entries }) => entries.map(({ fate }) => fate?.kind));
  const countOf = (kind: Fate['kind']): number => fates.filter((fate) => fate === kind).length;
  ports.log('info', 'batch forwarded', {
    messages: messages.length,
    events: fates.length,
    delivered: countOf('delivered'),
    rejected: countOf('rejected'),
    ignored: countOf('ignored'),
    retried: countOf('retry'),
    messagesKept: kept.length,
    heapRequests: sender.requests,
    ...Object.fromEntries(changes),
  });
  return toResponse(kept);
}

/** Decodes and maps a message; whatever is wrong with it becomes the fate of its events, never an exception. */
function readMessage(
  record: SQSRecord,
  token: HeapToken,
  rules: ForwardingRules,
  changes: Map<Change, number>,
  log: Logger,
): Message {
  try {
    return { record, entries: readEntries(record, token, rules, changes) };
  } catch (error) {
    // A mistake of ours: the message must neither be lost nor keep its neighbours from being delivered (F27).
    const detail = error instanceof Error ? error.name : 'unknown error';
    log('error', 'unexpected error', { sqsMessageId: record.messageId, error: detail, at: framesOf(error) });
    return { record, entries: [settled({ kind: 'whole' }, { reason: 'internal_error', detail })] };
  }
}

/** Where an error arose. Its message is left out: it may quote what a caller sent (F68). */
const framesOf = (error: unknown): string | undefined =>
  error instanceof Error
    ? error.stack
        ?.split('\n')
        .filter((line) => /^ +at /.test(line))
        .slice(0, 3)
        .map((line) => line.trim())
        .join(' < ')
    : undefined;

function readEntries(
  record: SQSRecord,
  token: HeapToken,
  rules: ForwardingRules,
  changes: Map<Change, number>,
): Entry[] {
  const ingress = readIngress(record);
  if (ingress === undefined) {
    const detail = 'the message did not come through the webhook; post its body to the webhook instead';
    return [settled({ kind: 'whole' }, { reason: 'missing_ingress_stamps', detail })];
  }
  const decoded = decodeMessage(record.body, ingress.pathEvent);
  switch (decoded.kind) {
    case 'ping':
      return [{ location: { kind: 'whole' }, json: '', fate: { kind: 'ignored' } }];
    case 'undecodable':
      return [settled({ kind: 'whole' }, decoded)];
    case 'events': {
      const context = contextOf(ingress, token, rules);
      return decoded.events.map((source) => {
        const mapped = isUnreadable(source) ? source : mapEvent(source, context);
        if (isRejected(mapped)) return settled(source.location, mapped);
        if (isAborted(mapped)) return { location: source.location, json: '', fate: { kind: 'ignored' } };
        for (const [change, times] of mapped.changes) changes.set(change, (changes.get(change) ?? 0) + times);
        const { event, userProperties } = mapped;
        return {
          location: source.location,
          json: JSON.stringify(event),
          user: userProperties && { identity: event.identity, properties: userProperties },
          fate: undefined,
        };
      });
    }
  }
}

const contextOf = (ingress: Ingress, { appId }: HeapToken, rules: ForwardingRules): MappingContext => ({
  appId,
  receivedAt: ingress.receivedAt,
  requestId: ingress.requestId,
  identityOrder: rules.identityOrder,
  dedupeWindowMs: rules.dedupeWindowMs,
  mapping: rules.mapping,
});

const settled = (location: EventLocation, { reason, detail }: Rejected): Entry => ({
  location,
  json: '',
  fate: { kind: 'rejected', reason, detail },
});

const isRetried = ({ entries }: Message): boolean =>
  entries.some(({ fate }) => fate === undefined || fate.kind === 'retry');

/** The one place that names messages to keep: each once, and only what was received (F24). */
const toResponse = (kept: readonly Message[]): SQSBatchResponse => ({
  batchItemFailures: [...new Set(kept.map(({ record }) => record.messageId))].map((itemIdentifier) => ({
    itemIdentifier,
  })),
});

/**
 * Sends the properties that rules give to users, once for each user: of two values in a batch the last one counts,
 * as it would in Heap. An event whose user's properties Heap does not take shares their fate; sent again, it is
 * known by its key.
 */
async function deliverUserProperties(
  entries: readonly Entry[],
  sender: BulkSender,
  hasTime: () => boolean,
): Promise<void> {
  const users = new Map<string, { properties: HeapProperties; owners: Entry[] }>();
  for (const entry of entries) {
    if (entry.user === undefined || entry.fate?.kind !== 'delivered') continue;
    const { identity, properties } = entry.user;
    const known = users.get(identity);
    if (known === undefined) users.set(identity, { properties: { ...properties }, owners: [entry] });
    else {
      Object.assign(known.properties, properties);
      known.owners.push(entry);
    }
  }
  const pending = [...users].map(([identity, { properties, owners }]) => ({
    json: JSON.stringify({ identity, properties }),
    fate: undefined,
    owners,
  }));
  await deliver(
    pending,
    (bulk) => sender.post('/api/add_user_properties', bulk, userPropertiesBody),
    hasTime,
  );
  for (const { fate, owners } of pending) for (const entry of owners) entry.fate = fate;
}

/** Sends the bulks of a batch, with a token that is renewed once when Heap refuses it (F45). */
class BulkSender {
  /** Requests sent so far. */
  requests = 0;
  private renewal: 'possible' | 'done' | 'other app' = 'possible';

  constructor(
    private token: HeapToken,
    private readonly ports: Ports,
  ) {}

  /** @param bodyOf builds the body of the request for an app id */
  async post(
    path: string,
    bulk: readonly PendingEvent[],
    bodyOf: (appId: string, bulk: readonly PendingEvent[]) => string,
  ): Promise<HeapAnswer> {
    // Keys are made with the app id: under another one the events must be mapped again, at the next attempt.
    if (this.renewal === 'other app') return { fault: 'app id changed' };
    let answer = await this.send(path, bulk, bodyOf);
    if (outcomeOf(answer) === 'unauthorized' && this.renewal === 'possible') {
      const renewed = await this.ports.heapTokens.refresh();
      this.renewal = renewed?.appId === this.token.appId ? 'done' : 'other app';
      if (renewed !== undefined && this.renewal === 'done') {
        this.token = renewed;
        answer = await this.send(path, bulk, bodyOf);
      }
    }
    const outcome = outcomeOf(answer);
    if (outcome !== 'delivered') {
      const level = outcome === 'unauthorized' || outcome === 'redirected' ? 'error' : 'warn';
      this.ports.log(level, 'Heap did not take a bulk', {
        outcome,
        status: 'fault' in answer ? answer.fault : answer.status,
        events: bulk.length,
      });
    }
    return answer;
  }

  private send(
    path: string,
    bulk: readonly PendingEvent[],
    bodyOf: (appId: string, bulk: readonly PendingEvent[]) => string,
  ): Promise<HeapAnswer> {
    this.requests += 1;
    const { appId, header } = this.token;
    return this.ports.heap.post(path, bodyOf(appId, bulk), header);
  }
}

/**
 * Sends what was rejected to the dead-letter queue: first stored there, then acknowledged here (F61).
 *
 * @returns the messages that could not be moved and must stay
 */
async function deadLetter(messages: readonly Message[], ports: Ports): Promise<Message[]> {
  const letters = messages.flatMap((message) =>
    deadLettersOf(message.record, rejectedOf(message)).map((letter) => ({ message, letter })),
  );
  const kept = new Set<Message>();
  for (const { message, letter } of letters) {
    if (letter !== undefined) continue;
    // SQS moves it by itself once it has been received often enough.
    ports.log('error', 'too large for a dead letter', { sqsMessageId: message.record.messageId });
    kept.add(message);
  }
  const sendable = letters.flatMap(({ message, letter }) =>
    letter === undefined || kept.has(message) ? [] : { message, letter },
  );
  const stored = await ports.queues.sendDeadLetters(sendable.map(({ letter }) => letter));
  sendable.forEach(({ message }, index) => {
    if (stored[index] !== true) kept.add(message);
  });
  for (const message of messages) if (!kept.has(message)) logRejections(message, ports.log);
  return [...kept];
}

const rejectedOf = ({ entries }: Message): RejectedEvent[] =>
  entries.flatMap(({ location, fate }) =>
    fate?.kind === 'rejected' ? { location, reason: fate.reason, detail: fate.detail } : [],
  );

/** One line for each message and reason: enough to find it, and nothing of what is in it (F68). */
function logRejections(message: Message, log: Logger): void {
  const rejections = rejectedOf(message);
  for (const reason of new Set(rejections.map((rejection) => rejection.reason))) {
    const alike = rejections.filter((rejection) => rejection.reason === reason);
    log('warn', 'rejected', {
      reason,
      detail: alike[0]?.detail,
      events: alike.length,
      requestId: readIngress(message.record)?.requestId,
      sqsMessageId: message.record.messageId,
    });
  }
}

/** Hides what must be retried for a while. */
async function putBack(messages: readonly Message[], ports: Ports): Promise<void> {
  await ports.queues.delay(
    messages.map(({ record, entries }) => ({
      receiptHandle: record.receiptHandle,
      seconds: retryDelaySeconds({
        firstReceivedAt: Number(record.attributes.ApproximateFirstReceiveTimestamp),
        now: ports.now(),
        retryAfterSeconds: entries.reduce(
          (longest, { fate }) =>
            fate?.kind === 'retry' ? Math.max(longest, fate.retryAfterSeconds ?? 0) : longest,
          0,
        ),
        random: ports.random(),
      }),
    })),
  );
}
