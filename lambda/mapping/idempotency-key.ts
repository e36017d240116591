import { hash } from 'node:crypto';
import { canonicalJson } from '../clevertap/canonical-json';
import type { SourceEvent } from '../clevertap/decode-message';

export interface KeyParts {
  readonly appId: string;
  readonly identity: string;
  readonly event: string;
  /** An id the sender gave this one event; it makes source and time irrelevant. */
  readonly explicitId: string | undefined;
  readonly source: SourceEvent;
  /** When the endpoint accepted the message, in milliseconds since 1970. */
  readonly receivedAt: number;
  /** The endpoint's request id. */
  readonly requestId: string;
  /** In milliseconds; 0 keeps events of different requests apart. */
  readonly dedupeWindowMs: number;
}

/**
 * The key under which Heap counts an event once, however often CleverTap, SQS or we send it (F19, F40, F41).
 *
 * It is made of what CleverTap sent and not of what the mapping made of it, so that a changed mapping does not
 * count replayed events twice; and of the endpoint's clock and request id, which survive a redrive, while
 * SQS's message id and time do not (F65). The place of a profile in its request does not count, so that a
 * narrowed message keeps its keys.
 */
export function idempotencyKey(parts: KeyParts): string {
  const { appId, identity, event, explicitId, source, receivedAt, requestId, dedupeWindowMs } = parts;
  const bucket = dedupeWindowMs === 0 ? requestId : String(Math.floor(receivedAt / dedupeWindowMs));
  const occurrence =
    explicitId === undefined
      ? part('source') + part(canonicalSource(source)) + part(bucket)
      : part('id') + part(explicitId);
  return hash('sha256', part(appId) + part(identity) + part(event) + occurrence);
}

/** With lengths in front, no two lists of parts give the same text. */
const part = (text: string): string => `${text.length}:${text}`;

function canonicalSource(source: SourceEvent): string {
  return canonicalJson([
    source.profile,
    source.body === undefined ? source.requestKeyValues : null,
    source.campaignId ?? null,
    source.pathEvent ?? null,
  ]);
}
