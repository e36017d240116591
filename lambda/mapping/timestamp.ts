/** CleverTap's date notation: `$D_` and seconds since 1970. More than 11 digits are milliseconds. */
const clevertapDate = /^\$D_(-?\d{1,14})$/;

/** ISO 8601 with a time zone, or a date alone, read as UTC. A local time without a time zone is not usable. */
const isoDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

/** How far in the future an event may be when it arrives: clocks differ. */
const maxAheadMs = 5 * 60_000;

const earliestMs = Date.UTC(2000);
const latestMs = Date.UTC(2100);

/** From here on, a number of epoch seconds would lie beyond the year 5138, so it must be milliseconds. */
const firstMillisecondValue = 1e11;

/** @param ms milliseconds since 1970 */
export const toIso = (ms: number): string => new Date(ms).toISOString();

/** `$D_…` as ISO 8601 UTC; undefined for any other string. */
export function parseClevertapDate(value: string): string | undefined {
  const digits = clevertapDate.exec(value)?.[1];
  return digits === undefined ? undefined : toIso(epochMs(Number(digits)));
}

/**
 * When an event happened, as ISO 8601 UTC. Undefined for a value that is not a date (see `parseDate`), and for a time
 * more than five minutes after the event was received.
 *
 * @param receivedAt milliseconds since 1970
 */
export function parseTimestamp(value: unknown, receivedAt: number): string | undefined {
  const date = parseDate(value);
  return date === undefined || Date.parse(date) > receivedAt + maxAheadMs ? undefined : date;
}

/**
 * A date as ISO 8601 UTC: from ISO 8601, `$D_…`, or epoch seconds or milliseconds, as a number or digits. Undefined
 * for anything else and for a time outside 2000 to 2100: 0 is a placeholder and 20261105120000 a calendar date.
 */
export function parseDate(value: unknown): string | undefined {
  const time = toEpochMs(value);
  if (time === undefined || !(time >= earliestMs && time <= latestMs)) return undefined;
  return new Date(time).toISOString();
}

function toEpochMs(value: unknown): number | undefined {
  if (typeof value === 'number') return epochMs(value);
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  if (/^\d{1,16}(\.\d{1,9})?$/.test(trimmed)) return epochMs(Number(trimmed));
  const digits = clevertapDate.exec(trimmed)?.[1];
  if (digits !== undefined) return epochMs(Number(digits));
  if (!isoDate.test(trimmed)) return undefined;
  // `Date.parse` reads 30 February as 2 March.
  const isDay = new Date(trimmed.slice(0, 10)).getUTCDate() === Number(trimmed.slice(8, 10));
  return isDay ? Date.parse(trimmed.replace(/([+-]\d{2})(\d{2})$/, '$1:$2')) : undefined;
}

const epochMs = (value: number): number =>
  Math.round(Math.abs(value) < firstMillisecondValue ? value * 1000 : value);
