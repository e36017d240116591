import { isJsonObject } from '../../lambda/json';
import { isPlaceholder } from '../../lambda/mapping/identity';
import { visible } from '../terminal/terminal-text';
import { parseBody } from './dead-letter';

/** Limits of what is shown; the rest is cut. */
const maxElements = 1;
const maxKeys = 40;
const maxDepth = 6;
const maxLength = 800;

/** A string that is a single template: typed by a marketer, so no personal data. */
const template = /^(?:\{\{[^{}]*\}\}|\{%[^{}%]*%\}|\$\{[^{}]*\})$/;

/**
 * Masks everything in a dead letter's body that could be personal data. Keys and structure stay, and of the values only
 * the campaign, flags, placeholders such as `user@example.com`, and unrendered templates.
 */
export function maskBody(body: string): string {
  const parsed = parseBody(body);
  const text = parsed === undefined ? maskText(body) : JSON.stringify(maskValue(parsed, '', 0));
  return visible(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
}

/** Masks a JSON value in the same way. */
export const maskJson = (value: unknown): unknown => maskValue(value, '', 0);

/**
 * Masks an identity so that someone who knows it can recognize it: `a…@s….test`, `c…7`. Placeholders and templates are
 * shown unmasked, since they are no personal data.
 */
export function maskIdentity(identity: string): string {
  const shown = identity.trim();
  if (shown.length <= maxIdentity && (isPlaceholder(shown) || template.test(shown))) return visible(shown);
  const [, name, host, domain] = /^([^@]+)@([^@]+)\.([a-z]{2,20})$/i.exec(shown) ?? [];
  return visible(
    name !== undefined && host !== undefined && domain !== undefined
      ? `${first(name)}…@${first(host)}….${domain}`
      : `${first(shown)}…${shown.length < minForLast ? '' : last(shown)}`,
  );
}

/** Heap's limit. */
const maxIdentity = 255;

/** Of a shorter identity the last character would tell too much. */
const minForLast = 8;

/** The last character, which may be two code units. */
const last = (string: string): string => Array.from(string.slice(-2)).at(-1) ?? '';

/** The first character, which may be two code units. */
const first = (string: string): string => Array.from(string.slice(0, 2))[0] ?? '';

function maskValue(value: unknown, key: string, depth: number): unknown {
  if (Array.isArray(value)) {
    if (depth >= maxDepth) return '[…]';
    const shown = value.slice(0, maxElements).map((element) => maskValue(element, '', depth + 1));
    const more = value.length - shown.length;
    return more > 0 ? [...shown, `… and ${more} more`] : shown;
  }
  if (isJsonObject(value)) {
    if (depth >= maxDepth) return '{…}';
    const entries = Object.entries(value);
    const shown = entries
      .slice(0, maxKeys)
      .map(([name, inner]): [string, unknown] => [maskKey(name), maskValue(inner, name, depth + 1)]);
    if (entries.length > maxKeys) shown.push(['…', `and ${entries.length - maxKeys} more`]);
    return Object.fromEntries(shown);
  }
  if (value === null || typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (key.toLowerCase() === 'targetid' && /^\d+$/.test(text)) return value;
  if (typeof value === 'number') return isPlaceholder(text) ? value : '…';
  return isPlaceholder(text.trim()) || template.test(text.trim()) ? text : `…(${text.length})`;
}

/** Masks a key that could be personal data, such as an address, and not a field name. */
const maskKey = (key: string): string =>
  /^[A-Za-z_][\w .-]{0,59}$/.test(key) && !/\d{5}/.test(key) ? key : '…';

/** Masks invalid JSON: the characters that may have broken it stay, all others become x. */
const maskText = (body: string): string =>
  `not JSON, ${body.length} characters: ${body
    .slice(0, 300)
    .replace(/[^\s{}[\]":,'“”„‟‘’/*%$<>]/gu, 'x')
    .replace(/\s+/g, ' ')
    .trim()}`;
