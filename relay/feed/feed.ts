import { metrics } from '../../lambda/contract';
import { isJsonObject, own, type JsonObject } from '../../lambda/json';

/** A line of the function's log. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The instance of the function that wrote it: it works on one batch at a time. */
  readonly stream: string;
  readonly line: string;
}

/** The outcome of a request, or of a campaign in a batch. */
export interface FeedRow {
  /** Milliseconds since 1970. */
  readonly at: number;
  /**
   * `request`: the outcome of one webhook call for a campaign; `batch`: the same for the many calls of a large batch;
   * `waiting`: events that will be retried; `problem`: an error of the function or its environment.
   */
  readonly kind: 'request' | 'batch' | 'waiting' | 'problem';
  /** The id in CleverTap; null for a custom body, or if the log does not have it. */
  readonly campaign: string | null;
  /** The event's name before any rule; null if the log does not have it. */
  readonly event: string | null;
  readonly requestId: string | null;
  /** Events. */
  readonly delivered: number;
  readonly ignored: number;
  readonly rejected: number;
  /** Rejected events by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Events, counted at every attempt. */
  readonly waiting: number;
  /** Milliseconds from acceptance until now; null if the log does not have it. */
  readonly lagMs: number | null;
  /** Why it is waiting, what was found, or what the problem is; never personal data. */
  readonly detail: string | null;
}

/** A ledger row in a log line, see `lambda/forwarder/ledger.ts`. */
interface LedgerRow {
  readonly campaign: string | null;
  readonly event: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly events: number;
}

interface SettledRequest {
  readonly requestId: string | null;
  readonly lagMs: number | null;
  readonly campaigns: readonly LedgerRow[];
}

/** What the lines of a batch have said so far. The last line of a batch is `batch forwarded`. */
interface Batch {
  readonly settled: SettledRequest[];
  /** What was found, by request id and reason. */
  readonly details: Map<string, string>;
  /** Heap's response to the last bulk that it did not take. */
  heapSaid?: string;
  heapIsDown?: boolean;
  maxLagMs?: number;
  problem?: string;
  hasDied?: boolean;
}

/** Turns the lines of the function's log into readable rows, in the order of the lines. */
export class Feed {
  readonly #batches = new Map<string, Batch>();

  /** @returns the rows that the line completes; most lines complete none */
  take({ at, stream, line }: LogLine): FeedRow[] {
    const batch = this.#batches.get(stream) ?? { settled: [], details: new Map<string, string>() };
    this.#batches.set(stream, batch);
    const fields = jsonIn(line);
    if (fields === undefined) return this.#platform(line, at, stream, batch);
    if (own(fields, '_aws') !== undefined) readMetrics(fields, batch);
    switch (own(fields, 'message')) {
      case 'settled':
        batch.settled.push(...listOf(own(fields, 'requests')).map(settledRequest));
        return [];
      case 'rejected':
        batch.details.set(
          keyOf(string(fields, 'requestId'), string(fields, 'reason')),
          string(fields, 'detail'),
        );
        return [];
      case 'Heap did not take a bulk':
        readRefusal(fields, batch);
        return [];
      case 'Heap token not usable':
        batch.problem = `Heap token not usable: ${string(fields, 'problem')}`;
        return [];
      case 'no Heap app id; all messages wait':
        this.#batches.delete(stream);
        return withoutToken(fields, at, batch);
      case 'batch forwarded':
        this.#batches.delete(stream);
        return [
          ...(batch.problem === undefined ? [] : [problemRow(at, batch.problem)]),
          ...finalRows(fields, at, batch),
          ...waitingRows(fields, at, batch),
        ];
      case 'SQS call failed':
        return [problemRow(at, `an SQS call failed: ${string(fields, 'problem')}`)];
      case 'too large for a dead letter':
        return [
          problemRow(at, 'a message is too large for a dead letter; SQS moves it after its last receive'),
        ];
      case 'unexpected error':
        return [problemRow(at, `a bug in this app, ${string(fields, 'error')}: ${string(fields, 'at')}`)];
      default:
        return [];
    }
  }

  /** Reads a line of Lambda itself: an invocation begins, or it failed and its messages will be received again. */
  #platform(line: string, at: number, stream: string, batch: Batch): FeedRow[] {
    if (/^(?:START|INIT_START) /.test(line)) this.#batches.delete(stream);
    // Lambda reports a crash in up to three lines.
    if (batch.hasDied === true || !isDeath.test(line)) return [];
    this.#batches.set(stream, { settled: [], details: new Map(), hasDied: true });
    const how = line.includes('timed out') || line.includes('timeout') ? 'timed out' : 'failed';
    return [problemRow(at, `the function ${how}; its messages will be received again`)];
  }
}

