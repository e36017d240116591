import { messageReader } from '../../../local/account/message-reader';
import { decodeMessage } from '../../../lambda/clevertap/decode-message';
import { narrowMessage } from '../../../lambda/clevertap/narrow-message';
import { trackBody } from '../../../lambda/heap/bulk-request';
import { noMapping } from '../../../lambda/mapping/rule-format';
import type { EventOfMessage, QueuedMessage } from '../../../local/account/reconciliation';
import { fixture, fixtureNames } from '../../support/clevertap-fixture';
import { serialized, textOf } from '../../support/heap-body';

const { eventsOf, isOwnRow, reasonOf } = messageReader({
  identityOrder: ['identity', 'email'],
  dedupeWindowMinutes: 10,
  mapping: noMapping,
});

const messageOf = (body: string, stamps: Record<string, string> = {}): QueuedMessage => ({
  body,
  attributes: Object.fromEntries(
    Object.entries({ requestId: 'r1', receivedAt: '1763985600123', ...stamps }).map(([name, StringValue]) => [
      name,
      { DataType: 'String', StringValue },
    ]),
  ),
});

const read = (body: string, stamps?: Record<string, string>, appIds = ['11']): readonly EventOfMessage[] =>
  eventsOf(messageOf(body, stamps), new Set(appIds));

const idsOf = (events: readonly EventOfMessage[]): string[] => events.map(({ id }) => id);

const profiles = (...list: unknown[]): string =>
  JSON.stringify({ key_values: { event: 'E' }, profiles: list });

describe('the events of a message', () => {
  test.each(fixtureNames)('match in number those the function finds in %s', (name) => {
    const body = fixture(name);
    const decoded = decodeMessage(body, undefined);
    expect(read(body)).toHaveLength(decoded.kind === 'events' ? decoded.events.length : 1);
  });

  test('keep their ids in a narrowed message, even if they are not objects (F42)', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const body = profiles(
      { identity: 'a' },
      'no profile',
      { identity: 'b' },
      { identity: 'DEEP' },
      7,
    ).replace('"DEEP"', deep);
    const ids = idsOf(read(body));
    expect(new Set(ids).size).toBe(5);
    const decoded = decodeMessage(body, undefined);
    const locations = decoded.kind === 'events' ? decoded.events.map(({ location }) => location) : [];
    for (const keep of [[0], [1, 4], [2, 3], [0, 1, 2, 3, 4]]) {
      const narrowed = narrowMessage(
        body,
        keep.map((index) => locations[index]!),
      );
      expect(idsOf(read(narrowed))).toEqual(keep.map((index) => ids[index]));
    }
  });

  test('are named by the URL if the body cannot be read', () => {
    const names = (body: string): unknown[] =>
      read(body, { event: 'Added%20to%20Cart' }).map(({ subject }) => subject.event);
    expect(names('{ "identity": ')).toEqual(['Added to Cart']);
    expect(names('[{"identity":"a"}, "no object"]')).toEqual(['Added to Cart', 'Added to Cart']);
    expect(read('{ "identity": ').map(({ subject }) => subject.event)).toEqual([null]);
  });

  test('get different ids if they are equal, within a request and across requests', () => {
    const twice = idsOf(read(profiles({ identity: 'a' }, { identity: 'a' })));
    expect(new Set(twice).size).toBe(2);
    const other = idsOf(read(profiles({ identity: 'a' }), { requestId: 'r2' }));
    expect(twice).not.toContain(other[0]);
  });

  test('are mapped as Heap receives them, for each app id', () => {
    const [event] = read(profiles({ identity: 'a' }), {}, ['11', '12']);
    expect(event?.heapEvents).toMatchObject([{ identity: 'a' }, { identity: 'a' }]);
    const keys = event?.heapEvents.map(({ idempotency_key: key }) => key);
    expect(new Set(keys).size).toBe(2);
    for (const key of keys ?? []) expect(isOwnRow(JSON.stringify(['a', null, key]))).toBe(true);
    // Serialized as it is sent, so that the two can be compared.
    expect(textOf(trackBody('11', serialized(JSON.stringify(event?.heapEvents[0]))))).toContain(
      String(keys?.[0]),
    );
  });

  test.each([
    ['a setup ping', fixture('setup-ping'), {}, true],
    ['a placeholder', '{"identity":"user@example.com","event":"E"}', {}, false],
    ['no JSON', '{', {}, false],
    ['no stamps', '{"identity":"a","event":"E"}', { receivedAt: 'never' }, false],
    ['another app', '{"app_id":"99","identity":"a","event":"E"}', {}, false],
  ])('%s never reaches Heap', (_, body, stamps, isIgnored) => {
    expect(read(body, stamps)).toMatchObject([
      { id: expect.any(String) as string, isIgnored, heapEvents: [] },
    ]);
  });

  test('have different ids without any app id', () => {
    expect(idsOf(read(profiles({ identity: 'a' }), {}, []))).toEqual(
      idsOf(read(profiles({ identity: 'a' }))),
    );
  });
});

test('a dead letter without a reason came from SQS', () => {
  expect(reasonOf(messageOf('', { reason: 'invalid_json' }))).toBe('invalid_json');
  expect(reasonOf(messageOf(''))).toBe('receives_exhausted');
});
