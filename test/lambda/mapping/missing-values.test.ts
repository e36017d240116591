import type { SourceEvent } from '../../../lambda/clevertap/decode-message';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { isAborted } from '../../../lambda/mapping/map-event';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { isRejected } from '../../../lambda/mapping/findings';
import { noMapping, type MappingRule } from '../../../lambda/mapping/rule-format';
import { ends } from '../../support/ends';
import { mapEvent, type MappedEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf, stockSource } from '../../support/source-event';
import { RECEIVED_AT } from '../../support/sqs-record';

const { parse } = createLiquid();

const map = (source: SourceEvent, rule?: Partial<MappingRule>): MappedEvent => {
  const rules = rule === undefined ? [] : [{ name: 'rule', when: { event: 'Purchase' }, send: {}, ...rule }];
  const mapped = mapEvent(
    source,
    mappingContext({ mapping: compileMapping({ ...noMapping, rules }, parse) }),
  );
  if (isRejected(mapped) || isAborted(mapped)) throw new Error(JSON.stringify(mapped));
  return mapped;
};

const purchase = (eventProperties: object = {}, profile: object = {}, request: object = {}): SourceEvent =>
  stockSource(
    { identity: 'cust-1', event_properties: eventProperties, ...profile },
    { key_values: { event: 'Purchase' }, ...request },
  );

/** The value of one template as a property. */
const valueOf = (template: string, eventProperties: object = {}): unknown =>
  map(purchase(eventProperties), { send: { properties: { value: template } } }).event.properties['value'];

describe('text around an output without a value', () => {
  it.each([
    'cust-{{ Profile.nr }}',
    "{{ Profile.nr | prepend: '+' }}",
    "{{ Profile.nr | append: '@shop.test' }}",
    "{{ 'cust-' | append: Profile.nr }}",
    '{% assign nr = Profile.nr %}cust-{{ nr }}',
    '{% if true %}cust-{{ Profile.nr }}{% endif %}',
    '{{ Profile.nr }}-{{ Profile.identity }}',
    "{{ Profile.blank | prepend: '+' }}",
    'cust-{{ Profile.blank }}',
    '{{ Profile.nr | times: 2 }}',
  ])('does not make an identity: %s (F35)', (identity) => {
    const { event } = map(purchase({}, { blank: '' }), { send: { identity } });

    expect(event.identity).toBe('cust-1');
  });

  it.each([
    ['cust-{{ Profile.nr }}', 'cust-7'],
    ["{{ Profile.nr | prepend: '+' }}", '+7'],
    ['{{ Profile.other | default: Profile.nr }}', '7'],
    ["cust-{{ Profile.other | default: 'x' }}", 'cust-x'],
  ])('makes one if the output has a value: %s is %s', (identity, expected) => {
    expect(map(purchase({}, { nr: 7 }), { send: { identity } }).event.identity).toBe(expected);
  });

  it('makes no idempotency key: two orders without a number stay two events (F41)', () => {
    const rule = { send: { idempotency_key: 'order-{{ Event.order }}' } };
    const [first, second] = ['hat', 'shoe'].map((item) => map(purchase({ item }), rule));

    expect(first?.event.idempotency_key).not.toBe(second?.event.idempotency_key);
    expect(Object.fromEntries(first?.changes ?? [])).toEqual({ explicit_id_ignored: 1 });
  });

  it('stays in other strings as the author wrote it', () => {
    expect(valueOf('Due {{ Event.day }}')).toBe('Due ');
  });
});

test('the idempotency key of a rule never sees the key_values of the request (F41)', () => {
  const rule = { send: { idempotency_key: '{{ KeyValues.order }}' } };
  const constant = { key_values: { event: 'Purchase', order: 'c-1' } };
  const keyOf = (item: string, profile: object = {}): string =>
    map(purchase({ item }, profile, constant), rule).event.idempotency_key;

  expect(keyOf('hat')).not.toBe(keyOf('shoe'));
  const own = { key_values: { order: 'o-1' } };
  expect(keyOf('hat', own)).toBe(keyOf('shoe', own));
});

