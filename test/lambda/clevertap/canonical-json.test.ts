import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { canonicalJson } from '../../../lambda/clevertap/canonical-json';
import { anyJsonText } from '../../support/untrusted-json';

/** The same, straight from its definition. */
function definition(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(definition).join(',')}]`;
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${definition(member)}`).join(',')}}`;
}

/** Milliseconds of processor time, the least of some runs. */
function processorTime(run: () => void): number {
  const times = Array.from({ length: 4 }, () => {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

describe('canonical JSON', () => {
  it('is what it is defined to be, whatever was read before', () => {
    fc.assert(
      fc.property(anyJsonText, (text) => {
        const value: unknown = JSON.parse(text);
        expect(canonicalJson(value)).toBe(definition(value));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['{"b":1,"a":{"d":[{"f":1,"e":2}],"c":"x"}}', '{"a":{"c":"x","d":[{"e":2,"f":1}]},"b":1}'],
    ['{"a":1e400,"b":-1e400,"c":null}', '{"a":Infinity,"b":-Infinity,"c":null}'],
    ['{"10":1,"9":2,"a":3}', '{"10":1,"9":2,"a":3}'],
    ['{"__proto__":{"b":1,"a":2},"":3}', '{"":3,"__proto__":{"a":2,"b":1}}'],
    ['["\\ud800","\\u0000","\\"","é😀"]', String.raw`["\ud800","\u0000","\"","é😀"]`],
  ])('of %s is %s', (text, expected) => {
    expect(canonicalJson(JSON.parse(text))).toBe(expected);
  });

  it('keeps nothing in memory of bodies with names of their own (F26)', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const namesOf = (message: number): object =>
      Object.fromEntries(Array.from({ length: 15_000 }, (_, index) => [`${message} ${index}`, 1]));
    canonicalJson(namesOf(0));
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let message = 1; message <= 50; message += 1) canonicalJson(namesOf(message));
    collectGarbage();

    // All of them are 110 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(30_000_000);
  });

  it('takes no longer for many objects that begin alike (F37)', () => {
    const list = Array.from({ length: 40_000 }, (_, index) => ({ a: 1, [`b${index}`]: 1 }));

    expect(processorTime(() => canonicalJson(list))).toBeLessThan(5 * processorTime(() => definition(list)));
  });
});
