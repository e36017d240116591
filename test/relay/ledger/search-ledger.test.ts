import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  StartQueryCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { ledgerQuery } from '../../../lib/observe/ledger-query';
import type { Ledger } from '../../../relay/ledger/ledger';
import { searchLedger } from '../../../relay/ledger/search-ledger';

const logs = mockClient(CloudWatchLogsClient);

beforeEach(() => {
  logs.reset();
  logs.on(StartQueryCommand).resolves({ queryId: 'q' });
});

const now = Date.now();
const dayMs = 86_400_000;

const search = (window = dayMs, to = now): Promise<Ledger> =>
  searchLedger(
    new CloudWatchLogsClient({ region: 'eu-west-1' }),
    { logGroup: '/log', retentionDays: 7 },
    to - window,
    to,
  );

const fields = (values: Record<string, string>): { field: string; value: string }[] =>
  Object.entries(values).map(([field, value]) => ({ field, value }));

test('lets CloudWatch add up the entries that the function writes, and reads the rows', async () => {
  const purchase = { 'entry.event': 'Purchase', events: '12' };
  logs.on(GetQueryResultsCommand).resolves({
    status: 'Complete',
    statistics: { bytesScanned: 2_000_000 },
    results: [
      fields({ 'entry.campaign': '1650000001', 'entry.outcome': 'delivered', ...purchase }),
      // CloudWatch leaves out a missing field, or returns it empty.
      fields({
        'entry.campaign': '',
        'entry.outcome': 'rejected',
        'entry.reason': 'invalid_json',
        ...purchase,
      }),
    ],
  });

  expect(await search()).toEqual({
    rows: [
      { campaign: '1650000001', event: 'Purchase', outcome: 'delivered', events: 12 },
      { event: 'Purchase', outcome: 'rejected', reason: 'invalid_json', events: 12 },
    ],
    gaps: [],
    scannedBytes: 2_000_000,
  });
  expect(logs.commandCalls(StartQueryCommand)[0]?.args[0].input.queryString).toBe(
    [
      ...ledgerQuery,
      'stats sum(entry.events) as events by entry.campaign, entry.event, entry.outcome, entry.reason',
      'sort events desc',
    ].join(' | '),
  );
});

test('says that rows are missing if the result has the maximum number of rows', async () => {
  const row = fields({ 'entry.event': 'other', 'entry.outcome': 'received', events: '1' });
  logs
    .on(GetQueryResultsCommand)
    .resolves({ status: 'Complete', results: Array.from({ length: 100_000 }, () => row) });

  expect((await search()).gaps).toEqual([expect.stringMatching(/at most 100,000 rows.*shorter --window/)]);
});

test('a window within the retention has no gap, a longer one has', async () => {
  logs.on(GetQueryResultsCommand).resolves({ status: 'Complete' });

  expect((await search(7 * dayMs)).gaps).toEqual([]);
  expect((await search(7 * dayMs + 120_000)).gaps).toEqual([
    expect.stringContaining('The log is kept for 7 days.'),
  ]);
});

test('a past window has a gap if it began before the retention', async () => {
  logs.on(GetQueryResultsCommand).resolves({ status: 'Complete' });

  expect((await search(dayMs, now - 5 * dayMs)).gaps).toEqual([]);
  expect((await search(dayMs, now - 7 * dayMs)).gaps).toEqual([
    expect.stringContaining('The log is kept for 7 days.'),
  ]);
});
