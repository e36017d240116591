import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { SourceEvent } from '../../../lambda/clevertap/decode-message';
import { canonicalSource, idempotencyKey, type KeyParts } from '../../../lambda/mapping/idempotency-key';
import { isAborted } from '../../../lambda/mapping/map-event';
import { isRejected } from '../../../lambda/mapping/findings';
import { mapEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf, sourcesOf, stockSource } from '../../support/source-event';
import { RECEIVED_AT } from '../../support/sqs-record';

const WINDOW = 600_000;
const profile = {
  identity: 'cust-77',
  event_properties: { item: 'hat', price: 9 },
  key_values: { coupon: 'c' },
};
const request = { targetId: 5, key_values: { event: 'Purchase' } };

/** The parts of a key, with the source as sent. */
type Parts = Omit<KeyParts, 'source'> & { readonly source: SourceEvent };

const parts = (overrides: Partial<Parts> = {}): Parts => ({
  appId: '11',
  identity: 'cust-77',
  event: 'Purchase',
  explicitId: undefined,
  source: stockSource(profile, request, 'path'),
  receivedAt: RECEIVED_AT,
  requestId: 'request-1',
  dedupeWindowMs: WINDOW,
  ...overrides,
});

const textOf = (source: SourceEvent): string => {
  const text = canonicalSource(source);
  if (text === undefined) throw new Error('nested too deep');
  return text;
};