/** A timeout, an exit, or too little memory (Lambda Developer Guide, "Troubleshoot invocation issues"). */
const isDeath =
  /Task timed out after|Runtime exited with error|Runtime\.ExitError|^REPORT .*\tStatus: (?:timeout|error)/;

/** The fields of a line that the function wrote; undefined for a line of Lambda itself. */
export function jsonIn(line: string): JsonObject | undefined {
  // Lambda may prefix a timestamp and a request id.
  const start = line.indexOf('{');
  if (start === -1) return undefined;
  try {
    const fields: unknown = JSON.parse(line.slice(start));
    return isJsonObject(fields) ? fields : undefined;
  } catch {
    return undefined;
  }
}

const listOf = (value: unknown): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];

const string = (fields: JsonObject, name: string): string => {
  const value = own(fields, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

const numberIn = (fields: JsonObject, name: string): number => {
  const value = own(fields, name);
  return typeof value === 'number' ? value : 0;
};

const keyOf = (requestId: string, reason: string): string => `${requestId} ${reason}`;

const ledgerRows = (fields: JsonObject): LedgerRow[] =>
  listOf(own(fields, 'campaigns')).map((row) => ({
    campaign: string(row, 'campaign') || null,
    event: string(row, 'event'),
    outcome: string(row, 'outcome'),
    reason: string(row, 'reason') || null,
    events: numberIn(row, 'events'),
  }));

const settledRequest = (fields: JsonObject): SettledRequest => ({
  requestId: string(fields, 'requestId') || null,
  lagMs: own(fields, 'lagMs') === undefined ? null : numberIn(fields, 'lagMs'),
  campaigns: ledgerRows(fields),
});

function readMetrics(fields: JsonObject, batch: Batch): void {
  const lags = [own(fields, metrics.deliveryLag) ?? []].flat().filter((lag) => typeof lag === 'number');
  if (lags.length > 0) batch.maxLagMs = Math.max(...lags);
  if (numberIn(fields, metrics.breakerOpen) > 0) batch.heapIsDown = true;
}

function readRefusal(fields: JsonObject, batch: Batch): void {
  batch.heapSaid = failureOf(fields) ?? batch.heapSaid;
}

/**
 * Heap's response in a line `Heap did not take a bulk`, if the bulk will be retried. Undefined if events are refused one
 * by one: they are reported as rejected.
 */
export function failureOf(fields: JsonObject): string | undefined {
  if (!['retry', 'unauthorized', 'redirected'].includes(string(fields, 'outcome'))) return undefined;
  const status = own(fields, 'status');
  return typeof status === 'number'
    ? `Heap answered ${status}`
    : `Heap: no answer (${string(fields, 'status')})`;
}

const nothing = {
  campaign: null,
  event: null,
  requestId: null,
  delivered: 0,
  ignored: 0,
  rejected: 0,
  reasons: {},
  waiting: 0,
  lagMs: null,
  detail: null,
} as const;

const problemRow = (at: number, detail: string): FeedRow => ({ ...nothing, at, kind: 'problem', detail });

/** Rows by request if the log names every final event, otherwise by campaign. */
function finalRows(fields: JsonObject, at: number, { settled, details }: Batch): FeedRow[] {
  const finals = ledgerRows(fields).filter(({ outcome }) => outcome !== 'received');
  const named = settled.flatMap(({ campaigns }) => campaigns);
  if (totalsOf(named) !== totalsOf(finals)) {
    return byOrigin(finals).map((rows) => ({ ...nothing, at, kind: 'batch', ...countsOf(rows) }));
  }
  return settled.flatMap(({ requestId, lagMs, campaigns }) =>
    byOrigin(campaigns).map((rows): FeedRow => {
      const found = rows.map(({ reason }) => details.get(keyOf(requestId ?? '', reason ?? '')));
      return {
        ...nothing,
        at,
        kind: 'request',
        requestId,
        ...countsOf(rows),
        lagMs,
        detail: found.find((detail) => detail !== undefined) ?? null,
      };
    }),
  );
}

/** The events of each outcome and reason, as a string that can be compared. */
function totalsOf(rows: readonly LedgerRow[]): string {
  const totals = new Map<string, number>();
  for (const { outcome, reason, events } of rows) {
    const key = `${outcome} ${reason ?? ''}`;
    totals.set(key, (totals.get(key) ?? 0) + events);
  }
  return JSON.stringify([...totals].sort());
}

/** Groups as the ledger does: the rows of a campaign in one batch may have several event names. */
function byOrigin(rows: readonly LedgerRow[]): LedgerRow[][] {
  const origins = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    const origin = row.campaign ?? `event ${row.event}`;
    origins.set(origin, [...(origins.get(origin) ?? []), row]);
  }
  return [...origins.values()];
}

type Counts = Pick<FeedRow, 'campaign' | 'event' | 'delivered' | 'ignored' | 'rejected' | 'reasons'>;

/** The outcome of the events of one origin. */
function countsOf(rows: readonly LedgerRow[]): Counts {
  const sum = (wanted: string): number =>
    rows.reduce((total, { outcome, events }) => (outcome === wanted ? total + events : total), 0);
  const reasons: Record<string, number> = {};
  for (const { reason, events } of rows)
    if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + events;
  return {
    campaign: rows[0]?.campaign ?? null,
    event: rows[0]?.event ?? null,
    delivered: sum('delivered'),
    ignored: sum('ignored'),
    rejected: sum('rejected'),
    reasons,
  };
}

/** Events that go back to the queue: by campaign if all were received for the first time, otherwise as a sum. */
function waitingRows(fields: JsonObject, at: number, batch: Batch): FeedRow[] {
  const retried = numberIn(fields, 'retried');
  if (retried === 0) return [];
  const news = receivedAndNotFinal(ledgerRows(fields));
  const areAllNew = news.reduce((sum, { waiting }) => sum + waiting, 0) === retried;
  const detail = whyWaiting(batch, areAllNew);
  const rows = areAllNew ? news : [{ campaign: null, event: null, waiting: retried }];
  return rows.map((row) => ({
    ...nothing,
    at,
    kind: 'waiting',
    ...row,
    lagMs: batch.maxLagMs ?? null,
    detail,
  }));
}

function receivedAndNotFinal(rows: readonly LedgerRow[]): Pick<FeedRow, 'campaign' | 'event' | 'waiting'>[] {
  return byOrigin(rows)
    .map((of) => ({
      campaign: of[0]?.campaign ?? null,
      event: of[0]?.event ?? null,
      waiting: of.reduce((sum, { outcome, events }) => sum + (outcome === 'received' ? events : -events), 0),
    }))
    .filter(({ waiting }) => waiting > 0);
}

/** Why a row is waiting, without the time of the next try. */
export const causeOf = ({ detail }: FeedRow): string | null =>
  detail === null ? null : partsOf(detail).cause;

/** The two parts of why a row is waiting; the second is empty if it does not name the next try. */
export function partsOf(detail: string): { readonly cause: string; readonly nextTry: string } {
  const at = detail.indexOf(', next try');
  return at === -1
    ? { cause: detail, nextTry: '' }
    : { cause: detail.slice(0, at), nextTry: detail.slice(at) };
}

/** The delays of `lambda/forwarder/retry-delay.ts`, without jitter and Heap's Retry-After. */
const delaysMs = { min: 30_000, max: 3_600_000 };

function whyWaiting({ heapSaid, heapIsDown, maxLagMs }: Batch, areAllNew: boolean): string {
  if (heapSaid === undefined && heapIsDown !== true)
    return 'no time left in this batch, next try in a minute';
  const cause = heapSaid ?? 'Heap is down';
  // Heap's Retry-After sets the delay, and the log does not have it.
  if (cause.endsWith(' 429')) return `${cause}, next try when it allows`;
  const waitedMs = areAllNew ? 0 : (maxLagMs ?? 0);
  const delay = Math.min(Math.max(waitedMs, delaysMs.min), delaysMs.max);
  const [length, unit] = delay < 120_000 ? [delay / 1000, 's'] : [delay / 60_000, 'min'];
  return `${cause}, next try in ${Math.round(length)} ${unit}`;
}

function withoutToken(fields: JsonObject, at: number, { problem }: Batch): FeedRow[] {
  const rows = receivedAndNotFinal(ledgerRows(fields));
  const detail = problem ?? 'no Heap app id';
  if (rows.length > 0) return rows.map((row) => ({ ...nothing, at, kind: 'waiting', ...row, detail }));
  return [problemRow(at, `${detail}; ${numberIn(fields, 'messages')} messages are waiting`)];
}
