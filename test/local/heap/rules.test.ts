import fc from 'fast-check';
import { invalidReason, invalidUsersReason } from '../../../local/heap/rules';

const APP_ID = '11';
const EVENT = {
  identity: 'ada@shop.example',
  event: 'Purchase',
  idempotency_key: 'k1',
  properties: { value: 3 },
};

describe('invalidReason', () => {
  const text = (length: number) => 'x'.repeat(length);
  const bulkOf = (event: object) => ({
    app_id: APP_ID,
    events: [EVENT, EVENT, EVENT, { ...EVENT, ...event }],
  });

  it.each([
    ['a name of 1024 characters', { event: text(1024) }],
    ['an identity of 255 characters', { identity: text(255) }],
    ['a user id instead of an identity', { identity: undefined, user_id: '9007199254740991' }],
    ['a timestamp in UTC', { timestamp: '2026-02-28T23:59:59.123456Z' }],
    ['a timestamp with an offset', { timestamp: '2017-03-10T22:21:56+00:00' }],
    ['a day as the timestamp', { timestamp: '2028-02-29' }],
    ['no properties', { properties: undefined }],
    ['empty properties', { properties: {} }],
    ['scalars', { properties: { a: 'x', b: '', c: 0, d: -1.5, [text(1023)]: text(1023) } }],
    ['an array of scalars', { properties: { a: ['x', 1], b: [] } }],
    ['a key that only contains id', { properties: { order_id: '1', ID2: '2' } }],
    ['no key', { idempotency_key: undefined }],
  ])('accepts %s', (_, event) => {
    expect(invalidReason(bulkOf(event))).toBeUndefined();
  });

  it.each([
    ['no name', { event: undefined }, '.event should be'],
    ['an empty name', { event: '' }, '.event should be'],
    ['a name of 1025 characters', { event: text(1025) }, '.event should be'],
    ['a number as the name', { event: 5 }, '.event should be'],
    ['neither identity nor user id', { identity: undefined }, '.identity should be'],
    ['both identity and user id', { user_id: '5' }, '.identity should be'],
    ['an empty identity', { identity: '' }, '.identity should be'],
    ['an identity of 256 characters', { identity: text(256) }, '.identity should be'],
    ['a number as the identity', { identity: 5 }, '.identity should be'],
    ['null as the identity', { identity: null }, '.identity should be'],
    ['a user id that is not a number', { identity: undefined, user_id: 'u5' }, '.user_id should be'],
    ['a user id above 2^53 - 1', { identity: undefined, user_id: '9007199254740992' }, '.user_id should be'],
    ['a timestamp in seconds', { timestamp: 1760000000 }, '.timestamp should be'],
    ['a timestamp in another format', { timestamp: 'Mon, 25 Dec 1995 13:30:00 GMT' }, '.timestamp should be'],
    ['a day that does not exist', { timestamp: '2026-02-30T00:00:00Z' }, '.timestamp should be'],
    ['an hour that does not exist', { timestamp: '2026-02-03T25:00:00Z' }, '.timestamp should be'],
    ['an empty timestamp', { timestamp: '' }, '.timestamp should be'],
    ['an empty key', { idempotency_key: '' }, '.idempotency_key should be'],
    ['a number as the key', { idempotency_key: 5 }, '.idempotency_key should be'],
    ['a list as properties', { properties: [] }, '.properties should be object'],
    ['null as properties', { properties: null }, '.properties should be object'],
    ['a string as properties', { properties: '{}' }, '.properties should be object'],
    [
      'a property key of 1024 characters',
      { properties: { [text(1024)]: 1 } },
      '.properties should have keys',
    ],
    ['a property of 1024 characters', { properties: { a: text(1024) } }, '.properties.a should be'],
    ['true', { properties: { a: true } }, '.properties.a should be'],
    ['null', { properties: { a: null } }, '.properties.a should be'],
    ['a nested object', { properties: { a: {} } }, '.properties.a should be'],
    ['an infinite number', { properties: { a: Infinity } }, '.properties.a should be'],
    ['a list with true', { properties: { a: ['x', true] } }, '.properties.a should be'],
    ['a list in a list', { properties: { a: [['x']] } }, '.properties.a should be'],
    [
      'a list with a string of 1024 characters',
      { properties: { a: [text(1024)] } },
      '.properties.a should be',
    ],
    ['the key id', { properties: { id: '1' } }, '.properties.id should not be used'],
    ['the key iD', { properties: { iD: '1' } }, '.properties.iD should not be used'],
  ])('refuses %s with the index in bulk form and without it in single form', (_, event, reason) => {
    expect(invalidReason(bulkOf(event))).toContain(`postBody.events[3]${reason}`);
    expect(invalidReason({ app_id: APP_ID, ...EVENT, ...event })).toContain(`postBody${reason}`);
  });

  it.each([undefined, null, 'text', 5, []])('refuses %p as a body and as an event', (value) => {
    expect(invalidReason(value)).toBe('postBody should be object');
    expect(invalidReason({ app_id: APP_ID, events: [value] })).toBe('postBody.events[0] should be object');
  });

  it.each([undefined, 11, '', 'eleven', '11a', ' 11'])('refuses the app id %p', (appId) => {
    expect(invalidReason({ app_id: appId, events: [] })).toContain('postBody.app_id should be');
    expect(invalidUsersReason({ app_id: appId, users: [] })).toContain('postBody.app_id should be');
  });

  it('requires the app id at the root', () => {
    expect(invalidReason({ events: [{ app_id: APP_ID, ...EVENT }] })).toContain('postBody.app_id should be');
  });

  it('refuses events that are not a list', () => {
    expect(invalidReason({ app_id: APP_ID, events: EVENT })).toBe('postBody.events should be array');
  });

  it('accepts 1000 events and refuses 1001', () => {
    const events = Array.from({ length: 1001 }, () => EVENT);
    expect(invalidReason({ app_id: APP_ID, events: events.slice(1) })).toBeUndefined();
    expect(invalidReason({ app_id: APP_ID, events })).toContain('postBody.events should have at most 1000');
  });

  it('names the index of the invalid event among any number of valid ones', () => {
    const position = fc.tuple(fc.nat(999), fc.nat(999));
    fc.assert(
      fc.property(position, ([length, at]) => {
        const events: unknown[] = Array.from({ length: length + 1 }, () => EVENT);
        const index = at % events.length;
        events[index] = { ...EVENT, identity: 5 };
        expect(invalidReason({ app_id: APP_ID, events })).toMatch(
          `postBody.events[${String(index)}].identity should be`,
        );
      }),
    );
  });

  it('handles any JSON value and never throws', () => {
    const anything = fc.letrec((tie) => ({
      node: fc.oneof(
        fc.jsonValue(),
        fc.record(
          {
            app_id: fc.oneof(fc.constant('1'), tie('node')),
            events: fc.oneof(fc.array(tie('node')), tie('node')),
            event: fc.oneof(fc.string(), tie('node')),
            identity: fc.oneof(fc.string(), tie('node')),
            properties: tie('node'),
          },
          { requiredKeys: [] },
        ),
      ),
    })).node;
    fc.assert(
      fc.property(anything, (body) => {
        for (const reason of [invalidReason(body), invalidUsersReason(body)])
          expect(reason ?? 'postBody').toMatch(/^postBody/);
      }),
    );
  });
});

