import fc from 'fast-check';
import { toBulks, trackBody, type SerializedEvent } from '../../../lambda/heap/bulk-request';

/** An event whose JSON has the given length in bytes. */
const eventOf = (bytes: number): SerializedEvent => ({ json: `"${'x'.repeat(bytes - 2)}"` });
const events = (count: number, bytes = 10): SerializedEvent[] =>
  Array.from({ length: count }, () => eventOf(bytes));
const sizes = (bulks: readonly (readonly unknown[])[]): number[] => bulks.map(({ length }) => length);

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

  it('fills a bulk to 900,000 bytes, its commas included, and no further', () => {
    expect(sizes(toBulks(events(18, 99_999)))).toEqual([9, 9]);
    expect(sizes(toBulks([...events(8, 99_999), eventOf(100_000)]))).toEqual([8, 1]);
  });

  it('counts bytes and not characters', () => {
    const wide = Array.from({ length: 4 }, () => ({ json: `"${'é'.repeat(150_000)}"` }));

    expect(sizes(toBulks(wide))).toEqual([2, 2]);
  });

  it.each([900_000, 1_000_000])('sends an event of %d bytes alone', (bytes) => {
    expect(sizes(toBulks([eventOf(10), eventOf(bytes), eventOf(10), eventOf(10)]))).toEqual([1, 1, 2]);
    expect(sizes(toBulks([eventOf(bytes)]))).toEqual([1]);
  });

  it('keeps every event, in order, within the limits, in as few bulks as order allows', () => {
    const list = fc.array(fc.integer({ min: 2, max: 500_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(list, (lengths) => {
        const input = lengths.map(eventOf);
        const bulks = toBulks(input);
        const bytesOf = (bulk: readonly SerializedEvent[]): number =>
          bulk.reduce((bytes, { json }) => bytes + Buffer.byteLength(json) + 1, 0);

        expect(bulks.flat()).toEqual(input);
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

describe('trackBody', () => {
  it('is the bulk form of the track API, with the app id as text', () => {
    expect(trackBody('11', [{ json: '{"event":"a"}' }, { json: '{"event":"b"}' }])).toBe(
      '{"app_id":"11","events":[{"event":"a"},{"event":"b"}]}',
    );
    expect(trackBody('11', [])).toBe('{"app_id":"11","events":[]}');
  });

  it('is valid JSON whatever the events and the app id hold', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.jsonValue()), (appId, values) => {
        const json = values.map((value) => JSON.stringify(value));

        expect(
          JSON.parse(
            trackBody(
              appId,
              json.map((text) => ({ json: text })),
            ),
          ),
        ).toEqual({
          app_id: appId,
          events: JSON.parse(`[${json.join(',')}]`) as unknown,
        });
      }),
    );
  });
});
