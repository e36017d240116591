import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { SourceEvent } from '../../../lambda/clevertap/decode-message';
import { rejectionReasons } from '../../../lambda/contract';
import { trackBody } from '../../../lambda/heap/bulk-request';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { isAborted, type MappingContext } from '../../../lambda/mapping/map-event';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { isRejected } from '../../../lambda/mapping/findings';
import { noMapping, type MappingRule } from '../../../lambda/mapping/rule-format';
import { invalidReason, invalidUsersReason } from '../../../local/heap/rules';
import { fixture, personalData } from '../../support/clevertap-fixture';
import { serialized, textOf } from '../../support/heap-body';
import { mapEvent, type MappedEvent } from '../../support/mapped-event';
import { runs } from '../../support/runs';
import { mappingContext, sourceOf, stockSource } from '../../support/source-event';
import { RECEIVED_AT } from '../../support/sqs-record';
import { anyJson, anyJsonObject } from '../../support/untrusted-json';

const { parse } = createLiquid();

/** The context of an environment with one rule, for purchases unless it says otherwise. */
const withRule = (
  rule: Partial<MappingRule>,
  context: Partial<MappingContext> = {},
  deniedIdentities: readonly string[] = [],
): MappingContext => {
  const rules = [{ name: 'purchase.json', when: { event: 'Purchase' }, send: {}, ...rule }];
  return mappingContext({
    mapping: compileMapping({ ...noMapping, rules, deniedIdentities }, parse),
    ...context,
  });
};

const map = (source: SourceEvent, context: MappingContext): MappedEvent => {
  const mapped = mapEvent(source, context);
  if (isAborted(mapped)) throw new Error('aborted');
  if (isRejected(mapped)) throw new Error(`${mapped.reason}: ${mapped.detail}`);
  return mapped;
};

const reasonOf = (source: SourceEvent, context: MappingContext): string | undefined => {
  const mapped = mapEvent(source, context);
  return isRejected(mapped) ? mapped.reason : undefined;
};

const changesOf = ({ changes }: MappedEvent): object => Object.fromEntries(changes);

/** A purchase with these event properties, and additions to profile and request. */
const purchase = (eventProperties: object = {}, profile: object = {}, request: object = {}): SourceEvent =>
  stockSource({ identity: 'cust-1', event_properties: eventProperties, ...profile }, request, 'Purchase');

/** The properties that a rule makes from a purchase, and the changes. */
const propertiesOf = (
  rule: Partial<MappingRule>,
  source: SourceEvent = purchase(),
): [properties: object, changes: object] => {
  const mapped = map(source, withRule(rule));
  return [{ ...mapped.event.properties }, changesOf(mapped)];
};

const received = new Date(RECEIVED_AT).toISOString();

/** The sample from the documentation. */
const sample: Partial<MappingRule> = {
  send: {
    identity: '{{ Profile.Email }}',
    event: 'Purchase',
    properties: {
      item_names: '{{ Profile.MyStuff }}',
      value: '{{ Profile.wallet_balance }}',
      campaign_name: 'Cart Reminder Push',
    },
  },
  types: { value: 'number' },
  userProperties: { plan: '{{ Profile.plan }}' },
};

