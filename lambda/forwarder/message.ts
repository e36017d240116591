import type { SQSRecord } from 'aws-lambda';
import {
  decodeMessage,
  isUnreadable,
  type EventLocation,
  type SourceEvent,
} from '../clevertap/decode-message';
import type { Fate, PendingEvent } from '../heap/deliver';
import type { Change } from '../mapping/changes';
import { isAborted, mapEvent, type MappingContext } from '../mapping/map-event';
import type { Mapping } from '../mapping/mapping';
import type { HeapProperties } from '../mapping/properties';
import { isRejected, type Rejected } from '../mapping/rejection';
import type { Logger } from '../telemetry/logger';
import { continuationAttribute } from './contract';
import { readIngress, type Ingress } from './ingress';

export interface ForwardingRules {
  readonly identityOrder: readonly string[];
  readonly dedupeWindowMs: number;
  /** Rules, campaigns and denied identities of the environment. */
  readonly mapping?: Mapping;
}

/** An event and its place in its message. Only while it is on its way does it hold what it was and what it became. */
export interface Entry extends PendingEvent {
  readonly location: EventLocation;
  source: SourceEvent | undefined;
  json: string;
  /** Where a rule has properties of the user: whose they are. */
  user: { readonly identity: string; readonly properties: HeapProperties } | undefined;
}

/** A message with its events; done only when all of them are (F42). */
export interface Message {
  readonly record: SQSRecord;
  readonly ingress: Ingress | undefined;
  readonly entries: readonly Entry[];
  /** What the mapping changed in its events so far, and how often. */
  readonly changes: Map<Change, number>;
}

/** How often SQS has handed the message out, this time included. */
export const receiveCountOf = ({ attributes }: SQSRecord): number =>
  Number(attributes.ApproximateReceiveCount);

/** Whether the events of a message are seen for the first time; those of a continuation were seen before. */
export const isNew = (record: SQSRecord): boolean =>
  receiveCountOf(record) === 1 && record.messageAttributes[continuationAttribute] === undefined;

/** How many events a message holds; one, if it cannot be read. */
export function countEvents(record: SQSRecord): number {
  const decoded = decodeMessage(record.body, undefined);
  return decoded.kind === 'events' ? decoded.events.length : 1;
}

/** Decodes a message; whatever is wrong with it becomes the fate of its events, never an exception. */
export function readMessage(record: SQSRecord, log: Logger): Message {
  const ingress = readIngress(record);
  let entries: Entry[];
  try {
    entries = readEntries(record, ingress);
  } catch (error) {
    entries = [rejectedEntry({ kind: 'whole' }, unexpected(error, record, log))];
  }
  return { record, ingress, entries, changes: new Map() };
}

/** A mistake of ours: the event must neither be lost nor keep its neighbours from being delivered (F27). */
function unexpected(error: unknown, record: SQSRecord, log: Logger): Rejected {
  const detail = error instanceof Error ? error.name : 'unknown error';
  log('error', 'unexpected error', { sqsMessageId: record.messageId, error: detail, at: framesOf(error) });
  return { reason: 'internal_error', detail };
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

function readEntries(record: SQSRecord, ingress: Ingress | undefined): Entry[] {
  if (ingress === undefined) {
    const detail = 'the message did not come through the webhook; post its body to the webhook instead';
    return [rejectedEntry({ kind: 'whole' }, { reason: 'missing_ingress_stamps', detail })];
  }
  const decoded = decodeMessage(record.body, ingress.pathEvent);
  switch (decoded.kind) {
    case 'ping':
      return [entryOf({ kind: 'whole' }, { kind: 'ignored' })];
    case 'undecodable':
      return [rejectedEntry({ kind: 'whole' }, decoded)];
    case 'events':
      return decoded.events.map((source) =>
        isUnreadable(source)
          ? rejectedEntry(source.location, source)
          : { ...entryOf(source.location, undefined), source },
      );
  }
}

const entryOf = (location: EventLocation, fate: Fate | undefined): Entry => ({
  location,
  fate,
  source: undefined,
  json: '',
  user: undefined,
});

const rejectedEntry = (location: EventLocation, { reason, detail }: Rejected): Entry =>
  entryOf(location, { kind: 'rejected', reason, detail });

/** As many events as go out at a time, and as much text. */
const maxSliceEvents = 4000;
const maxSliceLength = 3_600_000;

/**
 * Maps the events of messages, in order, a slice at a time; the fate of those that are not for Heap is set.
 *
 * What the events of a batch become may be a hundred times as large as the batch: each holds the key_values of its
 * request. So no more of it is there at a time than can be sent (F31). Whoever takes a slice lets go of it with
 * `release`.
 */
export function* mapInSlices(
  messages: readonly Message[],
  appId: string,
  rules: ForwardingRules,
  log: Logger,
): Generator<Entry[], void> {
  let slice: Entry[] = [];
  let length = 0;
  for (const message of messages) {
    for (const entry of message.entries) {
      if (!isPending(entry)) continue;
      mapEntry(entry, message, appId, rules, log);
      if (!isPending(entry)) continue;
      if (slice.length === maxSliceEvents || (length > 0 && length + entry.json.length > maxSliceLength)) {
        yield slice;
        slice = [];
        length = 0;
      }
      slice.push(entry);
      length += entry.json.length;
    }
  }
  if (slice.length > 0) yield slice;
}

const isPending = ({ fate }: Entry): boolean => fate === undefined;

/** Lets go of what events were and became. */
export function release(slice: readonly Entry[]): void {
  for (const entry of slice) {
    entry.source = undefined;
    entry.json = '';
    entry.user = undefined;
  }
}

function mapEntry(
  entry: Entry,
  { record, ingress, changes }: Message,
  appId: string,
  rules: ForwardingRules,
  log: Logger,
): void {
  if (entry.source === undefined || ingress === undefined) return;
  const context: MappingContext = {
    appId,
    receivedAt: ingress.receivedAt,
    requestId: ingress.requestId,
    identityOrder: rules.identityOrder,
    dedupeWindowMs: rules.dedupeWindowMs,
    mapping: rules.mapping,
  };
  try {
    const mapped = mapEvent(entry.source, context);
    if (isRejected(mapped)) {
      entry.fate = { kind: 'rejected', reason: mapped.reason, detail: mapped.detail };
    } else if (isAborted(mapped)) {
      entry.fate = { kind: 'ignored' };
    } else {
      for (const [change, times] of mapped.changes) changes.set(change, (changes.get(change) ?? 0) + times);
      const { event, userProperties } = mapped;
      entry.json = JSON.stringify(event);
      entry.user = userProperties && { identity: event.identity, properties: userProperties };
    }
  } catch (error) {
    entry.fate = { kind: 'rejected', ...unexpected(error, record, log) };
  }
}
