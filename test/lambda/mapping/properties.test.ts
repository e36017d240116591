import fc from 'fast-check';
import type { JsonObject } from '../../../lambda/json';
import { Changes, type Change, type RecordedChange, type Rejected } from '../../../lambda/mapping/findings';
import { PropertyCollector, type HeapProperties } from '../../../lambda/mapping/properties';
import type { PropertyType } from '../../../lambda/mapping/rule-format';
import { cut, holdsTemplate, parseDecimal } from '../../../lambda/mapping/strings';
import { parseClevertapDate, parseDate } from '../../../lambda/mapping/timestamp';
import { CountedChanges } from '../../support/mapped-event';
import { anyJsonObject } from '../../support/untrusted-json';

interface Collected {
  readonly properties: HeapProperties;
  readonly changes: Partial<Record<Change, number>>;
  readonly rejection: Rejected | undefined;
}

/** Collects the properties of an object, which may be given as JSON. */
function collect(input: object | string): Collected {
  const changes = new Changes();
  const collector = new PropertyCollector(changes);
  collector.addAll((typeof input === 'string' ? JSON.parse(input) : input) as JsonObject);
  return {
    properties: collector.properties,
    changes: Object.fromEntries(new CountedChanges(changes.recorded)),
    rejection: collector.rejection,
  };
}

const nested = (levels: number, value: unknown = 1): object => {
  let object: object = { a: value };
  for (let level = 1; level < levels; level += 1) object = { a: object };
  return object;
};

describe('a property', () => {
  it.each<[string, object, HeapProperties]>([
    ['a string', { a: 'x' }, { a: 'x' }],
    ['an empty string', { a: '' }, { a: '' }],
    ['a number', { a: 19.99, b: 0, c: -1 }, { a: 19.99, b: 0, c: -1 }],
    ['booleans', { a: true, b: false }, { a: 'true', b: 'false' }],
    ['a CleverTap date', { a: '$D_1664890781' }, { a: '2022-10-04T13:39:41.000Z' }],
    ['a date among other text', { a: 'on $D_1664890781' }, { a: 'on $D_1664890781' }],
    ['an object', { a: { b: 1, c: { d: 'x' } } }, { 'a.b': 1, 'a.c.d': 'x' }],
    ['a list of scalars', { a: ['x', 1, true] }, { a: 'x||1||true' }],
    ['a list of one', { a: ['x'] }, { a: 'x' }],
    ['a list of objects', { a: [{ b: 1 }, { b: 2, c: 'x' }] }, { 'a.0.b': 1, 'a.1.b': 2, 'a.1.c': 'x' }],
    ['a list of scalars and objects', { a: ['x', { b: 1 }] }, { 'a.0': 'x', 'a.1.b': 1 }],
    ['a list of lists', { a: [[1, 2], [3]] }, { 'a.0': '1||2', 'a.1': '3' }],
    [
      'names with blanks, dots and signs',
      { 'a b': 1, 'c.d': 2, 'é/😀': 3 },
      { 'a b': 1, 'c.d': 2, 'é/😀': 3 },
    ],
    ['a number as a string', { a: '100' }, { a: '100' }],
  ])('that is %s', (_, input, expected) => {
    expect(collect(input)).toEqual({ properties: expected, changes: {}, rejection: undefined });
  });

  it('that is a list loses its nulls, and that is counted', () => {
    const expected = { properties: { a: 'x||y' }, changes: { value_dropped: 1 }, rejection: undefined };
    expect(collect({ a: ['x', null, 'y'] })).toEqual(expected);
  });

  it.each([
    ['null', '{"a":null}'],
    ['an empty object', '{"a":{}}'],
    ['an empty list', '{"a":[]}'],
    ['a list of nulls', '{"a":[null,null]}'],
    ['beyond any number (F33)', '{"a":1e400}'],
    ['a list beyond any number (F33)', '{"a":[1e400]}'],
    ['without a name', '{"":1}'],
  ])('that is %s is dropped and counted', (_, input) => {
    expect(collect(input)).toEqual({ properties: {}, changes: { value_dropped: 1 }, rejection: undefined });
  });

  it.each(['id', 'ID', 'Id', 'iD'])('named %s, which Heap reserves, is renamed and counted', (name) => {
    expect(collect({ [name]: 7 })).toMatchObject({
      properties: { clevertap_id: 7 },
      changes: { name_reserved: 1 },
    });
  });

  it.each(['user.id', 'ids', 'identity', ' id'])('named %s keeps its name', (name) => {
    expect(collect({ [name]: 7 })).toEqual({ properties: { [name]: 7 }, changes: {}, rejection: undefined });
  });

  it('named id within another is not renamed', () => {
    expect(collect({ product: { id: 7 } })).toEqual({
      properties: { 'product.id': 7 },
      changes: {},
      rejection: undefined,
    });
  });

  it('that was not rendered is delivered unchanged and counted', () => {
    const input = { a: '{{ Profile.Plan }}', b: ['{% if x %}', 'y'], c: 'x ${y}', d: 'fine' };

    expect(collect(input)).toMatchObject({
      properties: { ...input, b: '{% if x %}||y' },
      changes: { unrendered_value: 3 },
    });
  });

  it('excluded by the caller is not written', () => {
    const collector = new PropertyCollector(new Changes());
    collector.addAll({ a: 1, b: 2, c: { a: 3 } }, ['a']);

    expect(collector.properties).toEqual({ b: 2, 'c.a': 3 });
  });
});

