import { toLongWindow, toWindow } from '../../relay/options';

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

test('reconcile looks further back, as far as metrics by five minutes are kept', () => {
  expect(toLongWindow('60d')).toBe(60 * 86_400_000);
  expect(() => toLongWindow('61d')).toThrow('up to 60d');
});
