import { isJsonObject } from '../../lambda/json';
import type { Draft } from './judge';

const key = '#draft=';

/** A draft as the hash of a URL: JSON in base64url, not encrypted. Browsers do not send the hash to servers. */
export function toHash(draft: Draft): string {
  let binary = '';
  // JSON.stringify escapes lone surrogates, so UTF-8 keeps every character.
  for (const byte of new TextEncoder().encode(JSON.stringify(draft))) binary += String.fromCharCode(byte);
  return key + btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/**
 * The draft in the hash of a URL.
 *
 * @returns undefined if there is none; `unreadable` if it was cut off or changed
 */
export function fromHash(hash: string): Draft | 'unreadable' | undefined {
  if (!hash.startsWith(key)) return undefined;
  try {
    const binary = atob(hash.slice(key.length).replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isDraft(json) ? json : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

const isDraft = (value: unknown): value is Draft & Readonly<Record<string, unknown>> =>
  isJsonObject(value) &&
  typeof value['payload'] === 'string' &&
  typeof value['pathEvent'] === 'string' &&
  (value['rule'] === null || typeof value['rule'] === 'string');