test('an invisible id is not an id (F41)', () => {
  const [first, second] = ['hat', 'shoe'].map((item) =>
    map(sourceOf({ identity: 'a', event: 'x', idempotency_key: '\u200B', properties: { item } })),
  );

  expect(first?.event.idempotency_key).not.toBe(second?.event.idempotency_key);
});

test("an event's unusable id is counted, whatever its rule does with it (F41)", () => {
  const body = { identity: 'a', event: 'Purchase', idempotency_key: 'null', properties: { order: 'o-1' } };
  const changesBy = (idempotency_key: string): unknown =>
    map(sourceOf(body), { send: { idempotency_key } }).changes.details;
  const own = { change: 'explicit_id_ignored', property: 'idempotency_key' };

  expect(changesBy('{{ Event.order }}')).toEqual([own]);
  expect(changesBy('{{ Event.missing }}')).toEqual([
    own,
    { change: 'explicit_id_ignored', property: undefined },
  ]);
});

describe('a filter', () => {
  it.each([
    'times: 2',
    'plus: 1',
    'minus: 1',
    'round',
    'size',
    'upcase',
    'strip',
    "join: ','",
    'first',
    'json',
  ])('gives a missing value no value: %s', (filter) => {
    expect(valueOf(`{{ Event.missing | ${filter} }}`)).toBeUndefined();
  });

  it('"default" gives one', () => {
    expect(valueOf("{{ Event.missing | default: 'none' }}")).toBe('none');
  });

  it('for numbers has no value for a string that is not a number', () => {
    expect(valueOf('{{ Event.v | times: 2 }}', { v: 'abc' })).toBeUndefined();
    expect(valueOf('{{ Event.v | times: 2 }}', { v: ' 21 ' })).toBe(42);
  });
});

test.each(['{% if Event.missing %}x{% endif %}', '{% comment %}x{% endcomment %}', '{% assign x = 1 %}'])(
  'tags without output drop the property: %s',
  (template) => {
    expect(valueOf(template)).toBeUndefined();
  },
);

test('a blank that was sent is a value', () => {
  expect(valueOf('{{ Event.v }}', { v: '' })).toBe('');
});

describe('a date in CleverTap’s notation', () => {
  const day = { day: '$D_1664890781' };

  it.each([
    ["{{ Event.day | date: '%Y' }}", '2022'],
    ["{{ Event.day | date_tz: '%H:%M', 'Asia/Kolkata' }}", '19:09'],
    ['Due {{ Event.day }}', 'Due 2022-10-04T13:39:41.000Z'],
    ['{{ Event.day }}', '2022-10-04T13:39:41.000Z'],
  ])('is a date to a template: %s is %s', (template, expected) => {
    expect(valueOf(template, day)).toBe(expected);
  });
});

describe('a template that takes a long time by the clock', () => {
  /** A clock that jumps by `ms` once rendering has begun. */
  const clockThatJumps = (ms: number): void => {
    let looks = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => {
      looks += 1;
      return looks === 1 ? 0 : ms;
    });
  };
  const twoParts = '{{ Event.v }} {{ Event.v }}';
  const mapped = (): unknown =>
    mapEvent(
      purchase({ v: 1 }),
      mappingContext({
        mapping: compileMapping(
          {
            ...noMapping,
            rules: [{ name: 'rule', when: { event: 'Purchase' }, send: { properties: { value: twoParts } } }],
          },
          parse,
        ),
      }),
    );

  afterEach(() => jest.restoreAllMocks());

  it('is rendered for up to 500 ms: the function may have been paused', () => {
    clockThatJumps(499);
    expect(mapped()).toMatchObject({ event: { properties: { value: '1 1' } } });
  });

  it('is aborted after 500 ms (F37)', () => {
    clockThatJumps(501);
    expect(mapped()).toMatchObject({ reason: 'template_failed' });
  });
});

