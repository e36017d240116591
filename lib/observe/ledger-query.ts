/**
 * Lines of a Logs Insights query over the function's log: one record `entry` per campaign and outcome of a
 * batch. It filters on the raw message, since Logs Insights discovers at most 200 fields in a line
 * ("Supported logs and discovered fields"), and `unnest` accepts only a list from `jsonParse`.
 */
export const ledgerQuery: readonly string[] = [
  'filter @message like /"message":"(batch forwarded|no Heap app id; all messages wait)"/',
  'fields jsonParse(@message) as line',
  'unnest line.campaigns into entry',
  'filter ispresent(entry.outcome)',
];
