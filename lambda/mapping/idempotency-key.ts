import { canonicalJson } from '../clevertap/canonical-json';
import { maxSourceDepth, type SourceEvent } from '../clevertap/decode-message';
import { isPlaceholder } from './identity';
import { holdsInvisible, holdsTemplate } from './strings';

/** The SHA-256 digest of a string's UTF-8 bytes, in hexadecimal. */
export type Sha256 = (value: string) => string;

export interface KeyParts {
  readonly appId: string;
  readonly identity: string;
  readonly event: string;
  /** An id the sender gave to this one event. It makes source and time irrelevant. */
  readonly explicitId: string | undefined;
  /** What CleverTap sent, as `canonicalSource` writes it. */
  readonly source: string;
  /** When the endpoint accepted the message, in milliseconds since 1970. */
  readonly receivedAt: number;
  /** The endpoint's request id. */
  readonly requestId: string;
  /** In milliseconds. 0 keeps events of different requests apart. */
  readonly dedupeWindowMs: number;
}

/**
 * The key under which Heap counts an event once, however often CleverTap, SQS or this function sends it.
 *
 * It covers what CleverTap sent, not what the mapping made of it. So replayed events do not count twice after a change
 * to the mapping. A redrive does not change the key, nor does narrowing a message to some of its events.
 */
export function idempotencyKey(parts: KeyParts, sha256: Sha256): string {
  const { appId, identity, event, explicitId, source, receivedAt, requestId, dedupeWindowMs } = parts;
  const bucket = dedupeWindowMs === 0 ? requestId : String(Math.floor(receivedAt / dedupeWindowMs));
  const occurrence =
    explicitId === undefined ? part('source') + part(source) + part(bucket) : part('id') + part(explicitId);
  return sha256(part(appId) + part(identity) + part(event) + occurrence);
}

/** The length prefixes ensure that no two lists of parts produce the same string. */
const part = (value: string): string => `${value.length}:${value}`;

/**
 * What CleverTap sent for an event, as a string that does not depend on member order.
 *
 * @returns undefined for an event nested more than `maxSourceDepth` levels deep
 */
export function canonicalSource(source: SourceEvent): string | undefined {
  const { profile, campaignId, pathEvent, canonicalRequest } = source;
  const own = canonicalJson([profile, campaignId ?? null, pathEvent ?? null], maxSourceDepth + 1);
  return own === undefined || canonicalRequest === undefined ? undefined : own + canonicalRequest;
}

/** A candidate for an event's id, and where it was found. */
export interface IdCandidate {
  /** The key it was read from; undefined if a rule sets it. */
  readonly key: string | undefined;
  readonly value: unknown;
}

/** The id of an event, and the candidates before it that could not be used. */
export interface ExplicitId {
  readonly key: string | undefined;
  readonly id: string | undefined;
  readonly ignored: readonly (string | undefined)[];
}

/** The first candidate that can be an id. */
export function chooseId(candidates: readonly IdCandidate[]): ExplicitId {
  const ignored: (string | undefined)[] = [];
  for (const { key, value } of candidates) {
    const id = toId(value);
    if (id !== undefined) return { key, id, ignored };
    ignored.push(key);
  }
  return { key: undefined, id: undefined, ignored };
}

/** Placeholders and unrendered templates cannot tell one event from all others. */
function toId(value: unknown): string | undefined {
  const id = typeof value === 'string' ? value.trim() : Number.isSafeInteger(value) ? String(value) : '';
  const isUsable = !isPlaceholder(id) && !holdsTemplate(id) && !holdsInvisible(id);
  return isUsable ? id : undefined;
}
