import * as fc from 'fast-check';
import { isRejected } from '../../../lambda/mapping/findings';
import { chooseIdentity } from '../../../lambda/mapping/identity';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { isAborted } from '../../../lambda/mapping/map-event';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping, type MappingRule } from '../../../lambda/mapping/rule-format';
import { parseRules } from '../../../lib/config/rule-parser';
import { mapEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf, stockSource } from '../../support/source-event';

const { parse } = createLiquid();

const mapped = (
  send: MappingRule['send'],
  { profile = {}, event = {} }: { profile?: object; event?: object } = {},
  deniedIdentities: string[] = [],
): ReturnType<typeof mapEvent> => {
  const rules = [{ name: 'rule', when: { event: 'Purchase' }, send }];
  const context = mappingContext({
    mapping: compileMapping({ ...noMapping, rules, deniedIdentities }, parse),
  });
  const own = { email: 'ana@shop.test', event_properties: event, ...profile };
  return mapEvent(stockSource(own, { key_values: { event: 'Purchase' } }), context);
};

/** The identity that a template gives a user with the e-mail ana@shop.test and the field `nr`. */
const identityOf = (identity: string, nr: unknown, deniedIdentities: string[] = []): unknown => {
  const outcome = mapped({ identity }, { profile: { nr } }, deniedIdentities);
  return isRejected(outcome) ? outcome.reason : isAborted(outcome) ? 'aborted' : outcome.event.identity;
};

/** Values that must never be part of an identity or id. */
const unusable: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['"null"', 'null'],
  ['"undefined"', 'undefined'],
  ['"N/A"', 'N/A'],
  ['a placeholder with blanks around it', ' none '],
  ['an empty string', ''],
  ['blanks', '  '],
  ['a no-break space', '\u00A0'],
  ['true', true],
  ['false', false],
  ['0', 0],
  ['a fraction', 1.5],
  ['a number that was rounded', 1234567890123456.8],
  ['an empty list', []],
  ['a list of nothing', [null]],
  ['an object', { a: 1 }],
  ['a zero width space', '\u200B'],
  ['an example address', 'user@example.com'],
];

/** Ways to put a value into an identity or id. */
const composed = [
  'cust-{{ Profile.nr }}',
  'cust-{{Profile.nr}}!',
  "{{ 'cust-' | append: Profile.nr }}",
  "{{ Profile.nr | prepend: 'cust-' }}",
  "{{ Profile.nr | append: '@shop.test' | downcase }}",
  "{{ 'x' | append: '-' | append: Profile.nr }}",
  "{{ 'cust-%' | replace: '%', Profile.nr }}",
  '{% assign nr = Profile.nr %}cust-{{ nr }}',
  "{% assign id = 'cust-' | append: Profile.nr %}{{ id }}",
  "{% assign nr = Profile.nr %}{{ 'cust-' | append: nr }}",
  '{% capture id %}cust-{{ Profile.nr }}{% endcapture %}{{ id }}',
  "{% capture nr %}{{ Profile.nr }}{% endcapture %}{{ 'cust-' | append: nr }}",
  '{% capture nr %}{% for n in Profile.nr %}{{ n }}{% endfor %}{% endcapture %}{{ "cust-" | append: nr }}',
  'cust-{% for n in Profile.nr %}{{ n }}{% endfor %}',
  '{{ Profile.email }}-{% for n in Profile.nr %}{{ n }}{% endfor %}',
  'cust-{% cycle Profile.nr %}',
  'cust-{% echo Profile.nr %}',
  "{% liquid\n echo 'cust-'\n echo Profile.nr %}",
  'cust-{% if Profile.nr %}{{ Profile.nr }}{% endif %}',
  'cust-{% if Profile.email %}{{ Profile.nr }}{% endif %}',
  "cust-{% case Profile.nr %}{% when 'x' %}x{% else %}{{ Profile.nr }}{% endcase %}",
  "cust-{{ Profile.nr | join: '-' }}",
  '{{ Profile.email }} {{ Profile.nr }}',
];

