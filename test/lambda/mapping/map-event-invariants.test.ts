import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Liquid } from 'liquidjs';
import { decodeMessage, isUnreadable } from '../../../lambda/clevertap/decode-message';
import { rejectionReasons } from '../../../lambda/contract';
import { trackBody, userPropertiesBody } from '../../../lambda/heap/bulk-request';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { isAborted, type AbortedEvent, type MappingContext } from '../../../lambda/mapping/map-event';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { isRejected, type Rejected } from '../../../lambda/mapping/findings';
import type { MappingRule } from '../../../lambda/mapping/rule-format';
import { invalidReason, invalidUsersReason } from '../../../local/heap/rules';
import { serialized, textOf } from '../../support/heap-body';
import { mapEvent, type MappedEvent } from '../../support/mapped-event';
import { runs } from '../../support/runs';
import { mappingContext } from '../../support/source-event';
import { RECEIVED_AT } from '../../support/sqs-record';
import { webhooks } from '../../support/untrusted-json';

// What the mapping guarantees for any input and any rules.

const { parse } = createLiquid();

type RuleBody = Partial<Omit<MappingRule, 'name'>>;

const contextOf = (rules: readonly RuleBody[], overrides: Partial<MappingContext> = {}): MappingContext =>
  mappingContext({
    mapping: compileMapping(
      {
        rules: rules.map((rule, index) => ({ name: `${index}.json`, when: {}, send: {}, ...rule })),
        campaigns: { '1650000001': 'Campaign reached' },
        deniedIdentities: ['denied-*'],
      },
      parse,
    ),
    ...overrides,
  });

/** Templates as a marketer writes them, on every field of a rule. */
const plain: RuleBody = {
  send: {
    identity: '{{ Profile.Identity }}',
    event: 'Order placed',
    timestamp: '{{ Event.at }}',
    properties: {
      value: '{{ Event.value }}',
      first: '{{ Event.items[0].name | default: Event.items[0] }}',
      coupon: 'c: {{ KeyValues.coupon | default: "none" }}',
      all: '{{ Event }}',
      at: '{{ Received.at }}',
      campaign: '{{ Campaign.id }}',
    },
  },
  types: { value: 'number' },
};

/** All tags and filters of Liquid. */
const logic: RuleBody = {
  send: {
    identity:
      '{% if Profile.identity %}{{ Profile.identity }}{% else %}{{ Profile.Email | downcase }}{% endif %}',
    event:
      "{% case KeyValues.event %}{% when 'Purchase' %}Bought{% else %}{{ Path.event | default: Body.event }}{% endcase %}",
    timestamp: '{{ Event.at | default: Received.at }}',
    properties: {
      total:
        '{% assign sum = 0 %}{% for item in Event.items %}{% assign sum = item.price | times: 2 | plus: sum %}{% endfor %}{{ sum }}',
      names:
        '{% for item in Event.items %}{{ item.NAME | upcase | slice: 0 }}{% unless forloop.last %};{% endunless %}{% endfor %}',
      parts: "{{ Event.a | split: '' | reverse | join: '-' }}",
      half: '{{ Event.a | slice: 0, 1 }}{{ KeyValues.a | truncate: 3 }}',
      day: "{{ Event.at | date: '%d.%m.%Y' }}",
      arrived: "{{ 'now' | date_tz: '%H:%M', 'Asia/Kolkata' }}",
      ratio: '{{ Event.value | divided_by: 3 | round: 2 | at_most: 1000 }}',
      dynamic: '{{ Event[KeyValues.a] }}',
      tree: { list: ['{{ Event.a }}', '{{ KeyValues.a | size }}', 1], raw: '{% raw %}{{ x }}{% endraw %}' },
      kept: "{% if KeyValues.coupon == 'skip' %}{% abort %}{% endif %}yes",
    },
  },
};

