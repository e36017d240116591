import fc from 'fast-check';

/** Any string that JSON can contain, including lone surrogates and control characters. */
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom(
    '{{ x }}',
    '$D_1664890781',
    '\u0000',
    '\uD83D',
    'guest',
    'null',
    '__proto__',
    'constructor',
  ),
  fc.nat({ max: 3000 }).map((length) => '\u{1F600}x'.repeat(length).slice(0, length)),
);

const anyKey = fc.oneof(
  fc.string(),
  anyText,
  fc.constantFrom('id', 'ID', 'a', 'A', 'a.b', 'event', 'identity', 'timestamp'),
  // Names with a meaning in JavaScript or Liquid.
  fc.constantFrom(
    ...['__proto__', 'prototype', 'constructor', 'toString', 'valueOf', 'toJSON', 'hasOwnProperty', 'then'],
    ...['length', 'size', 'first', 'last', 'next', 'toLiquid', 'forloop', 'Event', '0', '-1'],
  ),
);

const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1e21, 2 ** 53, 1e308));

/** Any object that `JSON.parse` may return for input from a hostile or careless sender. */
export const { value: anyJson, object: anyJsonObject } = fc.letrec<{
  value: unknown;
  object: Record<string, unknown>;
}>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium' },
    anyText,
    anyNumber,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  // Parsed from JSON as in a request: a key `__proto__` is then an own property.
  object: fc
    .array(fc.tuple(anyKey, tie('value')), { maxLength: 5 })
    .map(
      (members) =>
        JSON.parse(
          `{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
        ) as Record<string, unknown>,
    ),
}));

/** Numbers as another system may write them. JavaScript cannot represent many of them. */
const numberText = fc.constantFrom(
  ...['0', '-0', '1', '1.0', '1E+2', '0.1e-7', '1e400', '-1e400', '9007199254740991', '9007199254740993'],
  ...['-12345678901234567890', '12345678901234567890', '1664890781', '1664890781000'],
);

const memberText = (key: string, value: string): string => `${JSON.stringify(key)}:${value}`;

/** JSON that anyone might write: duplicate names, names of prototypes, numbers out of every range. */
export const { value: anyJsonText } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    anyText.map((text) => JSON.stringify(text)),
    numberText,
    fc.constantFrom('true', 'false', 'null', '""', '{}', '[]'),
    fc.array(tie('value'), { maxLength: 4 }).map((elements) => `[${elements.join(',')}]`),
    fc
      .array(fc.tuple(anyKey, tie('value')), { maxLength: 4 })
      .map((members) => `{${members.map(([key, value]) => memberText(key, value)).join(',')}}`),
  ),
}));

/** A field name in the casings that CleverTap's own samples mix. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(name, name.toLowerCase(), `${name.charAt(0).toUpperCase()}${name.slice(1)}`);

/** An object with these fields, some of them missing, among unexpected others. */
const fields = (known: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.tuple(anyKey, anyJsonText), { maxLength: 3 }),
      ...Object.entries(known).map(([name, value]) =>
        fc.option(fc.tuple(spelled(name), value), { freq: 6, nil: undefined }),
      ),
    )
    .map(([unknown, ...members]) => {
      const given = members.filter((member) => member !== undefined);
      return `{${[...unknown, ...given].map(([key, value]) => memberText(key, value)).join(',')}}`;
    });

const listOf = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(value, { minLength: 1, maxLength: 3 }).map((elements) => `[${elements.join(',')}]`);

/** Mostly the expected values, otherwise anything. */
const mostly = (...expected: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...expected) }, { weight: 1, arbitrary: anyJsonText });

const identity = mostly('"cust-1"', '"cust-2"', '12345678901234567890', '42', '"guest"');
const eventName = mostly('"Purchase"', '"purchase"', '"Viewed"');
const group = fields({
  a: anyJsonText,
  value: mostly('12.5', '"19.90"', '-3', '0'),
  items: mostly('[{"name":"hat","price":3},{"Name":"cap","price":"1.5"}]', '["p","q"]', '"p,q"'),
  at: mostly('"2026-09-30T10:00:00+02:00"', '"$D_1664890781"', '1664890781', '"now"'),
});
const keyValues = fields({
  event: eventName,
  a: anyJsonText,
  coupon: mostly('"c1"', '"skip"'),
  timestamp: anyJsonText,
});
/** A profile of CleverTap's own payload. */
export const profile = fields({
  identity,
  email: mostly('"ana@shop.test"', '"user@example.com"'),
  objectId: mostly('"__g1"'),
  profileData: group,
  event_properties: group,
  key_values: keyValues,
});
const targetId = mostly('1650000001', '"1650000001"', '7');
/** A body written by a marketer. */
export const customBody = fields({
  app_id: mostly('"11"', '11', '"<app id>"'),
  identity,
  event: eventName,
  properties: group,
  timestamp: mostly('"2026-09-30T10:00:00Z"', '1664890781'),
  idempotency_key: mostly('"order-1"', '"null"'),
});

/** The body of a request in each envelope that CleverTap is known to send, with arbitrary content. */
export const webhooks: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'a broadcast': fields({
    targetId,
    key_values: keyValues,
    profiles: listOf(fc.oneof(profile, profile, anyJsonText)),
  }),
  'a message to one user': fields({ targetId, key_values: keyValues, profiles: profile }),
  'a custom body': customBody,
  'a custom body with evtName': fields({ identity, evtName: eventName, evtData: group }),
  'a list of custom bodies': listOf(fc.oneof(customBody, customBody, anyJsonText)),
  'a journey node': fields({
    profiles: listOf(
      fields({ identity, Name: anyJsonText, phone: anyJsonText, email: anyJsonText, objectId: anyJsonText }),
    ),
  }),
  'a post-action webhook': fields({
    targetId,
    profiles: listOf(
      fields({
        identity,
        all_identities: listOf(identity),
        payload: fields({ title: anyJsonText, kvs: group }),
      }),
    ),
  }),
  'a request marked as a test': fields({
    is_test: mostly('true', '"true"'),
    targetId,
    key_values: keyValues,
    profiles: listOf(profile),
  }),
  'any JSON': anyJsonText,
};
