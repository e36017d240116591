import fc from 'fast-check';
import { decodeMessage, isUnreadable, type SourceEvent } from '../../../lambda/clevertap/decode-message';
import { rejectionReasons } from '../../../lambda/contract';
import { trackBody } from '../../../lambda/heap/bulk-request';
import { isAborted } from '../../../lambda/mapping/map-event';
import { isRejected } from '../../../lambda/mapping/findings';
import { invalidReason } from '../../../local/heap/rules';
import { fixture } from '../../support/clevertap-fixture';
import { serialized, textOf } from '../../support/heap-body';
import { mapEvent, type MappedEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf, sourcesOf, stockSource } from '../../support/source-event';
import { RECEIVED_AT } from '../../support/sqs-record';
import { anyJson, anyJsonObject } from '../../support/untrusted-json';

const map = (source: SourceEvent, context = mappingContext()): MappedEvent => {
  const mapped = mapEvent(source, context);
  if (isAborted(mapped)) throw new Error('aborted');
  if (isRejected(mapped)) throw new Error(`${mapped.reason}: ${mapped.detail}`);
  return mapped;
};

const eventOf = (source: SourceEvent): MappedEvent['event'] => map(source).event;

/** Without the null prototype, which `toEqual` would treat as a difference. */
const propertiesOf = (source: SourceEvent): object => ({ ...eventOf(source).properties });

const changesOf = (source: SourceEvent): object => Object.fromEntries(map(source).changes);

const reasonOf = (source: SourceEvent): string | undefined => {
  const mapped = mapEvent(source, mappingContext());
  return isRejected(mapped) ? mapped.reason : undefined;
};

const iso = (time: number): string => new Date(time).toISOString();
const received = iso(RECEIVED_AT);

describe('a full event', () => {
  it("of CleverTap's own payload is flattened for Heap", () => {
    const { event, changes } = map(sourceOf(fixture('stock-lower-case')));

    expect({ ...event, properties: { ...event.properties } }).toEqual({
      event: 'Purchase',
      identity: 'pii-cust-77',
      timestamp: received,
      idempotency_key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      properties: {
        'Product Id': 777771,
        price: 19.77777,
        date: '2022-10-04T13:39:41.000Z',
        Make: 'pii-make',
        Model: 'pii-model',
        'Items.0.name': 'pii-shoes',
        'Items.0.quantity': 1,
        'Items.1.name': 'pii-socks',
        'Items.1.quantity': 2,
        sizes: 'pii-42||pii-43',
        gift: 'false',
        'SDK Version': 30200,
        'OS Version': '9.1',
        'CT Source': 'Mobile',
        channel: 'pii-channel',
        coupon: 'pii-coupon',
        clevertap_campaign_id: 1650000001,
      },
    });
    expect(Object.fromEntries(changes)).toEqual({ value_dropped: 1 });
  });

  it('with capitalised names is read alike', () => {
    const event = eventOf(sourceOf(fixture('stock-capitalised-single')));

    expect({ ...event, properties: { ...event.properties } }).toMatchObject({
      event: 'Viewed',
      identity: 'pii-cust-78',
      properties: { Page: 'pii-page', Seconds: 777772, clevertap_campaign_id: 1650000002 },
    });
  });

  it("from the guide's custom body is what the guide promises", () => {
    const { event, changes } = map(sourceOf(fixture('guide-rendered')));

    expect({ ...event, properties: { ...event.properties } }).toEqual({
      event: 'Purchase',
      identity: 'pii.ana@shop.test',
      timestamp: received,
      idempotency_key: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      properties: { item_names: 'pii-watch', value: '77777', campaign_name: 'pii Cart Reminder Push' },
    });
    expect([...changes]).toEqual([]);
  });

  it("from the guide's body as printed is rejected: a template is not an identity", () => {
    expect(reasonOf(sourceOf(fixture('guide-as-printed')))).toBe('unrendered_template');
  });

  it("from a broadcast names the request's campaign for each profile except the placeholder", () => {
    const sources = sourcesOf(fixture('broadcast-with-placeholder'));

    expect(reasonOf(sources[1]!)).toBe('placeholder_identity');
    for (const source of [sources[0]!, sources[2]!])
      expect(propertiesOf(source)).toEqual({ issue: 'pii-issue', clevertap_campaign_id: 1650000003 });
  });

  it('with evtName and evtData has only those', () => {
    const event = eventOf(sourceOf(fixture('evt-name-evt-data')));

    expect(event).toMatchObject({ event: 'Charged', identity: 'pii-cust-79' });
    expect({ ...event.properties }).toEqual({ Amount: 777773, 'Payment mode': 'pii-card' });
  });

  it('from a list is mapped as it would be alone', () => {
    expect(sourcesOf(fixture('list-of-events')).map(eventOf)).toMatchObject([
      { event: 'Added', identity: 'pii-cust-80', properties: { item: 'pii-hat' } },
      { event: 'Removed', identity: 'pii-cust-81', properties: { item: 'pii-cap' } },
      { event: 'Viewed', identity: 'pii.dee@shop.test', properties: {} },
    ]);
  });

  it.each(['journey-node', 'post-action'])('of a %s takes its name from the URL', (name) => {
    expect(eventOf(sourceOf(fixture(name), 'Reached'))).toMatchObject({ event: 'Reached' });
    expect(reasonOf(sourceOf(fixture(name)))).toBe('missing_event_name');
  });

  it('never carries profile fields that were not requested', () => {
    expect(JSON.stringify(eventOf(sourceOf(fixture('stock-lower-case'))).properties)).not.toMatch(
      /Pii Ana|pii-token|shop\.test|__gpii|pii-gold|pii-city/,
    );
  });
});

