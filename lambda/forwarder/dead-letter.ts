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
  readonly attributes: readonly LetterAttribute[];
}

export interface LetterAttribute {
  readonly name: string;
  readonly dataType: 'String' | 'Number';
  readonly value: string;
}

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
    const required: LetterAttribute[] = [
      ...stampsOf(record),
      { name: deadLetterAttributes.reason, dataType: 'String', value: reason },
      { name: deadLetterAttributes.events, dataType: 'Number', value: String(events.length) },
    ];
    const detail: LetterAttribute = {
      name: deadLetterAttributes.detail,
      dataType: 'String',
      value: events[0]?.detail ?? '',
    };
    const full = { body, attributes: detail.value === '' ? required : [...required, detail] };
    return [full, { body, attributes: required }].find((letter) => sizeOf(letter) <= maxMessageBytes);
  });
}

/**
 * What goes back to the buffer of a message there was no time for: its unsent events, under the same stamps and so
 * with the same keys and times. It is smaller than the message, so that this ends.
 */
export const continuationOf = (record: SQSRecord, rest: readonly EventLocation[]): Letter => ({
  body: narrowMessage(record.body, rest),
  attributes: [...stampsOf(record), { name: continuationAttribute, dataType: 'String', value: 'yes' }],
});

/** What SQS counts towards its limit: the body and name, type and value of each attribute, in bytes. */
export const sizeOf = ({ body, attributes }: Letter): number =>
  attributes.reduce(
    (size, { name, dataType, value }) =>
      size + Buffer.byteLength(name) + Buffer.byteLength(dataType) + Buffer.byteLength(value),
    Buffer.byteLength(body),
  );

function stampsOf({ messageAttributes }: SQSRecord): LetterAttribute[] {
  return Object.values(ingressStamps).flatMap((name) => {
    const attribute = messageAttributes[name];
    if (attribute?.stringValue === undefined) return [];
    const dataType = attribute.dataType.startsWith('Number') ? 'Number' : 'String';
    return [{ name, dataType, value: attribute.stringValue }];
  });
}