test('the app ids of body and rule are both compared (F47)', () => {
  const body = { app_id: '999', identity: 'a', event: 'Purchase' };
  const rules = [{ name: 'rule', when: { event: 'Purchase' }, send: { app_id: '<app id>' } }];
  const context = mappingContext({ mapping: compileMapping({ ...noMapping, rules }, parse) });

  expect(mapEvent(sourceOf(body), context)).toMatchObject({ reason: 'app_id_mismatch' });
});

describe('a value that cannot be used', () => {
  it('because its group is not an object is counted', () => {
    const { changes } = map(
      sourceOf({ key_values: '{"a":1}', profiles: [{ identity: 'a', event_properties: [1] }] }, 'Purchase'),
    );

    expect(changes.details).toEqual([
      { change: 'value_dropped', property: 'key_values' },
      { change: 'value_dropped', property: 'event_properties' },
    ]);
  });

  it('because evtData and properties share its name is counted', () => {
    const body = { identity: 'a', event: 'x', evtData: { item: 'hat' }, properties: { item: 'shoe' } };
    const { event, changes } = map(sourceOf(body));

    expect({ ...event.properties }).toEqual({ item: 'shoe' });
    expect(changes.details).toEqual([{ change: 'name_collision', property: 'item' }]);
  });
});

describe('an event is never lost because of its timestamp', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`p${index}`, index]));
  const timed = (timestamp: unknown, properties: object): MappedEvent =>
    map(sourceOf({ identity: 'a', event: 'x', timestamp, properties }));

  it('if there is no room to keep it', () => {
    const { event, changes } = timed('yesterday', many);

    expect(event.timestamp).toBe(new Date(RECEIVED_AT).toISOString());
    expect(Object.fromEntries(changes)).toEqual({ timestamp_replaced: 1, value_dropped: 1 });
  });

  it.each([[{ __proto__: null, constructor: 1 }], [[1]], [{ a: { b: 1 } }]])(
    'if it is %j, which is not a scalar',
    (timestamp) => {
      expect(timed(timestamp, {}).event.properties).toEqual({});
    },
  );

  it('if a rule has no value for it', () => {
    const source = purchase({}, { key_values: { timestamp: '2026-09-30T10:00:00Z' } });
    const { event, changes } = map(source, { send: { timestamp: '{{ Event.time }}' } });

    expect(event.timestamp).toBe('2026-09-30T10:00:00.000Z');
    expect([...changes]).toEqual([]);
  });
});

test.each(['id\u0001', 'I\u0000D'])('%j is Heap’s reserved name once it is clean', (name) => {
  const { event } = map(sourceOf({ identity: 'a', event: 'x', properties: { [name]: 1 } }));

  expect({ ...event.properties }).toEqual({ clevertap_id: 1 });
});

test('a forbidden name is also forbidden with control characters in it (F32)', () => {
  const source = sourceOf({ identity: 'a', event: 'x', properties: { '__proto__\u0001': 1 } });

  expect(mapEvent(source, mappingContext())).toMatchObject({ reason: 'forbidden_property_name' });
});

test('user properties without any value are absent', () => {
  expect(map(purchase(), { userProperties: { plan: '{{ Profile.plan }}' } }).userProperties).toBeUndefined();
});

test('a calendar date in digits is not an epoch time', () => {
  const rule = { send: { properties: { day: '{{ Event.day }}' } }, types: { day: 'date' as const } };

  expect([...map(purchase({ day: '20261105120000' }), rule).changes]).toEqual([['type_mismatch', 1]]);
});

test('a long run of digits that is not a number is rejected immediately (F37)', () => {
  const rule = { spread: ['Event' as const], types: { v: 'number' as const } };
  const text = `${'1'.repeat(1_000_000)}x`;
  let changes: MappedEvent['changes'] | undefined;
  // Backtracking would take minutes.
  const isOver = ends(() => {
    ({ changes } = map(purchase({ v: text }), rule));
  });

  expect(isOver).toBe(true);
  expect([...(changes ?? [])]).toEqual([['type_mismatch', 1]]);
});
