import fc from 'fast-check';
import { Breaker } from '../../../lambda/heap/breaker';

const minute = 60_000;

const failing = (breaker: Breaker, times: number, now = 0): Breaker => {
  for (let failure = 0; failure < times; failure += 1) breaker.failed(now, false, undefined);
  return breaker;
};

test('a breaker lets everything through until three consecutive failures', () => {
  const breaker = failing(new Breaker(), 2);
  expect([breaker.isOpen, breaker.waitMs(0)]).toEqual([false, 0]);

  failing(breaker, 1);
  expect([breaker.isOpen, breaker.waitMs(0)]).toEqual([true, 30_000]);
});

test('an answer in between resets the count', () => {
  const breaker = failing(new Breaker(), 2);
  breaker.answered();
  failing(breaker, 2);

  expect(breaker.isOpen).toBe(false);
});

test('an open breaker lets one probe through every 30 seconds and closes once a probe is answered (F56)', () => {
  const breaker = failing(new Breaker(), 3);
  expect(breaker.waitMs(29_999)).toBe(1);
  expect(breaker.waitMs(30_000)).toBe(0);

  failing(breaker, 1, 30_000);
  expect(breaker.waitMs(30_000)).toBe(30_000);

  breaker.answered();
  expect([breaker.isOpen, breaker.waitMs(30_000)]).toEqual([false, 0]);
});

test.each([
  ['a 429 pauses for a minute', true, undefined, 60],
  ['a 429 pauses as long as it asks', true, 120, 120],
  ['a 429 that asks for less pauses for half a minute', true, 1, 30],
  ['a 503 pauses as long as it asks', false, 90, 90],
  ['no answer can suspend probes for more than a quarter of an hour', true, 86_400, 900],
])('%s (F55)', (_, isThrottled, retryAfterSeconds, seconds) => {
  const breaker = new Breaker();
  breaker.failed(0, isThrottled, retryAfterSeconds);

  expect([breaker.isOpen, breaker.waitMs(0)]).toEqual([true, seconds * 1000]);
});

test('a later failure never shortens a pause', () => {
  const breaker = new Breaker();
  breaker.failed(0, true, 600);
  breaker.failed(1000, false, undefined);

  expect(breaker.waitMs(1000)).toBe(599_000);
});

test('while Heap is down, an instance makes fewer than five calls in any minute (F56)', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 20, maxLength: 60 }), (gaps) => {
      const breaker = new Breaker();
      const calls: number[] = [];
      let now = 0;
      for (const gap of gaps) {
        now += Math.max(gap, breaker.waitMs(now));
        calls.push(now);
        breaker.failed(now, false, undefined);
      }
      for (const call of calls) {
        expect(calls.filter((other) => other >= call && other < call + minute).length).toBeLessThan(5);
      }
    }),
  );
});
