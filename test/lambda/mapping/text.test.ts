import fc from 'fast-check';
import { cut, holdsTemplate } from '../../../lambda/mapping/text';

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

  it('gives a well-formed beginning that lacks at most one unit (F34)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 12 }), (text, limit) => {
        const result = cut(text, limit);

        expect(text.startsWith(result)).toBe(true);
        expect(result.isWellFormed()).toBe(true);
        expect(result.length).toBeLessThanOrEqual(limit);
        expect(result.length).toBeGreaterThanOrEqual(Math.min(text.length, limit - 1));
      }),
    );
  });
});