describe('the event name', () => {
  const names = (profile: unknown, request: unknown, path: string | undefined): SourceEvent =>
    stockSource({ identity: 'a', key_values: { event: profile } }, { key_values: { event: request } }, path);

  it.each([
    ['body', sourceOf({ identity: 'a', event: 'body', properties: { event: 'p' } }, 'path')],
    ['profile', names('profile', 'request', 'path')],
    ['request', names(undefined, 'request', 'path')],
    ['path', names(undefined, undefined, 'path')],
  ])('comes from the %s in preference to all that follow', (expected, source) => {
    expect(eventOf(source).event).toBe(expected);
  });

  it.each([[''], [' \t'], [null], [true], [{}], [['x']]])('skips the blank %j', (blank) => {
    expect(eventOf(names(blank, 'request', 'path')).event).toBe('request');
    expect(eventOf(names(blank, blank, 'path')).event).toBe('path');
    expect(eventOf(sourceOf({ identity: 'a', event: blank }, 'path')).event).toBe('path');
    expect(reasonOf(names(blank, blank, undefined))).toBe('missing_event_name');
    expect(reasonOf(names(blank, blank, ' '))).toBe('missing_event_name');
  });

  it.each(['event', 'Event', 'event_name', 'EVENT_NAME', 'evtName', 'EvtName'])('may be called %s', (key) => {
    const stock = stockSource({ identity: 'a' }, { key_values: { [key]: 'x' } });
    const custom = sourceOf({ identity: 'a', [key]: 'x' });

    for (const source of [stock, custom]) {
      expect(eventOf(source).event).toBe('x');
      expect(propertiesOf(source)).toEqual({});
    }
  });

  it('prefers event to event_name to evtName, and the others stay properties', () => {
    const source = sourceOf({ identity: 'a', evtName: '3', event_name: '2', event: '1' });

    expect(eventOf(source).event).toBe('1');
    expect(propertiesOf(source)).toEqual({ evtName: '3', event_name: '2' });
  });

  it.each([
    ['  Added to cart \n', 'Added to cart'],
    ['Ünïcode 😀', 'Ünïcode 😀'],
    ['half \uD83D', 'half'],
  ])('%j is trimmed and well-formed but keeps its casing', (name, expected) => {
    expect(eventOf(names(name, undefined, undefined)).event).toBe(expected);
  });

  it('may be a number', () => {
    expect(eventOf(names(404, undefined, undefined)).event).toBe('404');
  });

  it.each([
    ['x'.repeat(255), 'x'.repeat(255), {}],
    ['x'.repeat(256), 'x'.repeat(255), { event_name_truncated: 1 }],
    [`${'x'.repeat(254)}😀`, 'x'.repeat(254), { event_name_truncated: 1 }],
  ])('has at most 255 characters, and a cut is counted', (name, expected, changes) => {
    expect(eventOf(names(name, undefined, undefined)).event).toBe(expected);
    expect(changesOf(names(name, undefined, undefined))).toEqual(changes);
  });

  it.each(['{{ Event.Name }}', 'Bought {{x', '{% if a %}x', '${name}'])('%s was not rendered', (name) => {
    expect(reasonOf(names(name, 'request', 'path'))).toBe('unrendered_template');
    expect(reasonOf(names(undefined, undefined, name))).toBe('unrendered_template');
    expect(reasonOf(sourceOf({ identity: 'a', event: name }))).toBe('unrendered_template');
  });

  it('is not taken from event_properties, which are data', () => {
    expect(reasonOf(stockSource({ identity: 'a', event_properties: { event: 'x' } }))).toBe(
      'missing_event_name',
    );
  });
});

