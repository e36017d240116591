/** Template syntax that another system should have rendered: Liquid and `${…}`. */
const template = /\{\{|\}\}|\{%|\$\{/;

export const holdsTemplate = (value: string): boolean => template.test(value);

/** Control characters that no chart can show. Tab and line feed are kept. */
const controlCharacters = /[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** Invisible characters, which make a string differ from one that looks the same. */
const invisibles = String.raw`\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800`;
const invisible = new RegExp(`[${invisibles}]`, 'u');

export const holdsInvisible = (value: string): boolean => invisible.test(value);

/** Emoji and non-Latin letters: a joiner, a variation selector or the tags of a flag change how they look. */
const shaped = String.raw`[^${invisibles}\p{ASCII}\p{Script=Latin}\s]`;
const selector = String.raw`(?<=${shaped})\p{Variation_Selector}|(?<=[#*\d])\uFE0F(?=\u20E3)`;
const joiner = String.raw`(?<=${shaped}\p{Variation_Selector}?)[\u200C\u200D](?=${shaped})`;
const flagTag = String.raw`(?<=\u{1F3F4}[\u{E0020}-\u{E007E}]{0,6})[\u{E0020}-\u{E007F}]`;
const removed = new RegExp(`(?!${selector}|${joiner}|${flagTag})[${invisibles}]`, 'gu');

export const withoutInvisible = (value: string): string =>
  holdsInvisible(value) ? value.replace(removed, '') : value;

/** Control characters, surrogates, and the first characters of templates and CleverTap dates. */
const special = /[\u0000-\u0008\u000B-\u001F\u007F\uD800-\uDFFF{}$]/;

/** True if nothing in the string needs cleaning or reporting, apart from its length. */
export const isPlain = (value: string): boolean => !special.test(value);

/** The string as valid Unicode without control characters. */
export const clean = (value: string): string =>
  isPlain(value) ? value : value.toWellFormed().replace(controlCharacters, '');

/** The first `limit` UTF-16 units of a string, without splitting a character in two. */
export function cut(value: string, limit: number): string {
  if (value.length <= limit) return value;
  const last = value.charCodeAt(limit - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return value.slice(0, splitsPair ? limit - 1 : limit);
}

/** Reads each character once: a backtracking expression would take minutes for a long run of digits. */
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;

/** The number a string spells, ignoring surrounding blanks; undefined for anything else and for infinity. */
export function parseDecimal(value: string): number | undefined {
  const trimmed = value.trim();
  const number = decimal.test(trimmed) ? Number(trimmed) : NaN;
  return Number.isFinite(number) ? number : undefined;
}
