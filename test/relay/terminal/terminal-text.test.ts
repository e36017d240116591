import {
  columnsOf,
  count,
  duration,
  labelled,
  shortened,
  table,
  visibleText,
} from '../../../relay/terminal/terminal-text';

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

test('numbers are right-aligned, strings left-aligned, without trailing spaces', () => {
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

test('signed numbers are numbers, too', () => {
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

describe('wide characters take two columns', () => {
  test('in a table', () => {
    const lines = table(
      ['Campaign', 'Sent'],
      [
        ['夏のセール', '12'],
        ['Newsletter', '3'],
      ],
    ).split('\n');

    expect(lines[1]).toBe('  夏のセール    12');
    expect(lines.map(columnsOf)).toEqual([18, 18, 18]);
  });

  test.each([
    [10, '夏のセール'],
    [9, '夏のセー…'],
    [8, '夏のセ…'],
    [1, '…'],
    [0, ''],
  ])('in a text of %i columns', (columns, shown) => {
    expect(shortened('夏のセール', columns)).toBe(shown);
  });

  test('in a labelled text, which wraps even without blanks', () => {
    const name = '夏のセールのお知らせ'.repeat(8);
    const lines = labelled('waiting', `3 events of ${name}. See docs/reasons.md`).split('\n');

    expect(lines).toHaveLength(3);
    for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(80);
    expect(lines.join('').replace(/\s/g, '')).toBe(`waiting3eventsof${name}.Seedocs/reasons.md`);
  });
});

test.each([
  ['ー', 2],
  ['ｱ', 1],
  ['한', 2],
  ['𠮷', 2],
  ['。', 2],
  ['🎄', 2],
  ['e\u0301', 1],
  ['✓', 1],
])('%s takes %i columns', (string, columns) => {
  expect(columnsOf(string)).toBe(columns);
});

test('one is singular', () => {
  expect([count(1, 'event'), count(12_000, 'event')]).toEqual(['1 event', '12,000 events']);
});

test('control characters are escaped', () => {
  expect(visibleText('a\u001b[31m\u009b\r\nb')).toBe('a\\u001b[31m\\u009b\\u000d\nb');
});
