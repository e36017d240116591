import type { SQSRecord } from 'aws-lambda';
import { decodePathEvent } from '../clevertap/decode-message';
import { ingressStamps } from '../contract';

/** The endpoint's stamps on a message. */
export interface Ingress {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** The event name in the URL. */
  readonly pathEvent: string | undefined;
}

/**
 * Reads the endpoint's stamps; undefined for a message that did not come through the endpoint. There is no fallback:
 * SQS's own id and time change on a redrive and would change key and timestamp.
 */
export function readIngress({ messageAttributes }: SQSRecord): Ingress | undefined {
  const requestId = messageAttributes[ingressStamps.requestId]?.stringValue;
  const receivedAt = messageAttributes[ingressStamps.receivedAt]?.stringValue ?? '';
  if (requestId === undefined || !/^\d{1,15}$/.test(receivedAt)) return undefined;
  const segment = messageAttributes[ingressStamps.event]?.stringValue;
  return { requestId, receivedAt: Number(receivedAt), pathEvent: segment && decodePathEvent(segment) };
}