describe('two properties whose names become the same', () => {
  it.each<[string, object, HeapProperties]>([
    ['flattened and dotted', { a: { b: 1 }, 'a.b': 2 }, { 'a.b': 1 }],
    ['renamed and so named', { ID: 1, clevertap_id: 2 }, { clevertap_id: 1 }],
    ['two casings of id', { Id: 1, ID: 2 }, { clevertap_id: 1 }],
    ['repaired to the same', { 'a\uD800': 1, 'a\uDBFF': 2 }, { 'a\uFFFD': 1 }],
    ['a list and a number', { a: [{}, { b: 1 }], 'a.1.b': 2 }, { 'a.1.b': 1 }],
  ])('(%s): the first wins and the other is counted', (_, input, expected) => {
    expect(collect(input)).toMatchObject({ properties: expected, changes: { name_collision: 1 } });
    expect(Object.keys(collect(input).properties)).toHaveLength(1);
  });

  it('resolve to the first across calls', () => {
    const changes = new Changes();
    const collector = new PropertyCollector(changes);
    collector.addAll({ a: 1 });
    collector.addAll({ a: 2, b: 3 });
    collector.add('b', 4);

    expect(collector.properties).toEqual({ a: 1, b: 3 });
    expect([...new CountedChanges(changes.recorded)]).toEqual([['name_collision', 2]]);
  });
});

describe('a string', () => {
  it.each([
    [1023, {}],
    [1024, { value_truncated: 1 }],
    [50_000, { value_truncated: 1 }],
  ])('of %d characters has at most 1023', (length, changes) => {
    expect(collect({ a: 'x'.repeat(length) })).toEqual({
      properties: { a: 'x'.repeat(1023) },
      changes,
      rejection: undefined,
    });
  });

  it('is not cut within a character (F34)', () => {
    expect(collect({ a: `${'x'.repeat(1022)}😀` }).properties).toEqual({ a: 'x'.repeat(1022) });
    expect(collect({ a: `${'x'.repeat(1021)}😀y` }).properties).toEqual({ a: `${'x'.repeat(1021)}😀` });
  });

  it('joined from a list is truncated as well', () => {
    const { properties, changes } = collect({ a: Array.from({ length: 600 }, () => 'x') });

    expect(properties['a']).toHaveLength(1023);
    expect(changes).toEqual({ value_truncated: 1 });
  });

  it.each([
    ['NUL', 'a\u0000b', 'ab'],
    ['other control characters', '\u0001a\u0008\u000b\u000c\u000e\u001f\u007fb', 'ab'],
    ['a carriage return', 'a\r\nb', 'a\nb'],
    ['the first half of a character', 'a\uD83D', 'a\uFFFD'],
    ['the second half of a character', '\uDE00b', '\uFFFDb'],
  ])('loses %s, and that is counted (F34)', (_, value, expected) => {
    expect(collect({ a: value })).toMatchObject({
      properties: { a: expected },
      changes: { text_repaired: 1 },
    });
  });

  it.each(['a\tb', 'a\nb', 'a"b\\c', '😀', '\u2028', '<b>&amp;'])('%j stays unchanged', (value) => {
    expect(collect({ a: value })).toEqual({ properties: { a: value }, changes: {}, rejection: undefined });
  });
});