describe('the sample rule', () => {
  it.each(['email', 'Email'])("maps CleverTap's own payload with %s", (email) => {
    const source = stockSource(
      {
        [email]: 'ana@shop.test',
        identity: 'cust-1',
        profileData: { mystuff: 'hat', wallet_balance: '12.50', plan: 'gold', other: 'x' },
        event_properties: { price: 1 },
      },
      { targetId: 5, key_values: { event: 'purchase', coupon: 'c' } },
    );
    const { event, userProperties, rule, changes } = map(source, withRule(sample));

    expect({ ...event, properties: { ...event.properties } }).toEqual({
      event: 'Purchase',
      identity: 'ana@shop.test',
      timestamp: received,
      idempotency_key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      properties: { item_names: 'hat', value: 12.5, campaign_name: 'Cart Reminder Push' },
    });
    expect({ ...userProperties }).toEqual({ plan: 'gold' });
    expect(rule).toBe('purchase.json');
    expect([...changes]).toEqual([]);
  });

  it("maps CleverTap's sample payload and omits properties without a value", () => {
    const mapped = map(sourceOf(fixture('stock-lower-case')), withRule(sample));

    expect({ ...mapped.event.properties }).toEqual({ campaign_name: 'Cart Reminder Push' });
    expect({ ...mapped.userProperties }).toEqual({});
    expect(changesOf(mapped)).toEqual({});
  });

  it("maps the guide's custom body, whose identity and e-mail also form a Profile", () => {
    const source = sourceOf({
      app_id: '11',
      identity: 'cust-1',
      email: 'ana@shop.test',
      event: 'Purchase',
      properties: { item_names: 'hat', value: '12.50' },
    });
    const send = {
      identity: '{{ Profile.Email }}',
      event: '{{ Body.event }} ({{ Profile.Identity }})',
      properties: {
        item_names: '{{ Event.item_names }}',
        value: '{{ Body.properties.value }}',
        from: '{{ body.app_id }}{{ Body.App_Id }}',
      },
    };
    const mapped = map(source, withRule({ send, types: { value: 'number' } }));

    expect(mapped.event).toMatchObject({ event: 'Purchase (cust-1)', identity: 'ana@shop.test' });
    expect({ ...mapped.event.properties }).toEqual({ item_names: 'hat', value: 12.5, from: '11' });
  });

  it("has no Body for CleverTap's own payload", () => {
    const properties = { a: '{{ Body.identity }}', b: '{{ Body.profiles }}' };

    expect(propertiesOf({ send: { properties } })).toEqual([{}, {}]);
  });

  it('knows campaign, path and arrival', () => {
    const send = {
      event: '{{ Path.event }} of {{ Campaign.id }}',
      properties: {
        campaign: '{{ Campaign.id }}',
        at: '{{ Received.at }}',
        now: "{{ 'now' | date: '%Y-%m-%d' }}",
      },
    };
    const { event } = map(purchase({}, {}, { targetId: 5 }), withRule({ send }));

    expect(event.event).toBe('Purchase of 5');
    expect({ ...event.properties }).toEqual({ campaign: 5, at: received, now: '2026-10-01' });
  });

  it("prefers a profile's key_values to the request's", () => {
    const source = purchase(
      {},
      { key_values: { a: 'profile' } },
      { key_values: { a: 'request', b: 'request' } },
    );

    expect(
      propertiesOf({ send: { properties: { a: '{{ KeyValues.a }}', b: '{{ KeyValues.B }}' } } }, source)[0],
    ).toEqual({ a: 'profile', b: 'request' });
  });

  it('prefers standard fields to profileData', () => {
    const source = purchase({}, { phone: '1', profileData: { Phone: '2', Plan: 'gold' } });
    const properties = { phone: '{{ Profile.Phone }}', plan: '{{ Profile.plan }}' };

    expect(propertiesOf({ send: { properties } }, source)[0]).toEqual({ phone: '1', plan: 'gold' });
  });
});

describe('the identity of a rule', () => {
  const profile = { identity: 'cust-1', email: 'ana@shop.test' };
  const identityOf = (identity: string, own: object, denied: readonly string[] = []): unknown => {
    const source = stockSource({ ...profile, profileData: own }, {}, 'Purchase');
    const mapped = mapEvent(source, withRule({ send: { identity } }, {}, denied));
    return isRejected(mapped) ? mapped.reason : (mapped as MappedEvent).event.identity;
  };

  it.each([
    ['{{ Profile.crm }}', { crm: ' crm-7 ' }, 'crm-7'],
    ['{{ Profile.crm }}', { crm: 7 }, '7'],
    ['crm:{{ Profile.crm }}', { crm: 7 }, 'crm:7'],
    ['{{ Profile.Email | downcase }}', {}, 'ana@shop.test'],
    ['{{ Profile.crm }}', { crm: 'a","identity":"victim' }, 'a","identity":"victim'],
  ])("%s with %j takes precedence over the profile's fields", (identity, own, expected) => {
    expect(identityOf(identity, own)).toBe(expected);
  });

  it.each([
    ['{{ Profile.crm }}', {}],
    ['{{ Profile.crm }}', { crm: null }],
    ['{{ Profile.crm }}', { crm: ' ' }],
    ['{{ Profile.crm }}', { crm: 'Guest' }],
    ['{{ Profile.crm }}', { crm: true }],
    ['{{ Profile.crm }}', { crm: { a: 1 } }],
    ['{{ Profile.crm }}', { crm: ['a'] }],
    ['{{ Profile.crm }}', { crm: 'x'.repeat(256) }],
    ["{{ Profile.crm | default: 'user@example.com' }}", {}],
    ['{{ Profile.crm }}', { crm: 'QA-7' }],
  ])("%s with %j is not an identity: the environment's order follows", (identity, own) => {
    expect(identityOf(identity, own, ['qa-*'])).toBe('cust-1');
    expect(identityOf(identity, own, ['qa-*', 'CUST-1'])).toBe('ana@shop.test');
    expect(identityOf(identity, own, ['qa-*', 'cust-*', '*@shop.test'])).toBe('placeholder_identity');
  });

  it.each([
    [{ crm: '{{ Profile.Identity }}' }, 'unrendered_template'],
    [{ crm: 'x ${id}' }, 'unrendered_template'],
    [{ crm: '{% if a %}' }, 'unrendered_template'],
  ])('%j rejects the event: %s', (own, reason) => {
    expect(identityOf('{{ Profile.crm }}', own)).toBe(reason);
  });
});

