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
  /** In SQS's format, by name. */
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
 * The dead letters of a message: one per reason, with the events rejected for it and the stamps of the original. After
 * a redrive, each is processed again with the same keys and timestamps.
 *
 * @returns undefined in place of a dead letter that exceeds SQS's limit even without its detail
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
 * What goes back to the buffer when time runs out: the unsent events of a message, under the same stamps and therefore
 * with the same keys and times. It is smaller than the message, so this ends.
 */
export const continuationOf = (record: SQSRecord, rest: readonly EventLocation[]): Letter => ({
  body: narrowMessage(record.body, rest),
  attributes: { ...stampsOf(record), [continuationAttribute]: stringAttribute('yes') },
});

/** The bytes SQS counts towards its limit: the body, and the name, type and value of each attribute. */
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
