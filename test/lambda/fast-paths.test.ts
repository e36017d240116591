import fc from 'fast-check';
import { createScanner } from 'jsonc-parser';
import { Liquid } from 'liquidjs';
import { quoteInexactIntegers } from '../../lambda/clevertap/inexact-integers';
import { fieldKey, type JsonObject } from '../../lambda/json';
import { Changes } from '../../lambda/mapping/changes';
import { createLiquid } from '../../lambda/mapping/liquid';
import { parseDecimal } from '../../lambda/mapping/number';
import { compilePath } from '../../lambda/mapping/path-template';
import { PropertyWriter } from '../../lambda/mapping/properties';
import type { Rejected } from '../../lambda/mapping/rejection';
import type { PropertyType } from '../../lambda/mapping/rules';
import { templateObject } from '../../lambda/mapping/template-scope';
import { clean, cut, holdsTemplate, isPlain, jsonText } from '../../lambda/mapping/text';
import { parseClevertapDate, parseDate, toIso } from '../../lambda/mapping/timestamp';
import { keptMemory } from '../support/kept-memory';
import { asProperties } from '../support/mapped-event';
import { anyJsonObject } from '../support/untrusted-json';

// Where speed takes more code than the task, the plain way stands here, and both must agree on every input.

const runs = { numRuns: 2000 };

/** Texts whose letters change their number or their kind in lower case, control and half characters, and marks. */
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

describe('quoteInexactIntegers', () => {
  /** Looks at every token. */
  function plain(json: string): string {
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

  const digits = fc.string({ unit: fc.constantFrom('0', '1', '9'), minLength: 1, maxLength: 40 });
  const leaf = fc.oneof(
    fc
      .tuple(fc.constantFrom('', '-'), digits)
      .map(([sign, text]) => `${sign}${text.replace(/^0+(?=\d)/, '')}`),
    fc
      .tuple(digits, fc.constantFrom('.5', 'e3', 'E-2'))
      .map(([text, end]) => `${text.replace(/^0+(?=\d)/, '')}${end}`),
    fc
      .oneof(
        digits,
        oddText,
        digits.map((text) => `: ${text},`),
      )
      .map((text) => JSON.stringify(text)),
  );
  const blank = fc.constantFrom('', ' ', '\n', '\t\r\n  ');
  const json = fc
    .array(fc.tuple(fc.oneof(digits, oddText), leaf, blank), { minLength: 1, maxLength: 5 })
    .map((members) =>
      members.map(
        ([name, value, gap]) => `${gap}${JSON.stringify(name)}${gap}:${gap}[${value},${value}${gap}]`,
      ),
    )
    .map((members) => `{${members.join(',')}}`);

  it('quotes in any JSON what the plain way quotes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 20 }), json, (shift, text) => {
        const shifted = ' '.repeat(shift) + text;
        expect(JSON.parse(quoteInexactIntegers(shifted))).toEqual(JSON.parse(plain(shifted)));
        expect(quoteInexactIntegers(shifted)).toBe(plain(shifted));
      }),
      runs,
    );
  });

  it.each([
    '12345678901234567890',
    '-12345678901234567890',
    '1234567890123456',
    '9007199254740993',
    '[12345678901234567890]',
  ])('quotes in %s what the plain way quotes', (text) => {
    expect(quoteInexactIntegers(text)).toBe(plain(text));
  });
});

describe('fieldKey', () => {
  const plain = (object: object, name: string): string | undefined =>
    Object.hasOwn(object, name)
      ? name
      : Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase());

  it('finds what the plain way finds, whatever lower case makes of the letters', () => {
    const letters = fc.string({
      unit: fc.constantFrom('i', 'I', 'İ', '\u0307', 'k', 'K', '\u212a', 'Σ', 'ς', 'ß', 'ẞ'),
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 5 }), letters, (keys, name) => {
        const object = Object.fromEntries(keys.map((key) => [key, 1]));
        expect(fieldKey(object, name)).toBe(plain(object, name));
      }),
      { numRuns: 20_000 },
    );
  });
});

/** A text as it is cleaned when nothing is known of it. */
const plainly = (text: string): string =>
  text.toWellFormed().replace(/[\u0000-\u0008\u000B-\u001F\u007F]/g, '');

describe('isPlain', () => {
  it('spares no text that would be cleaned, dated or counted', () => {
    fc.assert(
      fc.property(fc.oneof(oddText, fc.string({ unit: 'binary' })), (text) => {
        expect(clean(text)).toBe(plainly(text));
        expect(jsonText(text)).toBe(JSON.stringify(text));
        if (isPlain(text))
          expect([plainly(text), holdsTemplate(text), parseClevertapDate(text)]).toEqual([
            text,
            false,
            undefined,
          ]);
      }),
      runs,
    );
  });
});

