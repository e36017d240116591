import type { SQSRecord } from 'aws-lambda';
import { ingressStamps } from '../contract';

/** What the endpoint stamped on a message. */
export interface Ingress {
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** The event name in the URL. */
  readonly pathEvent: string | undefined;
}

/**
 * The endpoint's stamps of a message; undefined for a message that did not come through it. Nothing
 * replaces them: SQS's own id and time change on a redrive and would change key and timestamp.
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

/** API Gateway passes the path on as it was in the URL. A segment with a bad escape is used as it is. */
function decodeOnce(segment: string | undefined): string | undefined {
  if (segment === undefined) return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
