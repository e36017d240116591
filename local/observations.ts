import * as z from 'zod';
import { AwsError } from './aws/error';

/** What the door answered. */
export interface DoorAnswer {
  readonly status: number;
  /** Of the valid key that came with the request. */
  readonly apiKeyId: string | undefined;
}

/** A metric over some time, as CloudWatch's statistics of it; `values` in the order of the log. */
export interface MetricStatistics {
  readonly sum: number;
  readonly count: number;
  readonly max: number;
  readonly values: readonly number[];
}

export interface ObservedMetrics {
  /** The function's metrics by name. */
  readonly metrics: Readonly<Record<string, MetricStatistics>>;
  /** The sums of those with the dimension `Reason`, by its value. */
  readonly byReason: Readonly<Record<string, number>>;
  /** API Gateway's metrics of the stage under their own names. */
  readonly door: { readonly count: number; readonly '4XXError': number; readonly '5XXError': number };
  /** Requests with a valid key, by the name of the key. */
  readonly requestsByKey: Readonly<Record<string, number>>;
}

export interface ObservationsOptions {
  /** The clock of whoever writes what is observed. */
  readonly clock: { readonly now: () => number; readonly skippedMs: number };
  /** What a key is called, by its id. */
  readonly keyName: (apiKeyId: string) => string;
}

/** A line of the function's log, as CloudWatch Logs has it. */
export interface ObservedLine {
  /** Counts from 0. */
  readonly id: number;
  readonly at: number;
  /** The instance of the function that wrote it. */
  readonly stream: string;
  readonly line: string;
}

interface Sample {
  readonly at: number;
  readonly name: string;
  readonly values: readonly number[];
  readonly reason: string | undefined;
}

const MAXIMUM_LINES = 10_000;

/** A line that says what became of a batch, by campaign (lambda/forwarder/report.ts). */
const ledgerLine = z.looseObject({ campaigns: z.array(z.looseObject({ outcome: z.string() })) });

type LedgerRow = z.output<typeof ledgerLine>['campaigns'][number];

const numbers = z.union([z.number().transform((value) => [value]), z.array(z.number())]);

/**
 * A line in CloudWatch's embedded metric format: the metrics are named under `_aws`, their values and those of their
 * dimensions stand beside it.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
const embeddedMetrics = z.looseObject({
  _aws: z.object({
    Timestamp: z.number(),
    CloudWatchMetrics: z.array(
      z.object({
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});

/**
 * Remembers what CloudWatch would: the function's log and the metrics in it, and the requests of the door. All
 * moments it is asked for are those of this machine's clock, in milliseconds since 1970.
 */
export class Observations {
  readonly #options: ObservationsOptions;
  #lines: ObservedLine[] = [];
  #lineCount = 0;
  readonly #samples: Sample[] = [];
  /** Not read from the lines when asked for: of those only the last are kept. */
  readonly #ledger: { readonly at: number; readonly row: LedgerRow }[] = [];
  /** Sums of the metrics without a reason, since the beginning. */
  readonly #totals = new Map<string, number>();
  readonly #answers: (DoorAnswer & { readonly at: number })[] = [];

  constructor(options: ObservationsOptions) {
    this.#options = options;
  }

