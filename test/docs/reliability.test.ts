import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { retryDelaySeconds } from '../../lambda/forwarder/retry-delay';

const page = readFileSync(join(__dirname, '../../docs/reliability.md'), 'utf8');

/** The rows of the page: attempt, time since the first receive, shortest and longest delay. Times are in seconds. */
const rows = [...page.matchAll(/^\| (\d+) +\| ([\dhmins ]+?) +\| ([\d.]+) to ([\d.]+) (s|min|h) +\|$/gm)].map(
  ([, attempt, since = '', from, to, unit = '']) => ({
    attempt: Number(attempt),
    since: since === '0' ? 0 : secondsIn(since),
    delays: [from, to].map((value) => Math.round(secondsIn(`${String(value)} ${unit}`))),
  }),
);

function secondsIn(text: string): number {
  const units: Record<string, number> = { h: 3600, min: 60, s: 1 };
  return [...text.matchAll(/([\d.]+) (h|min|s)/g)].reduce(
    (sum, [, value, unit = '']) => sum + Number(value) * (units[unit] ?? NaN),
    0,
  );
}

test('the table of retries matches the code', () => {
  let since = 0;
  const delayAt = (now: number, random: number): number =>
    retryDelaySeconds({ firstReceivedAt: 0, now: now * 1000, random });
  const expected = Array.from({ length: 10 }, (_, index) => {
    const row = { attempt: index + 1, since, delays: [delayAt(since, 0), delayAt(since, 1)] };
    since += delayAt(since, 0);
    return row;
  });
  expect(rows).toEqual(expected);
});

test('the table ends with the first attempt after 24 hours', () => {
  let since = 0;
  let attempt = 1;
  for (; since < 24 * 3600; attempt += 1)
    since += retryDelaySeconds({ firstReceivedAt: 0, now: since * 1000, random: 0 });
  expect(page).toMatch(
    new RegExp(`^\\| ${attempt} +\\| 24 h ${(since % 3600) / 60} min +\\| dead letter +\\|$`, 'm'),
  );
});
