import type { SourceEvent } from '../../../lambda/clevertap/decode-message';
import { draftByDefault } from '../../../lambda/mapping/default-mapping';
import { chooseIdentity, isPlaceholder } from '../../../lambda/mapping/identity';
import { sourceOf, stockSource } from '../../support/source-event';

type Choice = ReturnType<typeof chooseIdentity>;

/** The identity of an event by the default mapping. */
const identityOf = (source: SourceEvent, order: readonly string[]): Choice =>
  chooseIdentity(draftByDefault(source, order, new Map()).identities);

const choose = (profile: object, order: readonly string[] = ['identity', 'email']): Choice =>
  identityOf(stockSource(profile), order);

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const words = [
  ...['null', 'undefined', 'none', 'nil', 'nan', 'n/a', 'na', '-', '0', '-1', 'true', 'false'],
  ...['user', 'guest', 'anonymous', 'unknown', 'test', '[object object]'],
];
const addresses = [
  ...['user@example.com', 'a@example.org', 'first.last+tag@example.net'],
  ...['a@mail-9.example.com', 'a@a.b.example.org', '@example.com'],
];

describe('an identity that is a placeholder (F35)', () => {
  it.each([...words, ...addresses])('such as %s is rejected in any casing and between blanks', (word) => {
    for (const identity of [word, word.toUpperCase(), capitalised(word), ` ${word}\t`, `\u00A0${word}\n`]) {
      expect(choose({ identity })).toEqual({
        reason: 'placeholder_identity',
        detail: 'identity: a placeholder; email: missing',
      });
    }
  });

  it.each(['', ' ', '\t\n', '\u00A0'])('such as the blank %j is rejected', (identity) => {
    expect(choose({ identity })).toMatchObject({ reason: 'placeholder_identity' });
  });

  it.each([[true], [false], [{}], [['cust-1']], [0], [-1]])('such as %j is rejected', (identity) => {
    expect(choose({ identity })).toMatchObject({ reason: 'placeholder_identity' });
  });

  it.each([
    ...['users', 'guest-7', 'testing', 'null0', '0042', '1', 'none@shop.test', 'N.A.L.'],
    ...['a@example.de', 'a@example.com.au', 'a@counterexample.com', 'a@example.community', 'example.com'],
  ])('is not recognised in %s', (identity) => {
    expect(choose({ identity })).toEqual({ identity });
    expect(isPlaceholder(identity)).toBe(false);
  });
});

describe('the identity', () => {
  it.each([
    ['Cust-77 ', 'Cust-77'],
    [' Ana@Shop.Test\n', 'Ana@Shop.Test'],
    ['ÀÉ-7', 'ÀÉ-7'],
    ['a b', 'a b'],
    ['😀', '😀'],
  ])('%j is trimmed but keeps its casing', (identity, expected) => {
    expect(choose({ identity })).toEqual({ identity: expected });
  });

  it.each(['identity', 'Identity', 'IDENTITY'])('is read from %s', (name) => {
    expect(choose({ [name]: 'cust-77' })).toEqual({ identity: 'cust-77' });
  });

  it.each([
    [42, '42'],
    [-42, '-42'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('may be the number %d', (identity, expected) => {
    expect(choose({ identity })).toEqual({ identity: expected });
  });

  it.each(['12345678901234567890', '9007199254740993', '-9007199254740993'])(
    'is exact where a number would not be: %s (F33)',
    (number) => {
      const source = sourceOf(`{"profiles":[{"identity":${number},"email":"ana@shop.test"}]}`);

      expect(identityOf(source, ['identity', 'email'])).toEqual({ identity: number });
    },
  );

  it.each(['1.5', '1e400', '12345678901234567e3'])('is never the number %s (F33)', (number) => {
    const source = sourceOf(`{"profiles":[{"identity":${number},"email":"ana@shop.test"}]}`);

    expect(identityOf(source, ['identity', 'email'])).toEqual({ identity: 'ana@shop.test' });
    expect(identityOf(source, ['identity'])).toMatchObject({ reason: 'identity_not_exact' });
  });

  it.each(['null\u0000', '\u200b', 'user@example.com\u200b', 'ana\n@shop.test', 'an\u00ada'])(
    'with an invisible character is rejected: %j (F34, F35)',
    (identity) => {
      expect(choose({ identity })).toMatchObject({ reason: 'placeholder_identity' });
    },
  );

  it('may have at most 255 characters', () => {
    expect(choose({ identity: 'x'.repeat(255) })).toEqual({ identity: 'x'.repeat(255) });
    expect(choose({ identity: 'x'.repeat(256) })).toEqual({
      reason: 'placeholder_identity',
      detail: 'identity: longer than 255 characters; email: missing',
    });
  });

  it.each([
    ['the replacement character (F16)', 'cust\uFFFD7'],
    ['half a character (F34)', 'cust\uD83D'],
    ['the other half (F34)', '\uDE00cust'],
  ])('with %s is rejected', (_, identity) => {
    expect(choose({ identity })).toEqual({
      reason: 'placeholder_identity',
      detail: 'identity: not valid Unicode; email: missing',
    });
  });

  it.each(['{{ Profile.Email }}', 'cust-{{id', 'id}}', '{% if a %}x', '${identity}'])(
    'that was not rendered, %s, rejects the event even if another field is usable',
    (identity) => {
      expect(choose({ identity, email: 'ana@shop.test' })).toEqual({
        reason: 'unrendered_template',
        detail: 'identity still holds a template',
      });
    },
  );
});

describe('the order of the fields', () => {
  const profile = { identity: 'cust-77', email: 'ana@shop.test', Phone: '+14155550100', objectId: '__g1' };

  it.each([
    [['identity', 'email'], 'cust-77'],
    [['email', 'identity'], 'ana@shop.test'],
    [['phone'], '+14155550100'],
    [['objectId', 'identity'], '__g1'],
  ])('%j gives %s', (order, identity) => {
    expect(choose(profile, order)).toEqual({ identity });
  });

  it.each([
    [undefined],
    [null],
    [''],
    ['guest'],
    ['user@example.com'],
    ['x'.repeat(256)],
    ['\uD83D'],
    [true],
    [0],
  ])('skips %j', (identity) => {
    expect(choose({ identity, email: 'ana@shop.test' })).toEqual({ identity: 'ana@shop.test' });
  });

  it('ignores fields that it does not name', () => {
    expect(choose(profile, ['email', 'phone'])).toEqual({ identity: 'ana@shop.test' });
    expect(choose({ objectId: '__g1' })).toMatchObject({ reason: 'missing_identity' });
  });

  it('reports what is wrong with each field, but not its value (F68)', () => {
    expect(choose({ identity: 'guest', email: 'pii'.repeat(100) }, ['identity', 'email', 'phone'])).toEqual({
      reason: 'placeholder_identity',
      detail: 'identity: a placeholder; email: longer than 255 characters; phone: missing',
    });
  });

  it('distinguishes a profile without any field from one with placeholders', () => {
    expect(choose({ name: 'Ana', email: null })).toEqual({
      reason: 'missing_identity',
      detail: 'identity: missing; email: missing',
    });
    expect(choose({ email: 'none' })).toMatchObject({ reason: 'placeholder_identity' });
  });

  it('finds nothing that the body put into its own __proto__ (F32)', () => {
    const source = sourceOf('{"profiles":[{"__proto__":{"identity":"victim"}}]}');

    expect(identityOf(source, ['identity'])).toMatchObject({ reason: 'missing_identity' });
  });
});
