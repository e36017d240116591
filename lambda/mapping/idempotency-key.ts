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
  /** An id the sender gave this one event; source and time then do not matter. */
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
 * The key under which Heap counts an event once, no matter how often CleverTap, SQS or this function sends it.
 *
 * It covers what CleverTap sent and not what the mapping made of it, so that a changed mapping does not count replayed
 * events twice. Nothing in it changes with a redrive, or when a message is narrowed to some of its events.
 */
export function idempotencyKey(parts: KeyParts, sha256: Sha256): string {
  const { appId, identity, event, explicitId, source, receivedAt, requestId, dedupeWindowMs } = parts;
  const bucket = dedupeWindowMs === 0 ? requestId : String(Math.floor(receivedAt / dedupeWindowMs));
  const occurrence =
    explicitId === undefined ? part('source') + part(source) + part(bucket) : part('id') + part(explicitId);
  return sha256(part(appId) + part(identity) + part(event) + occurrence);
}

/** With the lengths in front, no two lists of parts produce the same string. */
const part = (value: string): string => `${value.length}:${value}`;

/**
 * What CleverTap sent for an event as a string that does not depend on the order of names.
 *
 * @returns undefined for an event that is nested more than `maxSourceDepth` levels deep
 */
export function canonicalSource(source: SourceEvent): string | undefined {
  const { profile, campaignId, pathEvent, canonicalRequest } = source;
  const own = canonicalJson([profile, campaignId ?? null, pathEvent ?? null], maxSourceDepth + 1);
  return own === undefined || canonicalRequest === undefined ? undefined : own + canonicalRequest;
}

/** An id of an event, and where a person finds it. */
export interface IdCandidate {
  /** The key it was read from; undefined for that of a rule. */
  readonly key: string | undefined;
  readonly value: unknown;
}

/** The id an event goes by, and the candidates before it that cannot tell one event from all others. */
export interface ExplicitId {
  readonly key: string | undefined;
  readonly id: string | undefined;
  readonly ignored: readonly (string | undefined)[];
}

/** The first of the candidates that can be an id. */
export function chooseId(candidates: readonly IdCandidate[]): ExplicitId {
  const ignored: (string | undefined)[] = [];
  for (const { key, value } of candidates) {
    const id = toId(value);
    if (id !== undefined) return { key, id, ignored };
    ignored.push(key);
  }
  return { key: undefined, id: undefined, ignored };
}

/** A placeholder or an unrendered template cannot tell one event from all others. */
function toId(value: unknown): string | undefined {
  const id = typeof value === 'string' ? value.trim() : Number.isSafeInteger(value) ? String(value) : '';
  const isUsable = !isPlaceholder(id) && !holdsTemplate(id) && !holdsInvisible(id);
  return isUsable ? id : undefined;
}
