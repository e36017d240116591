import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { toBulks, trackBody, userPropertiesBody } from '../heap/bulk-request';
import type { HeapTokens } from '../heap/heap-tokens';
import { HeapSender, type HeapPorts } from '../heap/sender';
import type { Sha256 } from '../mapping/idempotency-key';
import { mapMessages, Message, receiveCountOf, release, type Entry, type ForwardingRules } from './message';
import { reportBatch, reportWaiting, type ReportPorts } from './report';
import { crashDelaySeconds, retryDelaySeconds } from './retry-delay';
import { settleMessages, type SettlePorts } from './settle';

/** Everything the forwarder needs from outside. */
export interface Ports extends HeapPorts, SettlePorts, ReportPorts {
  readonly heapTokens: Pick<HeapTokens, 'current' | 'refresh'>;
  readonly sha256: Sha256;
}

/** From this receive on, a message may be what kills the function, so it is handled after all others. */
const suspectReceives = 4;

/**
 * Delivers a batch of messages to Heap. A message is acknowledged once every event in it is final, and its rejected
 * events are dead-lettered just before. If one event must be retried, the whole message is sent again under its keys.
 *
 * @returns the messages SQS must keep
 */
export async function forwardBatch(
  records: readonly SQSRecord[],
  rules: ForwardingRules,
  ports: Ports,
): Promise<SQSBatchResponse> {
  await scatter(records, ports);
  const token = await ports.heapTokens.current();
  if (token === undefined) {
    await waitForToken(records, ports);
    return toResponse(records);
  }

  const sender = new HeapSender(token, ports);
  const context = { ...rules, appId: token.appId, sha256: ports.sha256 };
  const messages: Message[] = [];
  for (const group of bySuspicion(records)) {
    const received = group.map((record) => new Message(record, ports.log));
    messages.push(...received);
    // Mapping a slice may use half of the time left after the reserve: mapped events must still be sent.
    let mappingSince = ports.now();
    const hasTime = (): boolean => sender.hasTime(ports.now() - mappingSince);
    const entries = mapMessages(received, context, ports.log, hasTime);
    for (const slice of toBulks(entries, ports.pace.maxBulk)) {
      const isDelivered = await deliverSlice(slice, sender);
      release(slice);
      if (!isDelivered) break;
      mappingSince = ports.now();
    }
  }

  const settlement = await settleMessages(messages, sender, ports);
  reportBatch(messages, settlement, sender, ports);
  return toResponse(settlement.kept.map(({ record }) => record));
}

/** @returns false if time ran out */
const deliverSlice = async (slice: readonly Entry[], sender: HeapSender): Promise<boolean> =>
  (await sender.deliver('/api/track', slice, trackBody)) && (await deliverUserProperties(slice, sender));

/** The only place that names messages to keep: each once, and only messages that were received. */
const toResponse = (kept: readonly SQSRecord[]): SQSBatchResponse => ({
  batchItemFailures: [...new Set(kept.map(({ messageId }) => messageId))].map((itemIdentifier) => ({
    itemIdentifier,
  })),
});

/** Spreads out messages that were received before, so that they do not all return together if this invocation dies. */
const scatter = (records: readonly SQSRecord[], { queues, random }: Ports): Promise<void> =>
  queues.delay(
    records
      .filter((record) => receiveCountOf(record) >= 2)
      .map(({ receiptHandle }) => ({ receiptHandle, seconds: crashDelaySeconds(random()) })),
  );

/** Messages that may be what kills the function form a second group, read only after the first is delivered. */
function bySuspicion(records: readonly SQSRecord[]): SQSRecord[][] {
  const isSuspect = (record: SQSRecord): boolean => receiveCountOf(record) >= suspectReceives;
  return [records.filter((record) => !isSuspect(record)), records.filter(isSuspect)];
}

/** Without a token, nothing is sent or judged, and every message waits. */
async function waitForToken(records: readonly SQSRecord[], ports: Ports): Promise<void> {
  const now = ports.now();
  await ports.queues.delay(
    records.map(({ receiptHandle, attributes }) => ({
      receiptHandle,
      seconds: retryDelaySeconds({
        firstReceivedAt: Number(attributes.ApproximateFirstReceiveTimestamp) || now,
        now,
        random: ports.random(),
      }),
    })),
  );
  reportWaiting(records, ports);
}

/**
 * Sends the user properties that rules set, once per user. If a batch has two values, the last one counts, as it would
 * in Heap. An event shares the fate of its user's properties.
 *
 * @returns false if time ran out
 */
async function deliverUserProperties(entries: readonly Entry[], sender: HeapSender): Promise<boolean> {
  const users = new Map<string, { properties: Record<string, string | number>; owners: Entry[] }>();
  for (const entry of entries) {
    if (entry.user === undefined || entry.fate?.kind !== 'delivered') continue;
    const { identity, properties } = entry.user;
    const user = users.get(identity) ?? { properties: {}, owners: [] };
    // In place: a copy per event would take quadratic time.
    Object.assign(user.properties, properties);
    user.owners.push(entry);
    users.set(identity, user);
  }
  const pending = [...users].map(([identity, { properties, owners }]) => ({
    json: Buffer.from(JSON.stringify({ identity, properties })),
    fate: undefined,
    owners,
  }));
  const hasTime = await sender.deliver('/api/add_user_properties', pending, userPropertiesBody);
  for (const { fate, owners } of pending) for (const entry of owners) entry.fate = fate;
  return hasTime;
}