const groups: RuleBody = {
  send: { properties: { a: 'mine' } },
  spread: ['KeyValues', 'Event'],
  types: {
    value: 'number',
    at: 'date',
    coupon: 'string',
    'items.0.price': 'number',
    a: 'string',
    event: 'string',
  },
};

const user: RuleBody = {
  send: { idempotency_key: '{{ Event.order }}' },
  userProperties: {
    plan: '{{ Profile.a }}',
    tags: '{{ Event.items }}',
    tree: { since: '{{ Profile.at }}', value: '{{ Event.value }}' },
    profile: '{{ Profile.profileData }}',
  },
};

/** Whole groups as JSON, which depend on the sender's key order. */
const json: RuleBody = {
  send: {
    properties: {
      event: '{{ Event | json }}',
      campaign: '{{ Campaign | json }}',
      text: 'all: {{ Profile | inspect }}',
    },
  },
};

const several: RuleBody[] = [
  { when: { event: 'Purchase', campaign: 1650000001 }, ...plain },
  { when: { campaign: '7' }, ...groups },
  { when: { event: ' PUR chase' }, ...logic },
];

const mappings: Readonly<Record<string, readonly RuleBody[]>> = {
  'the default mapping': [],
  'plain templates': [plain],
  'Liquid with tags': [logic],
  'spread and types': [groups],
  'properties of the user': [user],
  'whole groups as JSON': [json],
  'several rules': several,
};

const contexts = Object.values(mappings).map((rules) => contextOf(rules));
const path = fc.constantFrom('Purchase', 'Viewed', undefined);

type Outcome = MappedEvent | AbortedEvent | Rejected;

const outcomesOf = (text: string, pathEvent: string | undefined, context: MappingContext): Outcome[] => {
  const decoded = decodeMessage(text, pathEvent);
  if (decoded.kind === 'ping') return [];
  if (decoded.kind === 'undecodable') return [decoded];
  return decoded.events.map((event) => (isUnreadable(event) ? event : mapEvent(event, context)));
};

const isMapped = (outcome: Outcome): outcome is MappedEvent => !isRejected(outcome) && !isAborted(outcome);

const mappedOf = (text: string, pathEvent: string | undefined, context: MappingContext): MappedEvent[] =>
  outcomesOf(text, pathEvent, context).filter(isMapped);

/** Everything Heap sees of an event, except its key. */
const outputOf = ({ event: { idempotency_key: _, ...event }, userProperties }: MappedEvent): unknown =>
  JSON.parse(JSON.stringify({ event, userProperties }));

/** What a name or value may hold in Heap. Without the u flag, so that it finds lone surrogates. */
const isClean = (text: string): boolean =>
  text.isWellFormed() && !/[\u0000-\u0008\u000B-\u001F\u007F]/.test(text);

// A template may take 500 ms of wall-clock time. On a busy machine a different event would fail each time.
beforeAll(() => {
  jest.spyOn(performance, 'now').mockReturnValue(0);
});

afterAll(() => {
  jest.restoreAllMocks();
});

/** Properties that careless code could add to every object. */
const prototypes = [Object, Array, String, Number, Boolean, Function].map((type) => type.prototype as object);
const inheritedNames = (): PropertyKey[][] => prototypes.map((prototype) => Reflect.ownKeys(prototype));

describe.each(Object.entries(webhooks))('%s, whatever its content', (envelope, webhook) => {
  it('becomes events that Heap accepts, or reasons, and never throws (F32, F34)', () => {
    const before = inheritedNames();
    let delivered = 0;
    fc.assert(
      fc.property(webhook, path, fc.constantFrom(...contexts), (text, pathEvent, context) => {
        for (const outcome of outcomesOf(text, pathEvent, context)) {
          if (isRejected(outcome)) {
            expect(rejectionReasons).toContain(outcome.reason);
            expect(outcome.detail).not.toBe('');
          } else if (!isAborted(outcome)) {
            delivered += 1;
            expectHeapTakes(outcome);
          }
        }
        // In every run, so that a failure shows the input that caused it.
        if (!isDeepStrictEqual(inheritedNames(), before)) throw new Error('a prototype was changed');
      }),
      { numRuns: runs(300) },
    );
    expect(Object.keys(Object.getPrototypeOf({}) as object)).toEqual([]);
    // Otherwise the property would hold vacuously.
    expect(delivered).toBeGreaterThan(envelope === 'any JSON' ? -1 : runs(3));
  });
});