describe('an identity of several parts (F35)', () => {
  describe.each(composed)('%s', (template) => {
    it.each(unusable)('does not exist for %s, and the next field identifies the user', (_, nr) => {
      expect(identityOf(template, nr)).toBe('ana@shop.test');
    });

    it.each(['null-island-42', 'A7', '0042', ...(template.includes('% for') ? [] : [42])])(
      'holds %j',
      (nr) => {
        const identity = String(identityOf(template, nr));

        expect(identity).not.toBe('ana@shop.test');
        expect(identity.toLowerCase()).toContain(String(nr).toLowerCase());
      },
    );
  });

  it.each([
    ['cust-{{ Profile.nr }}', 'staff-7'],
    ["{{ 'cust-' | append: Profile.nr }}", 'STAFF-1'],
  ])('does not exist if a part is denied: %s of %s', (template, nr) => {
    expect(identityOf(template, nr, ['staff-*'])).toBe('ana@shop.test');
  });

  it.each([
    ["{{ 'user' | append: '-' | append: Profile.nr }}", 'user-7'],
    ["{{ '-' | append: Profile.nr }}", '-7'],
    ['{{ 0 | append: Profile.nr }}', '07'],
    ["{% assign id = 'guest' | append: Profile.nr %}{{ id }}", 'guest7'],
    ["{% echo 'test' | append: Profile.nr %}", 'test7'],
    ['cust-{{ Profile.other | default: Profile.nr }}', 'cust-7'],
    ["cust-{{ Profile.nr | default: 'none' }}", 'cust-7'],
    ["cust-{{ Profile.other | default: 'walk-in' }}", 'cust-walk-in'],
    ["cust-{{ Profile.nr | replace: '0', '' }}", 'cust-7'],
    ['{% if Profile.vip %}vip{% else %}cust{% endif %}-{{ Profile.nr }}', 'cust-7'],
    ["{% if Profile.other == 'null' or Profile.nr %}c{{ Profile.nr }}{% endif %}", 'c7'],
    ['cust-{% for n in Profile.other %}{{ n }}{% else %}{{ Profile.nr }}{% endfor %}', 'cust-7'],
  ])('may be made with literals and conditions: %s is %s', (template, expected) => {
    expect(identityOf(template, 7)).toBe(expected);
  });

  it.each([
    [
      "{% assign id = '' %}{% for i in Profile.nr %}{% assign id = id | append: i %}{% endfor %}{{ id }}",
      'xy',
    ],
    [
      "{% assign id = '' %}{% for i in Profile.nr %}{% if id.size > 0 %}{% assign id = id | append: '-' %}{% endif %}{% assign id = id | append: i %}{% endfor %}{{ id }}",
      'x-y',
    ],
    ["{{ '' | append: Profile.a | append: Profile.b }}", 'a1b2'],
    ['{{ "" | append: Profile.a | append: Profile.b }}', 'a1b2'],
    ['{% capture id %}{% endcapture %}{{ id | append: Profile.a }}', 'a1'],
    ['{% capture prefix %}user{% endcapture %}{{ prefix | append: Profile.a }}', 'usera1'],
    ["{{ Profile.a }}{{ '-' }}{{ Profile.b }}", 'a1-b2'],
    ["{{ Profile.a }}{{- '-' -}}{{ Profile.b }}", 'a1-b2'],
    ["{{ Profile.a }}{% if Profile.b %}{{ '-' }}{{ Profile.b }}{% endif %}", 'a1-b2'],
    ["{{ Profile.a }}{{ 'none' | upcase }}{{ Profile.b }}", 'a1NONEb2'],
    ["{% assign sep = '-' %}{{ Profile.nr | join: sep }}", 'x-y'],
    ["{% assign sep = '-' %}{{ Profile.a }}{{ sep }}{{ Profile.b }}", 'a1-b2'],
    ["{% assign sep = '-' -%} {{ Profile.a | append: sep | append: Profile.b }}", 'a1-b2'],
    [
      "{% liquid\n assign sep = '-'\n assign id = Profile.a | append: sep\n echo id\n echo Profile.b %}",
      'a1-b2',
    ],
    ["{% assign prefix = 'user' %}{{ prefix | append: Profile.a }}", 'usera1'],
    ["{% assign prefix = 'user' | upcase %}{{ prefix | append: Profile.a }}", 'USERa1'],
    ["{{ 'id' | upcase | append: Profile.a }}", 'IDa1'],
    ["{{ 'a,b' | split: ',' | join: '-' | append: Profile.a }}", 'a-ba1'],
    ["{{ Profile.uuid | split: '-' | join: '' }}", '550e840000000000'],
    ["{% assign a = Profile.phone | replace: ' ', '' | split: '' %}{{ a | join: '' }}", '+49100'],
    ["{% if Profile.a == 'null' %}{{ Profile.b }}{% else %}{{ Profile.a }}{% endif %}", 'a1'],
    ["{% assign key = 'a' %}{{ Profile[key] }}", 'a1'],
    ['{% assign n = 1 %}{% for i in Profile.nr limit: n %}{{ i }}{% endfor %}', 'x'],
    ['{% assign n = 2 %}{% for i in (1..n) %}{{ i }}{{ Profile.a }}{% endfor %}', '1a12a1'],
    ["{% assign k = 'a1' %}{% case Profile.a %}{% when k %}{{ Profile.b }}{% else %}no{% endcase %}", 'b2'],
    ["{% assign vip = true %}{% if vip == true and vip %}{{ 'v' | append: Profile.a }}{% endif %}", 'va1'],
  ])('may be made with literals, also in variables: %s is %s', (identity, expected) => {
    const profile = { nr: ['x', 'y'], a: 'a1', b: 'b2', uuid: '550e8400-0000-0000', phone: '+49 100' };

    expect(mapped({ identity }, { profile })).toMatchObject({ event: { identity: expected } });
  });

  it.each([
    "{{ 'walk-in' }}",
    "cust{{ '-' }}",
    "{% assign x = 'cust' %}{{ x }}",
    "{% assign x = 'cust' | upcase %}{{ x | append: '-1' }}",
    "{% assign n = '' %}{% if Profile.x %}{% assign n = Profile.x %}{% endif %}{{ 'c-' | append: n }}",
    "{% assign n = '' %}{% if Profile.x %}{% assign n = Profile.x %}{% endif %}{{ n | prepend: 'c-' }}",
    "{% assign n = 'user' %}{% assign n = Profile.nr %}{{ 'c-' | append: n }}",
    "{% assign i = 'user' %}{% for i in Profile.list %}{{ 'c-' | append: i }}{% endfor %}",
    '{% capture n %}{% if Profile.x %}{{ Profile.x }}{% endif %}{% endcapture %}{{ "c-" | append: n }}',
    '{% assign n = Profile.blank %}{{ n | append: Profile.a }}',
    "{% assign id = '' %}{% for i in Profile.list %}{% assign id = id | append: i %}{% endfor %}{{ id }}",
    "c-{{ Profile.pieces | split: '|' | last }}",
    "{{ Profile.pieces | split: '|' | last | prepend: 'c-' }}",
    "{% assign p = Profile.pieces | split: '|' %}{{ 'c-' | append: p[1] }}",
    "{{ '|' | split: '|' | join: '' | append: Profile.nr }}",
  ])('does not exist without a usable sent value, whatever the literals: %s', (identity) => {
    const profile = { nr: 'user', list: ['user'], blank: '', a: 'a1', pieces: 'a|null' };

    expect(mapped({ identity }, { profile })).toMatchObject({ event: { identity: 'ana@shop.test' } });
  });

  it.each([
    ['json', true],
    ['jsonify', true],
    ['inspect', true],
    ["group_by: 'nr' | json", true],
    ["sort: 'nr' | json", true],
    ['first | json', true],
    ['join', true],
    ["concat: Profile.items | join: '-'", true],
    ["map: 'nr' | join: '-'", false],
    ["group_by: 'nr' | map: 'name' | join: '-'", false],
    ["where: 'nr', 'A7' | map: 'nr' | first", false],
    ["sort: 'nr' | reverse | map: 'nr' | last", false],
    ['size', false],
  ])('may be made from members of objects in a list, but not from the objects: %s', (filters, isNone) => {
    const identity = `c-{{ Profile.items | ${filters} }}`;
    const of = (nr: string): unknown => mapped({ identity }, { profile: { items: [{ nr }, { nr: 'A8' }] } });

    expect(of('A7')).toMatchObject({
      event: { identity: isNone ? 'ana@shop.test' : (expect.stringMatching(/^c-/) as string) },
    });
    if (/map.*join/.test(filters)) {
      expect(of('N/A')).toMatchObject({ event: { identity: 'ana@shop.test' } });
    }
  });

  it('names its missing outputs as the rule spells them', () => {
    const identity = "{{ 'c-' | append: Profile.x }}{{ '-' }}";

    expect(mapped({ identity })).toMatchObject({ missingOutputs: ["{{ 'c-' | append: Profile.x }}"] });
  });

  it('cannot use the filter "literal" in a rule', () => {
    const rule = { when: { event: 'T' }, send: { identity: 'c-{{ Profile.nr | literal }}' } };

    expect(parseRules('rule', JSON.stringify(rule)).errors).toMatchObject([{ key: 'send.identity' }]);
  });

  it.each([
    ['{{ Profile.nr | first }}', ['a7', null], 'a7'],
    ["{{ Profile.nr | join: '-' }}", ['a', 'b'], 'a-b'],
    ["c-{{ Profile.nr | map: 'id' | join: '-' }}", [{ id: 3 }, { id: 4 }], 'c-3-4'],
    [
      "c-{{ Profile.nr | where: 'main', true | map: 'id' | first }}",
      [{ id: 3 }, { id: 4, main: true }],
      'c-4',
    ],
    ["c-{{ Profile.nr | split: '|' | last }}", 'a|b7', 'c-b7'],
    ['c-{{ Profile.nr[1] }}', [1, 2], 'c-2'],
  ])('may come from a list: %s', (template, nr, expected) => {
    expect(identityOf(template, nr)).toBe(expected);
  });

  it.each([
    ["c-{{ Profile.nr | split: '|' | last }}", 'a|null'],
    ["{{ Profile.nr | split: '|' | last | prepend: 'c-' }}", 'a|null'],
    ["{{ Profile.nr | remove: 'x' | prepend: 'c-' }}", 'xx'],
    ["{{ Profile.nr | slice: 0, 4 | prepend: 'c-' }}", 'null-7'],
    ["{{ Profile.nr | map: 'id' | join: '-' | prepend: 'c-' }}", [{ id: 'N/A' }]],
    ["{{ Profile.nr | default: 'none' | prepend: 'c-' }}", ''],
    ["cust-{{ Profile.nr | default: '0' }}", ''],
    ['cust-{{ Profile.nr | plus: 1 }}', 'abc'],
    ['cust-{{ Profile.nr | plus: 0.5 }}', 1],
    ['cust', 'x'],
  ])('does not exist if a filter would make it from nothing: %s of %j', (template, nr) => {
    expect(identityOf(template, nr)).not.toMatch(/^c-|^cust-/);
  });

  it('has the reason of its part if no other field identifies the user', () => {
    const reasonOf = (nr: unknown): unknown => {
      const outcome = mapped({ identity: 'cust-{{ Profile.nr }}' }, { profile: { nr, email: undefined } });
      return isRejected(outcome) ? [outcome.reason, outcome.detail] : undefined;
    };

    expect(reasonOf('null')).toEqual([
      'placeholder_identity',
      'the rule: a placeholder; identity: missing; email: missing',
    ]);
    expect(reasonOf(undefined)).toEqual([
      'missing_identity',
      'the rule: missing; identity: missing; email: missing',
    ]);
    expect(reasonOf(1234567890123456.8)).toEqual([
      'identity_not_exact',
      'the rule: a number, but not an exact integer; identity: missing; email: missing',
    ]);
  });

  it('cannot use "raw", which hides an output', () => {
    for (const template of ['cust-{{ Profile.nr | raw }}', '{% echo Profile.nr | raw %}']) {
      expect(() => identityOf(template, 1)).toThrow('undefined filter: raw');
    }
    expect(parse('a{{ Event.x | raw }}').render({ Event: { x: 1 } })).toBe('a1');
  });

  it('never holds a placeholder, whatever is sent', () => {
    const value = fc.oneof(
      fc.constantFrom(...unusable.map(([, sent]) => sent)),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.integer(),
      fc.double({ min: -9e15, max: 9e15, noNaN: true }),
      fc.boolean(),
      fc.array(fc.constantFrom('null', '', 'a'), { maxLength: 2 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(
          'c-{{ Profile.nr }}',
          "{{ 'c-' | append: Profile.nr }}",
          "{{ Profile.nr | prepend: 'c-' }}",
        ),
        value,
        (template, nr) => {
          const identity = identityOf(template, nr);
          const isUsable = !isRejected(chooseIdentity([{ from: 'nr', value: nr }]));
          // A list becomes its elements, concatenated.
          if (!Array.isArray(nr)) expect(String(identity).startsWith('c-')).toBe(isUsable);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('an idempotency key of several parts (F41)', () => {
  const keyOf = (idempotency_key: string, order: unknown, item: string): [string, unknown[]] => {
    const outcome = mapped({ idempotency_key }, { event: { 'Order Id': order, item } });
    if (isRejected(outcome) || isAborted(outcome)) throw new Error('not delivered');
    return [outcome.event.idempotency_key, [...outcome.changes]];
  };

  describe.each([
    "order-{{ Event['Order Id'] }}",
    "{{ 'order-' | append: Event['Order Id'] }}",
    "order-{% for id in Event['Order Id'] %}{{ id }}{% endfor %}",
  ])('%s', (template) => {
    it.each(unusable)('does not exist for %s: two orders stay two events, and it is counted', (_, order) => {
      const [[first, changes], [second]] = [keyOf(template, order, 'hat'), keyOf(template, order, 'shoe')];

      expect(first).not.toBe(second);
      expect(changes).toEqual([['explicit_id_ignored', 1]]);
    });

    it('is the same for the same order', () => {
      expect(keyOf(template, 'A-1', 'hat')).toEqual(keyOf(template, 'A-1', 'shoe'));
      expect(keyOf(template, 'A-1', 'hat')[0]).not.toBe(keyOf(template, 'A-2', 'hat')[0]);
    });
  });
});

test('a custom body is judged like a profile (F35)', () => {
  const rules = [{ name: 'rule', when: { event: 'T' }, send: { identity: 'cust-{{ Profile.nr }}' } }];
  const context = mappingContext({ mapping: compileMapping({ ...noMapping, rules }, parse) });

  expect(mapEvent(sourceOf({ event: 'T', nr: 'null', properties: {} }), context)).toMatchObject({
    reason: 'placeholder_identity',
  });
});

describe('a number that was not written as an integer, or was rounded to one (F33)', () => {
  const inexact = ['0.99999999999999999999', '1e7', '12345678.0', '4503599627370497.5'];
  const mappedText = (json: string, send: MappingRule['send']): ReturnType<typeof mapEvent> => {
    const context = mappingContext({
      mapping: compileMapping({ ...noMapping, rules: [{ name: 'rule', when: { event: 'A' }, send }] }, parse),
    });
    return mapEvent(sourceOf(json, 'A'), context);
  };
  const identityIn = (json: string, identity: string): unknown => {
    const outcome = mappedText(json, { identity });
    return isRejected(outcome) ? outcome.reason : isAborted(outcome) ? 'aborted' : outcome.event.identity;
  };

  describe.each(inexact)('%s', (number) => {
    it.each([
      ['{{ Profile.nr }}', `{"profiles":[{"nr":${number}}]}`],
      ['cust-{{ Profile.nr }}', `{"profiles":[{"nr":${number}}]}`],
      ['cust-{{ Profile.nr }}', `{"profiles":{"profileData":{"nr":${number}}}}`],
      [
        "{{ 'cust-' | append: Profile.a.b.c.d.e.f }}",
        `{"profiles":[{"a":{"b":{"c":{"d":{"e":{"f":${number}}}}}}}]}`,
      ],
      ["cust-{{ Profile.nrs | join: '-' }}", `{"profiles":[{"nrs":["x",${number}]}]}`],
      ['cust-{{ Profile.nrs[1] }}', `{"profiles":[{"nrs":["x",${number}]}]}`],
      ['cust-{{ KeyValues.nr }}', `{"key_values":{"nr":${number}},"profiles":[{}]}`],
      ['cust-{{ Body.nr }}', `[{"event":"A","nr":${number}}]`],
      ['cust-{{ Event.nr }}', `{"event":"A","evtData":{"nr":${number}}}`],
    ])('does not make an identity: %s of %s', (template, json) => {
      expect(identityIn(json, template)).toBe('identity_not_exact');
    });

    it('does not make an id: two orders stay two events', () => {
      for (const idempotency_key of ['{{ Event.order }}', 'o-{{ Event.order }}', 'o-{{ KeyValues.order }}']) {
        const [first, second] = ['hat', 'shoe'].map((item) =>
          mappedText(
            `{"profiles":[{"identity":"a","event_properties":{"order":${number},"item":"${item}"},"key_values":{"order":${number}}}]}`,
            { idempotency_key },
          ),
        );
        if (!first || isRejected(first) || isAborted(first)) throw new Error('not delivered');
        expect(second).not.toMatchObject({ event: { idempotency_key: first.event.idempotency_key } });
        expect([...first.changes]).toContainEqual(['explicit_id_ignored', 1]);
      }
    });

    it('is data to every other template', () => {
      const outcome = mappedText(`{"profiles":[{"identity":"a","phone":${number},"nr":${number}}]}`, {
        properties: { phone: '{{ Profile.phone }}', nr: '{{ Profile.nr | plus: 0 }}' },
      });

      expect(outcome).toMatchObject({ event: { properties: { phone: Number(number), nr: Number(number) } } });
    });
  });

  it('does not affect another value, even an object', () => {
    for (const nr of ['{}', '[1]', '"null"', 'true'])
      expect(identityIn(`{"profiles":[{"nr":${nr},"level":5.0}]}`, '{{ Profile.nr }}')).toBe(
        'placeholder_identity',
      );
  });

  it('may be next to the number in an identity', () => {
    const json = '{"profiles":[{"nr":77,"level":77.0,"event_properties":{"nr":77.0}}]}';

    expect(identityIn(json, 'cust-{{ Profile.nr }}')).toBe('cust-77');
    expect(identityIn(json, '{{ Profile.nr }}')).toBe('77');
  });

  it.each([
    ['{% if Profile.level > 3 %}vip{% endif %}-{{ Profile.nr }}', 'vip-77'],
    ['{% if Profile.level > 100 %}vip{% endif %}-{{ Profile.nr }}', 'identity_not_exact'],
    ['{% if Profile.level == 5 %}vip{% endif %}-{{ Profile.nr }}', 'identity_not_exact'],
    ['{% if Profile.level > 100 %}{% abort %}{% endif %}c-{{ Profile.nr }}', 'identity_not_exact'],
    ['{% if Profile.level < 100 %}{% abort %}{% endif %}c-{{ Profile.nr }}', 'aborted'],
  ])('never decides a condition as a different number: %s is %s', (template, expected) => {
    expect(identityIn('{"profiles":[{"nr":77,"level":5.0}]}', template)).toBe(expected);
    const whole = identityIn('{"profiles":[{"nr":77,"level":5}]}', template);
    expect([whole, 'identity_not_exact']).toContain(expected);
  });
});
