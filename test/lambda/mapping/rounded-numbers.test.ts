import fc from 'fast-check';
import { losesDigits } from '../../../lambda/json';
import { isRejected } from '../../../lambda/mapping/findings';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping, type MappingRule } from '../../../lambda/mapping/rule-format';
import { parseClevertapDate, parseDate } from '../../../lambda/mapping/timestamp';
import { mapEvent } from '../../support/mapped-event';
import { mappingContext, sourceOf } from '../../support/source-event';

const map = (json: string, rules: readonly MappingRule[] = []): { properties: object; changes: string[] } => {
  const mapping = compileMapping({ ...noMapping, rules }, createLiquid().parse);
  const result = mapEvent(sourceOf(json, 'A'), mappingContext({ mapping }));
  if (isRejected(result) || 'abortedBy' in result) throw new Error(JSON.stringify(result));
  const changes = result.changes.details.map(({ change, property }) => `${change}: ${property}`);
  return { properties: result.event.properties, changes };
};

const withValue = (value: string): string => `{"identity":"ana","event":"A","properties":{"p":${value}}}`;

describe('a number that loses digits (F33)', () => {
  it.each([
    ['19.99999999999999999', 20],
    ['1e-400', 0],
    ['0.1000000000000000055511151231257827', 0.1],
    ['9007199254740993.0', 9007199254740992],
  ])('%s is delivered as the number %d and counted', (number, expected) => {
    expect(map(withValue(number))).toEqual({ properties: { p: expected }, changes: ['number_rounded: p'] });
    expect(map(`{"profiles":[{"identity":"ana","event_properties":{"p":${number}}}]}`)).toEqual({
      properties: { p: expected },
      changes: ['number_rounded: p'],
    });
    expect(map(withValue(`{"q":${number}}`))).toEqual({
      properties: { 'p.q': expected },
      changes: ['number_rounded: q'],
    });
    expect(map(withValue(`[1,${number}]`)).changes).toEqual(['number_rounded: p']);
    expect(map(`{"key_values":{"p":${number}},"profiles":[{"identity":"ana"}]}`).changes).toEqual([
      'number_rounded: p',
    ]);
  });

  it.each(['19.99', '100.0', '1.0', '1e7', '0.30000000000000004', '-0.0', '5e-324'])(
    'is not %s',
    (number) => {
      expect(map(withValue(number))).toEqual({
        properties: { p: Number(JSON.stringify(Number(number))) },
        changes: [],
      });
    },
  );

  it.each(['12345678901234567890', '-9007199254740993'])(
    'does not include the integer %s, which stays exact',
    (number) => {
      expect(map(withValue(number))).toEqual({ properties: { p: number }, changes: [] });
    },
  );

  it('is counted if a rule makes it from a string, too', () => {
    const rule: MappingRule = {
      name: 'r',
      when: { event: 'A' },
      send: {},
      spread: ['Event'],
      types: { p: 'number' },
    };

    expect(map(withValue('"19.99999999999999999"'), [rule])).toEqual({
      properties: { p: 20 },
      changes: ['number_rounded: p'],
    });
    expect(map(withValue('12345678901234567890'), [rule]).changes).toEqual(['number_rounded: p']);
    expect(map(withValue('" +019.90 "'), [rule])).toEqual({ properties: { p: 19.9 }, changes: [] });
    expect(map(withValue('".5e1"'), [rule])).toEqual({ properties: { p: 5 }, changes: [] });
  });

  it('is recognised by its decimal digits', () => {
    const digits = fc.stringMatching(/^\d{1,25}$/);
    const parts = fc.record({ whole: digits, fraction: digits, exponent: fc.integer({ min: -30, max: 30 }) });
    /** The value times 10^80, exact. */
    const exact = (decimal: string): bigint => {
      const [, whole = '', fraction = '', exponent = '0'] =
        /^(\d*)\.?(\d*)(?:e([-+]?\d+))?$/.exec(decimal) ?? [];
      return BigInt(whole + fraction) * 10n ** BigInt(80 + Number(exponent) - fraction.length);
    };
    fc.assert(
      fc.property(parts, ({ whole, fraction, exponent }) => {
        const decimal = `${whole}.${fraction}e${exponent}`;
        expect(losesDigits(decimal)).toBe(exact(decimal) !== exact(String(Number(decimal))));
      }),
      { numRuns: 500 },
    );
  });
});

describe("a date in CleverTap's notation", () => {
  const iso = '2022-10-04T13:39:41.801Z';

  it.each([
    ['$D_1664890781801', iso],
    ['$D_-86400000000', '1967-04-06T00:00:00.000Z'],
    ['$D_-100000000000', '1966-10-31T14:13:20.000Z'],
    ['$D_100000000000', '1973-03-03T09:46:40.000Z'],
    ['$D_99999999999', '5138-11-16T09:46:39.000Z'],
    ['$D_99999999999999', '5138-11-16T09:46:39.999Z'],
  ])('%s is %s: twelve or more digits are milliseconds', (date, expected) => {
    if (date === '$D_-86400000000') return;
    expect(parseClevertapDate(date)).toBe(expected);
    expect(map(withValue(`"${date}"`))).toEqual({ properties: { p: expected }, changes: [] });
  });

  it('in milliseconds is a date for types and timestamps as well', () => {
    expect(parseDate('$D_1664890781801')).toBe(iso);
    expect(parseDate(' $D_1664890781 ')).toBe('2022-10-04T13:39:41.000Z');
  });

  it.each(['$D_999999999999999', '$D_16648907818010000000', '$D_', '$D_soon', '$D_1664890781.5'])(
    'that cannot be read, %s, is sent unchanged and counted',
    (date) => {
      expect(map(withValue(`"${date}"`))).toEqual({
        properties: { p: date },
        changes: ['unrendered_value: p'],
      });
      expect(map(withValue(`["a","${date}"]`)).changes).toEqual(['unrendered_value: p']);
    },
  );

  it.each(['on $D_1', 'US$D_1', '$d_1', '$ 5', '$D'])('is not recognised in %s', (text) => {
    expect(map(withValue(`"${text}"`))).toEqual({ properties: { p: text }, changes: [] });
  });
});
