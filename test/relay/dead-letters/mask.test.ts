import { maskBody, maskIdentity } from '../../../relay/dead-letters/mask';
import { fixture, fixtureNames, personalData } from '../../support/clevertap-fixture';

test.each(fixtureNames)('%s shows no personal data (F66)', (name) => {
  expect(maskBody(fixture(name))).not.toMatch(personalData);
});

test('keys, campaign, placeholders, flags and templates stay; lists are cut', () => {
  const body = {
    targetId: 1650000001,
    profiles: [
      { identity: 'user@example.com', email: '{{ Profile.Email }}', phone: 14155577777, ok: true, age: null },
      { identity: 'pii-2' },
      { identity: 'pii-3' },
    ],
  };

  expect(JSON.parse(maskBody(JSON.stringify(body)))).toEqual({
    targetId: 1650000001,
    profiles: [
      { identity: 'user@example.com', email: '{{ Profile.Email }}', phone: '…', ok: true, age: null },
      '… and 2 more',
    ],
  });
});

test.each([
  ['a half-rendered template', '{"identity":"pii {{ x }}"}'],
  ['an address as a key', '{"pii@shop.test":1}'],
  ['a number as a key', '{"id 1415557777777":1}'],
  ['a campaign that is no number', '{"targetId":"pii"}'],
  ['a text alone', '"pii"'],
  ['a list of lists', '[[["pii"]]]'],
  ['no JSON', '{"identity": “pii@shop.test”, "n": 77777,}'],
  ['no JSON with a line break', '{"a\n":\n"pii'],
])('%s is fully masked (F66)', (_, body) => {
  expect(maskBody(body)).not.toMatch(personalData);
});

test('the characters that broke a body stay', () => {
  expect(maskBody('{"identity": “ana”,}')).toBe('not JSON, 20 characters: {"xxxxxxxx": “xxx”,}');
});

test('a body of any depth and width is masked in a few lines', () => {
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  const wide = JSON.stringify(
    Object.fromEntries(Array.from({ length: 5000 }, (__, index) => [`k${index}`, 'v'])),
  );

  for (const body of [deep, wide]) expect(maskBody(body).length).toBeLessThanOrEqual(801);
});

test.each([
  ['p…@s….test', 'pii-ana@shop.test'],
  ['p…@m….uk', 'pii ana@mail.shop.co.uk'],
  ['+…7', '+14155577777'],
  ['s…1', 'sample-1'],
  ['s…', 'short-1'],
  ['p…😀', 'pii pii 😀'],
  ['c…', 'c'],
  ['👩…', '👩 pii'],
  ['\\u202e…', '\u202Epii'],
  ['@…t', '@shop.test'],
  ['', ' '],
  ['user@example.com', 'user@example.com'],
  ['guest', ' guest '],
  ['{{ Profile.Email }}', '{{ Profile.Email }}'],
  ['{…}', `{{ ${'pii '.repeat(100_000)} }}`],
])('an identity is masked as %s', (shown, identity) => {
  expect(maskIdentity(identity)).toBe(shown);
});
