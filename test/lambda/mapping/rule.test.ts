import type { JsonObject } from '../../../lambda/json';
import { campaignIdOf, draftByDefault } from '../../../lambda/mapping/default-mapping';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping } from '../../../lambda/mapping/mapping';
import {
  compileRule,
  draftByRule,
  normalizeEventName,
  type CompiledRule,
} from '../../../lambda/mapping/rule';
import { noMapping, type MappingRule, type TemplateJson } from '../../../lambda/mapping/rule-format';
import { stockSource } from '../../support/source-event';
import { RECEIVED_AT } from '../../support/sqs-record';

const { parse } = createLiquid();

const compile = (rule: Partial<MappingRule>): CompiledRule =>
  compileRule({ name: 'r', when: { event: 'Purchase' }, send: {}, ...rule }, parse);

/** Whether a rule applies to an event. */
const matches = (when: MappingRule['when'], eventName: string, targetId: unknown): boolean =>
  compileMapping({ ...noMapping, rules: [{ name: 'r', when, send: {} }] }, parse).ruleFor(
    eventName,
    campaignOf(targetId),
  ) !== undefined;

const campaignOf = (targetId: unknown): string => campaignIdOf(stockSource({}, { targetId }));

/** The properties that a rule gives an event. */
function propertiesOf(rule: CompiledRule, event: object = {}): JsonObject {
  const source = stockSource({ event_properties: event });
  const fallback = draftByDefault(source, [], new Map());
  const [group] = draftByRule(rule, source, fallback, RECEIVED_AT).properties;
  if (group === undefined) throw new Error('no properties');
  return group.values;
}

describe('event names', () => {
  it.each(['Added To Cart', 'addedtocart', ' ADDED  to\tcart ', 'Added\u00A0To\nCart'])(
    '%j are equal regardless of case and blanks',
    (name) => {
      expect(normalizeEventName(name)).toBe('addedtocart');
      expect(matches({ event: 'Added to cart' }, name, undefined)).toBe(true);
      expect(matches({ event: name }, 'added to Cart', undefined)).toBe(true);
    },
  );

  it.each(['Added-To-Cart', 'Added to cart 2', 'Added', '', 'A.*'])('%j is a different one', (name) => {
    expect(matches({ event: 'Added to cart' }, name, undefined)).toBe(false);
  });
});

describe('campaigns', () => {
  it.each([1650000001, '1650000001', ' 1650000001 '])('%j is the campaign as a number or string', (id) => {
    for (const campaign of [1650000001, '1650000001']) {
      expect(matches({ campaign }, '', id)).toBe(true);
      expect(matches({ campaign }, 'Whatever', id)).toBe(true);
    }
  });

  it.each([1650000002, '165000000', '', undefined, null, true, {}, [1650000001], '1650000001.0'])(
    '%j is not',
    (id) => {
      expect(matches({ campaign: 1650000001 }, 'Purchase', id)).toBe(false);
    },
  );

  it.each([
    [7, '7'],
    [' 7\n', '7'],
    [undefined, ''],
    [null, ''],
    [{ toString: (): string => '7' }, ''],
  ])('%j becomes the string %j', (id, text) => {
    expect(campaignOf(id)).toBe(text);
  });
});

it.each([
  ['purchase', 5, true],
  ['purchase', 6, false],
  ['viewed', 5, false],
  ['', 5, false],
  ['purchase', undefined, false],
])('both must match if both are given: %j and %j', (event, campaign, expected) => {
  expect(matches({ event: 'Purchase', campaign: '5' }, event, campaign)).toBe(expected);
});

describe('templates', () => {
  const rendered = (json: TemplateJson, event: object = {}): unknown =>
    propertiesOf(compile({ send: { properties: { json } } }), event)['json'];

  it.each<[TemplateJson]>([
    ['text'],
    [''],
    [12.5],
    [0],
    [true],
    [false],
    [null],
    ['} }} %}'],
    ['{ { x } }'],
    ['${x}'],
  ])('%j is a constant', (json) => {
    expect(rendered(json, { x: 'y' })).toBe(json);
  });

  it('are rendered leaf by leaf, at any depth of objects and lists (F36)', () => {
    const hostile = 'a","identity":"victim","x":["';
    const json = { a: ['{{ Event.x }}', { b: 'say {{ Event.x }}', c: 1 }], d: '{{ Event.n }}' };

    expect(JSON.parse(JSON.stringify(rendered(json, { x: hostile, n: 12.5 })))).toEqual({
      a: [hostile, { b: `say ${hostile}`, c: 1 }],
      d: 12.5,
    });
  });

  it('are parsed once, however often they are rendered; constants never', () => {
    const parseOnce = jest.fn(parse);
    const send = {
      identity: '{{ a }}',
      event: 'Purchase',
      properties: { b: '{% if a %}x{% endif %}', c: 'c' },
    };
    const rule = compileRule({ name: 'r', when: {}, send, userProperties: { d: '{{ d }}' } }, parseOnce);
    for (let time = 0; time < 3; time += 1) propertiesOf(rule, { a: time });

    expect(parseOnce.mock.calls.map(([text]) => text)).toEqual([
      '{{ a }}',
      '{% if a %}x{% endif %}',
      '{{ d }}',
    ]);
  });

  it('are not recognised in keys', () => {
    expect(JSON.stringify(rendered({ '{{ Event.x }}': 'v' }, { x: 'k' }))).toBe('{"{{ Event.x }}":"v"}');
  });

  it("may be under a prototype's name without reaching a prototype", () => {
    const json = JSON.parse('{"__proto__":{"polluted":"{{ Event.x }}"}}') as TemplateJson;
    const result = rendered(json, { x: 'y' }) as object;

    expect(Object.keys(result)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect((result as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each<[string, Partial<MappingRule>]>([
    ['app_id', { send: { app_id: '{{ x' } }],
    ['identity', { send: { identity: '{{ x | nofilter }}' } }],
    ['event', { send: { event: '{% notag %}' } }],
    ['timestamp', { send: { timestamp: '{% if x %}' } }],
    ['idempotency_key', { send: { idempotency_key: '{{ }' } }],
    ['properties', { send: { properties: { a: [{ b: '{% endif %}' }] } } }],
    ['userProperties', { userProperties: { a: '{% for %}{% endfor %}' } }],
  ])('that are broken in %s fail before any event', (_, rule) => {
    expect(() => compile(rule)).toThrow();
  });
});

it('what a rule does not mention is absent', () => {
  expect(compile({})).toEqual({
    name: 'r',
    when: { event: 'purchase', campaign: undefined },
    appId: undefined,
    identity: undefined,
    event: undefined,
    timestamp: undefined,
    idempotencyKey: undefined,
    properties: expect.any(Function) as unknown,
    types: new Map(),
    spread: [],
    userProperties: undefined,
  });
});
