import fc from 'fast-check';
import { chooseId } from '../../../lambda/mapping/idempotency-key';
import { chooseIdentity, isPlaceholder } from '../../../lambda/mapping/identity';
import { isRejected } from '../../../lambda/mapping/findings';
import { mapEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf, sourcesOf } from '../../support/source-event';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping, type MappingRule } from '../../../lambda/mapping/rule-format';

const choose = (value: unknown): ReturnType<typeof chooseIdentity> =>
  chooseIdentity([{ from: 'identity', value }]);

const identityOf = (
  json: string,
  order = ['identity', 'email'],
  rules: readonly MappingRule[] = [],
): string => {
  const mapping = compileMapping({ ...noMapping, rules }, createLiquid().parse);
  const mapped = mapEvent(sourceOf(json, 'A'), mappingContext({ identityOrder: order, mapping }));
  if (isRejected(mapped)) return mapped.reason;
  return 'abortedBy' in mapped ? 'aborted' : mapped.event.identity;
};

const placeholders = [
  ...[
    '00000000-0000-0000-0000-000000000000',
    '{00000000-0000-0000-0000-000000000000}',
    '0',
    '00',
    '0000000000',
  ],
  ...['ffffffff-ffff-ffff-ffff-ffffffffffff', '+0000000000', '0.0', '-0', '--', '---', '.', '?', '***', '_'],
  ...[
    '(null)',
    '<null>',
    '<nil>',
    '(none)',
    '(not set)',
    '"null"',
    "'undefined'",
    '{}',
    '[]',
    '{null}',
    '""',
  ],
  ...[
    '[object Object]',
    'NaN',
    'None',
    'n.a.',
    'N.A',
    'n/a.',
    'unset',
    'not_set',
    'empty',
    'default',
    'dummy',
  ],
  ...[
    'anon',
    'anonymous',
    'distinct_id',
    'distinctid',
    'id',
    'email',
    'identity',
    'phone',
    'objectId',
    'user_id',
  ],
  ...[
    'not_authenticated',
    'lmy47d',
    'null.',
    '( null )',
    '“null”',
    '`null`',
    '[[email]]',
    '*|EMAIL|*',
    '%%email%%',
  ],
  ...[
    '@{Profile.Email}',
    '#{email}',
    '<%= email %>',
    '{email}',
    '{Profile.Email}',
    '%EMAIL%',
    '%recipient.email%',
  ],
  ...['<user@example.com>', 'user@example.com.', 'ana@shop.example', 'ana@example', 'Ana <user@example.org>'],
  ...['(user@example.com)', 'user@example.com>', '"user@mail.example.net"'],
];

const users = [
  ...[
    'null-island-42',
    'idris',
    '0042',
    '1',
    '00-1',
    'nullable',
    'anonymous-77',
    'anon7',
    'emailer',
    'id-7',
    'none@shop.test',
  ],
  ...['00000000-0000-0000-0000-000000000001', '6F9619FF-8B86-D011-B42D-00CF4FC964FF'],
  ...['{6F9619FF-8B86-D011-B42D-00CF4FC964FF}', 'ana@example.de', 'a@example.com.au', 'a@counterexample.com'],
  ...[
    'example.com',
    'a@example.community',
    'ana (null)',
    'null null',
    'the default',
    '{ana-1}',
    '😀',
    'ana.',
    '<ana-7>',
  ],
  ...['"ana"', 'user7', 'd.n.a', '+14155550100', '__g1a2b3c4', '100%', '50%-50%', '@ana', '#7', '*7*'],
];