/** One event, alone in a request: accepted, and unchanged when read back. */
function expectHeapTakes({ event, userProperties = {} }: MappedEvent): void {
  expect(
    invalidReason(JSON.parse(textOf(trackBody('11', serialized(JSON.stringify(event)))))),
  ).toBeUndefined();
  expect(event.idempotency_key).toMatch(/^[0-9a-f]{64}$/);
  expect(event.timestamp).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
  const users = JSON.stringify({ identity: event.identity, properties: userProperties });
  expect(invalidUsersReason(JSON.parse(textOf(userPropertiesBody('11', serialized(users)))))).toBeUndefined();

  const members = [...Object.entries(event.properties), ...Object.entries(userProperties)];
  expect(
    [event.event, event.identity, ...members.flat().map(String)].filter((part) => !isClean(part)),
  ).toEqual([]);
  expect(members.filter(([, value]) => typeof value === 'number' && !Number.isFinite(value))).toEqual([]);
  expect(members.length).toBeLessThanOrEqual(1000);
}

describe('a body that targets prototypes', () => {
  it.each([
    '{"__proto__":{"polluted":1},"identity":"a","event":"x"}',
    '{"identity":"a","event":"x","properties":{"__proto__":{"polluted":1}}}',
    '{"identity":"a","event":"x","properties":{"constructor":{"prototype":{"polluted":1}}}}',
    '{"identity":"a","event":"x","evtData":{"a":{"__proto__":{"polluted":1}}}}',
    '{"profiles":[{"identity":"a","event_properties":{"__proto__":{"polluted":1}}}]}',
    '{"profiles":[{"identity":"a","key_values":{"__proto__":{"polluted":1}}}],"key_values":{"event":"x"}}',
    '{"profiles":[{"identity":"a","profileData":{"__proto__":{"polluted":1}}}],"key_values":{"__proto__":{"polluted":1}}}',
    '{"profiles":{"identity":"a","__proto__":{"polluted":1}},"__proto__":{"polluted":1},"targetId":{"__proto__":{"polluted":1}}}',
    '[{"identity":"a","event":"x","__proto__":{"polluted":1}},{"identity":"a","event":"x","a":{"prototype":{"polluted":1}}}]',
  ])('changes none and sets no property: %s (F32)', (text) => {
    const before = inheritedNames();
    for (const [name, context] of Object.entries(mappings).map(
      ([key, rules]) => [key, contextOf(rules)] as const,
    )) {
      const mapped = mappedOf(text, 'Purchase', context);
      // As a string, which no receiver can mistake for a name.
      if (name !== 'whole groups as JSON')
        expect(JSON.stringify(mapped.map(outputOf))).not.toContain('polluted');
    }

    expect(inheritedNames()).toEqual(before);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

const webhook = fc.oneof(...Object.values(webhooks));

describe('the idempotency key', () => {
  /** Almost the same value, or the same value written differently. */
  const values = [
    ...[
      '1',
      '1.0',
      '"1"',
      '" 1"',
      '10e-1',
      '2',
      '0',
      '-0',
      '"0"',
      '1e400',
      '-1e400',
      '"Infinity"',
      'null',
      '"null"',
      '""',
    ],
    ...[
      'true',
      '"true"',
      'false',
      '[]',
      '[1]',
      '["1"]',
      '[null]',
      '[1e400]',
      '{}',
      '{"c":1}',
      '{"c":"1"}',
      '{"c":null}',
    ],
    ...[
      '12345678901234567890',
      '"12345678901234567890"',
      '12345678901234567891',
      '9007199254740993',
      '9007199254740992',
    ],
    ...[
      '1664890781',
      '"$D_1664890781"',
      '"2022-10-04T13:39:41.000Z"',
      '1664890781000',
      '"a"',
      '"A"',
      '"a\\u0000"',
      '"\\ud800"',
      '"\\udfff"',
    ],
    `"${'x'.repeat(9000)}"`,
    `"${'x'.repeat(9000)}y"`,
  ];
  /** Where they are placed. The rest of the message is the same. */
  const places = [
    '{"profiles":[{"identity":"u","event_properties":{"a":@}}]}',
    '{"profiles":[{"identity":"u","event_properties":{"value":@}}]}',
    '{"profiles":[{"identity":"u","event_properties":{"at":@}}]}',
    '{"profiles":[{"identity":"u","event_properties":{"items":[@,{"name":"hat","price":@}]}}]}',
    '{"profiles":[{"identity":"u","key_values":{"a":@},"event_properties":{"1":"one","null":"none","a":"x"}}]}',
    '{"profiles":[{"identity":"u","key_values":{"coupon":@}}]}',
    '{"profiles":[{"identity":"u"}],"key_values":{"a":@}}',
    '{"profiles":[{"identity":"u","profileData":{"a":@,"at":@}}]}',
    '{"profiles":[{"identity":@,"email":"u@shop.test"}]}',
    '{"profiles":[{"identity":"u"}],"targetId":@}',
    '{"profiles":[{"identity":"u"}],"key_values":{"event":@}}',
    '{"profiles":{"identity":"u","key_values":{"timestamp":@}}}',
    '{"identity":"u","a":@}',
    '{"identity":"u","properties":{"a":@,"value":@}}',
    '{"identity":"u","evtData":{"items":@}}',
    '{"identity":"u","timestamp":@}',
    '{"identity":"u","app_id":@}',
    '{"identity":"u"}',
    '{"profiles":[{"identity":"u"}]}',
  ];
  const messages = places.flatMap((place) => values.map((text) => place.replaceAll('@', text)));

  it.each(Object.keys(mappings))('is never shared by two events with different results: %s (F41)', (name) => {
    const context = contextOf(mappings[name] ?? []);
    const byKey = new Map<string, { readonly text: string; readonly output: unknown }>();
    let equal = 0;
    for (const text of messages) {
      for (const mapped of mappedOf(text, 'Purchase', context)) {
        const known = byKey.get(mapped.event.idempotency_key);
        const output = outputOf(mapped);
        if (known === undefined) byKey.set(mapped.event.idempotency_key, { text, output });
        else if (known.text !== text) {
          equal += 1;
          expect({ text, other: known.text, output }).toEqual({
            text,
            other: known.text,
            output: known.output,
          });
        }
      }
    }
    expect(byKey.size).toBeGreaterThan(200);
    // The same number in another notation is the same event.
    expect(equal).toBeGreaterThan(20);
  });

  it('of a retry in the same window is the same, and so is the event except for its arrival time (F40)', () => {
    const start = Math.ceil(RECEIVED_AT / 600_000) * 600_000;
    // A template that uses the arrival time renders differently a minute later.
    const rules = [[], [groups], [user]];
    fc.assert(
      fc.property(
        webhook,
        path,
        fc.constantFrom(...rules),
        fc.nat({ max: 599_999 }),
        (text, pathEvent, list, later) => {
          const [first, second] = [start, start + later].map((receivedAt) =>
            mappedOf(text, pathEvent, contextOf(list, { receivedAt, requestId: `request-${receivedAt}` })),
          );
          const withoutTime = ({ event: { timestamp, ...event }, userProperties }: MappedEvent): unknown => ({
            event,
            timestamp: timestamp >= new Date(start).toISOString() ? 'arrival' : timestamp,
            userProperties,
          });
          expect(second?.map(withoutTime)).toEqual(first?.map(withoutTime));
        },
      ),
      { numRuns: runs(200) },
    );
  });

  it('survives every change to the mapping that keeps identity and name (F41)', () => {
    const versions = Object.entries(mappings).filter(([, rules]) => !rules.includes(user));
    const contexts = versions.map(([, rules]) => contextOf(rules));
    const same = { send: { identity: '{{ Profile.identity }}', event: '{{ Path.event }}' } };
    contexts.push(
      contextOf([{ ...groups, ...same }]),
      contextOf([{ ...same, userProperties: { a: '{{ Event.a }}' } }]),
    );
    let compared = 0;
    fc.assert(
      fc.property(webhook, path, (text, pathEvent) => {
        const keys = new Map<string, string>();
        for (const context of contexts) {
          outcomesOf(text, pathEvent, context).forEach((outcome, place) => {
            if (!isMapped(outcome)) return;
            const { event, identity, idempotency_key } = outcome.event;
            const known = keys.get(JSON.stringify([place, event, identity]));
            if (known !== undefined) compared += 1;
            expect(idempotency_key).toBe(known ?? idempotency_key);
            keys.set(JSON.stringify([place, event, identity]), idempotency_key);
          });
        }
      }),
      { numRuns: runs(200) },
    );
    expect(compared).toBeGreaterThan(runs(100));
  });

  it("does not depend on the sender's key order, nor does the event", () => {
    let compared = 0;
    fc.assert(
      fc.property(
        webhook,
        path,
        fc.constantFrom([], [plain], [groups], [user], [logic]),
        fc.func(fc.nat()),
        (text, pathEvent, rules, rank) => {
          const message: unknown = JSON.parse(text);
          // If a name has two casings, or two names become one in Heap, the first one counts.
          fc.pre(!hasTwins(message));
          const context = contextOf(rules);
          const before = outcomesOf(JSON.stringify(message), pathEvent, context);
          const after = outcomesOf(JSON.stringify(reordered(message, rank)), pathEvent, context);
          expect(after).toHaveLength(before.length);
          before.forEach((outcome, index) => {
            const other = after[index];
            if (!isMapped(outcome) || other === undefined || !isMapped(other)) return;
            expect(other.event.idempotency_key).toBe(outcome.event.idempotency_key);
            if ([...outcome.changes].some(([change]) => change === 'name_collision')) return;
            compared += 1;
            expect(outputOf(other)).toEqual(outputOf(outcome));
          });
        },
      ),
      { numRuns: runs(300) },
    );
    expect(compared).toBeGreaterThan(runs(20));
  });
});

/** Whether an object has two keys that differ only in case, at any depth. */
function hasTwins(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false;
  const keys = Object.keys(json).map((key) => key.toLowerCase());
  return new Set(keys).size < keys.length || Object.values(json).some(hasTwins);
}

/** The same JSON with all object keys in a different order. */
function reordered(json: unknown, rank: (key: string) => number): unknown {
  if (Array.isArray(json)) return json.map((element) => reordered(element, rank));
  if (typeof json !== 'object' || json === null) return json;
  const members = Object.entries(json).map(([key, member]): [string, unknown] => [
    key,
    reordered(member, rank),
  ]);
  return Object.fromEntries(members.sort(([one], [other]) => rank(one) - rank(other)));
}

describe('an id', () => {
  const spellings = ['event_id', 'message_id', 'idempotency_key'].flatMap((name) => [
    name,
    name.toUpperCase(),
  ]);

  it.each(spellings)("in the request's key_values is never the id of an event: %s (F41)", (name) => {
    const profiles = ['hat', 'cap'].map((item) => ({ identity: 'u', event_properties: { item } }));
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ minLength: 1 }), fc.integer()),
        fc.constantFrom(...contexts),
        (id, context) => {
          const text = JSON.stringify({ key_values: { [name]: id }, profiles });
          const [hat, cap] = mappedOf(text, 'Purchase', context);
          expect(hat?.event.identity).toBe(cap?.event.identity);
          expect(hat?.event.idempotency_key).not.toBe(cap?.event.idempotency_key);
        },
      ),
    );
  });

  const placeholders = [
    ...[
      null,
      '',
      ' ',
      'undefined',
      'UNDEFINED',
      'null',
      'None',
      'N/A',
      '-',
      '0',
      0,
      -1,
      'false',
      true,
      'test',
    ],
    ...[
      '{{ Profile.order }}',
      '{{x',
      'a ${id}',
      '{% if a %}',
      '[object Object]',
      'user@example.com',
      1.5,
      {},
      [],
    ],
    '\ud800',
  ];

  it.each(placeholders)('that is unusable is ignored and counted, wherever it is: %j (F41)', (id) => {
    const withId: Record<string, (item: string) => object> = {
      body: (item) => ({ identity: 'u', event: 'Purchase', idempotency_key: id, properties: { item } }),
      event_id: (item) => ({
        profiles: [{ identity: 'u', event_properties: { item }, key_values: { event_id: id } }],
      }),
      message_id: (item) => ({
        profiles: { identity: 'u', event_properties: { item }, key_values: { Message_ID: id } },
      }),
      rule: (item) => ({ profiles: [{ identity: 'u', event_properties: { item, order: id } }] }),
    };
    for (const [place, body] of Object.entries(withId)) {
      const context = place === 'rule' ? contextOf([user]) : contextOf([]);
      const [hat, cap] = ['hat', 'cap'].map(
        (item) => mappedOf(JSON.stringify(body(item)), 'Purchase', context)[0],
      );
      expect([place, hat?.event.idempotency_key]).not.toEqual([place, cap?.event.idempotency_key]);
      expect([place, Object.fromEntries(hat?.changes ?? [])]).toEqual([
        place,
        expect.objectContaining({ explicit_id_ignored: 1 }),
      ]);
    }
  });
});

