import fc from 'fast-check';
import { createScanner } from 'jsonc-parser';
import { quoteInexactIntegers } from '../../../lambda/clevertap/inexact-integers';
import { anyJsonText } from '../../support/untrusted-json';

/** The same, by a look at every token. */
function quoteTokens(json: string): string {
  const scanner = createScanner(json, true);
  let result = '';
  let copied = 0;
  for (scanner.scan(); scanner.getTokenOffset() < json.length; scanner.scan()) {
    const start = scanner.getTokenOffset();
    const end = start + scanner.getTokenLength();
    const token = json.slice(start, end);
    if (!/^-?\d{16,}$/.test(token) || Number.isSafeInteger(Number(token))) continue;
    if (/^\s*:/.test(json.slice(end))) continue;
    result += `${json.slice(copied, start)}"${token}"`;
    copied = end;
  }
  return result + json.slice(copied);
}

const integer = fc.oneof(fc.bigInt({ min: 10n ** 14n, max: 10n ** 18n }), fc.bigInt({ min: 0n })).map(String);
const digits = fc.tuple(fc.constantFrom('', '0', '000'), integer).map((parts) => parts.join(''));
const string = fc.oneof(
  digits,
  digits.map((text) => `: ${text},`),
  digits.map((text) => `\\"${text}`),
  fc.string(),
);
const leaf = fc.oneof(
  fc.tuple(fc.constantFrom('', '-'), integer).map(([sign, text]) => `${sign}${text}`),
  fc.tuple(integer, fc.constantFrom('.5', 'e3', 'E-2')).map(([text, end]) => `${text}${end}`),
  string.map((text) => JSON.stringify(text)),
);
const blank = fc.constantFrom('', ' ', '\n', '\t\r\n  ');
const object = fc
  .array(fc.tuple(string, leaf, blank), { minLength: 1, maxLength: 5 })
  .map((members) =>
    members.map(
      ([name, value, gap]) => `${gap}${JSON.stringify(name)}${gap}:${gap}[${value},${value}${gap}]`,
    ),
  )
  .map((members) => `{${members.join(',')}}`);

describe('quoteInexactIntegers', () => {
  it('quotes in any JSON what a look at every token quotes', () => {
    let quoted = 0;
    fc.assert(
      fc.property(blank, fc.oneof({ weight: 3, arbitrary: object }, leaf, anyJsonText), (gap, json) => {
        const text = gap + json;
        const result = quoteInexactIntegers(text);
        if (result !== text) quoted += 1;
        expect(result).toBe(quoteTokens(text));
      }),
      { numRuns: 1000 },
    );
    // Else the property would hold of nothing.
    expect(quoted).toBeGreaterThan(100);
  });

  it.each([
    ['12345678901234567890', '"12345678901234567890"'],
    ['-12345678901234567890', '"-12345678901234567890"'],
    ['9007199254740993', '"9007199254740993"'],
    ['[12345678901234567890]', '["12345678901234567890"]'],
    ['{"a":\n12345678901234567890}', '{"a":\n"12345678901234567890"}'],
  ])('makes of %j %j (F33)', (json, expected) => {
    expect(quoteInexactIntegers(json)).toBe(expected);
  });

  it.each([
    '1234567890123456',
    '9007199254740991',
    '-9007199254740991',
    '12345678901234567890.5',
    '12345678901234567e3',
    '"12345678901234567890"',
    '": 12345678901234567890,"',
    '{"12345678901234567890":1}',
    // No JSON, and it must not become JSON.
    '{12345678901234567890:1}',
    '{ 12345678901234567890 :1}',
  ])('leaves %s as it is', (json) => {
    expect(quoteInexactIntegers(json)).toBe(json);
  });
});
