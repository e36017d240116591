import fc from 'fast-check';
import { retryDelaySeconds } from '../../../lambda/forwarder/retry-delay';

const NOW = Date.UTC(2026, 9, 1, 9);

const delay = (
  waitedSeconds: number,
  { random = 0, retryAfterSeconds }: { random?: number; retryAfterSeconds?: number } = {},
): number =>
  retryDelaySeconds({ firstReceivedAt: NOW - waitedSeconds * 1000, now: NOW, random }, retryAfterSeconds);

describe('retryDelaySeconds', () => {
  it.each([
    [0, 30],
    [29, 30],
    [30, 30],
    [31, 31],
    [60.2, 61],
    [1800, 1800],
    [3600, 3600],
    [3601, 3600],
    [86_400, 3600],
    // The clocks of SQS and the function differ.
    [-10, 30],
  ])('after %d s of waiting is %d s', (waited, seconds) => {
    expect(delay(waited)).toBe(seconds);
  });

  it('doubles automatically, up to an hour (F56)', () => {
    const delays: number[] = [];
    for (let waited = 0; delays.length < 10; waited += delays.at(-1)!) delays.push(delay(waited));

    expect(delays).toEqual([30, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
  });

  it.each([
    [100, 0, 100],
    [100, 0.25, 105],
    [100, 1, 120],
    [3600, 1, 4320],
    [0, 1, 36],
  ])('after %d s with a random %d is %d s', (waited, random, seconds) => {
    expect(delay(waited, { random })).toBe(seconds);
  });

  it.each([
    [100, 0, 100],
    [100, 99, 100],
    [100, 101, 101],
    [0, 600, 600],
    [3600, 7200, 7200],
  ])(
    'after %d s, when Heap asks for %d s, is %d s: longer, but never shorter',
    (waited, retryAfterSeconds, seconds) => {
      expect(delay(waited, { retryAfterSeconds })).toBe(seconds);
    },
  );

  it('is a whole number of seconds that SQS accepts, for any input (F60)', () => {
    const input = fc.record({
      firstReceivedAt: fc.integer({ min: 0, max: 2 * NOW }),
      now: fc.constant(NOW),
      retryAfterSeconds: fc.oneof(fc.constant(undefined), fc.nat(), fc.constant(999_999_999)),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(input, (situation) => {
        const seconds = retryDelaySeconds(situation, situation.retryAfterSeconds);

        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(30);
        expect(seconds).toBeLessThanOrEqual(42_000);
      }),
    );
  });
});
