import fc from 'fast-check';
import { Pace } from '../../../lambda/heap/pace';

const minute = 60_000;

test('an instance starts with one bulk, and then waits for the next', () => {
  const pace = new Pace(6000);
  expect(pace.waitMs(1000, 0)).toBe(0);
  pace.take(1000, 0);

  expect(pace.waitMs(1000, 0)).toBe(10_000);
  expect(pace.waitMs(100, 0)).toBe(1000);
  expect(pace.waitMs(1000, 10_000)).toBe(0);
});

test('a rest saves up at most one bulk', () => {
  const pace = new Pace(6000);
  pace.take(1000, 0);
  pace.take(1000, 60 * minute);

  expect(pace.waitMs(1000, 60 * minute)).toBe(10_000);
});

test('without a limit nothing waits', () => {
  const pace = new Pace(0);
  pace.take(1_000_000, 0);

  expect([pace.isUnlimited, pace.waitMs(1000, 0)]).toEqual([true, 0]);
});

test.each([
  [0, 1000],
  [300, 150],
  [1999, 1000],
  [6000, 1000],
])('at %d events per minute, a request has at most %d', (eventsPerMinute, events) => {
  expect(new Pace(eventsPerMinute).maxBulk).toBe(events);
});

test('a clock that steps back adds no tokens', () => {
  const pace = new Pace(6000);
  pace.take(1000, minute);

  expect(pace.waitMs(1000, 0)).toBe(10_000);
});

test('in any minute, an instance sends at most its share plus one bulk (F55)', () => {
  const bulks = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(bulks, fc.integer({ min: 300, max: 7500 }), (sizes, perMinute) => {
      const pace = new Pace(perMinute);
      const sent: { at: number; size: number }[] = [];
      let now = 0;
      for (const size of sizes) {
        now += pace.waitMs(size, now);
        pace.take(size, now);
        sent.push({ at: now, size });
      }
      for (const { at } of sent) {
        const events = sent
          .filter((other) => other.at >= at && other.at < at + minute)
          .reduce((sum, { size }) => sum + size, 0);
        expect(events).toBeLessThanOrEqual(perMinute + 1000);
      }
    }),
  );
});
