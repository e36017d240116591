import {
  GetQueryResultsCommand,
  StartQueryCommand,
  type CloudWatchLogsClient,
} from '@aws-sdk/client-cloudwatch-logs';
import { pause } from '../terminal/interruption';
import { OperatorError } from '../terminal/operator-error';

const pollMs = 250;

/**
 * Requests by the id of their API key, refused ones included, as the access log has them. Not `GetUsage` of the usage
 * plan, which counts against a quota, and the plan has none.
 *
 * @param since milliseconds since 1970
 */
export async function requestsByKeyId(
  logs: CloudWatchLogsClient,
  accessLogGroup: string,
  since: number,
): Promise<ReadonlyMap<string, number>> {
  const { queryId } = await logs.send(
    new StartQueryCommand({
      logGroupName: accessLogGroup,
      startTime: Math.floor(since / 1000),
      endTime: Math.ceil(Date.now() / 1000),
      queryString: 'filter ispresent(apiKeyId) | stats count(*) as requests by apiKeyId',
    }),
  );
  for (;;) {
    const { status, results = [] } = await logs.send(new GetQueryResultsCommand({ queryId }));
    if (status === 'Complete') {
      return new Map(
        results.map((fields) => {
          const valueOf = (name: string): string => fields.find(({ field }) => field === name)?.value ?? '';
          return [valueOf('apiKeyId'), Number(valueOf('requests'))];
        }),
      );
    }
    if (status !== 'Scheduled' && status !== 'Running') {
      throw new OperatorError(`CloudWatch Logs could not search the access log: ${status ?? 'no answer'}`);
    }
    await pause(pollMs);
  }
}
