import fc from 'fast-check';
import { canonicalJson } from '../../../lambda/clevertap/canonical-json';
import { anyJson, anyJsonText } from '../../support/untrusted-json';

const runs = { numRuns: 1000 };
/** Deeper than any value here. */
const anyDepth = 1000;

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const membersOf = (object: object): [string, unknown][] =>
  Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1));

/** Canonical JSON, straight from its definition. */
const definition = (value: unknown): string => JSON.stringify(partsOf(value));

function partsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return [[value.length], ...value.flatMap(partsOf)];
  if (isObject(value)) {
    const members = membersOf(value);
    return [members.map(([name]) => name), ...members.flatMap(([, member]) => partsOf(member))];
  }
  return [typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value];
}

/** Levels of objects and lists. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** Whether two values are the same except for member order. */
function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((element, index) => isSame(element, other[index]));
  }
  if (isObject(one) && isObject(other)) {
    const [members, others] = [membersOf(one), membersOf(other)];
    return isSame(members.flat(), others.flat());
  }
  return one === other;
}

describe('canonical JSON', () => {
  it('matches its definition, whatever was read before', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyJson,
          anyJsonText.map((text): unknown => JSON.parse(text)),
        ),
        (value) => {
          expect(canonicalJson(value, anyDepth)).toBe(definition(value));
        },
      ),
      runs,
    );
  });

  it.each<[string, unknown]>([
    ['"a"', ['a']],
    ['null', [null]],
    ['-0', [0]],
    ['[]', [[0]]],
    ['{}', [[]]],
    ['{"b":1,"a":{"d":[{"f":1,"e":2}],"c":"x"}}', [['a', 'b'], ['c', 'd'], 'x', [1], ['e', 'f'], 2, 1, 1]],
    [
      '{"a":1e400,"b":-1e400,"c":null}',
      [['a', 'b', 'c'], { number: 'Infinity' }, { number: '-Infinity' }, null],
    ],
    ['{"10":1,"9":2,"a":3}', [['10', '9', 'a'], 1, 2, 3]],
    ['{"__proto__":{"b":1,"a":2},"":3}', [['', '__proto__'], 3, ['a', 'b'], 2, 1]],
    [String.raw`["\ud800","\u0000","\"","é😀"]`, [[4], '\ud800', '\u0000', '"', 'é😀']],
  ])('of %s is %j', (text, expected) => {
    expect(canonicalJson(JSON.parse(text), anyDepth)).toBe(JSON.stringify(expected));
  });

  /** Names that JavaScript puts before all others, and names that only look like it. */
  const number = fc.constantFrom(
    ...['0', '1', '9', '10', '01', '-1', '1.5', '4294967294', '4294967295', 'a', '!', ''],
  );

  it('sorts numeric names as strings, wherever they occur', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(number, anyJson), { selector: ([key]) => key }), (members) => {
        const object = Object.fromEntries([...members, ['nested', Object.fromEntries(members.toReversed())]]);
        expect(canonicalJson(object, anyDepth)).toBe(definition(object));
      }),
      runs,
    );
  });
});

