import { count, duration, table, visibleText } from '../../../relay/terminal/terminal-text';

test.each([
  [0, '0 ms'],
  [340, '340 ms'],
  [1234, '1.2 s'],
  [9999, '9.9 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_725_000, '1 h 2 min'],
  [86_400_000 * 13 + 3_600_000 * 4, '13 d 4 h'],
  [-5, '0 ms'],
])('%i ms are %s', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test('numbers are set to the right, texts to the left, without spaces at the end', () => {
  expect(
    table(
      ['N', 'Reason', 'Campaign'],
      [
        ['1', 'a', 'none'],
        ['12,000', 'long', '7'],
      ],
    ),
  ).toBe(['       N  Reason  Campaign', '       1  a       none', '  12,000  long    7'].join('\n'));
});

test('differences are numbers, too', () => {
  expect(
    table(
      ['A', 'Difference'],
      [
        ['x', '-10'],
        ['y', '+1,000'],
        ['z', '0'],
      ],
    ).split('\n')[1],
  ).toBe('  x         -10');
});

test('one is singular', () => {
  expect([count(1, 'letter'), count(12_000, 'letter')]).toEqual(['1 letter', '12,000 letters']);
});

test('a terminal gets no orders', () => {
  expect(visibleText('a\u001b[31m\u009b\r\nb')).toBe('a\\u001b[31m\\u009b\\u000d\nb');
});