describe('invalidUsersReason', () => {
  const USER = { identity: 'ada@shop.example', properties: { plan: 'gold' } };

  it('accepts the single form and up to 1000 users', () => {
    const users = Array.from({ length: 1001 }, () => USER);
    expect(invalidUsersReason({ app_id: APP_ID, ...USER })).toBeUndefined();
    expect(invalidUsersReason({ app_id: APP_ID, users: users.slice(1) })).toBeUndefined();
    expect(invalidUsersReason({ app_id: APP_ID, users })).toContain(
      'postBody.users should have at most 1000',
    );
  });

  it.each([
    [{ ...USER, identity: undefined }, '.identity should be'],
    [{ ...USER, identity: '' }, '.identity should be'],
    [{ identity: 'ada@shop.example' }, '.properties should be object'],
    [{ ...USER, properties: { Id: 'x' } }, '.properties.Id should not be used'],
    [{ ...USER, properties: { vip: true } }, '.properties.vip should be'],
  ])('refuses %j', (user, reason) => {
    expect(invalidUsersReason({ app_id: APP_ID, users: [USER, user] })).toContain(
      `postBody.users[1]${reason}`,
    );
    expect(invalidUsersReason({ app_id: APP_ID, ...user })).toContain(`postBody${reason}`);
  });
});
