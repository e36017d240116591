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
  /** What the log is called, for an error. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** In the query language of Logs Insights. */
  readonly query: string;
}

export interface LogSearchResult {
  /** By the names of their fields; a field without a value is absent. */
  readonly rows: readonly ReadonlyMap<string, string>[];
  /** Whether there may be no more. */
  readonly isComplete: boolean;
  /** What is charged. */
  readonly scannedBytes: number;
}

/** A query gives so many rows at most, in pages of 10,000 ("GetQueryResults"). */
const maxRows = 100_000;

/** In milliseconds: a search takes seconds, and an account may ask only some times a second. */
const [firstPollMs, lastPollMs] = [250, 2000];

/** How often an answer is asked for before a search that was paid for is given up, and the first wait between. */
const [maxAttempts, firstRetryMs] = [5, 1000];

/**
 * Searches a log of CloudWatch with Logs Insights and waits for the end.
 *
 * @param wait another one than this machine's, for tests
 * @throws {OperatorError} when the search does not come to its end, saying what to do
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
        `CloudWatch Logs could not search the ${name}: ${status}. Try again, or over a shorter time.`,
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
        'CloudWatch Logs runs as many searches as it may in this account and region, those of open dashboards included. Try again in a minute.',
      );
    }
    if (error instanceof ResourceNotFoundException) {
      throw new OperatorError(
        `the log group ${logGroupName} is not there. Deploy the stack again, which makes it.`,
      );
    }
    throw error;
  }
}

interface Page {
  readonly results?: ResultField[][] | undefined;
  readonly nextToken?: string | undefined;
}

/** What a search has found so far. What passes is tried again, as the search costs again when it is repeated. */
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
          `CloudWatch Logs searches the ${name}, but its answer could not be had in ${maxAttempts} attempts: ${explain(error) ?? 'no answer'}. Try again in a minute; the search costs again then.`,
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
