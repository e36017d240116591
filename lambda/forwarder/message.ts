import type { SQSRecord } from 'aws-lambda';
import { decodeMessage, isUnreadable, type EventLocation } from '../clevertap/decode-message';
import type { PendingEvent } from '../heap/deliver';
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

/** An event and its place in its message. */
export interface Entry extends PendingEvent {
  readonly location: EventLocation;
  /** Where a rule has properties of the user: whose they are. */
  readonly user?: { readonly identity: string; readonly properties: HeapProperties } | undefined;
}

/** A message with its events; done only when all of them are (F42). */
export interface Message {
  readonly record: SQSRecord;
  readonly ingress: Ingress | undefined;
  readonly entries: readonly Entry[];
  /** What the mapping changed in its events, and how often. */
  readonly changes: ReadonlyMap<Change, number>;
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

/** Decodes and maps a message; whatever is wrong with it becomes the fate of its events, never an exception. */
export function readMessage(record: SQSRecord, appId: string, rules: ForwardingRules, log: Logger): Message {
  const ingress = readIngress(record);
  const changes = new Map<Change, number>();
  try {
    return { record, ingress, changes, entries: readEntries(record, ingress, appId, rules, changes) };
  } catch (error) {
    // A mistake of ours: the message must neither be lost nor keep its neighbours from being delivered (F27).
    const detail = error instanceof Error ? error.name : 'unknown error';
    log('error', 'unexpected error', { sqsMessageId: record.messageId, error: detail, at: framesOf(error) });
    const entries = [settled({ kind: 'whole' }, { reason: 'internal_error', detail })];
    return { record, ingress, changes: new Map(), entries };
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
  ingress: Ingress | undefined,
  appId: string,
  rules: ForwardingRules,
  changes: Map<Change, number>,
): Entry[] {
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
      const context: MappingContext = {
        appId,
        receivedAt: ingress.receivedAt,
        requestId: ingress.requestId,
        identityOrder: rules.identityOrder,
        dedupeWindowMs: rules.dedupeWindowMs,
        mapping: rules.mapping,
      };
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

const settled = (location: EventLocation, { reason, detail }: Rejected): Entry => ({
  location,
  json: '',
  fate: { kind: 'rejected', reason, detail },
});
