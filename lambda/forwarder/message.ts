import type { SQSRecord } from 'aws-lambda';
import {
  decodeMessage,
  isUnreadable,
  type EventLocation,
  type SourceEvent,
} from '../clevertap/decode-message';
import { EventTexts } from '../heap/bulk-request';
import type { Fate, PendingEvent } from '../heap/deliver';
import type { Change, Changes } from '../mapping/changes';
import { isAborted, mapEvent, type MappingContext } from '../mapping/map-event';
import type { Mapping } from '../mapping/mapping';
import { isRejected, type Rejected } from '../mapping/rejection';
import type { Logger } from '../telemetry/logger';
import { continuationAttribute } from '../contract';
import { readIngress, type Ingress } from './ingress';

export interface ForwardingRules {
  readonly identityOrder: readonly string[];
  readonly dedupeWindowMs: number;
  /** Rules, campaigns and denied identities of the environment. */
  readonly mapping?: Mapping;
}

/** An event and its place in its message. It holds what it was until it is mapped, and what it became until it is sent. */
export interface Entry extends PendingEvent {
  readonly location: EventLocation;
  source: SourceEvent | undefined;
  json: Uint8Array;
  /** Where a rule has properties of the user: whose they are, and they as JSON. */
  user: { readonly identity: string; readonly properties: string } | undefined;
}

/** Most messages are handed on unchanged, and need no map of their own for that. */
const noChanges: ReadonlyMap<Change, number> = new Map();

/** A message with its events; done only when all of them are (F42). */
export class Message {
  readonly ingress: Ingress | undefined;
  private counted: Map<Change, number> | undefined;
  private decoded: readonly Entry[] | undefined;

  constructor(
    readonly record: SQSRecord,
    private readonly log: Logger,
  ) {
    this.ingress = readIngress(record);
  }

  /**
   * Its events. It is decoded when they are first asked for, so that not all of a batch is in memory at a time (F31);
   * whatever is wrong with it becomes their fate, never an exception.
   */
  get entries(): readonly Entry[] {
    return (this.decoded ??= this.decode());
  }

  /** What the mapping changed in its events so far, and how often. */
  get changes(): ReadonlyMap<Change, number> {
    return this.counted ?? noChanges;
  }

  /** Counts what the mapping changed in one of its events. */
  count(changes: Changes): void {
    if (changes.details.length === 0) return;
    this.counted ??= new Map();
    for (const [change, times] of changes) this.counted.set(change, (this.counted.get(change) ?? 0) + times);
  }

  private decode(): Entry[] {
    try {
      return readEntries(this.record, this.ingress);
    } catch (error) {
      return [rejectedEntry({ kind: 'whole' }, unexpected(error, this.record, this.log))];
    }
  }
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

const noText = new Uint8Array();

const entryOf = (location: EventLocation, fate: Fate | undefined): Entry => ({
  location,
  fate,
  source: undefined,
  json: noText,
  user: undefined,
});

const rejectedEntry = (location: EventLocation, { reason, detail }: Rejected): Entry =>
  entryOf(location, { kind: 'rejected', reason, detail });

/** As many events as go out at a time, and as much text. At first that is one request (see `HeapSender.width`). */
const maxFirstSlice = 1000;
const maxSliceEvents = 4000;
const maxSliceLength = 3_600_000;

/** How many events are mapped before others may have their turn. */
const maxStepEvents = 50;

/** Slices, and in between a word that the next one needs more time. */
export type Slices = Generator<Entry[] | 'unfinished', void>;

/**
 * Maps the events of messages, in order, a slice at a time; the fate of those that are not for Heap is set.
 *
 * What the events of a batch become may be a hundred times as large as the batch: each holds the key_values of its
 * request. So no more of it is there at a time than one slice on its way and one that waits (F31). Whoever takes a
 * slice lets go of it with `release`.
 */
export function* mapInSlices(
  messages: readonly Message[],
  appId: string,
  rules: ForwardingRules,
  log: Logger,
): Slices {
  let slice: Entry[] = [];
  let maxEvents = maxFirstSlice;
  let length = 0;
  let texts = new EventTexts();
  let step = 0;
  for (const message of messages) {
    const context = message.ingress && { ...rules, ...message.ingress, appId };
    for (const entry of message.entries) {
      if (!isPending(entry)) continue;
      mapEntry(entry, message, context, texts, log);
      step += 1;
      if (step % maxStepEvents === 0) yield 'unfinished';
      if (!isPending(entry)) continue;
      if (slice.length === maxEvents || (length > 0 && length + entry.json.length > maxSliceLength)) {
        yield slice;
        slice = [];
        maxEvents = maxSliceEvents;
        length = 0;
        texts = new EventTexts();
      }
      slice.push(entry);
      length += entry.json.length;
    }
  }
  if (slice.length > 0) yield slice;
}

const isPending = ({ fate }: Entry): boolean => fate === undefined;

/** Lets go of what events became. */
export function release(slice: readonly Entry[]): void {
  for (const entry of slice) {
    entry.json = noText;
    entry.user = undefined;
  }
}

function mapEntry(
  entry: Entry,
  message: Message,
  context: MappingContext | undefined,
  texts: EventTexts,
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
      message.count(mapped.changes);
      const { json, identity, userProperties } = mapped;
      entry.json = texts.add(json);
      entry.user = userProperties === undefined ? undefined : { identity, properties: userProperties };
    }
  } catch (error) {
    entry.fate = { kind: 'rejected', ...unexpected(error, message.record, log) };
  }
}