describe('the event name of a rule', () => {
  const nameOf = (event: string, own: object): unknown => {
    const mapped = mapEvent(purchase(own), withRule({ send: { event } }));
    return isRejected(mapped) ? mapped.reason : (mapped as MappedEvent).event.event;
  };

  it.each([
    ['Order placed', {}, 'Order placed'],
    [' {{ Event.kind }} ', { kind: ' big ' }, 'big'],
    ['{{ Event.kind }}', { kind: 7 }, '7'],
    ['{{ Event.kind }}', { kind: '{{ x }}' }, 'unrendered_template'],
    ['{{ Event.kind }}', { kind: '${x}' }, 'unrendered_template'],
    ['{{ Event.kind }}', { kind: ' ' }, 'missing_event_name'],
    ['{{ Event.kind }}', { kind: 'x'.repeat(300) }, 'x'.repeat(255)],
  ])('%j of %j is %j', (event, own, expected) => {
    expect(nameOf(event, own)).toBe(expected);
  });

  it('is the matched one if the rule has none', () => {
    expect(map(stockSource({ identity: 'a' }, {}, 'PUR chase'), withRule({})).event.event).toBe('PUR chase');
  });

  it('may be the only source of a name, for a campaign', () => {
    const rule = { when: { campaign: 5 }, send: { event: 'Reached' } };

    expect(map(stockSource({ identity: 'a' }, { targetId: '5' }), withRule(rule)).event.event).toBe(
      'Reached',
    );
    expect(
      reasonOf(stockSource({ identity: 'a' }, { targetId: 5 }), withRule({ when: { campaign: 5 } })),
    ).toBe('missing_event_name');
  });
});

describe('types', () => {
  it.each<[string, unknown, unknown]>([
    ['number', 12.5, 12.5],
    ['number', ' 12.50 ', 12.5],
    ['number', '-3', -3],
    ['number', '1e3', 1000],
    ['number', 0, 0],
    ['string', 12.5, '12.5'],
    ['string', true, 'true'],
    ['string', '007', '007'],
    ['boolean', true, 'true'],
    ['boolean', false, 'false'],
    ['boolean', 1, 'true'],
    ['boolean', 0, 'false'],
    ['boolean', 'TRUE', 'true'],
    ['boolean', ' false ', 'false'],
    ['boolean', '1', 'true'],
    ['boolean', '0', 'false'],
    ['date', '$D_1664890781', '2022-10-04T13:39:41.000Z'],
    ['date', 1664890781, '2022-10-04T13:39:41.000Z'],
    ['date', 1664890781000, '2022-10-04T13:39:41.000Z'],
    ['date', '1664890781', '2022-10-04T13:39:41.000Z'],
    ['date', '2026-10-01', '2026-10-01T00:00:00.000Z'],
    ['date', '2026-10-01T12:00:00+02:00', '2026-10-01T10:00:00.000Z'],
  ])('%s: %j is sent as %j', (type, value, expected) => {
    const rule = { send: { properties: { p: '{{ Event.v }}' } }, types: { p: type } } as Partial<MappingRule>;

    expect(propertiesOf(rule, purchase({ v: value }))).toEqual([{ p: expected }, {}]);
  });

  it.each<[string, unknown]>([
    ['number', 'twelve'],
    ['number', ''],
    ['number', '1,000'],
    ['number', '0x10'],
    ['number', '1e999'],
    ['number', 'Infinity'],
    ['number', '12 EUR'],
    ['number', true],
    ['number', [1]],
    ['number', { a: 1 }],
    ['string', ['a']],
    ['string', { a: 1 }],
    ['boolean', 'yes'],
    ['boolean', 2],
    ['boolean', ''],
    ['boolean', [true]],
    ['date', 'yesterday'],
    ['date', '2026-02-30'],
    ['date', '01/02/2026'],
    ['date', -1],
    ['date', true],
  ])('%s: %j is dropped and counted', (type, value) => {
    const rule = {
      send: { properties: { p: '{{ Event.v }}', q: 1 } },
      types: { p: type },
    } as Partial<MappingRule>;

    expect(propertiesOf(rule, purchase({ v: value }))).toEqual([{ q: 1 }, { type_mismatch: 1 }]);
  });

  it('apply to constants, flattened names and spread groups as well', () => {
    const rule: Partial<MappingRule> = {
      send: { properties: { a: '1', b: { c: '2', d: 'x' } } },
      types: { a: 'number', 'b.c': 'number', 'b.d': 'number', e: 'number', 'f.g': 'boolean' },
      spread: ['Event'],
    };

    expect(propertiesOf(rule, purchase({ e: '3', f: { g: 1 }, h: '4' }))).toEqual([
      { a: 1, 'b.c': 2, e: 3, 'f.g': 'true', h: '4' },
      { type_mismatch: 1 },
    ]);
  });
});

