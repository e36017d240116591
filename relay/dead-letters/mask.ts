import { isJsonObject } from '../../lambda/json';
import { isPlaceholder } from '../../lambda/mapping/identity';
import { visible } from '../terminal/terminal-text';
import { parseBody } from './letter';

/** What a person sees of a list, of an object, and of all of it, before the rest is left out. */
const maxElements = 1;
const maxKeys = 40;
const maxDepth = 6;
const maxLength = 800;

/** A whole text that is one template: what a marketer typed, and nobody's data. */
const template = /^(?:\{\{[^{}]*\}\}|\{%[^{}%]*%\}|\$\{[^{}]*\})$/;

/**
 * The body of a letter without anything that could be personal data (F66): keys and structure stay, and of the
 * values only the campaign, flags, placeholders such as `user@example.com`, and templates that were not rendered.
 */
export function maskBody(body: string): string {
  const parsed = parseBody(body);
  const text = parsed === undefined ? maskText(body) : JSON.stringify(maskValue(parsed, '', 0));
  return visible(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
}

/** A value of JSON likewise. */
export const maskJson = (value: unknown): unknown => maskValue(value, '', 0);

/**
 * A user's identity such that a person knows it again who knows it: `a…@s….test`, `c…`. Placeholders and templates
 * are shown as they are, since they are nobody.
 */
export function maskIdentity(identity: string): string {
  const shown = identity.trim();
  if (shown.length <= maxIdentity && (isPlaceholder(shown) || template.test(shown))) return visible(shown);
  const [, name, host, domain] = /^([^@]+)@([^@]+)\.([a-z]{2,20})$/i.exec(shown) ?? [];
  return visible(
    name !== undefined && host !== undefined && domain !== undefined
      ? `${first(name)}…@${first(host)}….${domain}`
      : `${first(shown)}…`,
  );
}

/** Heap takes no longer one. */
const maxIdentity = 255;

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

/** A key that could be personal data, such as an address, is no name that somebody gave to a field. */
const maskKey = (key: string): string =>
  /^[A-Za-z_][\w .-]{0,59}$/.test(key) && !/\d{5}/.test(key) ? key : '…';

/** What is no JSON: the signs that may have broken it stay, all other characters become x. */
const maskText = (body: string): string =>
  `not JSON, ${body.length} characters: ${body
    .slice(0, 300)
    .replace(/[^\s{}[\]":,'“”„‟‘’/*%$<>]/gu, 'x')
    .replace(/\s+/g, ' ')
    .trim()}`;
