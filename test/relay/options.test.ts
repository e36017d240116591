import { toInstant, toLongWindow, toWindow } from '../../relay/options';

test.each([
  ['15m', 900_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
])('--window %s', (text, milliseconds) => {
  expect(toWindow(text)).toBe(milliseconds);
});

test.each(['', '1', 'h', '0m', '-1h', '15d', '1.5h', '1 h'])('--window %j is refused', (text) => {
  expect(() => toWindow(text)).toThrow('up to 14d');
});

test('reconcile looks further back, as far as five-minute metrics are kept', () => {
  expect(toLongWindow('60d')).toBe(60 * 86_400_000);
  expect(() => toLongWindow('61d')).toThrow('up to 60d');
});

test.each([
  ['2026-11-20', '2026-11-20T00:00:00Z'],
  ['2026-11-20T12:30', '2026-11-20T12:30:00Z'],
  ['2026-11-20T12:30:15.5Z', '2026-11-20T12:30:15.500Z'],
  ['2026-11-20T12:30+05:30', '2026-11-20T07:00:00Z'],
  ['2024-02-29', '2024-02-29T00:00:00Z'],
])('--until %s', (text, instant) => {
  expect(toInstant(text)).toBe(Date.parse(instant));
});

test.each([
  '',
  '7d',
  '20261120',
  '2026-11',
  '2026-02-30',
  '2026-13-01',
  '2026-11-20T25:00',
  '2026-11-20 12:00',
])('--until %j is refused', (text) => {
  expect(() => toInstant(text)).toThrow('It must be a day or a time in UTC or with an offset');
});

test('--until is not in the future', () => {
  expect(() => toInstant('9999-01-01')).toThrow(/^It must be in the past; it is \d{4}-/);
});
