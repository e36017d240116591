import { hash } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import {
  decodeMessage,
  decodePathEvent,
  isUnreadable,
  type EventLocation,
  type SourceEvent,
} from '../../lambda/clevertap/decode-message';
import { narrowMessage } from '../../lambda/clevertap/narrow-message';
import { deadLetterAttributes, receivesExhausted } from '../../lambda/contract';
import { readIngress, type Ingress } from '../../lambda/forwarder/ingress';
import { originOf } from '../../lambda/forwarder/origin';
import { field } from '../../lambda/json';
import { repairName, sentName } from '../../lambda/mapping/default-mapping';
import { createLiquid } from '../../lambda/mapping/liquid';
import { isAborted, mapEvent, type MappingContext } from '../../lambda/mapping/map-event';
import { compileMapping } from '../../lambda/mapping/mapping';
import { isRejected } from '../../lambda/mapping/findings';
import type { MappingSettings } from '../../lambda/mapping/rule-format';
import type { EventOfMessage, MessageReader, QueuedMessage, Subject } from './reconciliation';

/** The settings that decide how an environment's function reads messages. */
export interface ReaderSettings {
  readonly identityOrder: MappingContext['identityOrder'];
  readonly dedupeWindowMinutes: number;
  readonly mapping: MappingSettings;
}

/** Reads messages as the environment's function does, so that its output can be matched to its input. */
export function messageReader({
  identityOrder,
  dedupeWindowMinutes,
  mapping,
}: ReaderSettings): MessageReader {
  const rules = {
    identityOrder,
    dedupeWindowMs: dedupeWindowMinutes * 60_000,
    mapping: compileMapping(mapping, createLiquid().parse),
    sha256: (value: string) => hash('sha256', value),
  };
  return {
    eventsOf: (message, appIds) => {
      const ingress = ingressOf(message);
      // Whether an event is ignored does not depend on the app id.
      const contexts = [...(appIds.size === 0 ? ['0'] : appIds)].map((appId) =>
        ingress === undefined ? undefined : { ...rules, ...ingress, appId },
      );
      return unique(eventsOf(message.body, ingress, contexts, identityOrder), ingress?.requestId ?? '');
    },
    reasonOf: ({ attributes }) => attributes[deadLetterAttributes.reason]?.StringValue ?? receivesExhausted,
    // The function's idempotency keys are SHA-256 in hexadecimal.
    isOwnRow: (rowId) => /"[0-9a-f]{64}"\]$/.test(rowId),
  };
}

/** The endpoint's stamps as the function reads them; undefined for a message that did not come through the endpoint. */
export const ingressOf = (message: QueuedMessage): Ingress | undefined => readIngress(recordOf(message));

/** The events of a message. Their ids are not yet unique across messages. */
function eventsOf(
  body: string,
  ingress: Ingress | undefined,
  contexts: readonly (MappingContext | undefined)[],
  identityOrder: readonly string[],
): EventOfMessage[] {
  const subject = { ...unknownSubject, event: nameInUrl(ingress?.pathEvent) };
  const whole = { id: hash('sha256', body), isIgnored: false, heapEvents: [], subject };
  const decoded = decodeMessage(body, ingress?.pathEvent);
  if (ingress === undefined || decoded.kind === 'undecodable') return [whole];
  if (decoded.kind === 'ping') return [{ ...whole, isIgnored: true }];
  return decoded.events.map((source) => {
    const { location } = source;
    if (isUnreadable(source)) return { ...whole, id: idOfBody(body, location) };
    const { profile, requestKeyValues, campaignId } = source;
    const mapped = contexts.map((context) => context && attempt(() => mapEvent(source, context)));
    const heapEvents = mapped.flatMap((result) =>
      result === undefined || isAborted(result) || isRejected(result) ? [] : { ...result.event },
    );
    return {
      id:
        attempt(() => hash('sha256', JSON.stringify([profile, requestKeyValues, campaignId]))) ??
        idOfBody(body, location),
      isIgnored: mapped.some((result) => result !== undefined && isAborted(result)),
      heapEvents,
      subject: subjectOf(source, heapEvents[0], identityOrder),
    };
  });
}

/** What is known of an event whose body cannot be read. */
const nameInUrl = (segment = ''): string | null => repairName(decodePathEvent(segment)) || null;

const unknownSubject: Subject = { event: null, campaign: null, identity: null };

/** The values Heap receives, or the values that were sent if Heap receives none. */
function subjectOf(
  source: SourceEvent,
  heapEvent: { readonly event: string; readonly identity: string } | undefined,
  identityOrder: readonly string[],
): Subject {
  const sent = identityOrder
    .map((name) => field(source.profile, name))
    .find((value) => typeof value === 'string' || typeof value === 'number');
  return {
    event: heapEvent?.event ?? (repairName(sentName(source).name) || null),
    campaign: originOf(source).campaign ?? null,
    identity: heapEvent?.identity ?? (sent === undefined ? null : String(sent)),
  };
}

/** Identifies an event that cannot be parsed by the body of a message that holds only this event. */
const idOfBody = (body: string, location: EventLocation): string =>
  hash('sha256', narrowMessage(body, [location]));

/** Undefined if the task throws: the function rejects the event because of a bug, or it is nested too deep. */
function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch {
    return undefined;
  }
}

/** Makes ids unique by request, and numbers equal events within a message. */
function unique(events: readonly EventOfMessage[], requestId: string): EventOfMessage[] {
  const counts = new Map<string, number>();
  return events.map((event) => {
    const count = counts.get(event.id) ?? 0;
    counts.set(event.id, count + 1);
    return { ...event, id: `${requestId} ${event.id} ${count}` };
  });
}

/** A message as Lambda passes it to the function. */
const recordOf = ({ body, attributes }: QueuedMessage): SQSRecord => ({
  messageId: '',
  receiptHandle: '',
  body,
  md5OfBody: '',
  attributes: {
    ApproximateReceiveCount: '1',
    ApproximateFirstReceiveTimestamp: '0',
    SenderId: '',
    SentTimestamp: '0',
  },
  messageAttributes: Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue }]) => [
      name,
      { dataType: DataType, stringValue: StringValue },
    ]),
  ),
  eventSource: 'aws:sqs',
  eventSourceARN: '',
  awsRegion: '',
});
