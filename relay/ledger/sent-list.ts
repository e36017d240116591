import { CsvError, parse } from 'csv-parse/sync';
import * as z from 'zod';
import { OperatorError } from '../terminal/operator-error';
import { otherEncoding } from '../preview/text-encoding';

/** What CleverTap says it sent of a campaign. */
export interface SentCampaign {
  /** The id in CleverTap; null if the file has none. */
  readonly campaign: string | null;
  readonly name: string | null;
  /** The event name of its custom body, which has no id. */
  readonly event: string | null;
  readonly sent: number;
}

/** The campaigns of a file, and the number of rows that do not count. */
export interface SentList {
  readonly campaigns: readonly SentCampaign[];
  readonly leftOut: {
    /** Of a channel other than webhooks. */
    readonly otherChannels: number;
    /** Of a day outside the window. */
    readonly otherDays: number;
    /** Without a figure, such as N/A. */
    readonly withoutFigure: number;
  };
  /** Rows of a day that is only partly in the window, the first or the last. */
  readonly partialDays: number;
  /** Rows whose day could not be read. They count. */
  readonly unknownDays: number;
}

/**
 * Columns of a campaign report and fields of the message report, ignoring case and punctuation. The first one that exists
 * is used. docs.clevertap.com, "Campaign Reports"; developer.clevertap.com, "Get Message Reports".
 */
const columns = {
  id: ['campaign id', 'message id', 'targetid', 'target id', 'id'],
  name: ['campaign name', 'message name', 'name'],
  event: ['event', 'event name'],
  // A campaign's start date is no day of its events: it may run for months.
  day: ['run date', 'date', 'day'],
  channel: ['channel'],
  sent: ['sent', 'total sent events', 'total sent', 'total sent users'],
} as const;

type Row = Partial<Record<keyof typeof columns, string>>;

/**
 * Reads a list of campaigns with the number of messages that each sent: CSV with a line of headings, CleverTap's message
 * report as JSON, or JSON lines.
 *
 * @param window milliseconds since 1970
 * @throws {OperatorError} naming the row, never a value that could be personal data
 */
export function readSentList(
  bytes: Buffer,
  window: { readonly from: number; readonly to: number },
): SentList {
  const rows = readRows(textOf(bytes));
  const leftOut = { otherChannels: 0, otherDays: 0, withoutFigure: 0 };
  let [partialDays, unknownDays] = [0, 0];
  const campaigns = new Map<string, SentCampaign>();
  for (const [index, row] of rows.entries()) {
    const place = `campaign ${index + 1} of the file`;
    if (row.channel !== undefined && !/web\s*hook/i.test(row.channel)) {
      leftOut.otherChannels += 1;
      continue;
    }
    const sent = sentOf(row, place);
    if (sent === undefined) {
      leftOut.withoutFigure += 1;
      continue;
    }
    const part = partIn(row.day, window);
    if (part === 'none') {
      leftOut.otherDays += 1;
      continue;
    }
    if (part === 'some') partialDays += 1;
    if (part === 'unknown') unknownDays += 1;
    const one = { campaign: idOf(row, place), name: row.name ?? null, event: row.event ?? null };
    const key = one.campaign ?? one.event ?? one.name;
    if (key === null) throw new OperatorError(`${place} has neither an id, a name nor an event`);
    const known = campaigns.get(key);
    campaigns.set(key, {
      ...one,
      name: known?.name ?? one.name,
      event: known?.event ?? one.event,
      sent: (known?.sent ?? 0) + sent,
    });
  }
  return { campaigns: [...campaigns.values()], leftOut, partialDays, unknownDays };
}