describe('two values have the same string exactly when they are equal', () => {
  /** Every list and object of at most two of these. */
  const pairsOf = (members: readonly unknown[], names: readonly string[]): unknown[] => [
    [],
    {},
    ...members.flatMap((one) => [[one], ...names.map((name) => ({ [name]: one }))]),
    ...members.flatMap((one) =>
      members.flatMap((other) => [
        [one, other],
        ...names.flatMap((name) =>
          names.filter((next) => next !== name).map((next) => ({ [name]: one, [next]: other })),
        ),
      ]),
    ),
  ];

  it('among all small ones', () => {
    const leaves = [null, 1, 'a', Infinity];
    const inner = [...leaves, ...pairsOf(leaves, ['a', 'number'])];
    const values = [...inner, ...pairsOf(inner, ['a', '1'])];
    // JSON with sorted names and a special word for infinity.
    const plain = (value: unknown): string => {
      if (Array.isArray(value)) return `[${value.map(plain).join(',')}]`;
      if (!isObject(value)) return value === Infinity ? 'Infinity' : JSON.stringify(value);
      return `{${membersOf(value)
        .map(([name, member]) => `${JSON.stringify(name)}:${plain(member)}`)
        .join(',')}}`;
    };
    const texts = new Map<string, string>();
    for (const value of values) {
      const [text, meaning] = [canonicalJson(value, anyDepth) ?? '', plain(value)];
      const known = texts.get(text) ?? meaning;
      if (known !== meaning) throw new Error(`${known} and ${meaning} have the same text`);
      texts.set(text, meaning);
    }

    expect(values.length).toBeGreaterThan(10_000);
    expect(texts.size).toBe(new Set(values.map(plain)).size);
  });

  const name = fc.constantFrom('a', 'b', 'a.b', 'A', '', '__proto__', '1', '0', 'number');
  const leaf = fc.constantFrom<unknown>(
    ...[null, 'null', 0, -0, '0', 1, '1', 1.5, true, 'true', '', 'a', 'b', ',', '[', '"', '\ud800', '\ud801'],
    ...[Infinity, -Infinity, 'Infinity', '-Infinity'],
  );
  const { value: small } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      // Makes `__proto__` an own property.
      fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map(Object.fromEntries),
    ),
  }));

  type Change = (value: unknown) => unknown;
  const inObject =
    (change: (members: [string, unknown][]) => readonly (readonly [string, unknown])[]): Change =>
    (value) =>
      isObject(value) ? Object.fromEntries(change(Object.entries(value))) : value;
  const inList =
    (change: (list: unknown[]) => unknown): Change =>
    (value) =>
      Array.isArray(value) ? change(value as unknown[]) : value;

  /** Turns a value into one that is almost the same, or the same written differently. */
  const changes: readonly Change[] = [
    (value) => [value],
    (value) => ({ a: value }),
    (value) => JSON.stringify(value),
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : String(value)),
    (value) => (Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value),
    (value) => (Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : value),
    (value) => (isObject(value) ? Object.values(value) : value),
    (value) => (isObject(value) ? Object.entries(value) : value),
    // The way canonical JSON itself writes them.
    (value) =>
      isObject(value) ? [Object.keys(value).sort(), ...(Object.values(value) as unknown[])] : value,
    (value) => (typeof value === 'number' ? { number: String(value) } : value),
    inList((list) => [list.length, ...list]),
    inList((list) => [[list.length], ...list]),
    // Brackets moved.
    inList((list) => list.flat()),
    inList((list) => [list.slice(0, 1), ...list.slice(1)]),
    inList((list) => [...list.slice(0, 1), list.slice(1)]),
    inList((list) => [list.slice(0, 2), ...list.slice(2)]),
    inList((list) => list.toReversed()),
    inList((list) => [...list, null]),
    inList((list) => list.slice(1)),
    inObject((members) => members.toReversed()),
    inObject((members) => members.slice(1)),
    inObject((members) => [...members, ['c', null]]),
    inObject((members) => members.filter(([, member]) => member !== null)),
    inObject((members) => members.map(([key, member]) => [`${key}a`, member])),
    inObject((members) => members.map(([key], index) => [key, members.at(index - 1)?.[1]])),
    inObject((members) =>
      members.flatMap(([key, member]) =>
        isObject(member)
          ? Object.entries(member).map(([inner, one]): [string, unknown] => [`${key}.${inner}`, one])
          : [[key, member] as const],
      ),
    ),
    // Moves all members but the first into the first, if that is an object, and back.
    inObject(([first, ...rest]) =>
      first !== undefined && isObject(first[1])
        ? [[first[0], { ...first[1], ...Object.fromEntries(rest) }]]
        : [...(first === undefined ? [] : [first]), ...rest],
    ),
    inObject((members) =>
      members.flatMap(([key, member]) =>
        isObject(member) ? [[key, {}] as const, ...Object.entries(member)] : [[key, member] as const],
      ),
    ),
  ];

  /** Changes the value itself, or a value inside it. */
  function changed(value: unknown, change: Change, place: readonly number[]): unknown {
    const [next, ...rest] = place;
    if (next === undefined || typeof value !== 'object' || value === null) return change(value);
    const members = Object.entries(value);
    if (members.length === 0) return change(value);
    const result = members.map(([key, member], index): [string, unknown] => [
      key,
      index === next % members.length ? changed(member, change, rest) : member,
    ]);
    return Array.isArray(value) ? result.map(([, member]) => member) : Object.fromEntries(result);
  }

  it('among any value and its near misses', () => {
    const counts = { same: 0, other: 0 };
    const step = fc.tuple(fc.constantFrom(...changes), fc.array(fc.nat({ max: 5 }), { maxLength: 3 }));
    fc.assert(
      fc.property(small, fc.array(step, { minLength: 1, maxLength: 2 }), (value, steps) => {
        const near = steps.reduce((result, [change, place]) => changed(result, change, place), value);
        const same = isSame(value, near);
        counts[same ? 'same' : 'other'] += 1;
        expect(canonicalJson(value, anyDepth) === canonicalJson(near, anyDepth)).toBe(same);
      }),
      { numRuns: 5000 },
    );
    // Otherwise the property would hold vacuously.
    expect(Math.min(counts.same, counts.other)).toBeGreaterThan(500);
  });

  it('among any two', () => {
    fc.assert(
      fc.property(small, small, (one, other) => {
        expect(canonicalJson(one, anyDepth) === canonicalJson(other, anyDepth)).toBe(isSame(one, other));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a value nested too deep', () => {
  it('has no string, and one within the limit has one (F30)', () => {
    fc.assert(
      fc.property(anyJson, fc.nat({ max: 6 }), (value, maxDepth) => {
        expect(canonicalJson(value, maxDepth)).toBe(
          depthOf(value) > maxDepth ? undefined : definition(value),
        );
      }),
      runs,
    );
  });

  it.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
    ['objects in lists', '[{"b":1,"a":', '}]'],
    ['lists beside others', '[1,[],"x",', ',2]'],
  ])('uses no more stack than the limit: %s (F30)', (_, open, close) => {
    const nested = (times: number): unknown => JSON.parse(open.repeat(times) + '1' + close.repeat(times));
    const limit = depthOf(nested(64));

    expect(canonicalJson(nested(64), limit)).toBe(definition(nested(64)));
    expect(canonicalJson(nested(64), limit - 1)).toBeUndefined();
    for (const times of [65, 5_000, 100_000]) expect(canonicalJson(nested(times), limit)).toBeUndefined();
  });
});