describe('properties of a rule', () => {
  it('keep the JSON types that Heap can chart', () => {
    const properties = {
      a: '{{ Event.n }}',
      b: '{{ Event.yes }}',
      c: '{{ Event.text }}',
      d: 7,
      e: false,
      f: 'x',
    };

    expect(propertiesOf({ send: { properties } }, purchase({ n: 12.5, yes: true, text: '7' }))).toEqual([
      { a: 12.5, b: 'true', c: '7', d: 7, e: 'false', f: 'x' },
      {},
    ]);
  });

  it('may be trees and lists, of templates and of values they find', () => {
    const properties = {
      order: {
        id: '{{ Event.order }}',
        tags: ['{{ Event.tag }}', 'web', 1],
        lines: [{ name: '{{ Event.tag }}' }],
      },
      found: '{{ Event.nested }}',
      list: '{{ Event.csv | split: "," }}',
    };
    const source = purchase({
      order: 'o1',
      tag: 't',
      nested: { A: { b: [1, 2] }, c: [{ d: 3 }] },
      csv: 'p,q',
    });

    expect(propertiesOf({ send: { properties } }, source)).toEqual([
      {
        'order.id': 'o1',
        'order.tags': 't||web||1',
        'order.lines.0.name': 't',
        'found.A.b': '1||2',
        'found.c.0.d': 3,
        list: 'p||q',
      },
      {},
    ]);
  });

  it('without a value are omitted, which does not count as a change', () => {
    const properties = { a: '{{ Event.a }}', b: '{{ Event.b.c.d }}', c: "{{ Event.c | default: 'x' }}" };

    expect(propertiesOf({ send: { properties } })).toEqual([{ c: 'x' }, {}]);
  });

  it('without a value are omitted from trees, which does not count as a change', () => {
    const properties = { tree: { a: '{{ Event.a }}', b: 'x', deep: { c: '{{ Event.c }}', d: 1 } } };

    expect(propertiesOf({ send: { properties } })).toEqual([{ 'tree.b': 'x', 'tree.deep.d': 1 }, {}]);
  });

  it('without a value are omitted from lists', () => {
    expect(propertiesOf({ send: { properties: { list: ['{{ Event.a }}', 'x'] } } })[0]).toEqual({
      list: 'x',
    });
  });

  it('that still hold a template are delivered unchanged and counted (F36)', () => {
    const v = '{{ 7 | plus: 7 }}';

    expect(propertiesOf({ send: { properties: { a: '{{ Event.v }}' } } }, purchase({ v }))).toEqual([
      { a: v },
      { unrendered_value: 1 },
    ]);
  });

  it('that hold JSON stay one string and set nothing else (F36)', () => {
    const v = 'a","identity":"victim","event":"x';
    const { event } = map(
      purchase({ v }),
      withRule({ send: { properties: { a: '{{ Event.v }}', b: '<{{ Event.v }}>' } } }),
    );

    expect({ ...event.properties }).toEqual({ a: v, b: `<${v}>` });
    expect(event).toMatchObject({ event: 'Purchase', identity: 'cust-1' });
  });

  it.each(['__proto__', 'constructor', 'prototype'])('are never named %s (F32)', (name) => {
    const properties = JSON.parse(`{"a":{${JSON.stringify(name)}:"x"}}`) as { a: Record<string, string> };
    const spread: Partial<MappingRule> = { spread: ['Event'] };
    const source = stockSource(
      JSON.parse(`{"identity":"a","event_properties":{${JSON.stringify(name)}:1}}`) as object,
      {},
      'Purchase',
    );

    expect(reasonOf(purchase(), withRule({ send: { properties } }))).toBe('forbidden_property_name');
    expect(reasonOf(source, withRule(spread))).toBe('forbidden_property_name');
    expect(
      reasonOf(source, withRule({ send: { properties: { a: `{{ Event.${name}.x }}` } } })),
    ).toBeUndefined();
  });

  it('find nothing inherited when the name is data', () => {
    for (const k of ['constructor', '__proto__', 'toString']) {
      const source = purchase({ a: 1 }, { key_values: { k } });

      expect(propertiesOf({ send: { properties: { a: '{{ Event[KeyValues.k] }}' } } }, source)).toEqual([
        {},
        {},
      ]);
    }
  });

  it('see at most 8192 characters of any value that was sent (F37)', () => {
    const long = 'x'.repeat(350_000);
    const sizes = { e: '{{ Event.v | size }}', k: '{{ KeyValues.v | size }}', p: '{{ Profile.v | size }}' };
    const properties = { ...sizes, c: '{{ Campaign.id | size }}', b: '{{ Body.v | size }}' };
    const stock = purchase(
      { v: long },
      { key_values: { v: long }, profileData: { v: long } },
      { targetId: long },
    );
    const custom = sourceOf({ identity: 'a', event: 'Purchase', v: long, properties: { v: long } });

    for (const source of [stock, custom])
      for (const size of Object.values(propertiesOf({ send: { properties } }, source)[0]))
        expect(size).toBeLessThanOrEqual(8192);
  });
});

