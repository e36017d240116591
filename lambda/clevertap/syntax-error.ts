import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';

/** What commonly breaks a hand-written JSON body, by what follows the position of the error. */
const commonMistakes: readonly [RegExp, string][] = [
  [/^(?:\{\{|\{%|\$\{)/, 'a template that was not rendered'],
  [/^[“”„‟‘’]/, 'a typographic quote; use "'],
  [/^'/, 'a single quote; use "'],
  [/^\/[/*]/, 'a comment; JSON has none'],
  [/^[}\]]/, 'a closing bracket where a name or a value is expected: a trailing comma or a blank value'],
  [/^,/, 'a comma where a name or a value is expected: a blank value'],
  [/^"[^"]*[\n\r\t]/, 'a line break or tab inside a text'],
  [/^"[^"]*$/, 'a text that is not closed'],
  [/^$/, 'the end of the body: a bracket is not closed'],
  [/^[A-Za-z]/, 'a word outside of quotes; put texts in ", and write \\" for a quote inside a text'],
];

/** Where a body stops being JSON and, for a common mistake, why. Quotes nothing of it. */
export function describeSyntaxError(json: string): string {
  const errors: ParseError[] = [];
  try {
    parse(json, errors, { disallowComments: true });
  } catch {
    // Nested deeper than the stack allows.
  }
  const [first] = errors;
  if (first === undefined) return 'the body is not JSON';
  // A template opens with two characters, and the first is still valid JSON.
  const offset = /^\{[{%]/.test(json.slice(first.offset - 1)) ? first.offset - 1 : first.offset;
  const before = json.slice(0, offset).split('\n');
  const position = `line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1}`;
  if (printParseErrorCode(first.error) === 'EndOfFileExpected') {
    return `${position}: text after the end of the JSON: a bracket too many, or a second body`;
  }
  if (json.trim() === '') return `${position}: the body is empty`;
  const rest = json.slice(offset, offset + 100_000);
  const mistake = commonMistakes.find(([pattern]) => pattern.test(rest))?.[1];
  return mistake === undefined ? position : `${position}: ${mistake}`;
}