describe('PropertyWriter', () => {
  type Types = ReadonlyMap<string, PropertyType>;

  /** What is called on a writer. */
  type Call =
    | { readonly add: 'all'; readonly object: JsonObject; readonly except: readonly string[] }
    | { readonly add: 'one' | 'if possible'; readonly name: string; readonly value: unknown };

  interface Written {
    readonly json: string;
    readonly changes: readonly { readonly change: string; readonly property: string | undefined }[];
    readonly rejection: Rejected | undefined;
  }

  function write(calls: readonly Call[], types?: Types): Written {
    const changes = new Changes();
    const writer = new PropertyWriter(changes, types);
    for (const call of calls) {
      if (call.add === 'all') writer.addAll(call.object, call.except);
      else if (call.add === 'one') writer.add(call.name, call.value);
      else writer.addIfPossible(call.name, call.value);
    }
    expect(writer.isEmpty).toBe(writer.json === '{}');
    return { json: writer.json, changes: changes.details, rejection: writer.rejection };
  }

  /** The same, one value after the other into a map. */
  function plain(calls: readonly Call[], types: Types = new Map()): Written {
    const properties = new Map<string, string | number>();
    const changes: { change: string; property: string | undefined }[] = [];
    let rejection: Rejected | undefined;

    const record = (change: string, property: string): void => void changes.push({ change, property });
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
      if (holdsTemplate(text)) record('unrendered_value', path);
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
    const members = [...properties].map(
      ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
    );
    return { json: `{${members.join(',')}}`, changes, rejection };
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
        // Names that come out as others do, after a cleaning or when they are flattened.
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
    // A name `__proto__` is then an own one.
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
      .array(fc.tuple(name, fc.constantFrom<PropertyType[]>('string', 'number', 'boolean', 'date')))
      .map((list): Types => new Map(list)),
  );
  const all = (object: object): Call => ({ add: 'all', object: object as JsonObject, except: [] });

  function expectSame(calls: readonly Call[], typesOf?: Types): Written {
    const [written, expected] = [write(calls, typesOf), plain(calls, typesOf)];
    expect(written).toEqual(expected);
    return written;
  }

  it('writes any properties byte by byte as the plain way does, and tells the same of them', () => {
    const counts = { delivered: 0, changed: 0, rejected: 0 };
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 4 }), types, (calls, typesOf) => {
        const { changes, rejection } = expectSame(calls, typesOf);
        if (rejection !== undefined) counts.rejected += 1;
        else counts[changes.length === 0 ? 'delivered' : 'changed'] += 1;
      }),
      { numRuns: 10_000 },
    );
    // Else the property would hold of little.
    expect(Math.min(counts.delivered, counts.changed, counts.rejected)).toBeGreaterThan(500);
  });

  it('writes any JSON as the plain way does', () => {
    fc.assert(
      fc.property(anyJsonObject, anyJsonObject, (one, other) => {
        expectSame([all(one), all(other)]);
      }),
      runs,
    );
  });

  it('stops at 500 properties where the plain way does', () => {
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
      { numRuns: 200 },
    );
  });

  it.each([31, 32, 33, 34, 60])('stops at %d levels where the plain way does', (levels) => {
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

  it('does not know a name again that another writer had', () => {
    expect(write([all({ a: 1, b: { c: 1 } })]).json).toBe('{"a":1,"b.c":1}');
    expect(write([all({ b: { c: 2 }, a: 2 })]).json).toBe('{"b.c":2,"a":2}');
    expect(write([all({})]).json).toBe('{}');
  });

  it('fails rather than to write a name twice when another one has begun, and keeps what it has', () => {
    const one = new PropertyWriter(new Changes());
    one.add('a', 1);
    const other = new PropertyWriter(new Changes());
    other.add('a', 2);

    for (const later of ['a', 'b']) {
      expect(() => {
        one.add(later, 3);
      }).toThrow('another writer has begun');
    }
    expect([one.json, other.json]).toEqual(['{"a":1}', '{"a":2}']);
  });

  it('writes right after more names, places and shapes than it remembers', () => {
    for (let index = 0; index < 30_000; index += 1) {
      const object = {
        [`own ${index}`]: index,
        a: [{ [`b ${index}`]: 'x' }, { b: index, [`b ${index}`]: 'y' }],
        [`b ${index % 100}`]: { id: `c ${index}` },
        [`a.0.b ${index}`]: 1,
        b: 2,
      };
      const [written, expected] = [write([all(object)]), plain([all(object)])];
      if (written.json !== expected.json) throw new Error(`${written.json} is not ${expected.json}`);
      if (written.changes.length !== 1) throw new Error('no collision');
    }
  });

  // In each case all of them are 60 MB and more.
  it.each<[string, number, (index: number) => object]>([
    ['names of their own', 1000, (index) => Object.fromEntries(ones(100, (at) => `own ${index} ${at}`))],
    [
      'names of their own in an object',
      1000,
      (index) => ({ a: Object.fromEntries(ones(100, (at) => `${index} ${at}`)) }),
    ],
    ['names of objects of their own', 20_000, (index) => ({ [`own ${index}`]: { a: 1, b: 1 } })],
    ['a long name of its own', 2000, (index) => ({ [`${index} `.padEnd(100_000, 'x')]: 1 })],
    [
      'a long name of its own in an object',
      1000,
      (index) => ({ a: { b: 1, [`${index} `.padEnd(100_000, '手')]: 1 } }),
    ],
    [
      'members of their own that have no value, far down',
      300,
      (index) => ({
        ['x'.repeat(2100)]: Object.fromEntries(
          ones(1000, (at) => `${index} ${at}`).map(([at]) => [at, null]),
        ),
      }),
    ],
    ['long lists', 10, (index) => ({ [`a${index}`]: ones(15_000, () => '').map(() => ({})) })],
    // No name is new, and none is long.
    [
      'the same names, two by two',
      200_000,
      (index) => ({ [`n${index % 1000}`]: 1, [`n${(index + 1 + Math.floor(index / 1000)) % 1000}`]: 1 }),
    ],
  ])('keeps nothing in memory of bodies with %s (F26)', (_, bodies, bodyOf) => {
    const body = (index: number): JsonObject => JSON.parse(JSON.stringify(bodyOf(index))) as JsonObject;
    const writeAll = (from: number, to: number): void => {
      for (let index = from; index < to; index += 1) new PropertyWriter(new Changes()).addAll(body(index));
    };
    writeAll(0, Math.ceil(bodies / 10));
    // What it remembers of names is as large as it will be.
    const kept = keptMemory(() => {
      writeAll(Math.ceil(bodies / 10), bodies);
    });

    expect(kept).toBeLessThan(20_000_000);
  });

  it.each<[string, object]>([
    ['properties', Object.fromEntries(ones(100_000, (at) => `k${at}`))],
    ['members', { a: Object.fromEntries(ones(100_000, (at) => `k${at}`)) }],
    ['elements', { a: ones(100_000, () => '').map(() => ({ b: 1 })) }],
  ])('remembers little of a body that is refused for its many %s (F26)', (_, object) => {
    // What is remembered may be let go of when the next one begins.
    write([]);
    const kept = keptMemory(() => {
      expect(write([all(object)]).rejection?.reason).toBe('too_many_properties');
    });

    expect(kept).toBeLessThan(10_000_000);
  });

  it.each<[string, object]>([
    ['members', Object.fromEntries(ones(50_000, (at) => `k${at}`).map(([at]) => [at, null]))],
    ['elements', ones(50_000, () => '').map(() => [])],
    ['members in members', Object.fromEntries(ones(50_000, (at) => `k${at}`).map(([at]) => [at, { a: {} }]))],
  ])('makes no names for %s that are dropped under a long name (F26, F31)', (_, value) => {
    const object = { ['x'.repeat(1000)]: value };
    write([]);
    const changes = new Changes();
    const kept = keptMemory(() => {
      new PropertyWriter(changes).addAll(object);
    });

    expect(changes.details).toHaveLength(50_000);
    // With the name of each it would be 100 MB.
    expect(kept).toBeLessThan(30_000_000);
  });

  it.each<[string, object]>([
    ['an object', Object.fromEntries(ones(500, (at) => `k${at}`))],
    ['a list', ones(500, () => '').map(() => ({}))],
    ['an object in an object', { a: Object.fromEntries(ones(500, (at) => `k${at}`)) }],
  ])('needs no more for a name that is too long when it is the name of %s (F31, F37)', (_, value) => {
    const object = { ['x'.repeat(100_000)]: value };
    // What is remembered may be let go of when the next one begins.
    write([]);
    let written: Written | undefined;
    const kept = keptMemory(() => {
      written = write([all(object)]);
    });

    // With the name in front of each of its members it would be 50 MB.
    expect(kept).toBeLessThan(5_000_000);
    expect(written?.json).toBe('{}');
  });
});

