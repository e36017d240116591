import fc from 'fast-check';
import { createScanner } from 'jsonc-parser';
import { readJson } from '../../../lambda/clevertap/read-json';
import { anyJsonText } from '../../support/untrusted-json';

const kindsOf = (json: string): string[] =>
  readJson(json).findings.map(({ kind, name, position }) => `${kind} ${name} ${position}`);

/** A JSON string with possibly duplicate members, and blanks and escapes as senders write them. */
const written = fc
  .letrec<{ value: string; name: string }>((tie) => ({
    name: fc.constantFrom('"a"', '"\\u0061"', '"b"', '"identity"', '"x\\":"', '""', '"c\\\\"'),
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.constantFrom('1', '-0', '1.5', '0', 'true', 'null', '"s"', '"a\\":1,\\"a\\":2"', '": "', '1e3'),
      fc.constantFrom('19.99999999999999999', '9007199254740993', '1.0', '12345678901234567890'),
      fc.array(tie('value'), { maxLength: 3 }).map((elements) => `[${elements.join(', ')}]`),
      fc
        .array(fc.tuple(tie('name'), fc.constantFrom(':', ' : ', '\n:\t'), tie('value')), { maxLength: 4 })
        .map((members) => `{${members.map((member) => member.join('')).join(' ,')}}`),
    ),
  }))
  .value.map((value) => `[${value}]`);

/** Duplicate names, counted by a different parser. */
function duplicatesIn(json: string): number {
  let count = 0;
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? [];
  const objects: Set<string>[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token === '{' || token === '[') objects.push(new Set());
    else if (token === '}' || token === ']') objects.pop();
    else if (tokens[index + 1] === ':') {
      const name = JSON.parse(token) as string;
      if (objects.at(-1)!.has(name)) count += 1;
      objects.at(-1)!.add(name);
    }
  }
  return count;
}

describe('readJson', () => {
  it('finds every duplicate name, and no other, however it is written (F33)', () => {
    fc.assert(
      fc.property(written, (json) => {
        const found = readJson(json).findings.filter(({ kind }) => kind === 'duplicate');
        expect(found).toHaveLength(duplicatesIn(json));
      }),
      { numRuns: 500 },
    );
  });

  it('reads every value as JSON.parse does, apart from integers beyond 2^53 (F33)', () => {
    fc.assert(
      fc.property(written, (json) => {
        // The generator's integers. They do not occur in strings.
        const quoted = json.replaceAll(/\b(?:9007199254740993|12345678901234567890)\b/g, '"$&"');
        expect(readJson(json).root).toEqual(JSON.parse(quoted));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['{"a":1,"a":2}', ['duplicate a line 1 column 8']],
    ['{"a":1,\n  "\\u0061":2}', ['duplicate a line 2 column 3']],
    ['[{"a":1},{"a":1}]', []],
    ['{"a":{"a":{"a":1}}}', []],
    ['{"a":1,"A":2}', []],
    ['{"a":"\\"a\\":1"}', []],
    ['{"a\\\\":1,"a\\\\":2}', ['duplicate a\\ line 1 column 10']],
    ['{"__proto__":1,"__proto__":2}', ['duplicate __proto__ line 1 column 16']],
    ['{"":1,"":2}', ['duplicate  line 1 column 7']],
  ])('finds for the names in %s: %j', (json, expected) => {
    expect(kindsOf(json)).toEqual(expected);
  });

  it.each([
    '19.99999999999999999',
    '0.1000000000000000055511151231257827',
    '1e-400',
    '-1E-400',
    '9007199254740993.0',
    '1.2345678901e-320',
    '0.30000000000000000001',
  ])('reports that %s loses digits, wherever it occurs (F33)', (number) => {
    for (const json of [
      `{"n":${number}}`,
      `{"n" :\n ${number} }`,
      `{"n":[1, ${number}]}`,
      `{"n":[[${number}]]}`,
    ])
      expect(kindsOf(json).filter((kind) => kind.startsWith('rounded n '))).toHaveLength(1);
  });

  it.each([
    '19.99',
    '100.0',
    '1e3',
    '1.50',
    '0.10',
    '-0',
    '-0.0',
    '0e5',
    '1e308',
    '0.30000000000000004',
    '1e400',
  ])('reports no lost digits for %s', (number) => {
    expect(kindsOf(`{"n":${number},"m":[${number}]}`).filter((kind) => kind.startsWith('rounded'))).toEqual(
      [],
    );
  });

  it('considers any number that JavaScript wrote exact', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(kindsOf(`{"n":${String(number)}}`).filter((kind) => kind.startsWith('rounded'))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['{12345678901234567:1}', '{"a":1,12345678901234567:2}', '{"a":1,"a":2', '01', ''])(
    'does not turn %j into JSON',
    (json) => {
      expect(() => readJson(json)).toThrow(SyntaxError);
    },
  );

  it.each<[string, number, string]>([
    ['objects', 63_999, '{"a":1,"a":'.repeat(64_000) + '1' + '}'.repeat(64_000)],
    ['lists', 0, '['.repeat(64_000) + ']'.repeat(64_000)],
    ['a long number', 1, `{"n":1.${'0'.repeat(320_000)}1${'0'.repeat(320_000)}}`],
    ['blanks', 0, `{"n":${' '.repeat(640_000)}1}`],
    ['blanks between elements', 0, `[${`1${' '.repeat(64_000)},`.repeat(10)}1]`],
  ])('reads a body of %s without recursion or backtracking (F30)', (_, count, json) => {
    expect(readJson(json).findings.length).toBeGreaterThanOrEqual(count);
  });
});

/** JSON with each integer beyond 2^53 in quotes, found by checking every token. */
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

const outcomeOf = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    return (error as Error).name;
  }
};

describe('an integer beyond 2^53', () => {
  it('in any JSON becomes a string, and every other value is what JSON.parse reads', () => {
    let quoted = 0;
    fc.assert(
      fc.property(blank, fc.oneof({ weight: 3, arbitrary: object }, leaf, anyJsonText), (gap, value) => {
        const json = `[${gap}${value}]`;
        const expected = quoteTokens(json);
        if (expected !== json) quoted += 1;
        expect(outcomeOf(() => readJson(json).root)).toEqual(outcomeOf(() => JSON.parse(expected)));
      }),
      { numRuns: 1000 },
    );
    // Otherwise the property would hold vacuously.
    expect(quoted).toBeGreaterThan(100);
  });

  it.each([
    ['12345678901234567890', '"12345678901234567890"'],
    ['-12345678901234567890', '"-12345678901234567890"'],
    ['9007199254740993', '"9007199254740993"'],
    ['[12345678901234567890]', '["12345678901234567890"]'],
    ['{"a":\n12345678901234567890}', '{"a":\n"12345678901234567890"}'],
  ])('reads %s as %s (F33)', (json, expected) => {
    expect(readJson(`[${json}]`).root).toEqual([JSON.parse(expected)]);
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
  ])('leaves %s as it is', (json) => {
    expect(readJson(`[${json}]`).root).toEqual([JSON.parse(json)]);
  });
});
