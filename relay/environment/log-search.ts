import {
  GetQueryResultsCommand,
  LimitExceededException,
  ResourceNotFoundException,
  StartQueryCommand,
  type CloudWatchLogsClient,
  type GetQueryResultsCommandInput,
  type GetQueryResultsCommandOutput,
  type ResultField,
} from '@aws-sdk/client-cloudwatch-logs';
import { pause } from '../terminal/interruption';
import { explain, isPassing, OperatorError } from '../terminal/operator-error';

export interface LogSearch {
  readonly logGroup: string;
  /** The name of the log in error messages. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** In the query language of Logs Insights. */
  readonly query: string;
}

export interface LogSearchResult {
  /** Values by field name; a field without a value is absent. */
  readonly rows: readonly ReadonlyMap<string, string>[];
  /** False if there may be more rows. */
  readonly isComplete: boolean;
  /** The bytes that AWS charges for. */
  readonly scannedBytes: number;
}

/** The maximum rows of a query, in pages of 10,000 ("GetQueryResults"). */
const maxRows = 100_000;

/** In milliseconds: a search takes seconds, and an account is limited to a few polls per second. */
const [firstPollMs, lastPollMs] = [250, 2000];

/** Attempts to read a result before giving up a search that was paid for, and the first delay between them. */
const [maxAttempts, firstRetryMs] = [5, 1000];

/**
 * Searches a CloudWatch log with Logs Insights and waits for the result.
 *
 * @param wait replaces the real timer in tests
 * @throws {OperatorError} when the search does not complete, saying what to do
 */
export async function searchLog(
  logs: CloudWatchLogsClient,
  { logGroup, name, from, to, query }: LogSearch,
  wait: (milliseconds: number) => Promise<void> = pause,
): Promise<LogSearchResult> {
  const queryId = await start(logs, logGroup, {
    startTime: Math.floor(from / 1000),
    endTime: Math.ceil(to / 1000),
    queryString: query,
    limit: maxRows,
  });
  const resultsOf = (page: { nextToken?: string }): Promise<GetQueryResultsCommandOutput> =>
    resultsInTime(logs, { queryId, ...page }, name, wait);
  for (let pollMs = firstPollMs; ; pollMs = Math.min(2 * pollMs, lastPollMs)) {
    const first = await resultsOf({});
    const { status = 'no answer' } = first;
    if (status === 'Complete') {
      const rows = await allRows(first, resultsOf);
      return {
        rows,
        isComplete: rows.length < maxRows,
        scannedBytes: first.statistics?.bytesScanned ?? 0,
      };
    }
    if (status !== 'Scheduled' && status !== 'Running') {
      throw new OperatorError(
        `CloudWatch Logs could not search the ${name}: ${status}. Retry, or choose a shorter window.`,
      );
    }
    await wait(pollMs);
  }
}

async function start(
  logs: CloudWatchLogsClient,
  logGroupName: string,
  input: { startTime: number; endTime: number; queryString: string; limit: number },
): Promise<string | undefined> {
  try {
    return (await logs.send(new StartQueryCommand({ ...input, logGroupName }))).queryId;
  } catch (error) {
    if (error instanceof LimitExceededException) {
      throw new OperatorError(
        'CloudWatch Logs already runs the maximum number of searches for this account and region, including those of open dashboards. Retry in a minute.',
      );
    }
    if (error instanceof ResourceNotFoundException) {
      throw new OperatorError(
        `the log group ${logGroupName} does not exist. Deploy the stack again to create it.`,
      );
    }
    throw error;
  }
}

interface Page {
  readonly results?: ResultField[][] | undefined;
  readonly nextToken?: string | undefined;
}

/** The results so far. Retries transient errors, because a repeated search would cost again. */
async function resultsInTime(
  logs: CloudWatchLogsClient,
  input: GetQueryResultsCommandInput,
  name: string,
  wait: (milliseconds: number) => Promise<void>,
): Promise<GetQueryResultsCommandOutput> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await logs.send(new GetQueryResultsCommand(input));
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (attempt === maxAttempts) {
        throw new OperatorError(
          `CloudWatch Logs is searching the ${name}, but its results could not be read in ${maxAttempts} attempts: ${explain(error) ?? 'no answer'}. Retry in a minute; that search will cost again.`,
        );
      }
    }
    await wait(firstRetryMs * 2 ** (attempt - 1));
  }
}

async function allRows(
  first: Page,
  resultsOf: (page: { nextToken: string }) => Promise<Page>,
): Promise<ReadonlyMap<string, string>[]> {
  const rows: ReadonlyMap<string, string>[] = [];
  for (let page = first; ;) {
    rows.push(...(page.results ?? []).map(fieldsOf));
    const { nextToken } = page;
    if (nextToken === undefined) return rows;
    page = await resultsOf({ nextToken });
  }
}

const fieldsOf = (fields: readonly ResultField[]): ReadonlyMap<string, string> =>
  new Map(
    fields.flatMap(({ field = '', value = '' }): [string, string][] =>
      value === '' ? [] : [[field, value]],
    ),
  );