  /** Takes a line of the function's log. */
  readonly functionLog = (line: string, stream = 'worker-0'): void => {
    this.#lines.push({ id: this.#lineCount, at: Date.now(), stream, line });
    this.#lineCount += 1;
    // Not with every line: cutting copies the rest.
    if (this.#lines.length >= 2 * MAXIMUM_LINES) this.#lines = this.#lines.slice(-MAXIMUM_LINES);
    const samples = this.#samplesIn(line);
    this.#samples.push(...samples);
    for (const { name, values, reason } of samples)
      if (reason === undefined) this.#totals.set(name, this.total(name) + sum(values));
    const at = Date.now();
    this.#ledger.push(...ledgerIn(line).map((row) => ({ at, row })));
  };

  readonly doorAnswered = ({ status, apiKeyId }: DoorAnswer): void => {
    this.#answers.push({ status, apiKeyId, at: Date.now() });
  };

  /** The sum of a metric since the beginning. */
  total(name: string): number {
    return this.#totals.get(name) ?? 0;
  }

  /** What happened since a moment. */
  metrics(from: number): ObservedMetrics {
    const samples = this.#samples.filter(({ at }) => at >= from);
    const answers = this.#answers.filter(({ at }) => at >= from);
    const valuesByName = new Map<string, number[]>();
    const byReason = new Map<string, number>();
    for (const { name, values, reason } of samples) {
      if (reason !== undefined) {
        byReason.set(reason, (byReason.get(reason) ?? 0) + sum(values));
        continue;
      }
      const known = valuesByName.get(name);
      if (known === undefined) valuesByName.set(name, [...values]);
      else known.push(...values);
    }
    const requestsByKey = new Map<string, number>();
    for (const { apiKeyId } of answers) {
      if (apiKeyId === undefined) continue;
      const name = this.#options.keyName(apiKeyId);
      requestsByKey.set(name, (requestsByKey.get(name) ?? 0) + 1);
    }
    const withStatus = (first: number): number =>
      answers.filter(({ status }) => Math.floor(status / 100) === first).length;
    return {
      metrics: Object.fromEntries(
        [...valuesByName].map(([name, values]) => [name, statistics(values)] as const),
      ),
      byReason: Object.fromEntries(byReason),
      door: { count: answers.length, '4XXError': withStatus(4), '5XXError': withStatus(5) },
      requestsByKey: Object.fromEntries(requestsByKey),
    };
  }

  /** What became of events since an instant, by campaign, batch by batch. */
  ledger(from: number): LedgerRow[] {
    return this.#ledger.flatMap(({ at, row }) => (at >= from ? [row] : []));
  }

  /** The lines of the function's log since a moment that hold a text; of its last 10,000. */
  log(from: number, contains: string): string[] {
    return this.lines(from)
      .filter(({ line }) => line.includes(contains))
      .map(({ line }) => line);
  }

  /** The lines since a moment, with what tells them apart; of the last 10,000. */
  lines(from: number): ObservedLine[] {
    return this.#lines.slice(-MAXIMUM_LINES).filter(({ at }) => at >= from);
  }

  /**
   * Answers `GET /_local/metrics?from=`, `GET /_local/ledger?from=`, `GET /_local/log?from=&contains=` and
   * `GET /_local/lines?from=`, the stack's own part of the AWS endpoint.
   *
   * @returns `undefined` when the path is none of them.
   * @throws AwsError when `from` is no moment.
   */
  readonly answer = (path: string, query: URLSearchParams): object | undefined => {
    switch (path) {
      case '/_local/metrics':
        return this.metrics(momentIn(query));
      case '/_local/ledger':
        return { rows: this.ledger(momentIn(query)) };
      case '/_local/log':
        return { lines: this.log(momentIn(query), query.get('contains') ?? '') };
      case '/_local/lines':
        return { lines: this.lines(momentIn(query)) };
      default:
        return undefined;
    }
  };

  #samplesIn(line: string): Sample[] {
    // Most lines are no metrics, and parsing each would slow the function's log down.
    if (!line.includes('"_aws"')) return [];
    const parsed = embeddedMetrics.safeParse(parseJson(line));
    if (!parsed.success) return [];
    const root = parsed.data;
    const at = root._aws.Timestamp - this.#options.clock.skippedMs;
    return root._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) => {
      // Every set of dimensions is a metric of its own.
      const isSplit = (set: readonly string[]): boolean => set.includes('Reason');
      const reasons = [
        ...(Dimensions.every(isSplit) ? [] : [undefined]),
        ...(Dimensions.some(isSplit) ? [String(root['Reason'])] : []),
      ];
      return Metrics.flatMap(({ Name: name }) => {
        const values = numbers.safeParse(root[name]).data ?? [];
        return values.length === 0 ? [] : reasons.map((reason) => ({ at, name, values, reason }));
      });
    });
  }
}

const settledLine = z.looseObject({ message: z.literal('settled'), requestIds: z.array(z.string()) });

/** The requests that a line of the function's log says are done. */
export function settledIn(line: string): readonly string[] {
  if (!line.includes('"message":"settled"')) return [];
  return settledLine.safeParse(parseJson(line)).data?.requestIds ?? [];
}

function ledgerIn(line: string): LedgerRow[] {
  if (!line.includes('"campaigns":[{')) return [];
  return ledgerLine.safeParse(parseJson(line)).data?.campaigns ?? [];
}

function momentIn(query: URLSearchParams): number {
  const from = Number(query.get('from') ?? 0);
  if (Number.isFinite(from)) return from;
  throw new AwsError('ValidationError', 'from should be a number of milliseconds since 1970');
}

function statistics(values: readonly number[]): MetricStatistics {
  return {
    sum: sum(values),
    count: values.length,
    max: values.reduce((one, other) => Math.max(one, other), -Infinity),
    values,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
