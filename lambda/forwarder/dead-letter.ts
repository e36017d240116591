import type { SQSRecord } from 'aws-lambda';
import type { EventLocation } from '../clevertap/decode-message';
import { narrowMessage } from '../clevertap/narrow-message';
import {
  continuationAttribute,
  deadLetterAttributes,
  ingressStamps,
  type RejectionReason,
} from '../contract';
import type { Origin } from './origin';

/** A message the forwarder sends itself: a dead letter, or the rest of a message. */
export interface Letter {
  readonly body: string;
  /** As SQS takes them, by name. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

interface Attribute {
  readonly DataType: string;
  readonly StringValue: string;
}

const stringAttribute = (StringValue: string): Attribute => ({ DataType: 'String', StringValue });

/** An event of a message that can never be delivered. */
export interface RejectedEvent {
  readonly location: EventLocation;
  readonly origin: Origin;
  readonly reason: RejectionReason;
  readonly detail: string;
}

/** SQS's limit for a message, its attributes included. */
const maxMessageBytes = 1_048_576;

/**
 * The dead letters of a message: one for each reason, with the events that were rejected for it and the stamps of the
 * original. Moved back to the queue, each is processed again with the same keys and timestamps.
 *
 * @returns undefined where even the dead letter without its detail is longer than SQS allows
 */
export function deadLettersOf(record: SQSRecord, rejected: readonly RejectedEvent[]): (Letter | undefined)[] {
  const byReason = new Map<RejectionReason, RejectedEvent[]>();
  for (const event of rejected) {
    const alike = byReason.get(event.reason);
    if (alike === undefined) byReason.set(event.reason, [event]);
    else alike.push(event);
  }

  return [...byReason].map(([reason, events]) => {
    const body = narrowMessage(
      record.body,
      events.map(({ location }) => location),
    );
    const required = {
      ...stampsOf(record),
      [deadLetterAttributes.reason]: stringAttribute(reason),
      [deadLetterAttributes.events]: { DataType: 'Number', StringValue: String(events.length) },
    };
    const detail = events[0]?.detail ?? '';
    const full =
      detail === '' ? required : { ...required, [deadLetterAttributes.detail]: stringAttribute(detail) };
    return [full, required]
      .map((attributes) => ({ body, attributes }))
      .find((letter) => sizeOf(letter) <= maxMessageBytes);
  });
}

/**
 * What goes back to the buffer of a message there was no time for: its unsent events, under the same stamps and so
 * with the same keys and times. It is smaller than the message, so that this ends.
 */
export const continuationOf = (record: SQSRecord, rest: readonly EventLocation[]): Letter => ({
  body: narrowMessage(record.body, rest),
  attributes: { ...stampsOf(record), [continuationAttribute]: stringAttribute('yes') },
});

/** What SQS counts towards its limit: the body and name, type and value of each attribute, in bytes. */
export const sizeOf = ({ body, attributes }: Letter): number =>
  Object.entries(attributes)
    .flatMap(([name, { DataType, StringValue }]) => [name, DataType, StringValue])
    .reduce((size, part) => size + Buffer.byteLength(part), Buffer.byteLength(body));

const stampsOf = ({ messageAttributes }: SQSRecord): Letter['attributes'] =>
  Object.fromEntries(
    Object.values(ingressStamps).flatMap((name) => {
      const { dataType = '', stringValue } = messageAttributes[name] ?? {};
      if (stringValue === undefined) return [];
      const DataType = dataType.startsWith('Number') ? 'Number' : 'String';
      return [[name, { DataType, StringValue: stringValue }]];
    }),
  );