describe('the identity', () => {
  it('follows the order of the environment', () => {
    const source = stockSource({ identity: 'cust-1', Email: 'ana@shop.test' }, {}, 'x');

    expect(map(source, mappingContext({ identityOrder: ['email'] })).event.identity).toBe('ana@shop.test');
  });

  it.each([
    [{ name: 'Ana' }, 'missing_identity'],
    [{ identity: 'guest', email: 'user@example.com' }, 'placeholder_identity'],
    [{ identity: 1.5 }, 'identity_not_exact'],
    [{ identity: '{{ Profile.Identity }}' }, 'unrendered_template'],
  ])('of %j rejects the event: %s', (profile, reason) => {
    expect(reasonOf(stockSource(profile, {}, 'x'))).toBe(reason);
  });

  it.each([
    '{"__proto__":{"identity":"victim","event":"x"}}',
    '{"__proto__":{"identity":"victim"},"event":"x"}',
    '{"profiles":[{"__proto__":{"identity":"victim"}}],"key_values":{"event":"x"}}',
    '{"event":"x","properties":{"identity":"victim"}}',
  ])('is not set by %s (F32)', (text) => {
    const decoded = decodeMessage(text, undefined);
    const reasons =
      decoded.kind === 'events'
        ? decoded.events.map((event) => (isUnreadable(event) ? event.reason : reasonOf(event)))
        : [decoded];

    expect(JSON.stringify(reasons)).toMatch(/missing_identity|unknown_shape/);
    expect(({} as Record<string, unknown>)['identity']).toBeUndefined();
  });
});

describe('the app id in a custom body', () => {
  const withAppId = (appId: unknown): SourceEvent => sourceOf({ app_id: appId, identity: 'a', event: 'x' });

  it.each(['11', 11, ' 11 '])('%j matches the environment', (appId) => {
    expect(propertiesOf(withAppId(appId))).toEqual({});
    expect(changesOf(withAppId(appId))).toEqual({});
  });

  it.each(['12', 12, '011', '110', '1'])('%j does not match and is rejected (F47)', (appId) => {
    expect(reasonOf(withAppId(appId))).toBe('app_id_mismatch');
  });

  it.each(['<app id>', 'YOUR_APP_ID', '', '{{ app_id }}', '11a', '-11', '1.1', null, true])(
    '%j is a placeholder: ignored and counted',
    (appId) => {
      expect(propertiesOf(withAppId(appId))).toEqual({});
      expect(changesOf(withAppId(appId))).toEqual({ app_id_placeholder: 1 });
    },
  );

  it('is found in any casing', () => {
    expect(reasonOf(sourceOf({ App_Id: '12', identity: 'a', event: 'x' }))).toBe('app_id_mismatch');
  });

  it("does not matter in CleverTap's own payload", () => {
    expect(reasonOf(stockSource({ identity: 'a', app_id: '12' }, { app_id: '12' }, 'x'))).toBeUndefined();
  });
});