describe('spread', () => {
  const source = purchase(
    { item: 'hat', nested: { a: 1 }, same: 'event' },
    { key_values: { coupon: 'profile', same: 'keys' } },
    { key_values: { coupon: 'request', channel: 'push' } },
  );

  it.each<[MappingRule['spread'], object]>([
    [[], {}],
    [['Event'], { item: 'hat', 'nested.a': 1, same: 'event' }],
    [['KeyValues'], { coupon: 'profile', same: 'keys', channel: 'push' }],
    [
      ['Event', 'KeyValues'],
      { item: 'hat', 'nested.a': 1, same: 'event', coupon: 'profile', channel: 'push' },
    ],
    [
      ['KeyValues', 'Event'],
      { item: 'hat', 'nested.a': 1, same: 'keys', coupon: 'profile', channel: 'push' },
    ],
  ])('%j copies whole groups', (spread, expected) => {
    expect(propertiesOf({ spread }, source)[0]).toEqual(expected);
  });

  it("yields to the rule's own properties", () => {
    const rule: Partial<MappingRule> = {
      send: { properties: { item: 'mine', coupon: '{{ Event.missing }}', nested: { a: 2 } } },
      spread: ['Event', 'KeyValues'],
    };

    expect(propertiesOf(rule, source)[0]).toEqual({
      item: 'mine',
      'nested.a': 2,
      same: 'event',
      coupon: 'profile',
      channel: 'push',
    });
  });

  it("copies a custom body's properties", () => {
    const custom = sourceOf({ identity: 'a', event: 'Purchase', extra: 'x', properties: { item: 'hat' } });

    expect(propertiesOf({ spread: ['Event', 'KeyValues'] }, custom)[0]).toEqual({ item: 'hat' });
  });

  it("is the only addition to the rule's own properties", () => {
    expect(propertiesOf({}, purchase({ item: 'hat' }, {}, { targetId: 5 }))).toEqual([{}, {}]);
  });
});

describe('the timestamp of a rule', () => {
  const at = (timestamp: string | number, own: object, keys: object = {}): MappedEvent =>
    map(purchase(own, { key_values: keys }), withRule({ send: { timestamp } }));

  it.each([
    ['{{ Event.at }}', { at: '$D_1664890781' }, '2022-10-04T13:39:41.000Z'],
    ['{{ Event.at }}', { at: 1664890781 }, '2022-10-04T13:39:41.000Z'],
    ['{{ Event.at }}', { at: '2026-09-30T10:00:00+02:00' }, '2026-09-30T08:00:00.000Z'],
    ['{{ Event.day }}T10:00:00Z', { day: '2026-09-30' }, '2026-09-30T10:00:00.000Z'],
    [1664890781, {}, '2022-10-04T13:39:41.000Z'],
    ['{{ Received.at }}', {}, received],
    ["{{ 'now' | date: '%Y-%m-%dT%H:%M:%SZ' }}", {}, received],
  ])('%s of %j is %s', (timestamp, own, expected) => {
    const mapped = at(timestamp, own, { timestamp: '2001-01-01' });

    expect(mapped.event.timestamp).toBe(expected);
    expect({ ...mapped.event.properties }).toEqual({});
    expect(changesOf(mapped)).toEqual({});
  });

  it.each(['yesterday', '', '<timestamp>', true, '2026-10-02T00:00:00Z'])(
    '%j is not a time in the past: replaced by the arrival and counted',
    (value) => {
      const mapped = at('{{ Event.at }}', { at: value });

      expect(mapped.event.timestamp).toBe(received);
      expect(changesOf(mapped)).toEqual({ timestamp_replaced: 1 });
    },
  );

  it("is the event's own if the rule has none", () => {
    const source = purchase({}, { key_values: { timestamp: '2026-09-30' } });

    expect(map(source, withRule({})).event.timestamp).toBe('2026-09-30T00:00:00.000Z');
  });
});

