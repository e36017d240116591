import fc from 'fast-check';
import {
  EventTexts,
  toBulks,
  trackBody,
  userPropertiesBody,
  type SerializedEvent,
} from '../../../lambda/heap/bulk-request';
import { serialized, textOf } from '../../support/heap-body';

/** An event whose JSON has the given length in bytes. */
const eventOf = (bytes: number): SerializedEvent => ({
  json: Buffer.from(`"${'x'.repeat(bytes - 2)}"`),
});
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
    const wide = serialized(...Array.from({ length: 4 }, () => `"${'é'.repeat(150_000)}"`));

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

/** The JSON of a request, as it is written without buffers. */
const plain = (appId: string, list: 'events' | 'users', texts: readonly string[]): string =>
  `{"app_id":${JSON.stringify(appId)},"${list}":[${texts.join(',')}]}`;

describe('a body', () => {
  it('is the bulk form of the API, with the app id as text', () => {
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

  it('is valid JSON whatever the events and the app id hold', () => {
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

  it('is what the texts are with commas between, wherever their bytes lie', () => {
    const text = fc
      .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constant(','.repeat(7)))
      .map((value) => JSON.stringify(value));
    // In one of two buffers, in one of their own, or where Node puts small ones, which may lie a byte apart.
    const place = fc.constantFrom('first', 'second', 'own', 'pool');
    const event = fc.record({ text, place, isSent: fc.boolean() });
    fc.assert(
      fc.property(fc.string(), fc.array(event, { maxLength: 30 }), fc.boolean(), (appId, list, isTurned) => {
        const buffers = { first: new EventTexts(), second: new EventTexts() };
        const all = list.map((one) => {
          if (one.place === 'pool') return { ...one, json: Buffer.from(one.text) };
          if (one.place === 'own') return { ...one, json: new TextEncoder().encode(one.text) };
          return { ...one, json: buffers[one.place].add(one.text) };
        });
        const sent = all.filter(({ isSent }) => isSent);
        for (const events of [all, isTurned ? sent.toReversed() : sent, [...sent, ...sent]]) {
          const texts = events.map((one) => one.text);
          expect(textOf(trackBody(appId, events))).toBe(plain(appId, 'events', texts));
          expect(textOf(userPropertiesBody(appId, events))).toBe(plain(appId, 'users', texts));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is what the texts are with commas between, however they lie in one buffer', () => {
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

  it('is one piece for all events that were written one after another', () => {
    const texts = new EventTexts();
    const bulk = Array.from({ length: 1000 }, (_, index) => ({ json: texts.add(`{"n":${index}}`) }));

    expect(trackBody('11', bulk)).toHaveLength(3);
    expect(trackBody('11', bulk.toSpliced(500, 1))).toHaveLength(5);
  });
});

describe('texts of events', () => {
  it('keep their bytes, however many follow and however large they are', () => {
    const text = fc
      .tuple(fc.constantFrom('x', 'é', '手', '😀', '\ud83d'), fc.constantFrom(0, 1, 100, 50_000, 600_000))
      .map(([unit, times]) => `"${unit.repeat(times)}"`);
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), (list) => {
        const texts = new EventTexts();
        const events = list.map((one) => ({ json: texts.add(one) }));
        const same = events.map(({ json }, index) => Buffer.from(list[index]!).equals(json));

        expect(same).not.toContain(false);
        // As they are compared here, no difference is printed in full.
        const body = Buffer.concat(trackBody('11', events));
        expect(body.equals(Buffer.from(plain('11', 'events', list)))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