function textOf(bytes: Buffer): string {
  const encoding = otherEncoding(bytes);
  if (encoding !== undefined) {
    throw new OperatorError(
      `the file is ${encoding === 'binary' ? 'binary, perhaps a spreadsheet' : `not UTF-8 but ${encoding === 'other' ? 'in another encoding' : encoding}`}. Save it as CSV in UTF-8.`,
    );
  }
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

function readRows(text: string): Row[] {
  const records = /^\s*[[{]/.test(text) ? readJson(text) : readCsv(text);
  const rows = records.map(rowOf);
  if (rows.length === 0) throw new OperatorError('the file has no campaigns');
  const hasNone = (...names: (keyof Row)[]): boolean =>
    rows.every((row) => names.every((name) => row[name] === undefined));
  if (hasNone('sent') || hasNone('id', 'name', 'event')) {
    throw new OperatorError(
      'the file must identify each campaign and say what it sent: CSV whose first line has the headings "Campaign ID" and "Total Sent (events)", or JSON with "message id" and "sent". docs/operate.md, "reconcile", says where to get it.',
    );
  }
  return rows;
}

function rowOf(record: ReadonlyMap<string, string>): Row {
  const row: Row = {};
  for (const [column, names] of Object.entries(columns)) {
    const name = names.find((one) => (record.get(one) ?? '') !== '');
    if (name !== undefined) Object.assign(row, { [column]: record.get(name) });
  }
  return row;
}

/** Ignores case and punctuation, but keeps `Sent %` distinct from `Sent`. */
const comparable = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll('%', ' percent ')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/** Keeps the first non-empty value of each name, with whitespace collapsed to one line. */
function recordOf(values: readonly (readonly [name: string, value: string])[]): ReadonlyMap<string, string> {
  const record = new Map<string, string>();
  for (const [name, value] of values) {
    const key = comparable(name);
    if ((record.get(key) ?? '') === '') record.set(key, value.replace(/\s+/g, ' ').trim());
  }
  return record;
}

function readCsv(text: string): ReadonlyMap<string, string>[] {
  const [headings = ''] = text.split('\n', 1);
  const count = (delimiter: string): number => headings.split(delimiter).length;
  const [delimiter] = [',', ';', '\t'].sort((one, other) => count(other) - count(one));
  let columnsRead: number | undefined;
  try {
    const [first = [], ...records] = parse(text, {
      delimiter,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      on_record: (record: string[], { lines }) => {
        columnsRead ??= record.length;
        if (record.slice(columnsRead).some((value) => value !== ''))
          throw notCsv(`line ${lines} has more values than headings`);
        // A spreadsheet may end with a line of empty cells.
        return record.every((value) => value === '') ? null : record;
      },
    });
    return records.map((record) =>
      recordOf(record.map((value, index) => [first[index] ?? '', value] as const)),
    );
  } catch (error) {
    // The library's message may contain a value.
    if (error instanceof CsvError) throw notCsv(describeCsvError(error));
    throw error;
  }
}

const notCsv = (why: string): OperatorError =>
  new OperatorError(`the file is not CSV: ${why}. Export it again, with a line of headings.`);

function describeCsvError({ code, ...details }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quote is not closed';
  const line = `line ${String(details['lines'])}`;
  return code === 'CSV_INVALID_CLOSING_QUOTE' || code === 'CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE'
    ? `${line} has characters after a closing quote`
    : `${line} has a quote within a value that is not quoted`;
}

const jsonRecord = z.record(z.string(), z.unknown());
const jsonRecords = z.union([
  z.looseObject({ messages: z.array(jsonRecord) }).transform(({ messages }) => messages),
  z.array(jsonRecord),
  jsonRecord.transform((one) => [one]),
]);

function readJson(text: string): ReadonlyMap<string, string>[] {
  const whole = parseJson(text);
  const documents = whole === undefined ? text.split('\n').filter((line) => line.trim() !== '') : [text];
  return documents.flatMap((document, index) => {
    const { data } = jsonRecords.safeParse(parseJson(document));
    if (data === undefined) {
      throw new OperatorError(
        documents.length === 1
          ? 'the file is not JSON with campaigns'
          : `line ${index + 1} of the file is not a JSON object`,
      );
    }
    return data.map((record) =>
      recordOf(
        Object.entries(record).flatMap(([name, value]): [string, string][] =>
          typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [],
        ),
      ),
    );
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function idOf({ id }: Row, place: string): string | null {
  if (id === undefined) return null;
  if (/^\d{1,15}$/.test(id)) return id;
  throw new OperatorError(
    /^\d[.,]\d+E\+?\d+$/i.test(id)
      ? `${place}: a spreadsheet has rounded the id. Export the file again, and do not save it from a spreadsheet.`
      : `${place}: the id must be up to 15 digits, as CleverTap shows it.`,
  );
}

/** `12`, `12.0`, `1,234,567`, or grouped as in India: `12,34,567`. Not `12.000`, which is ambiguous. */
const wholeNumber = /^(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})*,\d{3})(?:\.0{1,2})?$/;

/** Undefined if CleverTap has no figure. */
function sentOf({ sent }: Row, place: string): number | undefined {
  if (sent === undefined || /^(n\/?a|-+|null)$/i.test(sent)) return undefined;
  const figure = wholeNumber.test(sent) ? Number(sent.replaceAll(',', '')) : undefined;
  if (figure !== undefined && Number.isSafeInteger(figure)) return figure;
  // Any other value could be personal data.
  const got = /^[\d.,\s%]+$/.test(sent) ? `, not ${sent}` : '';
  throw new OperatorError(`${place}: the sent figure must be a whole number such as 1234${got}.`);
}

const hourMs = 3_600_000;
/** CleverTap's days are in the project's time zone, which is not in the file: UTC-12 to UTC+14. */
const [latestStartMs, earliestStartMs] = [12 * hourMs, -14 * hourMs];

function partIn(
  day: string | undefined,
  { from, to }: { readonly from: number; readonly to: number },
): 'all' | 'some' | 'none' | 'unknown' {
  if (day === undefined) return 'all';
  const [, year, month, date] = /^(\d{4})-?(\d{2})-?(\d{2})(?!\d)/.exec(day) ?? [];
  const start = Date.parse(`${year ?? ''}-${month ?? ''}-${date ?? ''}`);
  if (Number.isNaN(start)) return 'unknown';
  const [earliest, latest] = [start + earliestStartMs, start + latestStartMs + 24 * hourMs];
  if (latest <= from || earliest >= to) return 'none';
  return earliest >= from && latest <= to ? 'all' : 'some';
}