describe('the idempotency_key of a rule', () => {
  const keyed = (own: object, idempotency_key: string | undefined = '{{ Event.order }}'): MappedEvent =>
    map(purchase(own), withRule({ send: { idempotency_key } }));
  const key = (own: object): string => keyed(own).event.idempotency_key;

  it('makes events with the same id one, whatever else differs (F40)', () => {
    expect(key({ order: 'o1', a: 1 })).toBe(key({ order: ' o1 ', a: 2 }));
    expect(key({ order: 7, a: 1 })).toBe(key({ order: '7', a: 2 }));
    expect(key({ order: 'o1' })).not.toBe(key({ order: 'o2' }));
    expect(changesOf(keyed({ order: 'o1' }))).toEqual({});
  });

  it("takes precedence over the event's own id", () => {
    const own = (eventId: string): string =>
      map(
        purchase({ order: 'o1' }, { key_values: { event_id: eventId } }),
        withRule({ send: { idempotency_key: '{{ Event.order }}' } }),
      ).event.idempotency_key;

    expect(own('a')).toBe(own('b'));
  });

  it.each(['', 'null', 'N/A', '0', 'test', '{{ id }}', '${id}', true, {}, 1.5])(
    '%j is a placeholder: ignored and counted (F41)',
    (order) => {
      expect(key({ order, a: 1 })).not.toBe(key({ order, a: 2 }));
      expect(changesOf(keyed({ order }))).toEqual({ explicit_id_ignored: 1 });
      expect(key({ order })).toBe(map(purchase({ order }), withRule({})).event.idempotency_key);
    },
  );
});

describe('the app_id of a rule', () => {
  const withAppId = (app_id: string | number): MappingContext => withRule({ send: { app_id } });

  it.each(['11', 11, ' 11 ', '{{ Event.app }}'])('%j matches the environment', (appId) => {
    expect(changesOf(map(purchase({ app: 11 }), withAppId(appId)))).toEqual({});
  });

  it.each(['12', 12, '011', '{{ Event.app }}'])('%j does not match and is rejected (F47)', (appId) => {
    expect(reasonOf(purchase({ app: '12' }), withAppId(appId))).toBe('app_id_mismatch');
  });

  it.each(['<app id>', 'YOUR_APP_ID', ''])('%j is a placeholder: ignored and counted', (appId) => {
    const mapped = map(purchase(), withAppId(appId));

    expect(changesOf(mapped)).toEqual({ app_id_placeholder: 1 });
    expect({ ...mapped.event.properties }).toEqual({});
  });

  it('that does not match in a custom body is rejected with a rule as well (F47)', () => {
    const source = sourceOf({ app_id: '12', identity: 'a', event: 'Purchase' });

    expect(reasonOf(source, withRule({}))).toBe('app_id_mismatch');
  });
});

describe('{% abort %}', () => {
  it.each<[string, Partial<MappingRule>]>([
    ['identity', { send: { identity: '{% abort %}' } }],
    ['event', { send: { event: 'x{% if Event.a %}{% abort %}{% endif %}' } }],
    ['timestamp', { send: { timestamp: '{% abort %}' } }],
    ['idempotency_key', { send: { idempotency_key: '{% abort %}' } }],
    ['app_id', { send: { app_id: '{% abort %}' } }],
    ['properties', { send: { properties: { a: [{ b: '{% for i in (1..2) %}{% abort %}{% endfor %}' }] } } }],
    ['userProperties', { userProperties: { a: '{% abort %}' } }],
  ])('in %s skips the event', (_, rule) => {
    const mapped = mapEvent(purchase({ a: 1 }), withRule(rule));

    expect(mapped).toEqual({ abortedBy: 'purchase.json' });
    expect(isAborted(mapped)).toBe(true);
    expect(isRejected(mapped)).toBe(false);
  });

  it('that is not reached does not skip the event, and data cannot call it', () => {
    const properties = { a: '{% if Event.skip %}{% abort %}{% endif %}x', b: '{{ Event.v }}' };

    expect(propertiesOf({ send: { properties } }, purchase({ v: '{% abort %}' }))[0]).toEqual({
      a: 'x',
      b: '{% abort %}',
    });
  });
});

