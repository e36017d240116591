import fc from 'fast-check';
import type { JsonObject } from '../../../lambda/json';
import { Changes, type Change } from '../../../lambda/mapping/changes';
import { PropertyWriter, type HeapProperties } from '../../../lambda/mapping/properties';
import type { Rejected } from '../../../lambda/mapping/rejection';
import { anyJsonObject } from '../../support/untrusted-json';

interface Written {
  readonly properties: HeapProperties;
  readonly changes: Partial<Record<Change, number>>;
  readonly rejection: Rejected | undefined;
}

/** Writes an object, or one that stands in JSON text. */
function write(input: object | string): Written {
  const changes = new Changes();
  const writer = new PropertyWriter(changes);
  writer.addAll((typeof input === 'string' ? JSON.parse(input) : input) as JsonObject);
  return {
    properties: JSON.parse(writer.json) as HeapProperties,
    changes: Object.fromEntries(changes),
    rejection: writer.rejection,
  };
}

const nested = (levels: number, value: unknown = 1): object => {
  let object: object = { a: value };
  for (let level = 1; level < levels; level += 1) object = { a: object };
  return object;
};

describe('a property', () => {
  it.each<[string, object, HeapProperties]>([
    ['a text', { a: 'x' }, { a: 'x' }],
    ['an empty text', { a: '' }, { a: '' }],
    ['a number', { a: 19.99, b: 0, c: -1 }, { a: 19.99, b: 0, c: -1 }],
    ['booleans', { a: true, b: false }, { a: 'true', b: 'false' }],
    ['a date of CleverTap', { a: '$D_1664890781' }, { a: '2022-10-04T13:39:41.000Z' }],
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
    ['a number as text', { a: '100' }, { a: '100' }],
  ])('that is %s', (_, input, expected) => {
    expect(write(input)).toEqual({ properties: expected, changes: {}, rejection: undefined });
  });

  it('that is a list loses its nulls, which are counted', () => {
    const expected = { properties: { a: 'x||y' }, changes: { value_dropped: 1 }, rejection: undefined };
    expect(write({ a: ['x', null, 'y'] })).toEqual(expected);
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
    expect(write(input)).toEqual({ properties: {}, changes: { value_dropped: 1 }, rejection: undefined });
  });

  it.each(['id', 'ID', 'Id', 'iD'])(
    'named %s, which Heap keeps for itself, is renamed and counted',
    (name) => {
      expect(write({ [name]: 7 })).toMatchObject({
        properties: { clevertap_id: 7 },
        changes: { name_reserved: 1 },
      });
    },
  );

  it.each(['user.id', 'ids', 'identity', ' id'])('named %s keeps its name', (name) => {
    expect(write({ [name]: 7 })).toEqual({ properties: { [name]: 7 }, changes: {}, rejection: undefined });
  });

  it('named id within another is no property of the user', () => {
    expect(write({ product: { id: 7 } })).toEqual({
      properties: { 'product.id': 7 },
      changes: {},
      rejection: undefined,
    });
  });

  it('that was not rendered is delivered unchanged and counted', () => {
    const input = { a: '{{ Profile.Plan }}', b: ['{% if x %}', 'y'], c: 'x ${y}', d: 'fine' };

    expect(write(input)).toMatchObject({
      properties: { ...input, b: '{% if x %}||y' },
      changes: { unrendered_value: 3 },
    });
  });

  it('left out by the caller is not written', () => {
    const writer = new PropertyWriter(new Changes());
    writer.addAll({ a: 1, b: 2, c: { a: 3 } }, ['a']);

    expect(writer.json).toBe('{"b":2,"c.a":3}');
  });
});

describe('of two properties whose names come out the same', () => {
  it.each<[string, object, HeapProperties]>([
    ['flattened and dotted', { a: { b: 1 }, 'a.b': 2 }, { 'a.b': 1 }],
    ['renamed and so named', { ID: 1, clevertap_id: 2 }, { clevertap_id: 1 }],
    ['two casings of id', { Id: 1, ID: 2 }, { clevertap_id: 1 }],
    ['repaired to the same', { 'a\uD800': 1, 'a\uDBFF': 2 }, { 'a\uFFFD': 1 }],
    ['a list and a number', { a: [{}, { b: 1 }], 'a.1.b': 2 }, { 'a.1.b': 1 }],
  ])('(%s) the first wins and the other is counted', (_, input, expected) => {
    expect(write(input)).toMatchObject({ properties: expected, changes: { name_collision: 1 } });
    expect(Object.keys(write(input).properties)).toHaveLength(1);
  });

  it('the first wins across calls', () => {
    const changes = new Changes();
    const writer = new PropertyWriter(changes);
    writer.addAll({ a: 1 });
    writer.addAll({ a: 2, b: 3 });
    writer.add('b', 4);

    expect(writer.json).toBe('{"a":1,"b":3}');
    expect([...changes]).toEqual([['name_collision', 2]]);
  });
});

