import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import { decodeMessage } from '../../lambda/clevertap/decode-message';
import { readJson } from '../../lambda/clevertap/read-json';
import { field, isJsonObject } from '../../lambda/json';
import { deadLetterAttributes, ingressStamps, receivesExhausted } from '../../lambda/contract';

/** A message of the dead-letter queue. */
export interface DeadLetter {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** A source message, narrowed to the events that were rejected for the reason. */
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  /** When it was sent to the dead-letter queue, or to the buffer if SQS itself moved it; ms since 1970. */
  readonly sentAt: number;
  /** A code of docs/reasons.md. */
  readonly reason: string;
  readonly detail: string | undefined;
  /** How many events the body holds. */
  readonly events: number;
  readonly requestId: string | undefined;
  /** When the endpoint accepted it; ms since 1970. */
  readonly receivedAt: number | undefined;
  /** The event name as written in the URL. */
  readonly pathEvent: string | undefined;
}

/** Reads a message that was received with all its attributes. */
export function toDeadLetter(message: Message): DeadLetter {
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
 * The attributes of the original message: with the endpoint's stamps, which keep the idempotency key and time the same,
 * and without those added for the dead-letter queue.
 */
export function redriven({ attributes }: DeadLetter): Record<string, MessageAttributeValue> {
  const added = new Set<string>(Object.values(deadLetterAttributes));
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !added.has(name)));
}

/** The campaign's `targetId`, or `none`. Accepts only digits, so it cannot be personal data. */
export function campaignOf({ body }: Pick<DeadLetter, 'body'>): string {
  const parsed = parseBody(body);
  if (parsed === undefined) return /"targetId"\s*:\s*"?(\d+)/i.exec(body)?.[1] ?? 'none';
  const root: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  const value = isJsonObject(root) ? field(root, 'targetId') : undefined;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  return /^\d+$/.test(text) ? text : 'none';
}

/** Parses the body, with integers beyond 2^53 as strings; undefined if it is invalid JSON. */
export function parseBody(body: string): unknown {
  try {
    return readJson(body.replace(/^\uFEFF/, '')).root;
  } catch {
    return undefined;
  }
}
