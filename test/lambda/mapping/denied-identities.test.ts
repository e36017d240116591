import fc from 'fast-check';
import { compileMapping, unexpectedTemplate } from '../../../lambda/mapping/mapping';
import { noMapping } from '../../../lambda/mapping/rule-format';

const isDenied = (pattern: string, identity: string): boolean =>
  compileMapping({ ...noMapping, deniedIdentities: [pattern] }, unexpectedTemplate).isDenied(identity);

/** Whether a pattern matches, by brute force: only for short strings. */
function matches(pattern: string, value: string): boolean {
  if (pattern === '') return value === '';
  if (pattern.startsWith('*'))
    return matches(pattern.slice(1), value) || (value !== '' && matches(pattern, value.slice(1)));
  return value.startsWith(pattern.charAt(0)) && matches(pattern.slice(1), value.slice(1));
}

describe('a pattern of denied identities', () => {
  it('matches as expected, wherever its stars are', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    const value = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(pattern, value, (stars, identity) => {
        expect(isDenied(stars, identity)).toBe(matches(stars, identity));
        expect(isDenied(stars.toUpperCase(), identity)).toBe(matches(stars, identity));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a*a*a', 'aa', false],
    ['*ab*b', 'ab', false],
    ['**', '', true],
    ['a**b', 'ab', true],
    ['É*', 'école', true],
    ['a*\n*b', 'a\n\nb', true],
  ])('%j matches %j: %j', (pattern, identity, expected) => {
    expect(isDenied(pattern, identity)).toBe(expected);
  });

  it('takes linear time, however many stars it has (F37)', () => {
    const start = process.cpuUsage();
    for (const end of ['', 'b', '*'])
      expect(isDenied(`${'*a'.repeat(60)}*b${end}`, `${'a'.repeat(254)}c`)).toBe(false);
    const { user, system } = process.cpuUsage(start);

    expect(user + system).toBeLessThan(1_000_000);
  });
});
