/**
 * Lines of a Logs Insights query over the function's log: a record `entry` for each campaign and outcome of a batch.
 * Lines are chosen by their text, since Logs Insights finds at most 200 fields in a line ("Supported logs and
 * discovered fields"), and `unnest` takes a list of `jsonParse` alone.
 */
export const ledgerQuery: readonly string[] = [
  'filter @message like /"message":"(batch forwarded|no Heap app id; all messages wait)"/',
  'fields jsonParse(@message) as line',
  'unnest line.campaigns into entry',
  'filter ispresent(entry.outcome)',
];
