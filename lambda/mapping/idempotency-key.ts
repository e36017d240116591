import { hash } from 'node:crypto';
import { canonicalJson } from '../clevertap/canonical-json';
import { maxSourceDepth, type SourceEvent } from '../clevertap/decode-message';
import type { JsonObject } from '../json';

export interface KeyParts {
  readonly appId: string;
  readonly identity: string;
  readonly event: string;
  /** An id the sender gave this one event; it makes source and time irrelevant. */
  readonly explicitId: string | undefined;
  /** What CleverTap sent, as `canonicalSource` writes it. */
  readonly source: string;
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
    explicitId === undefined ? part('source') + part(source) + part(bucket) : part('id') + part(explicitId);
  return hash('sha256', part(appId) + part(identity) + part(event) + occurrence);
}

/** With lengths in front, no two lists of parts give the same text. */
const part = (text: string): string => `${text.length}:${text}`;

/**
 * What CleverTap sent for an event as a text that does not depend on the order of names.
 *
 * @returns undefined for an event that is nested too deep to be walked through (F30)
 */
export function canonicalSource(source: SourceEvent): string | undefined {
  const { profile, campaignId, pathEvent, requestKeyValues, body } = source;
  const own = canonicalJson([profile, campaignId ?? null, pathEvent ?? null], maxSourceDepth + 1);
  const request = body === undefined ? canonicalRequest(requestKeyValues) : 'null';
  return own === undefined || request === undefined ? undefined : own + request;
}

/** Texts up to here are hashed with the rest: most are shorter than what would stand for them. */
const maxRequestText = 200;

/** The key_values of a request are the same for all its profiles, and may be longer than all of them (F37). */
let latest: { readonly keyValues: JsonObject; readonly text: string | undefined } | undefined;

/** As canonical JSON, or a digest of it, which no JSON is. */
function canonicalRequest(keyValues: JsonObject): string | undefined {
  if (latest?.keyValues !== keyValues) {
    const text = canonicalJson(keyValues, maxSourceDepth);
    const isLong = text !== undefined && text.length > maxRequestText;
    latest = { keyValues, text: isLong ? hash('sha256', text) : text };
  }
  return latest.text;
}
