import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { decodeMessage } from '../../lambda/clevertap/decode-message';
import { readJson } from '../../lambda/clevertap/read-json';
import { field, isJsonObject } from '../../lambda/json';
import { deadLetterAttributes, ingressStamps, receivesExhausted } from '../../lambda/contract';

/** A message of the dead-letter queue. */
export interface Letter {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** A source message, narrowed to the events that were rejected for the reason. */
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  /** When it came to the dead-letter queue, or, if SQS moved it by itself, to the buffer; ms since 1970. */
  readonly sentAt: number;
  /** A code of docs/reasons.md. */
  readonly reason: string;
  readonly detail: string | undefined;
  /** How many events the body holds. */
  readonly events: number;
  readonly requestId: string | undefined;
  /** When the endpoint accepted it; ms since 1970. */
  readonly receivedAt: number | undefined;
  /** The event name in the URL, as it stood there. */
  readonly pathEvent: string | undefined;
}

/** Reads a message as it was received, with all its attributes. */
export function toLetter(message: Message): Letter {
  const { MessageAttributes: attributes = {}, Body: body = '' } = message;
  const text = (name: string): string | undefined => attributes[name]?.StringValue;
  const receivedAt = text(ingressStamps.receivedAt);
  const pathEvent = text(ingressStamps.event);
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body,
    attributes,
    sentAt: Number(message.Attributes?.SentTimestamp ?? 0),
    reason: text(deadLetterAttributes.reason) ?? receivesExhausted,
    detail: text(deadLetterAttributes.detail),
    events: Number(text(deadLetterAttributes.events) ?? countEvents(body, pathEvent)),
    requestId: text(ingressStamps.requestId),
    receivedAt: receivedAt === undefined ? undefined : Number(receivedAt),
    pathEvent,
  };
}

function countEvents(body: string, pathEvent: string | undefined): number {
  const decoded = decodeMessage(body, pathEvent);
  return decoded.kind === 'events' ? decoded.events.length : 1;
}

/**
 * The letter as the message it was: with the stamps of the endpoint, by which key and time stay the same (F65),
 * and without what the dead-letter queue added.
 */
export function redriven({ attributes }: Letter): Record<string, MessageAttributeValue> {
  const added = new Set<string>(Object.values(deadLetterAttributes));
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !added.has(name)));
}

/** The campaign by its `targetId`; `none` where the body names none. Only digits, which nobody's name has. */
export function campaignOf({ body }: Pick<Letter, 'body'>): string {
  const parsed = parseBody(body);
  if (parsed === undefined) return /"targetId"\s*:\s*"?(\d+)/i.exec(body)?.[1] ?? 'none';
  const root: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  const value = isJsonObject(root) ? field(root, 'targetId') : undefined;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  return /^\d+$/.test(text) ? text : 'none';
}

/** The body as JSON, integers beyond 2^53 as text; undefined where it is none. */
export function parseBody(body: string): unknown {
  try {
    return readJson(body.replace(/^\uFEFF/, '')).root;
  } catch {
    return undefined;
  }
}
