/** Templates that some system should have rendered: Liquid's and `${…}`. */
const template = /\{\{|\}\}|\{%|\$\{/;

export const holdsTemplate = (text: string): boolean => template.test(text);

/** Control characters that no chart can show; tab and line feed stay (F34). */
const controlCharacters = /[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** What JSON writes in another way, control characters, surrogates, and what templates and CleverTap's dates begin with. */
const special = /["\\\u0000-\u001F\u007F\uD800-\uDFFF{}$]/;

/** Whether a text holds nothing that is ever changed or noticed but for its length. Most do, and one look tells. */
export const isPlain = (text: string): boolean => !special.test(text);

/** A text as it stands in JSON. */
export const jsonText = (text: string): string => (isPlain(text) ? `"${text}"` : JSON.stringify(text));

/** A text that is valid Unicode and holds no control characters. */
export const clean = (text: string): string =>
  isPlain(text) ? text : text.toWellFormed().replace(controlCharacters, '');

/** The first `limit` UTF-16 units of a text, without splitting a character in two. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? limit - 1 : limit);
}
