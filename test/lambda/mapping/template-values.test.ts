import * as fc from 'fast-check';
import { isRejected } from '../../../lambda/mapping/findings';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { isAborted } from '../../../lambda/mapping/map-event';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping, type MappingRule } from '../../../lambda/mapping/rule-format';
import { mapEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf } from '../../support/source-event';

const { parse } = createLiquid();

const mapped = (rule: Partial<MappingRule>, properties: object = {}): ReturnType<typeof mapEvent> => {
  const rules = [{ name: 'purchase', when: { event: 'T' }, send: {}, ...rule }];
  const context = mappingContext({ mapping: compileMapping({ ...noMapping, rules }, parse) });
  return mapEvent(sourceOf({ identity: 'cust-77', event: 'T', properties }), context);
};

/** The value of a template as a property. */
const valueOf = (template: string, properties: object = {}): unknown => {
  const outcome = mapped({ send: { properties: { p: template } } }, properties);
  if (isRejected(outcome) || isAborted(outcome)) throw new Error(JSON.stringify(outcome));
  return outcome.event.properties['p'];
};

const binary = ['plus', 'minus', 'times', 'divided_by', 'modulo', 'at_least', 'at_most'];
const unary = ['abs', 'ceil', 'floor', 'round', 'to_integer'];
const noNumbers = [
  undefined,
  null,
  '',
  ' ',
  '1,000',
  '€ 5',
  'abc',
  '0x10',
  '1e999',
  true,
  false,
  [],
  [5],
  { a: 1 },
];