function keyOf(overrides: Partial<Parts> = {}): string {
  const { source, ...rest } = parts(overrides);
  return idempotencyKey({ ...rest, source: textOf(source) }, sha256);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The key of an event that must be mappable. */
function mappedKey(source: SourceEvent, receivedAt = RECEIVED_AT): string {
  const mapped = mapEvent(source, mappingContext({ receivedAt }));
  if (isRejected(mapped) || isAborted(mapped)) throw new Error('not mapped');
  return mapped.event.idempotency_key;
}

describe('the idempotency key', () => {
  it('is a SHA-256 in hexadecimal', () => {
    expect(keyOf()).toMatch(/^[0-9a-f]{64}$/);
  });

  it('matches its definition in every version: otherwise a replayed event would count twice', () => {
    const own = [
      ...[[3], ['event_properties', 'identity', 'key_values'], ['item', 'price'], 'hat', 9, 'cust-77'],
      ...[['coupon'], 'c', 5, 'path'],
    ];
    const source = JSON.stringify(own) + JSON.stringify([['event'], 'Purchase']);
    const keyWith = (...occurrence: string[]): string =>
      sha256(['11', 'cust-77', 'Purchase', ...occurrence].map((text) => `${text.length}:${text}`).join(''));

    expect(keyOf()).toBe(keyWith('source', source, String(Math.floor(RECEIVED_AT / WINDOW))));
    expect(keyOf({ dedupeWindowMs: 0 })).toBe(keyWith('source', source, 'request-1'));
    expect(keyOf({ explicitId: 'order-1' })).toBe(keyWith('id', 'order-1'));
    // A custom body has no surrounding request.
    const body = { event: 'Purchase', identity: 'cust-77' };
    const bodySource = `${JSON.stringify([[3], ['event', 'identity'], 'Purchase', 'cust-77', null, null])}null`;
    expect(keyOf({ source: sourceOf(body), dedupeWindowMs: 0 })).toBe(
      keyWith('source', bodySource, 'request-1'),
    );
  });

  it.each<[string, Partial<Parts>]>([
    ['app id', { appId: '12' }],
    ['identity', { identity: 'Cust-77' }],
    ['event', { event: 'purchase' }],
    ['time window', { receivedAt: RECEIVED_AT + WINDOW }],
    ['path', { source: stockSource(profile, request, 'other') }],
    ['missing path', { source: stockSource(profile, request) }],
    ['campaign', { source: stockSource(profile, { ...request, targetId: 6 }, 'path') }],
    ['key_values of the request', { source: stockSource(profile, { targetId: 5, key_values: {} }, 'path') }],
    ['key_values of the profile', { source: stockSource({ ...profile, key_values: {} }, request, 'path') }],
    ['event properties', { source: stockSource({ ...profile, event_properties: {} }, request, 'path') }],
    ['profile', { source: stockSource({ ...profile, plan: 'gold' }, request, 'path') }],
    ['explicit id', { explicitId: 'order-1' }],
  ])('differs for a different %s', (_, overrides) => {
    expect(keyOf(overrides)).not.toBe(keyOf());
  });

  it('is the same for a different request in the same time window', () => {
    expect(keyOf({ requestId: 'request-2' })).toBe(keyOf());
  });

  it('does not depend on the order of keys at any depth', () => {
    const one =
      '{"targetId":5,"key_values":{"a":1,"b":2},"profiles":[{"identity":"x","p":{"c":[{"d":1,"e":2}],"f":3}}]}';
    const other =
      '{"profiles":[{"p":{"f":3,"c":[{"e":2,"d":1}]},"identity":"x"}],"key_values":{"b":2,"a":1},"targetId":5}';

    expect(keyOf({ source: sourceOf(one) })).toBe(keyOf({ source: sourceOf(other) }));
  });

  it('depends on the order of lists', () => {
    expect(keyOf({ source: stockSource({ list: [1, 2] }) })).not.toBe(
      keyOf({ source: stockSource({ list: [2, 1] }) }),
    );
  });

  it("does not depend on a profile's position in its request", () => {
    const [first, , third] = sourcesOf({ ...request, profiles: [profile, { identity: 'other' }, profile] });

    expect(keyOf({ source: first! })).toBe(keyOf({ source: third! }));
  });

  it.each([
    ['a number and its string', '{"a":1}', '{"a":"1"}'],
    ['null and its string', '{"a":null}', '{"a":"null"}'],
    ['null and nothing', '{"a":null}', '{}'],
    ['a list and its only element', '{"a":[1]}', '{"a":1}'],
    ['a list and a string with a comma', '{"a":["b,c"]}', '{"a":["b","c"]}'],
    ['an object and its string', '{"a":{"b":1}}', String.raw`{"a":"{\"b\":1}"}`],
    ['lone surrogates', String.raw`{"a":"\ud800"}`, String.raw`{"a":"\ud801"}`],
    ['an own __proto__ and none', '{"__proto__":{"a":1}}', '{}'],
  ])('tells %s apart', (_, one, other) => {
    const sourceWith = (properties: string): SourceEvent =>
      sourceOf(`{"profiles":[{"identity":"x","event_properties":${properties}}]}`);

    expect(keyOf({ source: sourceWith(one) })).not.toBe(keyOf({ source: sourceWith(other) }));
  });
});

describe('the source of an event', () => {
  const nested = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

  it.each([
    ['a profile', '{"profiles":[@]}'],
    ['a custom body', '{"event":"x","properties":@}', 1],
    ['key_values', '{"profiles":[{}],"key_values":@}'],
    ['a campaign id', '{"profiles":[{}],"targetId":@}'],
  ])('is too deep with more than 64 levels of %s (F30)', (_, message, above = 0) => {
    const textWith = (levels: number): string | undefined =>
      canonicalSource(sourceOf(message.replace('@', nested(levels - above))));

    expect(textWith(64)).toBeDefined();
    for (const levels of [65, 66, 5_000, 100_000]) expect(textWith(levels)).toBeUndefined();
  });

  it('omits what belongs to the request rather than the event', () => {
    const text = (request: object): string => textOf(stockSource(profile, request, 'path'));

    expect(text({ ...request, other: 1 })).toBe(text(request));
    expect(textOf({ ...stockSource(profile, request), location: { kind: 'whole' } })).toBe(
      textOf(stockSource(profile, request)),
    );
  });
});

describe('the time window', () => {
  const start = Math.ceil(RECEIVED_AT / WINDOW) * WINDOW;

  it('gives a retry of CleverTap 15 s later the same key (F40)', () => {
    const source = stockSource(profile, request);

    expect(mappedKey(source, start + 15_000)).toBe(mappedKey(source, start));
  });

  it('gives a retry across its edge another key, which is documented (F40)', () => {
    const source = stockSource(profile, request);

    expect(mappedKey(source, start + WINDOW + 5_000)).not.toBe(mappedKey(source, start + WINDOW - 10_000));
  });

  it.each([
    [0, WINDOW - 1, true],
    [-1, 0, false],
    [0, WINDOW, false],
  ])('from %d ms to %d ms after its start gives the same key: %s', (one, other, same) => {
    expect(keyOf({ receivedAt: start + one }) === keyOf({ receivedAt: start + other })).toBe(same);
  });

  it('of 0 keeps requests apart, however close, and keeps a request together, however late', () => {
    const key = keyOf({ dedupeWindowMs: 0 });

    expect(keyOf({ dedupeWindowMs: 0, receivedAt: RECEIVED_AT + WINDOW })).toBe(key);
    expect(keyOf({ dedupeWindowMs: 0, requestId: 'request-2' })).not.toBe(key);
  });
});

describe('an explicit id', () => {
  const key = keyOf({ explicitId: 'order-1' });

  it.each<[string, Partial<Parts>]>([
    ['source', { source: stockSource({ identity: 'else' }) }],
    ['time', { receivedAt: RECEIVED_AT + 100 * WINDOW }],
    ['request', { requestId: 'request-2', dedupeWindowMs: 0 }],
  ])('makes the %s irrelevant', (_, overrides) => {
    expect(keyOf({ explicitId: 'order-1', ...overrides })).toBe(key);
  });

  it.each<[string, Partial<Parts>]>([
    ['id', { explicitId: 'order-2' }],
    ['app id', { appId: '12' }],
    ['identity', { identity: 'cust-78' }],
    ['event', { event: 'Refund' }],
  ])('gives a different %s a different key', (_, overrides) => {
    expect(keyOf({ explicitId: 'order-1', ...overrides })).not.toBe(key);
  });
});

describe('two different events', () => {
  it('share no key if characters move from one part to the next', () => {
    const whole = fc.string({ unit: fc.constantFrom('a', '1', ':'), minLength: 1, maxLength: 8 });
    const cuts = fc
      .tuple(fc.nat({ max: 8 }), fc.nat({ max: 8 }))
      .map((ends) => ends.toSorted((one, other) => one - other));
    const cutAt = (text: string, [first = 0, second = 0]: readonly number[]): Partial<Parts> => ({
      appId: text.slice(0, first),
      identity: text.slice(first, second),
      event: text.slice(second),
    });
    fc.assert(
      fc.property(whole, cuts, cuts, fc.option(whole, { nil: undefined }), (text, one, other, explicitId) => {
        const [left, right] = [one, other].map((ends) => cutAt(text, ends));
        expect(keyOf({ ...left, explicitId }) === keyOf({ ...right, explicitId })).toBe(
          isDeepStrictEqual(left, right),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('share no key under one mapping, while equal events do (F41)', () => {
    // Few different values, so that equal messages, moved values and near misses are frequent.
    const scalar = fc.constantFrom<unknown>('a', 'b', 1, '1', null, true, []);
    const group = fc.dictionary(
      fc.constantFrom('a', 'b', 'email'),
      fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })),
      {
        maxKeys: 2,
      },
    );
    const optional = { requiredKeys: ['identity' as const] };
    const profiles = fc.record(
      { identity: fc.constantFrom('x', 'y'), event_properties: group, key_values: group, name: scalar },
      optional,
    );
    const stock = fc.record(
      { profiles: fc.tuple(profiles), targetId: scalar, key_values: group },
      { requiredKeys: ['profiles'] },
    );
    const custom = fc.record({ identity: fc.constantFrom('x', 'y'), properties: group, a: scalar }, optional);
    const message = fc.oneof(stock, custom);
    const path = fc.constantFrom('A', 'B');

    fc.assert(
      fc.property(message, path, message, path, (one, onePath, other, otherPath) => {
        const [oneSource, otherSource] = [sourceOf(one, onePath), sourceOf(other, otherPath)];
        expect(mappedKey(oneSource) === mappedKey(otherSource)).toBe(isSame(oneSource, otherSource));
      }),
      { numRuns: 1000 },
    );
  });
});

/** Whether CleverTap sent the same twice. A missing campaign equals null. */
function isSame(one: SourceEvent, other: SourceEvent): boolean {
  const said = ({ profile, body, requestKeyValues, campaignId, pathEvent }: SourceEvent): unknown => [
    ...[profile, body === undefined, requestKeyValues, campaignId ?? null, pathEvent],
  ];
  return isDeepStrictEqual(said(one), said(other));
}
