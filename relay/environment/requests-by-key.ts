import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { searchLog } from './log-search';

/**
 * Counts requests in the access log by API key id, including refused ones. The usage plan's `GetUsage` will not do: it
 * counts against a quota, and the plan has none.
 *
 * @param since milliseconds since 1970
 */
export async function requestsByKeyId(
  logs: CloudWatchLogsClient,
  accessLogGroup: string,
  since: number,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await searchLog(logs, {
    logGroup: accessLogGroup,
    name: 'access log',
    from: since,
    to: Date.now(),
    query: 'filter ispresent(apiKeyId) | stats count(*) as requests by apiKeyId',
  });
  return new Map(rows.map((row) => [row.get('apiKeyId') ?? '', Number(row.get('requests'))]));
}