describe('a placeholder (F35)', () => {
  it.each(placeholders)(
    'such as %s is neither an identity nor an event id, in any casing and between blanks',
    (value) => {
      for (const spelled of [value, value.toUpperCase(), value.toLowerCase(), ` ${value}\t`]) {
        expect(choose(spelled)).toMatchObject({ reason: 'placeholder_identity' });
        expect(chooseId([{ key: 'event_id', value: spelled }])).toMatchObject({ id: undefined });
      }
    },
  );

  it.each(users)('is not recognised in %s', (value) => {
    expect(choose(value)).toEqual({ identity: value });
    expect(chooseId([{ key: 'event_id', value }])).toMatchObject({ id: value });
  });

  it('stays one in a pair of quotes, brackets or parentheses, or with a trailing dot', () => {
    const pair = fc.constantFrom('""', "''", '``', '“”', '‘’', '()', '[]', '{}', '<>');
    fc.assert(
      fc.property(
        fc.constantFrom('null', 'none', 'unknown', 'a@example.com', '0', 'anon'),
        pair,
        (word, [open, close]) => {
          expect(isPlaceholder(`${open!}${word}${close!}`)).toBe(true);
          expect(isPlaceholder(`${word}.`)).toBe(true);
          expect(isPlaceholder(`${open!}${word}-7x${close!}`)).toBe(false);
        },
      ),
    );
  });

  it('is any string of zeros and punctuation', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('0', ' ', '-', '.', '/', ':', '_', '+', '(', ')') }),
        (value) => {
          expect(isPlaceholder(value)).toBe(true);
        },
      ),
    );
  });

  it.each(['@', '"', '.', '[[', '0', '@a.', ' ', '<', '{', '%', '*|', '-'])(
    'is recognised in linear time in a long run of %j (F37)',
    (unit) => {
      const start = process.cpuUsage();
      for (const end of ['', 'x', '\n']) isPlaceholder(unit.repeat(1_000_000 / unit.length) + end);
      const { user, system } = process.cpuUsage(start);

      expect(user + system).toBeLessThan(3_000_000);
    },
  );
});

describe('an invisible character (F34, F35)', () => {
  const invisible = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
  const all = Array.from({ length: 0x11_0000 }, (_, code) => code)
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .map((code) => String.fromCodePoint(code))
    .filter((character) => invisible.test(character));

  it('makes any identity or id unusable', () => {
    expect(all.length).toBeGreaterThan(4000);
    expect(all.filter((character) => !isRejected(choose(`ana${character}7`)))).toEqual([]);
    expect(
      all.filter((character) => chooseId([{ key: 'k', value: `A${character}1` }]).id !== undefined),
    ).toEqual([]);
  });

  it.each(['\u3164', '\u2800', 'null\uFE0F', 'ana\u{E0101}', '\u115F', '\uFFA0', 'a\u034Fna', 'an\u180Ba'])(
    'is one of %j',
    (identity) => {
      expect(choose(identity)).toMatchObject({ reason: 'placeholder_identity' });
    },
  );

  it.each(['Ana Souza', 'Jürgen Groß', '山田 太郎', 'ана', 'القاهرة', 'ne\u0301e', 'प्रिया', '😀'])(
    'is not found in %s',
    (identity) => {
      expect(choose(identity)).toEqual({ identity });
    },
  );
});

describe('a numeric identity (F33)', () => {
  const inexact = [
    '0.99999999999999999999',
    '4503599627370497.5',
    '1e7',
    '12345678.0',
    '-1.0',
    '1.5',
    '1E+3',
    '1e400',
  ];

  it.each([...inexact, '12345678901234567e3', '1.0e0', '100.000', '9007199254740993.0'])(
    'written %s is not exact',
    (number) => {
      expect(identityOf(`{"identity":${number},"event":"A"}`)).toBe('identity_not_exact');
      expect(identityOf(`{"identity" : ${number} ,"event":"A","email":"ana@shop.test"}`)).toBe(
        'ana@shop.test',
      );
      expect(identityOf(`{"profiles":[{"Identity":${number}}]}`)).toBe('identity_not_exact');
      expect(identityOf(`{"profiles":{"identity":${number}}}`)).toBe('identity_not_exact');
      expect(identityOf(`[{"\\u0069dentit\\u0079":\n${number},"event":"A"}]`)).toBe('identity_not_exact');
      for (const field of ['email', 'phone', 'objectId'])
        expect(identityOf(`{"profiles":[{"${field}":${number}}]}`, [field])).toBe('identity_not_exact');
    },
  );

  it.each(inexact)('written %s is not exact for a rule either', (number) => {
    for (const identity of [
      '{{ Profile.identity }}',
      '{{ Profile["Identity"] }}',
      '{{ Body["identity"] }}',
    ]) {
      const rule: MappingRule = { name: 'r', when: { event: 'A' }, send: { identity } };
      expect(identityOf(`{"identity":${number},"event":"A"}`, undefined, [rule])).toBe('identity_not_exact');
    }
  });

  it.each(['42', '-42', '9007199254740991', '12345678901234567890', '9007199254740993'])(
    'written %s is exact',
    (number) => {
      expect(identityOf(`{"identity":${number},"event":"A","properties":{"price":100.0,"n":1e7}}`)).toBe(
        number,
      );
    },
  );

  it.each(['"1e7"', '"12345678.0"', '"1.5"'])('is not the string %s', (text) => {
    expect(identityOf(`{"identity":${text},"event":"A"}`)).toBe(JSON.parse(text));
  });

  it('of one profile does not affect the others', () => {
    const sources = sourcesOf('{"profiles":[{"identity":7},{"identity":8.0},{"identity":9}]}', 'A');
    const identities = sources.map((source) => {
      const result = mapEvent(source, mappingContext());
      return isRejected(result) ? result.reason : 'event' in result && result.event.identity;
    });

    expect(identities).toEqual(['7', 'identity_not_exact', '9']);
  });

  it.each([
    ['{"profiles":[{"identity":77,"key_values":{"identity":1.0}}]}', '77'],
    ['{"profiles":{"identity":77,"key_values":{"identity":1.0},"event_properties":{"identity":77.0}}}', '77'],
    ['{"key_values":{"identity":5.0},"profiles":[{"identity":77}]}', '77'],
    ['{"identity":77,"event":"A","properties":{"identity":77.0},"key_values":{"identity":1e7}}', '77'],
    ['{"identity":77.0,"event":"A","properties":{"identity":77}}', 'identity_not_exact'],
  ])('is not affected by a number under its name in another object: %s', (json, expected) => {
    expect(identityOf(json)).toBe(expected);
  });
});