describe('the explicit id', () => {
  const key = (source: SourceEvent): string => eventOf(source).idempotency_key;
  const stock = (own: object, request: object, name = 'hat'): SourceEvent =>
    stockSource({ identity: 'a', event_properties: { name }, key_values: own }, { key_values: request }, 'x');
  const custom = (fields: object, name = 'hat'): SourceEvent =>
    sourceOf({ identity: 'a', event: 'x', properties: { name }, ...fields });

  it.each(['event_id', 'Event_ID', 'message_id', 'MESSAGE_ID'])("is a profile's own %s", (name) => {
    expect(key(stock({ [name]: 'id-1' }, {}, 'hat'))).toBe(key(stock({ [name]: 'id-1' }, {}, 'cap')));
    expect(key(stock({ [name]: 'id-1' }, {}))).not.toBe(key(stock({ [name]: 'id-2' }, {})));
    expect(propertiesOf(stock({ [name]: 'id-1' }, {}))).toEqual({ name: 'hat' });
  });

  it('prefers event_id to message_id, which then stays a property', () => {
    const source = stock({ message_id: 'm', event_id: 'e' }, {});

    expect(key(source)).toBe(key(stock({ event_id: 'e' }, {}, 'cap')));
    expect(propertiesOf(source)).toEqual({ name: 'hat', message_id: 'm' });
  });

  it.each(['event_id', 'message_id'])(
    'is never the %s of the request, a constant of the campaign (F41)',
    (name) => {
      const request = { [name]: 'same-for-all' };

      expect(key(stock({}, request, 'hat'))).not.toBe(key(stock({}, request, 'cap')));
      expect(propertiesOf(stock({}, request))).toEqual({ name: 'hat', [name]: 'same-for-all' });
    },
  );

  it.each(['idempotency_key', 'Idempotency_Key'])("is a custom body's %s", (name) => {
    expect(key(custom({ [name]: 'id-1' }, 'hat'))).toBe(key(custom({ [name]: 'id-1' }, 'cap')));
    expect(propertiesOf(custom({ [name]: 'id-1' }))).toEqual({ name: 'hat' });
  });

  it.each(['event_id', 'message_id'])("is not a custom body's %s", (name) => {
    expect(key(custom({ [name]: 'id-1' }, 'hat'))).not.toBe(key(custom({ [name]: 'id-1' }, 'cap')));
    expect(propertiesOf(custom({ [name]: 'id-1' }))).toEqual({ name: 'hat', [name]: 'id-1' });
  });

  it("is not a profile's own idempotency_key", () => {
    const own = { idempotency_key: 'id-1' };

    expect(key(stock(own, {}, 'hat'))).not.toBe(key(stock(own, {}, 'cap')));
  });

  it('may be a number and is trimmed', () => {
    expect(key(custom({ idempotency_key: 7 }))).toBe(key(custom({ idempotency_key: ' 7 ' })));
  });

  it.each(['', ' ', 'null', 'N/A', '0', '-', 'Test', 'user@example.com', '{{ id }}', '${id}', true, {}, 1.5])(
    '%j is a placeholder: ignored and counted',
    (id) => {
      const one = custom({ idempotency_key: id }, 'hat');
      const other = custom({ idempotency_key: id }, 'cap');

      expect(key(one)).not.toBe(key(other));
      expect(changesOf(one)).toMatchObject({ explicit_id_ignored: 1 });
    },
  );

  it('that is a placeholder is skipped for the next', () => {
    const source = stock({ event_id: 'null', message_id: 'm' }, {});

    expect(key(source)).toBe(key(stock({ message_id: 'm' }, {}, 'cap')));
    expect(changesOf(source)).toEqual({ explicit_id_ignored: 1 });
  });

  it('never joins two users or two events', () => {
    const id = { idempotency_key: 'id-1' };

    expect(key(custom({ ...id, identity: 'b' }))).not.toBe(key(custom(id)));
    expect(key(custom({ ...id, event: 'y' }))).not.toBe(key(custom(id)));
  });
});

describe('the timestamp', () => {
  const at = (timestamp: unknown): SourceEvent => sourceOf({ identity: 'a', event: 'x', timestamp });

  it('is by default the time the endpoint received the event (F39)', () => {
    expect(eventOf(sourceOf({ identity: 'a', event: 'x' })).timestamp).toBe(received);
  });

  it('is that of a custom body', () => {
    expect(eventOf(at('2026-09-30T12:00:00+02:00')).timestamp).toBe('2026-09-30T10:00:00.000Z');
    expect(propertiesOf(at('2026-09-30'))).toEqual({});
    expect(changesOf(at('2026-09-30'))).toEqual({});
  });

  it("is that of a profile's own key_values", () => {
    const source = stockSource({ identity: 'a', key_values: { Timestamp: '1664890781' } }, {}, 'x');

    expect(eventOf(source).timestamp).toBe('2022-10-04T13:39:41.000Z');
    expect(propertiesOf(source)).toEqual({});
  });

  it('is never that of the request, a constant of the campaign', () => {
    const source = stockSource({ identity: 'a' }, { key_values: { timestamp: '1664890781' } }, 'x');

    expect(eventOf(source).timestamp).toBe(received);
    expect(propertiesOf(source)).toEqual({ timestamp: '1664890781' });
  });

  it.each([
    ['yesterday', 'yesterday'],
    [iso(RECEIVED_AT + 3_600_000), iso(RECEIVED_AT + 3_600_000)],
    [-5, -5],
    [true, 'true'],
  ])('%j is replaced, kept as a property and counted', (value, original) => {
    expect(eventOf(at(value)).timestamp).toBe(received);
    expect(propertiesOf(at(value))).toEqual({ original_timestamp: original });
    expect(changesOf(at(value))).toEqual({ timestamp_replaced: 1 });
  });

  it.each([[null], ['']])('%j counts as absent', (value) => {
    expect(eventOf(at(value)).timestamp).toBe(received);
    expect(changesOf(at(value))).not.toHaveProperty('timestamp_replaced');
  });
});