describe('properties that can never be delivered', () => {
  it.each(['__proto__', 'constructor', 'prototype'])('are those named %s at any depth (F32)', (name) => {
    for (const input of [
      `{"${name}":1}`,
      `{"a":1,"${name}":{"x":"polluted"}}`,
      `{"a":{"${name}":{"x":"polluted"}}}`,
      `{"a":[{"${name}":{"x":"polluted"}}]}`,
    ]) {
      expect(collect(input).rejection).toMatchObject({ reason: 'forbidden_property_name' });
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it.each(['toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'length'])(
    'are not those named %s: inherited names do not interfere',
    (name) => {
      expect(collect(`{"${name}":"x"}`)).toMatchObject({ properties: { [name]: 'x' }, rejection: undefined });
    },
  );

  it.each([
    [32, undefined],
    [33, 'nested_too_deep'],
  ])('nested %d levels deep: %s (F30)', (levels, reason) => {
    expect(collect(nested(levels)).rejection?.reason).toBe(reason);
    expect(collect(nested(levels - 1, [{}, 1])).rejection?.reason).toBe(reason);
  });

  it.each([
    [500, undefined],
    [501, 'too_many_properties'],
  ])('%d of them: %s', (number, reason) => {
    const input = Object.fromEntries(Array.from({ length: number }, (_, index) => [`k${index}`, index]));

    expect(collect(input).rejection?.reason).toBe(reason);
  });

  it('are not those of which only 500 are left after collisions and drops', () => {
    const input = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}.x`, index]));

    expect(collect({ ...input, k0: { x: 1 }, gone: null })).toMatchObject({
      changes: { name_collision: 1, value_dropped: 1 },
      rejection: undefined,
    });
  });

  it.each([
    [1023, undefined],
    [1024, 'property_name_too_long'],
  ])('with a name of %d characters: %s (F31)', (length, reason) => {
    expect(collect({ ['x'.repeat(length)]: 1 }).rejection?.reason).toBe(reason);
  });

  it('include those whose flattened name is too long (F31)', () => {
    expect(collect({ ['x'.repeat(512)]: { ['y'.repeat(510)]: 1 } }).rejection).toBeUndefined();
    expect(collect({ ['x'.repeat(512)]: { ['y'.repeat(511)]: 1 } }).rejection?.reason).toBe(
      'property_name_too_long',
    );
  });

  it('are rejected without quoting a name or value of the sender (F68)', () => {
    for (const input of [{ ['pii'.repeat(400)]: 'pii' }, nested(40, 'pii'), '{"a":{"__proto__":"pii"}}'])
      expect(JSON.stringify(collect(input).rejection)).not.toContain('pii');
  });
});

describe('whatever JSON comes in', () => {
  const controlCharacter = /[\u0000-\u0008\u000B-\u001F\u007F]/;

  it('the result is short well-formed strings and finite numbers, or a rejection (F31, F34)', () => {
    fc.assert(
      fc.property(anyJsonObject, (input) => {
        const { properties, rejection } = collect(input);

        if (rejection !== undefined) return;
        expect(Object.keys(properties).length).toBeLessThanOrEqual(500);
        for (const [name, value] of Object.entries(properties)) {
          expect(name).not.toBe('');
          expect(name.toLowerCase()).not.toBe('id');
          expect(name.length).toBeLessThan(1024);
          expect(name.isWellFormed()).toBe(true);
          if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
          else {
            expect(typeof value).toBe('string');
            expect(value.length).toBeLessThan(1024);
            expect(value.isWellFormed()).toBe(true);
            expect(value).not.toMatch(controlCharacter);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('the result is the same byte for byte, whatever came before', () => {
    fc.assert(
      fc.property(anyJsonObject, anyJsonObject, (input, other) => {
        const first = JSON.stringify(collect(input));
        collect(other);

        expect(JSON.stringify(collect(input))).toBe(first);
      }),
    );
  });

  it('no prototype changes (F32)', () => {
    const shapeOf = (object: object): PropertyKey[] => Reflect.ownKeys(object);
    const before = [Object.prototype, Array.prototype, String.prototype].map(shapeOf);

    fc.assert(
      fc.property(anyJsonObject, (input) => {
        collect(input);
        expect([Object.prototype, Array.prototype, String.prototype].map(shapeOf)).toEqual(before);
      }),
    );
  });
});

/** Strings whose length or characters change in lower case, control characters, lone surrogates, and marks. */
const oddText = fc.string({
  unit: fc.constantFrom(
    ...['a', 'A', 'k', 'K', '\u212a', 'i', 'I', 'İ', '\u0307', 'ß', 'ẞ', 'Σ', 'ς', 'σ', '1', '0', '-', ' '],
    ...[
      '"',
      '\\',
      '{',
      '}',
      '%',
      '$',
      '_',
      'D',
      '\n',
      '\t',
      '\u0000',
      '\u007f',
      '\ud83d',
      '\ude00',
      'é',
      '手',
    ],
  ),
  maxLength: 12,
});

/** Cleans a string without any shortcut. */
const plainly = (text: string): string =>
  text.toWellFormed().replace(/[\u0000-\u0008\u000B-\u001F\u007F]/g, '');

describe('a collector', () => {
  type Types = ReadonlyMap<string, PropertyType>;

  /** A call on a collector. */
  type Call =
    | { readonly add: 'all'; readonly object: JsonObject; readonly except: readonly string[] }
    | { readonly add: 'one' | 'if possible'; readonly name: string; readonly value: unknown };

  interface Outcome {
    /** In order of insertion. */
    readonly json: string;
    readonly changes: readonly RecordedChange[];
    readonly rejection: Rejected | undefined;
  }

  function run(calls: readonly Call[], types?: Types): Outcome {
    const changes = new Changes();
    const collector = new PropertyCollector(changes, types);
    for (const call of calls) {
      if (call.add === 'all') collector.addAll(call.object, call.except);
      else if (call.add === 'one') collector.add(call.name, call.value);
      else collector.addIfPossible(call.name, call.value);
    }
    const { properties, rejection } = collector;
    return { json: JSON.stringify(properties), changes: changes.recorded, rejection };
  }

  /** The reference implementation, which puts one value after the other into a map. */
  function plain(calls: readonly Call[], types: Types = new Map()): Outcome {
    const properties = new Map<string, string | number>();
    const changes: RecordedChange[] = [];
    let rejection: Rejected | undefined;

    const record = (change: Change, property: string): void => void changes.push({ change, property });
    const reject = (reason: Rejected['reason'], detail: string): void =>
      void (rejection ??= { reason, detail });

    function walk(path: string, key: string, value: unknown, depth: number): void {
      const type = types.get(path);
      if (rejection !== undefined) return;
      if (['__proto__', 'constructor', 'prototype'].includes(plainly(key))) {
        reject('forbidden_property_name', `a property is named ${plainly(key)}`);
      } else if (depth > 32) {
        reject('nested_too_deep', 'properties are nested more than 32 levels deep');
      } else if (type !== undefined) {
        const converted = convert(value, type);
        if (typeof converted === 'string') set(path, textOf(path, converted));
        else if (converted !== undefined) set(path, converted);
        else record(value === null ? 'value_dropped' : 'type_mismatch', path);
      } else if (Array.isArray(value)) {
        if (value.some((element) => typeof element === 'object' && element !== null)) {
          value.forEach((element, index) => {
            walk(`${path}.${index}`, String(index), element, depth + 1);
          });
          return;
        }
        const texts = value
          .filter((element) => element !== null && (typeof element !== 'number' || Number.isFinite(element)))
          .map((element) => parseClevertapDate(String(element)) ?? String(element));
        if (texts.length < value.length || texts.length === 0) record('value_dropped', path);
        if (texts.length > 0) set(path, textOf(path, texts.join('||')));
      } else if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) {
        for (const [name, member] of Object.entries(value)) walk(`${path}.${name}`, name, member, depth + 1);
      } else if (typeof value === 'string') {
        set(path, textOf(path, value));
      } else if (typeof value === 'boolean') {
        set(path, String(value));
      } else if (typeof value === 'number' && Number.isFinite(value)) {
        set(path, value);
      } else {
        record('value_dropped', path);
      }
    }

    function textOf(path: string, value: string): string {
      const date = parseClevertapDate(value);
      if (date !== undefined) return date;
      const text = plainly(value);
      if (text !== value) record('text_repaired', path);
      if (holdsTemplate(text) || /(?:^|\|\|)\s*\$D_/.test(text)) record('unrendered_value', path);
      if (text.length > 1023) record('value_truncated', path);
      return cut(text, 1023);
    }

    function set(path: string, value: string | number): void {
      const isReserved = plainly(path).toLowerCase() === 'id';
      const name = isReserved ? 'clevertap_id' : plainly(path);
      if (isReserved) record('name_reserved', path);
      if (name === '') record('value_dropped', path);
      else if (name.length > 1023) {
        reject('property_name_too_long', 'a property name is longer than 1023 characters');
      } else if (properties.has(name)) record('name_collision', name);
      else if (properties.size === 500) reject('too_many_properties', 'more than 500 properties');
      else properties.set(name, value);
    }

    for (const call of calls) {
      if (call.add === 'all') {
        for (const [name, value] of Object.entries(call.object))
          if (!call.except.includes(name.toLowerCase())) walk(name, name, value, 1);
      } else if (call.add === 'one') walk(call.name, call.name, call.value, 1);
      else if (['string', 'number', 'boolean'].includes(typeof call.value) && properties.size < 500) {
        walk(call.name, call.name, call.value, 1);
      } else record('value_dropped', call.name);
    }
    return { json: JSON.stringify(Object.fromEntries(properties)), changes, rejection };
  }

  function convert(value: unknown, type: PropertyType): string | number | undefined {
    if (type === 'date') return parseDate(value);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      return undefined;
    const text = String(value).trim().toLowerCase();
    if (type === 'string')
      return text.endsWith('infinity') && typeof value === 'number' ? undefined : String(value);
    if (type === 'boolean') {
      if (['true', '1'].includes(text)) return 'true';
      return ['false', '0'].includes(text) ? 'false' : undefined;
    }
    if (typeof value === 'boolean') return undefined;
    const number = typeof value === 'number' ? value : parseDecimal(value.trim());
    return number !== undefined && Number.isFinite(number) ? number : undefined;
  }

  const name = fc.oneof(
    {
      weight: 20,
      arbitrary: fc.constantFrom(
        // Names that become equal to others when cleaned or flattened.
        ...[
          'id',
          'ID',
          'iD\u0000',
          'clevertap_id',
          'Clevertap_ID',
          'a',
          'a\u0000',
          'A',
          'b',
          'a.b',
          'b.a',
          'a.b.a',
        ],
        ...[
          'a.id',
          '.id',
          'id.',
          '.',
          '',
          '\u0000',
          '0',
          '1',
          '10',
          '01',
          '-1',
          'a.0',
          'a.1',
          '0.a',
          '4294967295',
        ],
        ...[
          '"',
          '\\',
          '\\"',
          '\t',
          '\n',
          '\u007f',
          '\ud800',
          '\udbff',
          'a\ud800',
          'a\udfff',
          '\ufffd',
          'a\ufffd',
        ],
        ...[
          'é',
          'e\u0301',
          '手',
          '😀',
          '\u2028',
          'İd',
          'ıd',
          '{{ a }}',
          'toString',
          'hasOwnProperty',
          'length',
          'then',
        ],
      ),
    },
    { weight: 4, arbitrary: oddText },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...['__proto__', 'constructor', 'prototype', 'proto\u0000type', 'Prototype', '__proto__.a'],
        ...[511, 512, 1021, 1023, 1024].map((length) => 'x'.repeat(length)),
        '\u0000'.repeat(2000),
      ),
    },
  );
  const scalar = fc.oneof(
    oddText,
    fc.double({ noNaN: true }),
    fc.constantFrom<unknown>(
      ...[null, true, false, 0, -0, 1, 1e21, 1e-7, 5e-324, 2 ** 53, Infinity, -Infinity, 'true', 'Infinity'],
      ...['', ' ', '1', '-0', '1e999', '0x1', '$D_1664890781', '$D_99999999999999', '2026-10-01', 1664890781],
      ...[
        'x'.repeat(1023),
        'x'.repeat(1024),
        `${'x'.repeat(1022)}😀`,
        '\u0000'.repeat(1024),
        '"'.repeat(1023),
      ],
      ...['\ud83d', 'a"b\\c', '\u2028', '<b>', '{{ x }}', '{% x %}', '${x}', 'x'.repeat(1020) + '{{ x }}'],
    ),
  );
  const { value: any, object: anyObject } = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 5 },
      { weight: 3, arbitrary: scalar },
      { weight: 1, arbitrary: fc.array(scalar, { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }) },
      { weight: 2, arbitrary: tie('object') },
    ),
    // Makes `__proto__` an own property.
    object: fc
      .array(fc.tuple(name, tie('value')), { maxLength: 4 })
      .map((members): JsonObject => Object.fromEntries(members)),
  }));
  const call: fc.Arbitrary<Call> = fc.oneof(
    fc.record({
      add: fc.constant('all' as const),
      object: anyObject,
      except: fc.oneof(fc.constant([]), fc.subarray(['a', 'id', '', 'a.b', '__proto__', 'b'])),
    }),
    fc.record({ add: fc.constantFrom('one' as const, 'if possible' as const), name, value: any }),
  );
  const types = fc.oneof(
    fc.constant(undefined),
    fc
      // No property has a longer name, and no longer path has a type.
      .array(
        fc.tuple(
          name.filter(({ length }) => length <= 1023),
          fc.constantFrom<PropertyType[]>('string', 'number', 'boolean', 'date'),
        ),
      )
      .map((list): Types => new Map(list)),
  );
  const all = (object: object): Call => ({ add: 'all', object: object as JsonObject, except: [] });

  function expectSame(calls: readonly Call[], typesOf?: Types): Outcome {
    const outcome = run(calls, typesOf);
    expect(outcome).toEqual(plain(calls, typesOf));
    return outcome;
  }

  it('gives any properties and changes byte for byte like the reference', () => {
    const counts = { delivered: 0, changed: 0, rejected: 0 };
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 4 }), types, (calls, typesOf) => {
        const { changes, rejection } = expectSame(calls, typesOf);
        if (rejection !== undefined) counts.rejected += 1;
        else counts[changes.length === 0 ? 'delivered' : 'changed'] += 1;
      }),
      { numRuns: 2000 },
    );
    // Otherwise the property would hold for few inputs.
    expect(Math.min(counts.delivered, counts.changed, counts.rejected)).toBeGreaterThan(100);
  });

  it('handles any JSON like the reference', () => {
    fc.assert(
      fc.property(anyJsonObject, anyJsonObject, (one, other) => {
        expectSame([all(one), all(other)]);
      }),
      { numRuns: 500 },
    );
  });

  it('stops at 500 properties like the reference', () => {
    const properties = fc
      .integer({ min: 497, max: 501 })
      .map((count) =>
        all(Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]))),
      );
    fc.assert(
      fc.property(properties, fc.array(call, { maxLength: 3 }), (first, rest) => {
        expectSame([first, ...rest]);
        expectSame([...rest, first]);
        expectSame([all({ k: { ...(first as { object: object }).object }, 'k.k0': 1 }), ...rest]);
      }),
      { numRuns: 50 },
    );
  });

  it.each([31, 32, 33, 34, 60])('stops at %d levels like the reference', (levels) => {
    for (const [open, close] of [
      ['{"a":', '}'],
      ['[[],', ']'],
      ['{"b":1,"a":', ',"c":2}'],
    ] as const) {
      for (const value of ['1', '{}', '[1]', 'null']) {
        const nested = JSON.parse(open.repeat(levels - 1) + value + close.repeat(levels - 1)) as unknown;
        expectSame([{ add: 'one', name: 'a', value: nested }]);
      }
    }
  });
});
