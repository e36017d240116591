import fc from 'fast-check';
import { readJson } from '../../../lambda/clevertap/read-json';

const kindsOf = (json: string): string[] =>
  readJson(json).findings.map(({ kind, name, position }) => `${kind} ${name} ${position}`);

/** JSON text whose members may stand twice, with blanks and escapes as senders write them. */
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

/** Names that stand twice, counted by a parser of another make. */
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
  it('finds each name that stands twice, and no other, however it is written (F33)', () => {
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
        // The integers of the generator; in a string they do not occur.
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
  ])('of names in %s finds %j', (json, expected) => {
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
  ])('says that %s loses digits, wherever it stands (F33)', (number) => {
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
  ])('says nothing of the kind of %s', (number) => {
    expect(kindsOf(`{"n":${number},"m":[${number}]}`).filter((kind) => kind.startsWith('rounded'))).toEqual(
      [],
    );
  });

  it('takes any number that JavaScript wrote for exact', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(kindsOf(`{"n":${String(number)}}`).filter((kind) => kind.startsWith('rounded'))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['{12345678901234567:1}', '{"a":1,12345678901234567:2}', '{"a":1,"a":2', '01', ''])(
    'does not make JSON of %j',
    (json) => {
      expect(() => readJson(json)).toThrow(SyntaxError);
    },
  );

  it.each<[string, (levels: number) => string]>([
    ['objects', (levels) => '{"a":1,"a":'.repeat(levels) + '1' + '}'.repeat(levels)],
    ['lists', (levels) => '['.repeat(levels) + ']'.repeat(levels)],
    ['one long number', (levels) => `{"n":1.${'0'.repeat(levels * 5)}1${'0'.repeat(levels * 5)}}`],
    ['blanks', (levels) => `{"n":${' '.repeat(levels * 10)}1}`],
  ])('takes a body of %s in linear time and little memory (F30)', (_, bodyOf) => {
    const [short, long] = [bodyOf(8_000), bodyOf(64_000)];
    readJson(short);
    const durationOf = (json: string): number => {
      const start = process.cpuUsage();
      readJson(json);
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    expect(durationOf(long)).toBeLessThan(40 * durationOf(short) + 200_000);
  });
});
