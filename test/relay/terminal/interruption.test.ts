import { RateLimit } from '../../../relay/terminal/interruption';

test('one after the other gets its turn, in the order they came and without a burst', async () => {
  let now = 1000;
  const waits: number[] = [];
  const clock = {
    now: () => now,
    pause: (ms: number): Promise<void> => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
  const rateLimit = new RateLimit(50, clock);

  for (let turn = 0; turn < 4; turn += 1) await rateLimit.turn();
  expect(waits).toEqual([20, 40, 60]);

  now += 10_000;
  for (let turn = 0; turn < 2; turn += 1) await rateLimit.turn();
  expect(waits.slice(3)).toEqual([20]);
});
