import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';

/** Common mistakes in hand-written JSON, by what follows the position of the error. */
const commonMistakes: readonly [RegExp, string][] = [
  [/^(?:\{\{|\{%|\$\{)/, 'a template that was not rendered'],
  [/^[“”„‟‘’]/, 'a typographic quote; use "'],
  [/^'/, 'a single quote; use "'],
  [/^\/[/*]/, 'a comment; JSON has none'],
  [/^[}\]]/, 'a closing bracket where a name or a value is expected: a trailing comma or a blank value'],
  [/^,/, 'a comma where a name or a value is expected: a blank value'],
  [/^"[^"]*[\n\r\t]/, 'a line break or tab inside a string'],
  [/^"[^"]*$/, 'an unclosed string'],
  [/^$/, 'the end of the body: an unclosed bracket'],
  [/^[A-Za-z]/, 'a word outside quotes; put strings in ", and write \\" for a quote inside a string'],
];

/** Where a body stops being JSON and, for a common mistake, why. Never quotes the body. */
export function describeSyntaxError(json: string): string {
  const errors: ParseError[] = [];
  try {
    parse(json, errors, { disallowComments: true });
  } catch {
    // Nested deeper than the call stack allows.
  }
  const [first] = errors;
  if (first === undefined) return 'the body is not JSON';
  // A template opens with two characters, and the first one alone is valid JSON.
  const offset = /^\{[{%]/.test(json.slice(first.offset - 1)) ? first.offset - 1 : first.offset;
  const before = json.slice(0, offset).split('\n');
  const position = `line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1}`;
  if (printParseErrorCode(first.error) === 'EndOfFileExpected') {
    return `${position}: data after the end of the JSON: an extra bracket or a second body`;
  }
  if (json.trim() === '') return `${position}: the body is empty`;
  const rest = json.slice(offset, offset + 100_000);
  const mistake = commonMistakes.find(([pattern]) => pattern.test(rest))?.[1];
  return mistake === undefined ? position : `${position}: ${mistake}`;
}
