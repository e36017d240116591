import fc from 'fast-check';

/** Any text JSON can carry, halves of characters and control characters among them. */
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
  fc.constantFrom('id', 'ID', 'a', 'A', 'a.b', 'event', 'identity', '__proto__', 'prototype', 'timestamp'),
);

const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1e21, 2 ** 53, 1e308));

/** Any object that `JSON.parse` may return, as a hostile or careless sender may have written it. */
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
  // Through JSON, as it comes over the wire: a key `__proto__` is then an own one.
  object: fc
    .array(fc.tuple(anyKey, tie('value')), { maxLength: 5 })
    .map(
      (members) =>
        JSON.parse(
          `{${members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
        ) as Record<string, unknown>,
    ),
}));
