import { erase } from '../../../relay/dead-letters/erasure';
import { toDeadLetter } from '../../../relay/dead-letters/dead-letter';
import { decodeMessage, isUnreadable } from '../../../lambda/clevertap/decode-message';
import { deadLetterAttributesOf } from '../../support/local-dead-letters';

const eraseFrom = (body: unknown, identity: string): ReturnType<typeof erase> =>
  erase(
    toDeadLetter({
      Body: typeof body === 'string' ? body : JSON.stringify(body),
      MessageAttributes: deadLetterAttributesOf({ events: 3 }),
    }),
    identity,
  );

test('a dead letter of many profiles is narrowed to the others, byte for byte (F66)', () => {
  const body =
    '{"targetId": 1, "profiles": [ {"identity":"ana"}, {"identity": "Ben", "n": 12345678901234567890} ,{"email":"eve"}]}';

  expect(eraseFrom(body, 'ana')).toEqual({
    kind: 'narrowed',
    body: '{"targetId": 1, "profiles": [ {"identity": "Ben", "n": 12345678901234567890},{"email":"eve"}]}',
    erased: 1,
    kept: 2,
  });
});

test.each([
  ['in another case with surrounding spaces', { Identity: ' Ana@Shop.test ' }],
  ['as an address', { identity: '7', Email: 'ana@shop.test' }],
  ['among all identities', { identity: '7', all_identities: ['8', 'ana@shop.test'] }],
  ['deep in properties of its own', { identity: '7', event_properties: { by: { mail: 'ANA@shop.test' } } }],
])('an event is the person’s by an identity %s (F66)', (_, profile) => {
  expect(eraseFrom({ profiles: [profile, { identity: 'ben' }] }, 'ana@shop.test ')).toMatchObject({
    kind: 'narrowed',
    erased: 1,
    kept: 1,
  });
});

test('a short identity is searched only in identity fields', () => {
  const profiles = [{ identity: 42 }, { identity: 'ben', event_properties: { price: 42, size: '42' } }];

  expect(eraseFrom({ profiles }, '42')).toMatchObject({ kind: 'narrowed', erased: 1, kept: 1 });
});

test('an identity beyond 2^53 is found by its digits', () => {
  const body = '{"profiles":[{"identity":12345678901234567890},{"identity":12345678901234567891}]}';

  expect(eraseFrom(body, '12345678901234567890')).toMatchObject({
    kind: 'narrowed',
    body: '{"profiles":[{"identity":12345678901234567891}]}',
  });
});

test.each([
  ['a custom body', { identity: 'ana@shop.test', event: 'Buy' }],
  ['one profile', { profiles: { identity: 'ana@shop.test' } }],
  ['every profile', { profiles: [{ email: 'ana@shop.test' }, { identity: 'ana@shop.test' }] }],
  [
    'fields that all profiles share',
    { key_values: { by: 'ana@shop.test' }, profiles: [{ identity: '7' }, { identity: '8' }] },
  ],
  ['invalid JSON', '{"identity":"Ana@shop.test",}'],
  ['an unknown shape', { who: 'ana@shop.test' }],
])('a dead letter with the person in %s is deleted whole (F66)', (_, body) => {
  expect(eraseFrom(body, 'ana@shop.test')).toMatchObject({ kind: 'whole' });
});

test.each([
  ['another person', { profiles: [{ identity: 'joana@shop.test' }] }],
  ['invalid JSON', '{"identity":"ben",}'],
])('%s is left alone', (_, body) => {
  expect(eraseFrom(body, 'ana@shop.test')).toEqual({ kind: 'untouched' });
});

test('the kept body decodes to the other events', () => {
  const body = JSON.stringify([
    { identity: 'ana', event: 'A' },
    { identity: 'ben', event: 'B' },
  ]);
  const erasure = eraseFrom(body, 'ana');
  if (erasure.kind !== 'narrowed') throw new Error(erasure.kind);

  const decoded = decodeMessage(erasure.body, undefined);
  const events = decoded.kind === 'events' ? decoded.events : [];
  expect(events.map((event) => (isUnreadable(event) ? undefined : event.profile['identity']))).toEqual([
    'ben',
  ]);
});