describe('the properties', () => {
  it("are event_properties, then key_values, with the profile's overriding the request's", () => {
    const source = stockSource(
      { identity: 'a', event_properties: { p: 1, k: 'event' }, key_values: { k: 'own', q: 'own' } },
      { key_values: { q: 'request', r: 'request' } },
      'x',
    );

    expect(propertiesOf(source)).toEqual({ p: 1, k: 'event', q: 'own', r: 'request' });
    expect(changesOf(source)).toEqual({ name_collision: 1 });
  });

  it('of a custom body are its properties, then its other keys except those with a meaning of their own', () => {
    const source = sourceOf({
      app_id: '11',
      identity: 'a',
      email: 'a@shop.test',
      Phone: '+1',
      objectId: '__g',
      user_id: '7',
      session_id: '8',
      targetId: 5,
      event: 'x',
      timestamp: '2026-09-30',
      idempotency_key: 'id-1',
      properties: { item: 'hat', colour: 'red' },
      evtData: { size: 7 },
      colour: 'blue',
      store: { town: 'Ulm' },
    });

    expect(propertiesOf(source)).toEqual({
      item: 'hat',
      colour: 'red',
      size: 7,
      'store.town': 'Ulm',
      clevertap_campaign_id: 5,
    });
  });

  it.each([['text'], [7], [['a', 'b']]])(
    'of a custom body may be %j, which is then one property',
    (value) => {
      const source = sourceOf({ identity: 'a', event: 'x', properties: value });

      expect(propertiesOf(source)).toEqual({ properties: Array.isArray(value) ? 'a||b' : value });
    },
  );

  it('are an object even if there are none (Heap refuses a list)', () => {
    expect(JSON.stringify(eventOf(sourceOf({ identity: 'a', event: 'x', properties: [] })).properties)).toBe(
      '{}',
    );
  });

  it.each([
    [{ targetId: 5 }, 5],
    [{ TargetId: '5' }, '5'],
  ])('name the campaign of %j', (request, id) => {
    expect(propertiesOf(stockSource({ identity: 'a' }, request, 'x'))).toEqual({ clevertap_campaign_id: id });
  });

  it.each([
    [{ a: { constructor: 1 } }, 'forbidden_property_name'],
    [{ ['x'.repeat(1024)]: 1 }, 'property_name_too_long'],
    [Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`k${index}`, 1])), 'too_many_properties'],
  ])('that can never be delivered cause a rejection', (properties, reason) => {
    expect(reasonOf(sourceOf({ identity: 'a', event: 'x', properties }))).toBe(reason);
    expect(reasonOf(stockSource({ identity: 'a', event_properties: properties }, {}, 'x'))).toBe(reason);
  });

  it.each([10, 30, 33, 5_000, 100_000])('nested %d levels deep never overflow the stack (F30)', (levels) => {
    const lists = '['.repeat(levels) + '1' + ']'.repeat(levels);
    const objects = '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);
    const reason = levels > 32 ? 'nested_too_deep' : undefined;

    for (const deep of [lists, objects]) {
      for (const text of [
        `{"identity":"a","event":"x","properties":{"p":${deep}}}`,
        `{"identity":"a","event":"x","p":${deep}}`,
        `{"profiles":[{"identity":"a","event_properties":{"p":${deep}}}]}`,
        `{"profiles":[{"identity":"a","key_values":{"p":${deep}}}]}`,
        `{"profiles":[{"identity":"a"}],"key_values":{"p":${deep}}}`,
        `{"profiles":[{"identity":"a"}],"targetId":${deep}}`,
      ]) {
        expect([text.slice(0, 60), reasonOf(sourceOf(text, 'x'))]).toEqual([text.slice(0, 60), reason]);
      }
    }
  });

  it('are not affected by unmapped values, however deep (F30)', () => {
    const deep = '['.repeat(500_000) + ']'.repeat(500_000);

    expect(reasonOf(sourceOf(`{"profiles":[{"identity":"a","profileData":{"p":${deep}}}]}`, 'x'))).toBe(
      'nested_too_deep',
    );
    expect(reasonOf(sourceOf(`{"profiles":[{"identity":"a"}],"other":${deep}}`, 'x'))).toBeUndefined();
  });
});

