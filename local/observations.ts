import * as z from 'zod';
import { AwsError } from './aws/error';

/** A response of the door. */
export interface DoorAnswer {
  readonly status: number;
  /** The id of the valid key in the request. */
  readonly apiKeyId: string | undefined;
}

/** CloudWatch's statistics of a metric over a period. `values` are in log order. */
export interface MetricStatistics {
  readonly sum: number;
  readonly count: number;
  readonly max: number;
  readonly values: readonly number[];
}

export interface ObservedMetrics {
  /** The function's metrics by name. */
  readonly metrics: Readonly<Record<string, MetricStatistics>>;
  /** The sums of the metrics with the dimension `Reason`, by reason. */
  readonly byReason: Readonly<Record<string, number>>;
  /** API Gateway's metrics of the stage, under their own names. */
  readonly door: { readonly count: number; readonly '4XXError': number; readonly '5XXError': number };
  /** Requests with a valid key, by key name. */
  readonly requestsByKey: Readonly<Record<string, number>>;
}

export interface ObservationsOptions {
  /** The clock of the observed stack. */
  readonly clock: { readonly now: () => number; readonly skippedMs: number };
  /** The name of a key, by its id. */
  readonly keyName: (apiKeyId: string) => string;
}

/** A line of the function's log, as in CloudWatch Logs. */
export interface ObservedLine {
  /** Counts from 0. */
  readonly id: number;
  readonly at: number;
  /** The instance of the function that wrote the line. */
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

/** A log line with the outcome of a batch by campaign (lambda/forwarder/report.ts). */
const ledgerLine = z.looseObject({ campaigns: z.array(z.looseObject({ outcome: z.string() })) });

type LedgerRow = z.output<typeof ledgerLine>['campaigns'][number];

const numbers = z.union([z.number().transform((value) => [value]), z.array(z.number())]);

/**
 * A line in CloudWatch's embedded metric format: `_aws` names the metrics and dimensions, and their values are
 * top-level members.
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
 * Remembers what CloudWatch would: the function's log with its metrics, and the requests of the door. All times are
 * of this machine's clock, in milliseconds since 1970.
 */
export class Observations {
  readonly #options: ObservationsOptions;
  #lines: ObservedLine[] = [];
  #lineCount = 0;
  readonly #samples: Sample[] = [];
  /** Kept separately, because only the last lines are kept. */
  readonly #ledger: { readonly at: number; readonly row: LedgerRow }[] = [];
  /** Sums of the metrics without a reason since the start. */
  readonly #totals = new Map<string, number>();
  readonly #answers: (DoorAnswer & { readonly at: number })[] = [];

  constructor(options: ObservationsOptions) {
    this.#options = options;
  }

  /** Records a line of the function's log. */
  readonly functionLog = (line: string, stream = 'worker-0'): void => {
    this.#lines.push({ id: this.#lineCount, at: Date.now(), stream, line });
    this.#lineCount += 1;
    // Not for every line: slicing copies the rest.
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

  /** The sum of a metric since the start. */
  total(name: string): number {
    return this.#totals.get(name) ?? 0;
  }

  /** The metrics of a period, including both ends. */
  metrics(from: number, to = Infinity): ObservedMetrics {
    const samples = this.#samples.filter(({ at }) => at >= from && at <= to);
    const answers = this.#answers.filter(({ at }) => at >= from && at <= to);
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

  /** The outcomes of events in a period by campaign, one entry per batch and campaign. */
  ledger(from: number, to = Infinity): LedgerRow[] {
    return this.#ledger.flatMap(({ at, row }) => (at >= from && at <= to ? [row] : []));
  }

  /** The lines of the function's log since a time that contain a string, among its last 10,000. */
  log(from: number, contains: string): string[] {
    return this.lines(from)
      .filter(({ line }) => line.includes(contains))
      .map(({ line }) => line);
  }

  /** The lines since a time with their ids, among the last 10,000. */
  lines(from: number): ObservedLine[] {
    return this.#lines.slice(-MAXIMUM_LINES).filter(({ at }) => at >= from);
  }

  /**
   * Answers `GET /_local/metrics?from=&to=`, `GET /_local/ledger?from=&to=`, `GET /_local/log?from=&contains=` and
   * `GET /_local/lines?from=`, the stack's own part of the AWS endpoint.
   *
   * @returns `undefined` for any other path.
   * @throws AwsError if `from` or `to` is not a number.
   */
  readonly answer = (path: string, query: URLSearchParams): object | undefined => {
    switch (path) {
      case '/_local/metrics':
        return this.metrics(instantIn(query, 'from', 0), instantIn(query, 'to', Number.MAX_VALUE));
      case '/_local/ledger':
        return { rows: this.ledger(instantIn(query, 'from', 0), instantIn(query, 'to', Number.MAX_VALUE)) };
      case '/_local/log':
        return { lines: this.log(instantIn(query, 'from', 0), query.get('contains') ?? '') };
      case '/_local/lines':
        return { lines: this.lines(instantIn(query, 'from', 0)) };
      default:
        return undefined;
    }
  };

  #samplesIn(line: string): Sample[] {
    // Most lines have no metrics, and parsing every line would slow down the function's log.
    if (!line.includes('"_aws"')) return [];
    const parsed = embeddedMetrics.safeParse(parseJson(line));
    if (!parsed.success) return [];
    const root = parsed.data;
    const at = root._aws.Timestamp - this.#options.clock.skippedMs;
    return root._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) => {
      // Every set of dimensions is a separate metric.
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

/** The requests that a log line of the function reports as done. */
export function settledIn(line: string): readonly string[] {
  if (!line.includes('"message":"settled"')) return [];
  return settledLine.safeParse(parseJson(line)).data?.requestIds ?? [];
}

function ledgerIn(line: string): LedgerRow[] {
  if (!line.includes('"campaigns":[{')) return [];
  return ledgerLine.safeParse(parseJson(line)).data?.campaigns ?? [];
}

function instantIn(query: URLSearchParams, name: 'from' | 'to', otherwise: number): number {
  const instant = Number(query.get(name) ?? otherwise);
  if (Number.isFinite(instant)) return instant;
  throw new AwsError('ValidationError', `${name} should be a number of milliseconds since 1970`);
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