describe('a template that fails', () => {
  const source = purchase({
    bad: 'pii-ana%E0%A4%A',
    big: 'pii-ana'.repeat(5000),
    at: '2026-01-01',
    format: 'pii-ana %99999999Y',
    many: 77777777,
    pii: 'pii-ana',
  });
  const failing = [
    '{{ Event.bad | url_decode }}',
    '{{ Event.at | date: Event.format }}',
    '{% for i in (1..Event.many) %}{{ Event.pii }}{% endfor %}',
  ];
  // In an identity they have no value, so they cannot fail.
  const failingAsProperty = [
    '{{ Event.big | replace: "p", Event.big }}',
    '{{ Event.pii | divided_by: 1 }}{{ Event.bad | url_decode }}',
  ];

  it.each([
    ...[...failing, ...failingAsProperty].map((template) => ({ properties: { a: template } })),
    ...failing.map((template) => ({ identity: template })),
  ])('%j rejects the event without quoting it (F68)', (send) => {
    const mapped = mapEvent(source, withRule({ send }));

    expect(mapped).toMatchObject({ reason: 'template_failed' });
    expect(JSON.stringify(mapped)).toContain('purchase.json');
    expect(JSON.stringify(mapped)).not.toMatch(personalData);
    expect(JSON.stringify(mapped)).not.toContain('%');
  });

  it.each(failingAsProperty)('%s as an identity has no value (F35)', (identity) => {
    expect(mapEvent(source, withRule({ send: { identity } }))).toMatchObject({
      event: { identity: 'cust-1' },
    });
  });
});

describe('properties of the user', () => {
  it('are rendered like those of the event, and separately', () => {
    const mapped = map(
      purchase({ n: 1 }, { profileData: { plan: 'gold', tags: ['a', 'b'], since: '$D_1664890781' } }),
      withRule({
        userProperties: {
          plan: '{{ Profile.Plan }}',
          tags: '{{ Profile.tags }}',
          since: '{{ Profile.since }}',
          none: '{{ Profile.none }}',
          id: 'x',
          vip: true,
        },
      }),
    );

    expect({ ...mapped.userProperties }).toEqual({
      plan: 'gold',
      tags: 'a||b',
      since: '2022-10-04T13:39:41.000Z',
      clevertap_id: 'x',
      vip: 'true',
    });
    expect({ ...mapped.event.properties }).toEqual({});
    expect(changesOf(mapped)).toEqual({ name_reserved: 1 });
  });

  it('are absent without a rule or if the rule sets none', () => {
    expect(map(purchase(), mappingContext()).userProperties).toBeUndefined();
    expect(map(purchase(), withRule({})).userProperties).toBeUndefined();
  });
});

