import fc from 'fast-check';
import { clean, cut, holdsTemplate, isPlain } from '../../../lambda/mapping/strings';
import { parseClevertapDate } from '../../../lambda/mapping/timestamp';
import { anyCharacter } from '../../support/any-character';

describe('holdsTemplate', () => {
  it.each(['{{ Profile.Email }}', 'Hi {{name', 'name}} there', '{% if a %}', '${user}', 'a${'])(
    'sees one in %j',
    (text) => {
      expect(holdsTemplate(text)).toBe(true);
    },
  );

  it.each(['', 'plain', '{a}', '{"a":{"b":1} }', '$5', '100%', '{ {', '$ {'])('sees none in %j', (text) => {
    expect(holdsTemplate(text)).toBe(false);
  });
});

describe('cut', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'abc'],
    ['', 3, ''],
    ['ab😀', 4, 'ab😀'],
    ['ab😀', 3, 'ab'],
    ['a😀b', 3, 'a😀'],
    ['a\u{10000}', 2, 'a'],
    ['a\u{10FFFF}', 2, 'a'],
    ['a\uE000b', 2, 'a\uE000'],
  ])('of %j at %d is %j', (text, limit, expected) => {
    expect(cut(text, limit)).toBe(expected);
  });

  it('returns a well-formed prefix that is at most one unit shorter (F34)', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.nat({ max: 12 }), (text, limit) => {
        const result = cut(text, limit);

        expect(text.startsWith(result)).toBe(true);
        expect(result.isWellFormed()).toBe(true);
        expect(result.length).toBeLessThanOrEqual(limit);
        expect(result.length).toBeGreaterThanOrEqual(Math.min(text.length, limit - 1));
      }),
    );
  });
});

describe('isPlain', () => {
  const odd = fc.string({
    unit: fc.constantFrom(
      ...['a', '1', '-', ' ', '"', '\\', '{', '}', '%', '$', '_', 'D', 'é', '手'],
      ...['\n', '\t', '\u0000', '\u0008', '\u000b', '\u001f', '\u007f', '\u0080', '\ud83d', '\ude00'],
    ),
    maxLength: 12,
  });
  const date = fc.integer({ min: -99_999_999_999, max: 99_999_999_999 }).map((seconds) => `$D_${seconds}`);

  it('is false for every string that would be cleaned, read as a date or counted', () => {
    const counts = { plain: 0, other: 0 };
    fc.assert(
      fc.property(fc.oneof(odd, date, fc.string({ unit: anyCharacter })), (text) => {
        const cleaned = text.toWellFormed().replace(/[\u0000-\u0008\u000B-\u001F\u007F]/g, '');
        counts[isPlain(text) ? 'plain' : 'other'] += 1;
        expect(clean(text)).toBe(cleaned);
        if (isPlain(text)) {
          expect([cleaned, holdsTemplate(text), parseClevertapDate(text)]).toEqual([text, false, undefined]);
        }
      }),
      { numRuns: 1000 },
    );
    // Otherwise the property would hold vacuously.
    expect(Math.min(counts.plain, counts.other)).toBeGreaterThan(20);
  });
});