describe('whatever JSON comes in', () => {
  // Known names in any combination with any values, so that most events are mapped.
  const often = (value: unknown): fc.Arbitrary<unknown> =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: anyJson });
  const group = fc
    .tuple(
      anyJsonObject,
      fc.record({ event: often('Purchase'), timestamp: anyJson, event_id: anyJson }, { requiredKeys: [] }),
    )
    .map(([any, known]): object => ({ ...any, ...known }));
  const profile = fc.record(
    {
      identity: often('cust-1'),
      Email: anyJson,
      event_properties: fc.oneof(anyJsonObject, anyJson),
      key_values: group,
    },
    { requiredKeys: ['identity'] },
  );
  const stock = fc.record(
    {
      profiles: fc.oneof(fc.array(fc.oneof(profile, anyJson), { maxLength: 3 }), profile),
      key_values: group,
      targetId: anyJson,
    },
    { requiredKeys: ['profiles'] },
  );
  const custom = fc
    .tuple(
      anyJsonObject,
      fc.record(
        {
          identity: often('cust-1'),
          event: often('Purchase'),
          properties: anyJson,
          timestamp: anyJson,
          idempotency_key: anyJson,
          app_id: often('11'),
        },
        { requiredKeys: ['identity'] },
      ),
    )
    .map(([any, known]): object => ({ ...any, ...known }));
  const message = fc.oneof(stock, custom, fc.array(custom, { maxLength: 3 }), anyJson);
  const path = fc.option(fc.oneof(fc.constant('Path'), fc.string()), { nil: undefined });

  it('becomes a bulk that Heap accepts, or a known reason', () => {
    let delivered = 0;
    fc.assert(
      fc.property(message, path, (body, pathEvent) => {
        const decoded = decodeMessage(JSON.stringify(body), pathEvent);
        const outcomes =
          decoded.kind === 'events'
            ? decoded.events.map((event) => (isUnreadable(event) ? event : mapEvent(event, mappingContext())))
            : decoded.kind === 'undecodable'
              ? [decoded]
              : [];
        for (const outcome of outcomes) {
          if (isRejected(outcome)) {
            expect(rejectionReasons).toContain(outcome.reason);
            expect(outcome.detail).not.toBe('');
          } else if (!isAborted(outcome)) {
            delivered += 1;
            const bulk = textOf(trackBody('11', serialized(JSON.stringify(outcome.event))));
            expect(invalidReason(JSON.parse(bulk))).toBeUndefined();
            expect(outcome.event.event.length).toBeLessThanOrEqual(255);
            expect((outcome.event.event + outcome.event.identity).isWellFormed()).toBe(true);
          }
        }
      }),
      { numRuns: 1000 },
    );
    // Otherwise the property would hold vacuously.
    expect(delivered).toBeGreaterThan(100);
  });

  it('gives the same event, byte for byte, every time', () => {
    fc.assert(
      fc.property(profile, (input) => {
        const once = mapEvent(stockSource(input, {}, 'x'), mappingContext());
        const again = mapEvent(stockSource(input, {}, 'x'), mappingContext());

        expect(JSON.stringify(again)).toBe(JSON.stringify(once));
      }),
    );
  });
});

test('a name left blank in key_values is not a property, in any casing', () => {
  for (const name of ['event', 'event_name', 'evtName']) {
    const source = stockSource({ identity: 'cust-1', key_values: { [name]: ' ' } }, {}, 'Purchase');
    expect([name, propertiesOf(source)]).toEqual([name, {}]);
  }
});