describe('a numeric id of an event (F33, F41)', () => {
  const mapped = (json: string): { key: string; changes: string[]; properties: object } => {
    const result = mapEvent(sourceOf(json, 'A'), mappingContext());
    if (isRejected(result) || 'abortedBy' in result) throw new Error(JSON.stringify(result));
    const { idempotency_key: key, properties } = result.event;
    return { key, properties, changes: result.changes.details.map(({ change }) => change) };
  };
  const bodyOf = (id: string): string => `{"identity":"ana","event":"A","idempotency_key":${id}}`;
  const profileOf = (id: string): string =>
    `{"profiles":[{"identity":"ana","key_values":{"event_id":${id}}}]}`;

  it.each(['4503599627370497.5', '1e7', '7.0', '0.99999999999999999999'])(
    'written %s is ignored and counted',
    (id) => {
      for (const json of [bodyOf(id), profileOf(id)])
        expect(mapped(json).changes).toContain('explicit_id_ignored');
    },
  );

  it('that is ignored still keeps two events apart', () => {
    expect(mapped(bodyOf('1e7')).key).not.toBe(mapped(bodyOf('1e8')).key);
    expect(mapped(profileOf('1.0')).key).not.toBe(mapped(profileOf('2.0')).key);
  });

  it('written as an integer is used', () => {
    expect(mapped(bodyOf('77')).changes).toEqual([]);
    expect(mapped(profileOf('9007199254740993')).properties).toEqual({});
  });

  it('is used whatever another object has under its name, and is then not a property', () => {
    const { changes, properties } = mapped(
      '{"profiles":[{"identity":"a","event_id":1.0,"key_values":{"event_id":77}}]}',
    );

    expect([changes, properties]).toEqual([[], {}]);
  });

  it.each([
    [
      '{"identity":"a","event":"A","message_id":12345678.0,"event_id":3.0}',
      { message_id: 12345678, event_id: 3 },
    ],
    ['{"profiles":[{"identity":"a","key_values":{"event_id":12345678.0}}]}', { event_id: 12345678 }],
    ['{"key_values":{"message_id":5.0},"profiles":[{"identity":"a"}]}', { message_id: 5 }],
  ])('that is not an id, or is ignored as one, is a property: %s', (json, expected) => {
    expect(mapped(json).properties).toEqual(expected);
  });

  it('elsewhere is an ordinary number: 1.0 and 1 are one amount and one key', () => {
    const amountOf = (amount: string): ReturnType<typeof mapped> =>
      mapped(
        `{"identity":"ana","email":${amount},"event":"A","properties":{"price":${amount},"event_id":${amount}}}`,
      );

    expect(amountOf('1.0')).toEqual(amountOf('1'));
    expect(amountOf('1e2')).toEqual(amountOf('100'));
  });
});
