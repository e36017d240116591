import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseClevertapDate, parseTimestamp } from '../../../lambda/mapping/timestamp';
import { RECEIVED_AT } from '../../support/sqs-record';

const iso = (time: number): string => new Date(time).toISOString();

const usable: readonly [value: unknown, expected: string][] = [
  ['2026-09-30T12:34:56Z', '2026-09-30T12:34:56.000Z'],
  ['2026-09-30T12:34Z', '2026-09-30T12:34:00.000Z'],
  ['2026-09-30T12:34:56.7Z', '2026-09-30T12:34:56.700Z'],
  ['2026-09-30T12:34:56.789123456Z', '2026-09-30T12:34:56.789Z'],
  [' 2026-09-30T12:34:56Z\n', '2026-09-30T12:34:56.000Z'],
  ['2026-09-30T12:34:56+02:00', '2026-09-30T10:34:56.000Z'],
  ['2026-09-30T12:34:56-0530', '2026-09-30T18:04:56.000Z'],
  ['2026-09-30T23:30:00-05:00', '2026-10-01T04:30:00.000Z'],
  ['2026-09-30', '2026-09-30T00:00:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ['$D_1664890781', '2022-10-04T13:39:41.000Z'],
  [1664890781, '2022-10-04T13:39:41.000Z'],
  [1664890781.5, '2022-10-04T13:39:41.500Z'],
  ['1664890781', '2022-10-04T13:39:41.000Z'],
  ['1664890781.25', '2022-10-04T13:39:41.250Z'],
  [1664890781123, '2022-10-04T13:39:41.123Z'],
  ['1664890781123', '2022-10-04T13:39:41.123Z'],
  [1586937505801, '2020-04-15T07:58:25.801Z'],
  [946_684_800, '2000-01-01T00:00:00.000Z'],
];

const unusable: readonly unknown[] = [
  // Placeholders, calendar dates and years, which would all be in 1970.
  ...[0, '0', '$D_0', 1, 2026, '2026', 20_261_105, '20261105', 946_684_799, 1e11],
  ...[undefined, null, true, {}, [], [1664890781], NaN, Infinity],
  ...[
    '',
    ' ',
    'yesterday',
    '30.09.2026',
    '09/30/2026',
    'Wed, 30 Sep 2026 12:34:56 GMT',
    '1e9',
    '0x10',
    '12h',
  ],
  // A local time without a time zone could be off by up to a day.
  ...['2026-09-30T12:34:56', '2026-09-30 12:34:56', '2026-09-30T12:34'],
  ...['2026-13-01', '2026-09-31T25:00:00Z', '2026-09-30T12:60:00Z', '2026-09', '2026'.repeat(8)],
  ...[-1, -1664890781, '-1664890781', '$D_-5', '1969-12-31T23:59:59Z'],
  ...['$D_', '$D_x', '$D_166489078100000', 'D_1664890781', '{{ Event.Time }}'],
  // Microseconds, and years without events.
  ...[1e11 - 1, 1664890781123456, '1664890781123456', 8.64e15 + 1, '9999999999999999'],
];

describe('parseTimestamp', () => {
  it.each(usable)('reads %j as %s', (value, expected) => {
    expect(parseTimestamp(value, RECEIVED_AT)).toBe(expected);
  });

  it.each(unusable.map((value) => [value]))('does not accept %p as a time', (value) => {
    expect(parseTimestamp(value, RECEIVED_AT)).toBeUndefined();
  });

  it.each(['2026-02-30', '2023-02-29T00:00:00Z'])('does not move %s, a date that does not exist', (value) => {
    expect(parseTimestamp(value, RECEIVED_AT)).toBeUndefined();
  });

  it.each<[string, (time: number) => unknown, number]>([
    ['ISO 8601', iso, 1],
    ['milliseconds', (time) => time, 1],
    ['seconds as a string', (time) => String(time / 1000), 1],
    ['$D_', (time) => `$D_${time / 1000}`, 1000],
  ])('accepts %s up to five minutes after the event was received', (_, write, step) => {
    const last = RECEIVED_AT + 5 * 60_000;

    expect(parseTimestamp(write(last), RECEIVED_AT)).toBe(iso(last));
    expect(parseTimestamp(write(last + step), RECEIVED_AT)).toBeUndefined();
  });

  it.each(['Pacific/Kiritimati', 'America/St_Johns'])('reads the same on a machine in %s', (timeZone) => {
    const values = [...usable.map(([value]) => value), '2026-09-30T12:34:56'];
    const script = `
      const { parseTimestamp } = require('./lambda/mapping/timestamp.ts');
      const times = ${JSON.stringify(values)}.map((value) => parseTimestamp(value, ${RECEIVED_AT}) ?? null);
      console.log(JSON.stringify({ offset: new Date(0).getTimezoneOffset(), times }));`;
    // A time zone applies to a whole process, so it cannot be changed in the one that runs the tests.
    const output = execFileSync(process.execPath, ['--require', 'tsx/cjs', '--eval', script], {
      cwd: join(__dirname, '..', '..', '..'),
      env: { ...process.env, TZ: timeZone },
      encoding: 'utf8',
    });
    const { offset, times } = JSON.parse(output) as { offset: number; times: unknown };

    expect(offset).not.toBe(0);
    expect(times).toEqual([...usable.map(([, expected]) => expected), null]);
  });
});

describe('parseClevertapDate', () => {
  it.each([
    ['$D_1664890781', '2022-10-04T13:39:41.000Z'],
    ['$D_0', '1970-01-01T00:00:00.000Z'],
    ['$D_-86400', '1969-12-31T00:00:00.000Z'],
    ['$D_99999999999', '5138-11-16T09:46:39.000Z'],
  ])('reads %s as %s', (text, expected) => {
    expect(parseClevertapDate(text)).toBe(expected);
  });

  it.each([
    '',
    '1664890781',
    '$D_',
    '$D_1.5',
    '$D_1664890781 ',
    'x$D_1664890781',
    '$d_1664890781',
    '$D_100000000000000',
  ])('leaves %j unchanged', (text) => {
    expect(parseClevertapDate(text)).toBeUndefined();
  });
});
