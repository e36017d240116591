import type { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ledgerQuery } from '../../lib/observe/ledger-query';
import { searchLog } from '../environment/log-search';
import { ledgerRow, type Ledger } from './ledger';

const dayMs = 86_400_000;

/** Allows for the time between a command's start, which sets its window, and its search. */
const slackMs = 60_000;

const query = [
  ...ledgerQuery,
  'stats sum(entry.events) as events by entry.campaign, entry.event, entry.outcome, entry.reason',
  'sort events desc',
].join(' | ');

export interface LedgerLog {
  readonly logGroup: string;
  /** After this many days CloudWatch Logs deletes a line. */
  readonly retentionDays: number;
}

/**
 * Reads the ledger from the function's log in CloudWatch.
 *
 * @param from milliseconds since 1970, as is `to`
 */
export async function searchLedger(
  logs: CloudWatchLogsClient,
  { logGroup, retentionDays }: LedgerLog,
  from: number,
  to: number,
): Promise<Ledger> {
  const search = { logGroup, name: "function's log", from, to, query };
  const { rows, isComplete, scannedBytes } = await searchLog(logs, search);
  return {
    rows: rows.map((row) =>
      ledgerRow.parse({
        campaign: row.get('entry.campaign'),
        event: row.get('entry.event'),
        outcome: row.get('entry.outcome'),
        reason: row.get('entry.reason'),
        events: Number(row.get('events')),
      }),
    ),
    gaps: [
      ...(isComplete ? [] : ['CloudWatch Logs returns at most 100,000 rows. Choose a shorter --window.']),
      ...(from >= Date.now() - retentionDays * dayMs - slackMs
        ? []
        : [
            `The log is kept for ${retentionDays} days. To keep it longer from now on, set a longer log retention in the settings and deploy.`,
          ]),
    ],
    scannedBytes,
  };
}