describe('arithmetic (F33)', () => {
  describe.each(binary)('%s', (filter) => {
    it.each(noNumbers)('has no value with %j on either side', (v) => {
      expect(valueOf(`{{ Event.price | ${filter}: Event.v }}`, { price: 50, v })).toBeUndefined();
      expect(valueOf(`{{ Event.v | ${filter}: Event.price }}`, { price: 50, v })).toBeUndefined();
      expect(valueOf(`{{ Event.v | ${filter}: 2 | default: 'none' }}`, { v })).toBe('none');
      expect(valueOf(`{{ Event.price | ${filter}: Event.v | default: 7 }}`, { price: 50, v })).toBe(7);
      expect(valueOf(`{{ Event.price | ${filter}: Event.v | plus: 1 }}`, { price: 50, v })).toBeUndefined();
    });

    it('accepts numbers and strings that spell one', () => {
      const results = [
        [50, 4],
        ['50', ' 4 '],
        ['5e1', '4.0'],
      ].map(([price, v]) => valueOf(`{{ Event.price | ${filter}: Event.v }}`, { price, v }));

      expect(results[0]).toEqual(expect.any(Number));
      expect(new Set(results).size).toBe(1);
    });

    it('has no value without an argument', () => {
      expect(valueOf(`{{ Event.price | ${filter} }}`, { price: 50 })).toBe(
        filter.startsWith('at_') ? 50 : undefined,
      );
    });
  });

  it.each(unary)('%s has no value without a number', (filter) => {
    for (const v of noNumbers) expect(valueOf(`{{ Event.v | ${filter} }}`, { v })).toBeUndefined();
    expect(valueOf(`{{ Event.v | ${filter} }}`, { v: '5' })).toBe(5);
  });

  it.each([
    ['{{ Event.v | round: 1 }}', { v: 2.25 }, 2.3],
    ['{{ Event.v | round: Event.none }}', { v: 2.25 }, undefined],
    ['{{ Event.v | divided_by: 2, true }}', { v: 5 }, 2],
    ['{{ Event.v | divided_by: 0 }}', { v: 5 }, undefined],
    ['{{ Event.v | modulo: 0 }}', { v: 5 }, undefined],
    ['about {{ Event.v | divided_by: 0 }}', { v: 5 }, 'about '],
    ['{{ Event.v | times: 0 }}', { v: 5 }, 0],
    ['{{ 10 | minus: Event.v }}', { v: '2.5' }, 7.5],
  ])('%s of %j is %j', (template, properties, expected) => {
    expect(valueOf(template, properties)).toBe(expected);
  });

  it.each([
    ['{{ Event.list | sum }}', [1, '2.5'], 3.5],
    ['{{ Event.list | sum }}', [1, null], undefined],
    ['{{ Event.list | sum }}', ['1,000', 5], undefined],
    ['{{ Event.list | sum }}', 'abc', undefined],
    ['{{ Event.list | sum }}', [], undefined],
    ["{{ Event.list | sum: 'price' }}", [], undefined],
    ['{{ Event.list | sum | default: 0 }}', [], 0],
    ["{{ Event.list | sum: 'price' }}", [{ price: 2 }, { Price: '3' }], 5],
    ["{{ Event.list | sum: 'price' }}", [{ price: 2 }, { name: 'gift' }], undefined],
    ["{{ Event.none | sum: 'price' }}", [], undefined],
  ])('%s of %j is %j', (template, list, expected) => {
    expect(valueOf(template, { list })).toBe(expected);
  });

  it('yields a number only from numbers', () => {
    const value = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.string({ maxLength: 6 }),
      fc.constantFrom(...noNumbers),
    );
    const isNumber = (v: unknown): boolean =>
      (typeof v === 'number' && Number.isFinite(v)) ||
      (typeof v === 'string' &&
        /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?$/i.test(v.trim()) &&
        Number.isFinite(Number(v)));
    fc.assert(
      fc.property(fc.constantFrom(...binary), value, value, (filter, a, b) => {
        const result = valueOf(`{{ Event.a | ${filter}: Event.b }}`, { a, b });
        if (result !== undefined) {
          expect(result).toEqual(expect.any(Number));
          expect([a, b].every(isNumber)).toBe(true);
        } else if (['plus', 'minus', 'at_least', 'at_most'].includes(filter) && [a, b].every(isNumber)) {
          expect(Math.abs(Number(a)) + Math.abs(Number(b))).toBe(Infinity);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('size, first and last', () => {
  const object = { price: 50, color: 'red' };

  it.each(['size', 'first', 'last'])('%s of an object is its member or nothing', (name) => {
    for (const template of [`{{ Event.${name} }}`, `{{ Event['${name}'] }}`, `{{ Event | ${name} }}`]) {
      expect(valueOf(template, object)).toBeUndefined();
      expect(valueOf(template, { ...object, [name]: 'XL' })).toBe('XL');
      expect(valueOf(template, { ...object, [name.toUpperCase()]: 'XL' })).toBe('XL');
      expect(valueOf(template, { ...object, [name]: 0 })).toBe(0);
    }
    expect(valueOf(`{{ Event.o.${name} }}`, { o: object })).toBeUndefined();
    expect(valueOf(`{{ Event.o.${name} }}`, { o: {} })).toBeUndefined();
    expect(valueOf(`{% assign o = Event.o %}{{ o.${name} }}`, { o: object })).toBeUndefined();
    expect(valueOf(`{% for o in Event.l %}{{ o.${name} }}{% endfor %}`, { l: [object] })).toBeUndefined();
    expect(valueOf(`{{ Received.${name} }}{{ Path.${name} }}{{ Campaign.${name} }}`)).toBeUndefined();
    expect(valueOf(`{% if Event.o.${name} %}yes{% endif %}`, { o: object })).toBeUndefined();
  });

  it.each(['size', 'first', 'last'])('the filter %s gives a number or boolean no value', (name) => {
    for (const v of [5, true]) expect(valueOf(`{{ Event.v | ${name} }}`, { v })).toBeUndefined();
  });

  it.each([
    ['{{ Event.v.size }}', ['a', 'b'], 2],
    ['{{ Event.v | size }}', ['a', 'b'], 2],
    ['{{ Event.v.size }}', [], 0],
    ['{{ Event.v.size }}', 'abc', 3],
    ['{{ Event.v | size }}', 'abc', 3],
    ['{{ Event.v.first }}', ['a', 'b'], 'a'],
    ['{{ Event.v | last }}', ['a', 'b'], 'b'],
    ['{{ Event.v.last.size }}', [{ size: 'M' }], 'M'],
    ["{{ Event.v | where: 'size', 'M' | size }}", [{ size: 'M' }, { a: 1 }], 1],
  ])('%s of %j is %j', (template, v, expected) => {
    expect(valueOf(template, { v })).toBe(expected);
  });
});

describe('the filter "date"', () => {
  const day = (d: unknown): unknown => valueOf("{{ Event.d | date: '%Y-%m-%d' }}", { d });

  it.each([
    [1586937505801, '2020-04-15'],
    ['1586937505801', '2020-04-15'],
    [1586937505, '2020-04-15'],
    ['1586937505', '2020-04-15'],
    [1586937505801.5, '2020-04-15'],
    [315532800, '1980-01-01'],
    [-315619200, '1960-01-01'],
    ['$D_1586937505', '2020-04-15'],
    ['2026-11-05', '2026-11-05'],
    ['1990-11-05', '1990-11-05'],
    ['2026-11-05T23:30:00Z', '2026-11-05'],
    ['2026-11-05T23:30:00+02:00', '2026-11-05'],
    ['1990-11-05T00:30:00+02:00', '1990-11-04'],
    ['2026/11/05', '2026-11-05'],
    ['2026-11-05 10:00', '2026-11-05'],
    ['5 Nov 2026 10:00', '2026-11-05'],
    ['November 5, 2026 10:00', '2026-11-05'],
    ['Thu, 05 Nov 2026 10:00:00 GMT', '2026-11-05'],
    ['Thursday, 5 November 2026', '2026-11-05'],
    ['Thu Nov 05 2026 10:00:00 GMT+0100 (Central European Standard Time)', '2026-11-05'],
    ['05-Nov-2026', '2026-11-05'],
    ['Sept 5 2026', 'Sept 5 2026'],
    ['5 Nov 2026, 9:30 pm', '2026-11-05'],
    ['5 nov 2026 23:30 EST', '2026-11-06'],
    ['2026-11-05 10:00 +02:00', '2026-11-05'],
    ['2026/2/28', '2026-02-28'],
    ['29 Feb 2028', '2028-02-29'],
    ['2026-11', '2026-11-01'],
    ['May 2026', '2026-05-01'],
  ])('reads %j', (d, expected) => {
    expect(day(d)).toBe(expected);
  });

  it.each(
    [
      ...['05/11/2026', '13/11/2026', '5/11/26', '05-11-2026', '05.11.2026', '05/11/2026 10:00', '11-05'],
      ...[
        '05/11',
        'Thu 05/11/2026',
        '1 2 2026',
        'Order 12',
        '12',
        'A-1',
        '2026-02-30',
        '2026-13-01T00:00:00Z',
      ],
      ...['May 05/11/2026', '05/11/2026 (Mayo 2026)', '05/11/2026 May 2026', '2026/02/30', '30 Feb 2026'],
      ...['Feb 30, 2026', '31 June 2026', '2026-02-30 10:00', '2026/13/01', '2027/02/29', '1 Nov 2 2026'],
      ...[
        'Marathon 2026',
        'decade 2026',
        'Decathlon shop 2026',
        'Order 5 May 2026',
        'Janet 2026',
        'Mayo 2026',
      ],
      ...[
        '5 Nov 2026 10:00 Marathon',
        '5 Nov 2026 10:00 05/11/2026',
        '5 Nov 26',
        'Nov 5 2026 11',
        '2026.11.05',
      ],
      ...['tomorrow', '', 'May', '20261105120000', '1234-5 Main Street'],
    ].filter((d) => d !== '12'),
  )('leaves %j unchanged', (d) => {
    expect(day(d)).toBe(d);
    expect(valueOf("{{ Event.d | date_tz: '%Y', 'Europe/Paris' }}", { d })).toBe(d);
  });

  it.each([
    [20261105120000, 20261105120000],
    [true, 'true'],
  ])('leaves %j, which is not a string, unchanged', (d, expected) => {
    expect(day(d)).toBe(expected);
  });

  it('reads milliseconds like "timestamp" and "types"', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000), max: Date.UTC(2099) }), (ms) => {
        const iso = new Date(ms).toISOString().slice(0, 19);
        for (const d of [ms, String(ms)]) {
          expect(valueOf("{{ Event.d | date: '%Y-%m-%dT%H:%M:%S' }}", { d })).toBe(iso);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('never reads a date that starts with a day or month', () => {
    const two = fc.integer({ min: 1, max: 31 });
    const separator = fc.constantFrom('/', '-', '.', ' ');
    const year = fc.constantFrom('26', '2026', '1999', '');
    fc.assert(
      fc.property(two, two, separator, year, (first, second, by, last) => {
        const d = [first, second, last].filter((part) => part !== '').join(by);
        expect(day(d)).toBe(d);
      }),
      { numRuns: 300 },
    );
  });
});

describe('CleverTap’s filters for URLs', () => {
  it.each([
    ['url_escape', 'a b', 'a%20b'],
    ['url_escape', 'hey<&>hi', 'hey%3C&%3Ehi'],
    ['url_escape', 'https://shop.test/a?b=c&d=é', 'https://shop.test/a?b=c&d=%C3%A9'],
    ['url_param_escape', 'a b', 'a%20b'],
    ['url_param_escape', 'hey<&>hi', 'hey%3C%26%3Ehi'],
    ['url_param_escape', 'ana+1@shop.test', 'ana%2B1%40shop.test'],
    ['url_param_escape', 'x\uD800y', 'x%EF%BF%BDy'],
    ['url_escape', 'x\uD800y', 'x%EF%BF%BDy'],
    ['url_param_escape', 12.5, '12.5'],
  ])('%s of %j is %j', (filter, v, expected) => {
    expect(valueOf(`{{ Event.v | ${filter} }}`, { v })).toBe(expected);
    expect(valueOf(`{{ Event.none | ${filter} }}`, { v })).toBeUndefined();
  });
});

describe('outputs without a value', () => {
  const missingOf = (send: MappingRule['send'], properties: object = {}): unknown => {
    return Reflect.get(mapped({ send }, properties), 'missingOutputs');
  };

  it.each<[MappingRule['send'], readonly string[] | undefined]>([
    [{ properties: { a: '{{ Event.none }}', b: '{{ Event.v }}' } }, ['{{ Event.none }}']],
    [{ properties: { a: '{{ Event.v | times: Event.none }}' } }, ['{{ Event.v | times: Event.none }}']],
    [
      { properties: { a: 'x {{ Event.v }} {{Event.none}} {{ Event.nil }}' } },
      ['{{Event.none}}', '{{ Event.nil }}'],
    ],
    [{ properties: { a: ['{{ Event.none }}', { b: '{{ Event.none }}' }] } }, ['{{ Event.none }}']],
    [{ properties: { a: '{{ Event.none | default: 1 }}' } }, undefined],
    [{ properties: { a: '{{ Event.blank }}{{ Event.no }}' } }, undefined],
    [{ properties: { a: '{% if Event.none %}{{ Event.none }}{% endif %}' } }, undefined],
    [
      { properties: { a: '{% if Event.v %}{{ Event.none }}{% endif %}' } },
      ['{% if Event.v %}{{ Event.none }}{% endif %}'],
    ],
    [{ identity: 'c-{{ Event.none }}' }, ['{{ Event.none }}']],
    [{ identity: '{{ Event.none }}', timestamp: '{{ Event.nil }}' }, ['{{ Event.nil }}', '{{ Event.none }}']],
    [{ idempotency_key: "{{ 'o-' | append: Event.na }}" }, ["{{ 'o-' | append: Event.na }}"]],
    [{}, undefined],
  ])('of %j are %j', (send, expected) => {
    expect(missingOf(send, { v: 1, nil: null, blank: '', no: false, na: 'N/A' })).toEqual(expected);
  });

  it('are also reported for a rejected event', () => {
    expect(mapped({ send: { event: '{{ Event.none }}' } })).toEqual({
      reason: 'missing_event_name',
      detail: 'the rule purchase rendered its event to nothing',
      missingOutputs: ['{{ Event.none }}'],
    });
  });

  it('are not reported for the default mapping', () => {
    expect(mapEvent(sourceOf({ identity: 'a', event: 'x' }), mappingContext())).not.toHaveProperty(
      'missingOutputs',
    );
  });
});

test('a campaign without an event name is not blamed on a rule without one', () => {
  const rules = [{ name: 'r', when: { campaign: 7 }, send: {} }];
  const context = mappingContext({ mapping: compileMapping({ ...noMapping, rules }, parse) });

  expect(mapEvent(sourceOf({ targetId: 7, profiles: [{ identity: 'a' }] }), context)).toMatchObject({
    reason: 'missing_event_name',
    detail: expect.stringMatching(/^no event in the body/) as string,
  });
});
