import type { SQSRecord } from 'aws-lambda';
import {
  decodeMessage,
  isUnreadable,
  type EventLocation,
  type SourceEvent,
} from '../clevertap/decode-message';
import { continuationAttribute } from '../contract';
import type { Fate, PendingEvent } from '../heap/sender';
import { isRejected, type Change, type Rejected } from '../mapping/findings';
import { isAborted, mapEvent, type MappingContext } from '../mapping/map-event';
import type { HeapProperties } from '../mapping/properties';
import type { Logger } from '../telemetry/logger';
import { readIngress, type Ingress } from './ingress';
import { loggableName, originOf, otherOrigin, type Origin } from './origin';

/** The environment's settings that mapping depends on. */
export type ForwardingRules = Pick<MappingContext, 'identityOrder' | 'dedupeWindowMs' | 'mapping'>;

/** An event of a message. It holds its source until it is mapped and its JSON until it is sent. */
export interface Entry extends PendingEvent {
  readonly location: EventLocation;
  readonly origin: Origin;
  source: SourceEvent | undefined;
  json: Uint8Array;
  /** The user's identity and properties, if a rule sets any. */
  user: { readonly identity: string; readonly properties: HeapProperties } | undefined;
}

/** A message and its events. It is done only when all of them are. */
export class Message {
  readonly ingress: Ingress | undefined;
  /** How often the mapping made each kind of change to its events so far. */
  readonly changes = new Map<Change, number>();
  private decoded: readonly Entry[] | undefined;

  constructor(
    readonly record: SQSRecord,
    private readonly log: Logger,
  ) {
    this.ingress = readIngress(record);
  }

  /**
   * Its events, decoded on first access so that not all of a batch is in memory at once. An error becomes their fate
   * and is never thrown.
   */
  get entries(): readonly Entry[] {
    try {
      return (this.decoded ??= readEntries(this.record, this.ingress));
    } catch (error) {
      return (this.decoded = [rejectedEntry({ kind: 'whole' }, unexpected(error, this.record, this.log))]);
    }
  }
}

/** How often SQS has delivered the message, this time included. */
export const receiveCountOf = ({ attributes }: SQSRecord): number =>
  Number(attributes.ApproximateReceiveCount);

/** Whether the events of a message are seen for the first time. Those of a continuation were seen before. */
export const isNew = (record: SQSRecord): boolean =>
  receiveCountOf(record) === 1 && record.messageAttributes[continuationAttribute] === undefined;

/** Handles a bug: the event must not be lost, and must not keep its neighbours from being delivered. */
function unexpected(error: unknown, record: SQSRecord, log: Logger): Rejected {
  const detail = error instanceof Error ? error.name : 'unknown error';
  log('error', 'unexpected error', { sqsMessageId: record.messageId, error: detail, at: framesOf(error) });
  return { reason: 'internal_error', detail };
}

/** Where an error was thrown. Its message is left out because it may quote input. */
const framesOf = (error: unknown): string | undefined =>
  error instanceof Error
    ? error.stack
        ?.match(/(?<=^ +)at .*$/gm)
        ?.slice(0, 3)
        .join(' < ')
    : undefined;

function readEntries(record: SQSRecord, ingress: Ingress | undefined): Entry[] {
  if (ingress === undefined) {
    const detail = 'the message did not come through the webhook; post its body to the webhook instead';
    return [rejectedEntry({ kind: 'whole' }, { reason: 'missing_ingress_stamps', detail })];
  }
  const decoded = decodeMessage(record.body, ingress.pathEvent);
  const pathOrigin = { campaign: undefined, event: loggableName(ingress.pathEvent ?? '') };
  if (decoded.kind === 'ping') return [entryOf({ kind: 'whole' }, { kind: 'ignored' }, pathOrigin)];
  if (decoded.kind === 'undecodable') return [rejectedEntry({ kind: 'whole' }, decoded, pathOrigin)];
  return decoded.events.map((source) =>
    isUnreadable(source)
      ? rejectedEntry(source.location, source, pathOrigin)
      : { ...entryOf(source.location, undefined, originOf(source)), source },
  );
}

const noBytes = new Uint8Array();

const entryOf = (location: EventLocation, fate: Fate | undefined, origin: Origin): Entry => ({
  location,
  origin,
  fate,
  source: undefined,
  json: noBytes,
  user: undefined,
});

const rejectedEntry = (location: EventLocation, { reason, detail }: Rejected, origin = otherOrigin): Entry =>
  entryOf(location, { kind: 'rejected', reason, detail }, origin);

/**
 * Maps events lazily, in order, and yields those meant for Heap. The others get their fate here. Mapped all at once, a
 * batch may grow a hundredfold, because each event repeats the key_values of its request.
 *
 * @param hasTime whether there is time to map another event. Events it does not suffice for keep no fate
 */
export function* mapMessages(
  messages: readonly Message[],
  context: Omit<MappingContext, 'receivedAt' | 'requestId'>,
  log: Logger,
  hasTime: () => boolean,
): Generator<Entry, void> {
  for (const message of messages) {
    const messageContext = message.ingress && { ...context, ...message.ingress };
    for (const entry of message.entries) {
      if (entry.fate !== undefined) continue;
      if (!hasTime()) return;
      mapEntry(entry, message, messageContext, log);
      if (isPending(entry)) yield entry;
    }
  }
}

const isPending = ({ fate }: Entry): boolean => fate === undefined;

/** Frees the memory of events that were sent. */
export function release(entries: readonly Entry[]): void {
  for (const entry of entries) {
    entry.json = noBytes;
    entry.user = undefined;
  }
}

function mapEntry(
  entry: Entry,
  { record, changes }: Message,
  context: MappingContext | undefined,
  log: Logger,
): void {
  const { source } = entry;
  if (source === undefined || context === undefined) return;
  entry.source = undefined;
  try {
    const mapped = mapEvent(source, context);
    if (isRejected(mapped)) {
      entry.fate = { kind: 'rejected', reason: mapped.reason, detail: mapped.detail };
    } else if (isAborted(mapped)) {
      entry.fate = { kind: 'ignored' };
    } else {
      const { event, userProperties } = mapped;
      for (const { change } of mapped.changes) changes.set(change, (changes.get(change) ?? 0) + 1);
      entry.json = Buffer.from(JSON.stringify(event));
      entry.user = userProperties && { identity: event.identity, properties: userProperties };
    }
  } catch (error) {
    entry.fate = { kind: 'rejected', ...unexpected(error, record, log) };
  }
}
