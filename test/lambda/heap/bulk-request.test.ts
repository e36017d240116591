import fc from 'fast-check';
import {
  toBulks,
  trackBody,
  userPropertiesBody,
  type SerializedEvent,
} from '../../../lambda/heap/bulk-request';
import { serialized, textOf } from '../../support/heap-body';
import { anyCharacter } from '../../support/any-character';

/** An event whose JSON has the given length in bytes. */
const eventOf = (bytes: number): SerializedEvent => ({
  json: Buffer.from(`"${'x'.repeat(bytes - 2)}"`),
});
const events = (count: number, bytes = 10): SerializedEvent[] =>
  Array.from({ length: count }, () => eventOf(bytes));
const sizes = (bulks: Iterable<readonly unknown[]>): number[] => [...bulks].map(({ length }) => length);

describe('toBulks', () => {
  it.each([
    [0, []],
    [1, [1]],
    [1000, [1000]],
    [1001, [1000, 1]],
    [2500, [1000, 1000, 500]],
  ])('groups %d events into bulks of %j', (count, expected) => {
    expect(sizes(toBulks(events(count)))).toEqual(expected);
  });

  it('fills a bulk up to 900,000 bytes, including commas', () => {
    expect(sizes(toBulks(events(18, 99_999)))).toEqual([9, 9]);
    expect(sizes(toBulks([...events(8, 99_999), eventOf(100_000)]))).toEqual([8, 1]);
  });

  it('counts bytes and not characters', () => {
    const wide = serialized(...Array.from({ length: 4 }, () => `"${'é'.repeat(150_000)}"`));

    expect(sizes(toBulks(wide))).toEqual([2, 2]);
  });

  it.each([900_000, 1_000_000])('sends an event of %d bytes alone', (bytes) => {
    expect(sizes(toBulks([eventOf(10), eventOf(bytes), eventOf(10), eventOf(10)]))).toEqual([1, 1, 2]);
    expect(sizes(toBulks([eventOf(bytes)]))).toEqual([1]);
  });

  it('reads at most one event beyond a bulk', () => {
    let taken = 0;
    function* counted(): Generator<SerializedEvent> {
      for (const event of events(2500)) {
        taken += 1;
        yield event;
      }
    }
    const takenAt: number[] = [];
    for (const bulk of toBulks(counted())) takenAt.push(taken, bulk.length);

    expect(takenAt).toEqual([1001, 1000, 2001, 1000, 2500, 500]);
  });

  it('keeps every event, in order, within the limits, in as few bulks as order allows', () => {
    const list = fc.array(fc.integer({ min: 2, max: 500_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(list, (lengths) => {
        const input = lengths.map(eventOf);
        const bulks = [...toBulks(input)];
        const bytesOf = (bulk: readonly SerializedEvent[]): number =>
          bulk.reduce((bytes, { json }) => bytes + json.length + 1, 0);

        expect(bulks.flat().every((event, index) => event === input[index])).toBe(true);
        expect(bulks.flat()).toHaveLength(input.length);
        bulks.forEach((bulk, index) => {
          expect(bulk.length).toBeGreaterThan(0);
          if (bulk.length > 1) expect(bytesOf(bulk)).toBeLessThanOrEqual(900_000);
          const next = bulks[index + 1]?.[0];
          if (next !== undefined) expect(bytesOf([...bulk, next])).toBeGreaterThan(900_000);
        });
      }),
      { numRuns: 30 },
    );
  });
});

/** The JSON of a request, built without buffers. */
const plain = (appId: string, list: 'events' | 'users', texts: readonly string[]): string =>
  `{"app_id":${JSON.stringify(appId)},"${list}":[${texts.join(',')}]}`;

describe('a body', () => {
  it("has the API's bulk format, with the app id as a string", () => {
    const texts = ['{"event":"a"}', '{"event":"b"}'];

    expect(textOf(trackBody('11', serialized(...texts)))).toBe(
      '{"app_id":"11","events":[{"event":"a"},{"event":"b"}]}',
    );
    expect(textOf(userPropertiesBody('11', serialized('{"identity":"a","properties":{}}')))).toBe(
      '{"app_id":"11","users":[{"identity":"a","properties":{}}]}',
    );
    expect(textOf(trackBody('11', []))).toBe('{"app_id":"11","events":[]}');
    expect(textOf(userPropertiesBody('11', []))).toBe('{"app_id":"11","users":[]}');
  });

  it('is valid JSON for any events and app id', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.jsonValue()), (appId, values) => {
        const json = values.map((value) => JSON.stringify(value));

        expect(JSON.parse(textOf(trackBody(appId, serialized(...json))))).toEqual({
          app_id: appId,
          events: JSON.parse(`[${json.join(',')}]`) as unknown,
        });
      }),
    );
  });

  it('joins the strings with commas, however large and odd they are', () => {
    const short = fc
      .oneof(fc.string({ unit: anyCharacter }), fc.string({ unit: 'grapheme' }), fc.constant(','.repeat(7)))
      .map((value) => JSON.stringify(value));
    const long = fc
      .tuple(fc.constantFrom('x', 'é', '手', '😀', '\ud83d'), fc.constantFrom(0, 1, 100, 50_000))
      .map(([unit, times]) => `"${unit.repeat(times)}"`);
    fc.assert(
      fc.property(fc.string(), fc.array(fc.oneof(short, long), { maxLength: 30 }), (appId, texts) => {
        // Compared this way, a difference is not printed in full.
        for (const [list, bodyOf] of [
          ['events', trackBody],
          ['users', userPropertiesBody],
        ] as const) {
          const body = Buffer.from(bodyOf(appId, serialized(...texts)));
          expect(body.equals(Buffer.from(plain(appId, list, texts)))).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('joins the strings with commas, however they lie in one buffer', () => {
    const size = 24;
    const bytes = fc.array(fc.constantFrom(0x2c, 0x31), { minLength: size, maxLength: size });
    const view = fc.tuple(fc.nat({ max: size - 4 }), fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(bytes, fc.array(view, { maxLength: 6 }), (all, views) => {
        const buffer = Uint8Array.from(all);
        const events = views.map(([start, length]) => ({ json: buffer.subarray(start, start + length) }));
        const texts = events.map(({ json }) => Buffer.from(json).toString());
        expect(textOf(trackBody('11', events))).toBe(plain('11', 'events', texts));
      }),
      { numRuns: 5000 },
    );
  });
});