/** Members of an object, or elements of a list, made of their numbers. */
function ones(count: number, nameOf: (index: number) => string): [string, number][] {
  return Array.from({ length: count }, (_, index) => [nameOf(index), 1]);
}

describe('toIso', () => {
  it('writes any time of a date as Date does', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }), (ms) => {
        expect(toIso(ms)).toBe(new Date(ms).toISOString());
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([0, -1, 1, 999, 86_399_999, 86_400_000, -86_400_000, -86_400_001, -0])(
    'writes %d as Date does',
    (ms) => {
      expect(toIso(ms)).toBe(new Date(ms).toISOString());
    },
  );
});

describe('a template of one path', () => {
  const options = { ownPropertyOnly: true, strictFilters: true, keepOutputType: true, locale: 'en' };
  const engine = new Liquid(options);
  const { parse } = createLiquid();

  const name = fc.constantFrom(
    'a',
    'A',
    'b',
    'length',
    'constructor',
    '__proto__',
    'toString',
    '0',
    'i̇',
    'İ',
    'a b',
  );
  const place = fc.oneof(
    name.map((text) => (/^[a-z]+$/i.test(text) ? `.${text}` : `["${text}"]`)),
    fc.constantFrom('.size', '.first', '.last', '[0]', '[-1]', '[Event.a]', "['a']", '["size"]'),
  );
  const root = fc.constantFrom(
    'Event',
    'Profile',
    'Received',
    'Missing',
    'event',
    'size',
    'toString',
    '["Event"]',
  );
  const path = fc
    .tuple(root, fc.array(place, { maxLength: 3 }))
    .map(([start, places]) => start + places.join(''));
  const literal = fc.constantFrom(
    '"x"',
    "''",
    '0',
    '1.5',
    '-2',
    'true',
    'false',
    'nil',
    'empty',
    'Event.b',
    '"a", allow_false: true',
  );
  const template = fc.oneof(
    path.map((text) => `{{ ${text} }}`),
    path.map((text) => `{{- ${text} -}}`),
    fc.tuple(path, literal).map(([text, value]) => `{{ ${text} | default: ${value} }}`),
    fc.tuple(path, literal).map(([text, value]) => `{{${text}|default:${value}|default:"y"}}`),
  );
  const nested = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<unknown>(
        null,
        false,
        true,
        0,
        1.5,
        '',
        ' ',
        'a',
        'text',
        [],
        '$D_1664890781',
        'x'.repeat(9000),
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const group = fc.dictionary(name, nested, { maxKeys: 4 });

  /** The value as it is written, since an object of a template is a proxy, or the kind of the error. */
  function outcomeOf(render: () => unknown): unknown {
    try {
      const value = render();
      return value === undefined ? undefined : asProperties(value);
    } catch (error) {
      return (error as Error).name;
    }
  }

  it('gives what liquidjs gives', () => {
    let read = 0;
    fc.assert(
      fc.property(template, group, group, group, (text, event, profile, profileData) => {
        const scope = {
          Event: templateObject(event),
          Profile: templateObject(profile, profileData),
          Received: { at: '2026-10-01T09:00:00.000Z', a: { b: [1] } },
        };
        const templates = engine.parse(text);
        if (compilePath(templates, '') !== undefined) read += 1;
        expect(outcomeOf(() => parse(text).render(scope))).toBe(
          outcomeOf(() => engine.renderSync(templates, scope) as unknown),
        );
      }),
      { numRuns: 10_000 },
    );
    // Most of them are read without liquidjs, or this would prove nothing.
    expect(read).toBeGreaterThan(2000);
  });

  it.each([
    '{{ Event.a | upcase }}',
    'x{{ Event.a }}',
    '{{ Event.a }}{{ Event.b }}',
    '{{ Event.a.size }}',
    '{{ "a" }}',
    '{% if Event.a %}{% endif %}',
  ])('%s is none', (text) => {
    expect(compilePath(engine.parse(text), '')).toBeUndefined();
  });

  it('has no value under strict rules when liquidjs gives none, or a blank', () => {
    fc.assert(
      fc.property(template, group, (text, event) => {
        if (compilePath(engine.parse(text), '') === undefined) return;
        const scope = { Event: templateObject(event) };
        const plainly = outcomeOf(() => engine.renderSync(engine.parse(text), scope) as unknown);
        const isBlank = plainly === 'null' || plainly === '""';
        expect(outcomeOf(() => parse(text, { isStrict: true }).render(scope))).toBe(
          isBlank ? undefined : plainly,
        );
      }),
      runs,
    );
  });

  it('of any JSON is passed on as it is', () => {
    fc.assert(
      fc.property(anyJsonObject, (event) => {
        const scope = { Event: templateObject(event) };
        for (const key of Object.keys(event).filter((one) => /^\w+$/.test(one))) {
          const templates = engine.parse(`{{ Event["${key}"] }}`);
          expect(outcomeOf(() => parse(`{{ Event["${key}"] }}`).render(scope))).toBe(
            outcomeOf(() => engine.renderSync(templates, scope) as unknown),
          );
        }
      }),
    );
  });
});
