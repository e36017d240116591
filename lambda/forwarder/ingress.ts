import type { SQSRecord } from 'aws-lambda';
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
  return {
    requestId,
    receivedAt: Number(receivedAt),
    pathEvent: decodeOnce(messageAttributes[ingressStamps.event]?.stringValue),
  };
}

/** API Gateway passes the path on undecoded. A segment with an invalid escape is used as it is. */
function decodeOnce(segment: string | undefined): string | undefined {
  if (segment === undefined) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
