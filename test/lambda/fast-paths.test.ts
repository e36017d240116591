import fc from 'fast-check';
import { createScanner } from 'jsonc-parser';
import { Liquid } from 'liquidjs';
import { canonicalJson } from '../../lambda/clevertap/canonical-json';
import { quoteInexactIntegers } from '../../lambda/clevertap/inexact-integers';
import { fieldKey } from '../../lambda/clevertap/json';
import { Changes } from '../../lambda/mapping/changes';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compilePath } from '../../lambda/mapping/path-template';
import { PropertyWriter } from '../../lambda/mapping/properties';
import { templateObject } from '../../lambda/mapping/template-scope';
import { clean, cut, holdsTemplate, isPlain } from '../../lambda/mapping/text';
import { parseClevertapDate, toIso } from '../../lambda/mapping/timestamp';
import { anyJson, anyJsonObject } from '../support/untrusted-json';

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

describe('canonicalJson', () => {
  function plain(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map(plain).join(',')}]`;
    if (typeof value === 'number') return String(value);
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const members = Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${plain(member)}`);
    return `{${members.join(',')}}`;
  }

  it('writes any value as the plain way does', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(canonicalJson(value)).toBe(plain(value));
      }),
      runs,
    );
  });

  /** Names that JavaScript puts before all others, and such as only look so. */
  const number = fc.constantFrom(
    '0',
    '1',
    '9',
    '10',
    '01',
    '-1',
    '1.5',
    '4294967294',
    '4294967295',
    'a',
    '!',
    '',
  );

  it('writes names that are numbers, and the same ones in another order, as the plain way does', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(number, anyJson), { selector: ([key]) => key }), (members) => {
        const object = Object.fromEntries([...members, ['nested', Object.fromEntries(members.toReversed())]]);
        expect(canonicalJson(object)).toBe(plain(object));
        expect(canonicalJson([object])).toBe(`[${plain(object)}]`);
      }),
      runs,
    );
  });

  it.each([
    '1e400',
    '[-1e400]',
    '{"b":[{"a":1e400}],"a":"x"}',
    '-0',
    '{"b":-0,"a":1e21}',
    '{"__proto__":{"b":1,"a":2}}',
  ])('writes %s as the plain way does', (json) => {
    expect(canonicalJson(JSON.parse(json))).toBe(plain(JSON.parse(json)));
  });

  it('still writes right after more shapes than it remembers', () => {
    for (let index = 0; index < 30_000; index += 1) {
      const object = { [`b${index}`]: index, a: [index] };
      if (canonicalJson(object) !== plain(object)) throw new Error(`differs at ${index}`);
    }
  });
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

describe('isPlain', () => {
  const plainly = (text: string): string =>
    text.toWellFormed().replace(/[\u0000-\u0008\u000B-\u001F\u007F]/g, '');

  it('spares no text that would be cleaned, dated or counted', () => {
    fc.assert(
      fc.property(fc.oneof(oddText, fc.string({ unit: 'binary' })), (text) => {
        expect(clean(text)).toBe(plainly(text));
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

  it('leaves texts of properties as the plain way does', () => {
    const date = fc.integer({ min: -99_999, max: 9_999_999_999 }).map((seconds) => `$D_${seconds}`);
    const long = fc.tuple(fc.nat({ max: 1030 }), oddText).map(([length, text]) => 'x'.repeat(length) + text);
    fc.assert(
      fc.property(fc.oneof(oddText, long, date), (text) => {
        const writer = new PropertyWriter(new Changes());
        writer.add('a', text);
        expect(writer.properties['a']).toBe(parseClevertapDate(text) ?? cut(plainly(text), 1023));
      }),
      runs,
    );
  });
});

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
      return value === undefined ? undefined : JSON.stringify(value);
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