describe('the same input', () => {
  it("gives the same bytes, whatever the machine's clock and random numbers (F39, F41)", () => {
    const random = jest.spyOn(Math, 'random');
    const clock = jest.spyOn(Date, 'now');
    fc.assert(
      fc.property(webhook, path, fc.constantFrom(...Object.values(mappings)), (text, pathEvent, rules) => {
        const [once, again] = [0.1, 0.9].map((chance) => {
          random.mockReturnValue(chance);
          clock.mockReturnValue(chance * RECEIVED_AT);
          // With rules parsed again, as in another instance of the function.
          return JSON.stringify(outcomesOf(text, pathEvent, contextOf(rules)));
        });
        expect(again).toBe(once);
      }),
      { numRuns: runs(200) },
    );
    random.mockRestore();
    clock.mockRestore();
  });

  it('gives the same value with every filter', () => {
    const random = jest.spyOn(Math, 'random');
    const clock = jest.spyOn(Date, 'now');
    const text = JSON.stringify({
      profiles: [{ identity: 'u', event_properties: { list: ['c', 'a', 'b', 'e', 'd'], word: 'now' } }],
    });
    const filters = Object.keys(new Liquid().filters);
    const unstable = filters.filter((filter) => {
      const [once, again] = [0.1, 0.9].map((chance) => {
        random.mockReturnValue(chance);
        clock.mockReturnValue(chance * RECEIVED_AT);
        try {
          const properties = { a: `{{ Event.list | ${filter} }}`, b: `{{ Event.word | ${filter}: '%s' }}` };
          return JSON.stringify(outcomesOf(text, 'Purchase', contextOf([{ send: { properties } }])));
        } catch (error) {
          // This engine does not have the filter.
          return (error as Error).name;
        }
      });
      return once !== again;
    });
    random.mockRestore();
    clock.mockRestore();

    expect(filters.length).toBeGreaterThan(60);
    expect(unstable).toEqual([]);
  });
});
