/** CleverTap's notation for dates: `$D_` and seconds since 1970. */
const clevertapDate = /^\$D_(-?\d{1,11})$/;

/** ISO 8601 with a time zone, or a date alone, which is read as UTC; a local time without zone is not usable. */
const isoDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}))?$/;

/** How far ahead of its arrival an event may claim to be: clocks differ. */
const maxAheadMs = 5 * 60_000;

const earliestMs = Date.UTC(2000);
const latestMs = Date.UTC(2100);

/** From here on a number of epoch seconds would lie beyond the year 5138, so it must be milliseconds. */
const firstMillisecondValue = 1e11;

const dayMs = 86_400_000;

/** The days met so far, as they begin in ISO 8601: events lie close together. */
const days = new Map<number, string>();
const maxDays = 1000;

/**
 * `Date.toISOString`, which takes half a microsecond for each event and date.
 *
 * @param ms milliseconds since 1970, a whole number
 */
export function toIso(ms: number): string {
  const day = Math.floor(ms / dayMs);
  let text = days.get(day);
  if (text === undefined) {
    text = new Date(day * dayMs).toISOString().slice(0, -'00:00:00.000Z'.length);
    if (days.size === maxDays) days.clear();
    days.set(day, text);
  }
  const rest = ms - day * dayMs;
  const seconds = Math.floor(rest / 1000);
  const minutes = Math.floor(seconds / 60);
  const fraction = String(rest % 1000).padStart(3, '0');
  return `${text}${padded(Math.floor(minutes / 60))}:${padded(minutes % 60)}:${padded(seconds % 60)}.${fraction}Z`;
}

const padded = (number: number): string => (number < 10 ? `0${number}` : String(number));

/** `$D_<epoch seconds>` as ISO 8601 UTC; undefined for any other text. */
export function parseClevertapDate(text: string): string | undefined {
  if (!text.startsWith('$')) return undefined;
  const seconds = clevertapDate.exec(text)?.[1];
  return seconds === undefined ? undefined : toIso(Number(seconds) * 1000);
}

/**
 * When an event happened, as ISO 8601 UTC; undefined for what is no date (see `parseDate`), and for a time more
 * than five minutes after it was received.
 *
 * @param receivedAt milliseconds since 1970
 */
export function parseTimestamp(value: unknown, receivedAt: number): string | undefined {
  const date = parseDate(value);
  return date === undefined || Date.parse(date) > receivedAt + maxAheadMs ? undefined : date;
}

/**
 * A date as ISO 8601 UTC: from ISO 8601, `$D_…`, or epoch seconds or milliseconds, as number or digits. Undefined
 * for anything else and for a time outside of 2000 to 2100: 0 and 20261105120000 are no epochs but a placeholder and a
 * day of the calendar.
 */
export function parseDate(value: unknown): string | undefined {
  const time = toEpochMs(value);
  if (time === undefined || !(time >= earliestMs && time <= latestMs)) return undefined;
  return new Date(time).toISOString();
}

function toEpochMs(value: unknown): number | undefined {
  if (typeof value === 'number') return epochMs(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d{1,16}(\.\d{1,9})?$/.test(text)) return epochMs(Number(text));
  const date = clevertapDate.exec(text)?.[1];
  if (date !== undefined) return Number(date) * 1000;
  return isoDate.test(text) && isCalendarDay(text.slice(0, 10))
    ? Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
    : undefined;
}

/** `Date.parse` reads 30 February as 2 March. */
function isCalendarDay(day: string): boolean {
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

const epochMs = (value: number): number => Math.round(value < firstMillisecondValue ? value * 1000 : value);
