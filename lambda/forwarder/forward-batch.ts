import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { EventTexts, trackBody, userPropertiesBody } from '../heap/bulk-request';
import type { HeapTokens } from '../heap/heap-tokens';
import { HeapSender, type HeapPorts } from './heap-sender';
import {
  countEvents,
  isNew,
  mapInSlices,
  Message,
  receiveCountOf,
  release,
  type Entry,
  type ForwardingRules,
  type Slices,
} from './message';
import { reportBatch, reportWaiting, type ReportPorts } from './report';
import { crashDelaySeconds, retryDelaySeconds } from './retry-delay';
import { settleMessages, type SettlePorts } from './settle';

/** Everything the forwarder reaches outside itself. */
export interface Ports extends HeapPorts, SettlePorts, ReportPorts {
  readonly heapTokens: Pick<HeapTokens, 'current' | 'refresh'>;
}

/** From this receive on a message may be what kills the function, and is handled when the others are delivered. */
const suspectReceives = 4;

/**
 * Brings a batch of messages to Heap.
 *
 * Each event has its own fate; a message is acknowledged when every event of it is final, and its rejected events
 * are dead-lettered just before. While one must be retried, the message stays in the queue whole: delivered
 * neighbours are sent again under the same keys, and rejected ones are judged again.
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
  const messages: Message[] = [];
  for (const group of bySuspicion(records)) {
    const read = group.map((record) => new Message(record, ports.log));
    messages.push(...read);
    await deliverInSlices(mapInSlices(read, token.appId, rules, ports.log), sender, ports);
  }

  const settlement = await settleMessages(messages, sender, ports);
  reportBatch(messages, settlement, sender, ports);
  return toResponse(settlement.kept.map(({ record }) => record));
}

/** Delivers slice after slice. While Heap is busy with one, the next one is made. */
async function deliverInSlices(slices: Slices, sender: HeapSender, ports: Ports): Promise<void> {
  let slice = await nextSlice(slices, ports);
  while (slice !== undefined) {
    const [hasTime, following] = await Promise.all([
      deliverSlice(slice, sender),
      ports.sleep(0).then(() => nextSlice(slices, ports)),
    ]);
    release(slice);
    if (!hasTime) {
      release(following ?? []);
      return;
    }
    slice = following;
  }
}

/** So long nothing else is done: a request on its way has its own clock, which must not run out unseen (F52). */
const maxMappingMs = 20;

async function nextSlice(slices: Slices, ports: Ports): Promise<Entry[] | undefined> {
  let since = ports.now();
  for (;;) {
    if (ports.now() - since >= maxMappingMs) {
      await ports.sleep(0);
      since = ports.now();
    }
    const { value, done } = slices.next();
    if (done === true) return undefined;
    if (value !== 'unfinished') return value;
  }
}

/** @returns false if there was no time for all */
const deliverSlice = async (slice: readonly Entry[], sender: HeapSender): Promise<boolean> =>
  (await sender.deliver('/api/track', slice, trackBody)) && (await deliverUserProperties(slice, sender));

/** The one place that names messages to keep: each once, and only what was received (F24). */
const toResponse = (kept: readonly SQSRecord[]): SQSBatchResponse => ({
  batchItemFailures: [...new Set(kept.map(({ messageId }) => messageId))].map((itemIdentifier) => ({
    itemIdentifier,
  })),
});

/** Sees to it that messages which came back once do not all come back together if this invocation dies (F27). */
const scatter = (records: readonly SQSRecord[], { queues, random }: Ports): Promise<void> =>
  queues.delay(
    records
      .filter((record) => receiveCountOf(record) >= 2)
      .map(({ receiptHandle }) => ({ receiptHandle, seconds: crashDelaySeconds(random()) })),
  );

function bySuspicion(records: readonly SQSRecord[]): SQSRecord[][] {
  const isSuspect = (record: SQSRecord): boolean => receiveCountOf(record) >= suspectReceives;
  return [records.filter((record) => !isSuspect(record)), records.filter(isSuspect)];
}

/** Without a token nothing is sent and nothing is judged; every message waits (F44). */
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
  reportWaiting(
    {
      messages: records.length,
      newEvents: records.filter(isNew).reduce((sum, record) => sum + countEvents(record), 0),
    },
    ports,
  );
}

/**
 * Sends the properties that rules give to users, once for each user: of two values in a batch the last one counts,
 * as it would in Heap. An event whose user's properties Heap does not take shares their fate; sent again, it is
 * known by its key.
 *
 * @returns false if there was no time for all
 */
async function deliverUserProperties(entries: readonly Entry[], sender: HeapSender): Promise<boolean> {
  const users = new Map<string, { properties: object; owners: Entry[] }>();
  for (const entry of entries) {
    if (entry.user === undefined || entry.fate?.kind !== 'delivered') continue;
    const { identity, properties } = entry.user;
    const user = users.get(identity) ?? { properties: {}, owners: [] };
    Object.assign(user.properties, JSON.parse(properties));
    user.owners.push(entry);
    users.set(identity, user);
  }
  const texts = new EventTexts();
  const pending = [...users].map(([identity, { properties, owners }]) => ({
    json: texts.add(JSON.stringify({ identity, properties })),
    fate: undefined,
    owners,
  }));
  const hasTime = await sender.deliver('/api/add_user_properties', pending, userPropertiesBody);
  for (const { fate, owners } of pending) for (const entry of owners) entry.fate = fate;
  return hasTime;
}