describe('whatever JSON comes in', () => {
  const names = ['a', 'b', 'With Space', 'id', 'value', 'order', '__proto__'];
  const group = fc
    .tuple(anyJsonObject, fc.dictionary(fc.constantFrom(...names.slice(0, 6)), anyJson, { maxKeys: 4 }))
    .map(([any, known]): object => ({ ...any, ...known }));
  const identity = fc.oneof({ weight: 3, arbitrary: fc.constant('cust-1') }, anyJson);
  const stock = fc
    .record(
      { identity, Email: anyJson, event_properties: group, key_values: group, profileData: group },
      { requiredKeys: ['identity'] },
    )
    .chain((profile) =>
      fc
        .record({ targetId: anyJson, key_values: group }, { requiredKeys: [] })
        .map((request) => ({ profile, request })),
    );

  const texts = [
    '{{ Event.a }}',
    '{{ Event["With Space"] }}',
    '{{ Profile.order }}',
    '{{ KeyValues.b | default: Event.b }}',
    '{{ Event[KeyValues.a] }}',
    '{{ Event.value | plus: 1 }}',
    '{{ Event.a | upcase }}',
    '{{ Event.a | split: "" | join: "-" }}',
    'x {{ Event.b }} {{ Campaign.id }}',
    '{% if Event.a == Profile.a %}{{ Event }}{% else %}{{ KeyValues.b | size }}{% endif %}',
    '{% for x in Event.b %}{{ x }};{% endfor %}',
    '{{ Profile }}',
    'constant',
  ];
  const text = fc.constantFrom(...texts);
  const template: fc.Arbitrary<unknown> = fc.oneof(
    { weight: 4, arbitrary: text },
    fc.array(text, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names.slice(0, 6)), text, { maxKeys: 3 }),
    fc.constantFrom(null, 1, false),
  );
  const properties = fc.dictionary(fc.constantFrom(...names.slice(0, 6)), template, { maxKeys: 4 });
  const type = fc.constantFrom('number', 'string', 'boolean', 'date');
  const rule = fc.record(
    {
      send: fc.record(
        { identity: text, event: text, timestamp: text, idempotency_key: text, properties },
        { requiredKeys: [] },
      ),
      types: fc.dictionary(fc.constantFrom(...names.slice(0, 6)), type, { maxKeys: 3 }),
      spread: fc.subarray(['Event', 'KeyValues']),
      userProperties: properties,
    },
    { requiredKeys: ['send'] },
  ) as unknown as fc.Arbitrary<Partial<MappingRule>>;

  it('becomes an event and a user that Heap accepts, or a known reason', () => {
    let delivered = 0;
    fc.assert(
      fc.property(stock, rule, ({ profile, request }, anyRule) => {
        const outcome = mapEvent(
          stockSource(profile, request, 'Purchase'),
          withRule({ when: {}, ...anyRule }),
        );
        if (isRejected(outcome)) {
          expect(rejectionReasons).toContain(outcome.reason);
          return;
        }
        expect(isAborted(outcome)).toBe(false);
        if (isAborted(outcome)) return;
        delivered += 1;
        const bulk = textOf(trackBody('11', serialized(JSON.stringify(outcome.event))));
        expect(invalidReason(JSON.parse(bulk))).toBeUndefined();
        if (outcome.userProperties === undefined) return;
        const user = { identity: outcome.event.identity, properties: outcome.userProperties };
        expect(
          invalidUsersReason(JSON.parse(JSON.stringify({ app_id: '11', users: [user] }))),
        ).toBeUndefined();
      }),
      { numRuns: runs(1000) },
    );
    // Otherwise the property would hold vacuously.
    expect(delivered).toBeGreaterThan(runs(30));
  });

  it('gives the same bytes every time', () => {
    fc.assert(
      fc.property(stock, rule, ({ profile, request }, anyRule) => {
        const once = (): string =>
          JSON.stringify(
            mapEvent(stockSource(profile, request, 'Purchase'), withRule({ when: {}, ...anyRule })),
          );

        expect(once()).toBe(once());
      }),
    );
  });

  it('keeps its idempotency key under every rule that keeps identity and event (F41)', () => {
    let compared = 0;
    fc.assert(
      fc.property(stock, rule, ({ profile, request }, { send, ...other }) => {
        const source = stockSource({ ...profile, identity: 'cust-1', key_values: {} }, request, 'Purchase');
        const plain = withRule({ when: {}, send: {} });
        const before = mapEvent(source, plain);
        const after = mapEvent(
          source,
          withRule({
            when: {},
            ...other,
            send: { timestamp: send?.timestamp, properties: send?.properties },
          }),
        );
        if (isRejected(before) || isAborted(before) || isRejected(after) || isAborted(after)) return;
        compared += 1;

        expect(after.event.idempotency_key).toBe(before.event.idempotency_key);
      }),
      { numRuns: runs(500) },
    );
    expect(compared).toBeGreaterThan(runs(100));
  });

  it('never shares a key under one mapping with an event that has a different result (F41)', () => {
    // Few values, so that two events often differ in only one place.
    const value = fc.constantFrom(1, '1', 2, true, 'true', null, '', ['1', '2'], '1||2', { c: 1 }, 'a', 'b');
    const few = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { maxKeys: 2 });
    const event = fc
      .record({
        identity: fc.constantFrom('cust-1', 'cust-2', '1'),
        groups: fc.tuple(few, few, few, few),
        targetId: fc.constantFrom(1, '1', 2, undefined),
        path: fc.constantFrom('Purchase', 'Purchase', 'purchase'),
      })
      .map(
        ({
          identity: user,
          groups: [event_properties, key_values, profileData, constants],
          targetId,
          path,
        }) =>
          stockSource(
            { identity: user, event_properties, key_values, profileData },
            { targetId, key_values: constants },
            path,
          ),
      );
    const context = withRule({
      when: {},
      send: {
        identity: '{{ Profile.c }}',
        event: '{{ Path.event }} {{ KeyValues.c }}',
        properties: {
          a: '{{ Event.a }}',
          campaign: '{{ Campaign.id }}',
          both: '{{ Event.a }}{{ KeyValues.a }}',
          key: '{{ Event[KeyValues.b] }}',
        },
      },
      spread: ['Event', 'KeyValues'],
      userProperties: { a: '{{ Profile.a }}', b: '{{ Profile.b }}' },
    });
    let differing = 0;
    fc.assert(
      fc.property(event, event, (one, other) => {
        const [left, right] = [mapEvent(one, context), mapEvent(other, context)];
        if (isRejected(left) || isAborted(left) || isRejected(right) || isAborted(right)) return;
        const output = ({ event: { idempotency_key: _, ...rest }, userProperties }: MappedEvent): unknown =>
          JSON.parse(JSON.stringify({ rest, userProperties }));
        if (isDeepStrictEqual(output(left), output(right))) return;
        differing += 1;

        expect(left.event.idempotency_key).not.toBe(right.event.idempotency_key);
      }),
      { numRuns: runs(2000) },
    );
    expect(differing).toBeGreaterThan(runs(100));
  });
});