describe('a text', () => {
  it.each([
    [1023, {}],
    [1024, { value_truncated: 1 }],
    [50_000, { value_truncated: 1 }],
  ])('of %d characters has at most 1023', (length, changes) => {
    expect(write({ a: 'x'.repeat(length) })).toEqual({
      properties: { a: 'x'.repeat(1023) },
      changes,
      rejection: undefined,
    });
  });

  it('is not cut within a character (F34)', () => {
    expect(write({ a: `${'x'.repeat(1022)}😀` }).properties).toEqual({ a: 'x'.repeat(1022) });
    expect(write({ a: `${'x'.repeat(1021)}😀y` }).properties).toEqual({ a: `${'x'.repeat(1021)}😀` });
  });

  it('joined from a list is cut as well', () => {
    const { properties, changes } = write({ a: Array.from({ length: 600 }, () => 'x') });

    expect(properties['a']).toHaveLength(1023);
    expect(changes).toEqual({ value_truncated: 1 });
  });

  it.each([
    ['NUL', 'a\u0000b', 'ab'],
    ['other control characters', '\u0001a\u0008\u000b\u000c\u000e\u001f\u007fb', 'ab'],
    ['a carriage return', 'a\r\nb', 'a\nb'],
    ['the first half of a character', 'a\uD83D', 'a\uFFFD'],
    ['the second half of a character', '\uDE00b', '\uFFFDb'],
  ])('is rid of %s, and that is counted (F34)', (_, value, expected) => {
    expect(write({ a: value })).toMatchObject({ properties: { a: expected }, changes: { text_repaired: 1 } });
  });

  it.each(['a\tb', 'a\nb', 'a"b\\c', '😀', '\u2028', '<b>&amp;'])('%j stays as it is', (value) => {
    expect(write({ a: value })).toEqual({ properties: { a: value }, changes: {}, rejection: undefined });
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
      expect(write(input).rejection).toMatchObject({ reason: 'forbidden_property_name' });
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it.each(['toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'length'])(
    'are not those named %s: nothing inherited is in their way',
    (name) => {
      expect(write(`{"${name}":"x"}`)).toMatchObject({ properties: { [name]: 'x' }, rejection: undefined });
    },
  );

  it.each([
    [32, undefined],
    [33, 'nested_too_deep'],
  ])('nested %d levels deep: %s (F30)', (levels, reason) => {
    expect(write(nested(levels)).rejection?.reason).toBe(reason);
    expect(write(nested(levels - 1, [{}, 1])).rejection?.reason).toBe(reason);
  });

  it.each([
    [500, undefined],
    [501, 'too_many_properties'],
  ])('%d of them: %s', (number, reason) => {
    const input = Object.fromEntries(Array.from({ length: number }, (_, index) => [`k${index}`, index]));

    expect(write(input).rejection?.reason).toBe(reason);
  });

  it('are not 500 among which some collide or are dropped', () => {
    const input = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}.x`, index]));

    expect(write({ ...input, k0: { x: 1 }, gone: null })).toMatchObject({
      changes: { name_collision: 1, value_dropped: 1 },
      rejection: undefined,
    });
  });

  it.each([
    [1023, undefined],
    [1024, 'property_name_too_long'],
  ])('with a name of %d characters: %s (F31)', (length, reason) => {
    expect(write({ ['x'.repeat(length)]: 1 }).rejection?.reason).toBe(reason);
  });

  it('are those whose flattened name is too long (F31)', () => {
    expect(write({ ['x'.repeat(512)]: { ['y'.repeat(510)]: 1 } }).rejection).toBeUndefined();
    expect(write({ ['x'.repeat(512)]: { ['y'.repeat(511)]: 1 } }).rejection?.reason).toBe(
      'property_name_too_long',
    );
  });

  it('say why without a name or value of the sender (F68)', () => {
    for (const input of [{ ['pii'.repeat(400)]: 'pii' }, nested(40, 'pii'), '{"a":{"__proto__":"pii"}}'])
      expect(JSON.stringify(write(input).rejection)).not.toContain('pii');
  });
});

describe('whatever JSON comes in', () => {
  const controlCharacter = /[\u0000-\u0008\u000B-\u001F\u007F]/;

  it('only short well-formed texts and finite numbers go out, or a rejection (F31, F34)', () => {
    fc.assert(
      fc.property(anyJsonObject, (input) => {
        const { properties, rejection } = write(input);

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

  it('the same comes out byte by byte, whatever came before', () => {
    fc.assert(
      fc.property(anyJsonObject, anyJsonObject, (input, other) => {
        const first = JSON.stringify(write(input));
        write(other);

        expect(JSON.stringify(write(input))).toBe(first);
      }),
    );
  });

  it('no prototype changes (F32)', () => {
    const shapeOf = (object: object): PropertyKey[] => Reflect.ownKeys(object);
    const before = [Object.prototype, Array.prototype, String.prototype].map(shapeOf);

    fc.assert(
      fc.property(anyJsonObject, (input) => {
        write(input);
        expect([Object.prototype, Array.prototype, String.prototype].map(shapeOf)).toEqual(before);
      }),
    );
  });
});
