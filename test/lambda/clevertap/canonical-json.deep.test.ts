import { canonicalJson } from '../../../lambda/clevertap/canonical-json';
import { keptMemory } from '../../support/kept-memory';

/** Deeper than any value here. */
const anyDepth = 1000;

describe('bodies with unique names', () => {
  const objectOf = (names: readonly string[]): unknown =>
    JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}:1`).join(',')}}`);

  // In each case they add up to 20 MB or more.
  it.each<[string, number, (message: number) => unknown]>([
    [
      'of many names',
      15,
      (message) => objectOf(Array.from({ length: 15_000 }, (_, index) => `${message} ${index}`)),
    ],
    ['of one long name', 200, (message) => objectOf([`${message} `.padEnd(100_000, 'x')])],
    [
      'of one long name with two bytes per character',
      100,
      (message) => objectOf([`${message} `.padEnd(100_000, '手')]),
    ],
  ])('leave nothing in memory: %s (F26)', (_, messages, bodyOf) => {
    canonicalJson(bodyOf(0), anyDepth);
    const kept = keptMemory(() => {
      for (let message = 1; message <= messages; message += 1) canonicalJson(bodyOf(message), anyDepth);
    });

    expect(kept).toBeLessThan(5_000_000);
  });
});
