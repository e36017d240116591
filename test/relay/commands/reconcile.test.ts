import { isAllRight, readReconciliation, reconcileFile } from '../../../relay/commands/reconcile';
import { describeReconciliation, type ReconcileReport } from '../../../relay/commands/reconcile-report';
import { campaignsOf } from '../../../relay/ledger/campaigns';
import type { LedgerRow } from '../../../relay/ledger/ledger';
import { reconcile } from '../../../relay/ledger/reconciliation';
import { readSentList } from '../../../relay/ledger/sent-list';
import { columnsOf } from '../../../relay/terminal/terminal-text';
import { LocalDeadLetters } from '../../support/local-dead-letters';
import { relayEnvironment } from '../../support/relay-environment';
import { ledgerRow as row } from '../../support/ledger-row';

const window = { from: Date.parse('2026-11-21T12:00:00Z'), to: Date.parse('2026-11-28T12:00:00Z') };
const listOf = (csv: string): ReturnType<typeof readSentList> => readSentList(Buffer.from(csv), window);

function reportOf(
  csv: string,
  rows: readonly LedgerRow[],
  rest: Partial<ReconcileReport> = {},
): ReconcileReport {
  const { campaigns, ...list } = listOf(csv);
  return {
    stackName: 'ClevertapToHeapDev',
    from: '2026-11-21T12:00:00.000Z',
    to: '2026-11-28T12:00:00.000Z',
    ...reconcile(campaigns, campaignsOf(rows)),
    ...list,
    refused: 0,
    failed: 0,
    unread: 0,
    gaps: [],
    search: null,
    ...rest,
  };
}
const text = (found: ReconcileReport, verbose = false): string =>
  describeReconciliation(found, { window: 604_800_000, verbose });
const oneLine = (found: ReconcileReport, verbose = false): string =>
  text(found, verbose).replace(/\s+/g, ' ');
const all = [row('received', 3), row('delivered', 3)];

test("reads endpoint, queue and ledger of the file's window", async () => {
  const queues = await LocalDeadLetters.start();
  queues.service.sendMessage('buffer', { MessageBody: 'a' });
  const windows: (readonly [number, number])[] = [];

  const found = await readReconciliation(
    relayEnvironment({
      sqs: queues.sqs,
      outputs: { EventBufferUrl: queues.buffer.url },
      doorCounts: (...times) => {
        windows.push(times);
        return Promise.resolve({ requests: 9, refused: 2, failed: 1 });
      },
      ledger: (...times) => {
        windows.push(times);
        return Promise.resolve({ rows: all, gaps: [], scannedBytes: 1e9 });
      },
    }),
    listOf('Campaign ID,Sent\n1650000001,4'),
    window,
  );
  await queues.close();

  expect(windows).toEqual([
    [window.from, window.to],
    [window.from, window.to],
  ]);
  expect(found).toMatchObject({
    compared: [{ sent: 4, arrived: 3, difference: -1 }],
    onlyArrived: [],
    refused: 2,
    failed: 1,
    unread: 1,
    search: { scannedBytes: 1e9, usd: 0.005 },
  });
});

test.each([
  ['all were delivered', 'id,sent\n1650000001,3', all, {}, true],
  ['fewer were delivered', 'id,sent\n1650000001,4', all, {}, false],
  ['a campaign did not arrive', 'id,sent\n1650000001,3\n2,1', all, {}, false],
  ['a campaign that sent nothing did not arrive', 'id,sent\n1650000001,3\n2,0', all, {}, true],
  ['others arrived', 'id,sent\n1650000001,3', [...all, row('received', 1, { campaign: '3' })], {}, true],
  ['nothing is left to compare', 'id,date,sent\n1650000001,2020-01-01,3\n2,2026-11-25,N/A', all, {}, false],
  ['rows of the ledger are missing', 'id,sent\n1650000001,3', all, { gaps: ['gap'] }, false],
])('%s: exit code', (_, csv, rows, rest, expected) => {
  expect(isAllRight(reportOf(csv, rows, rest))).toBe(expected);
});

test('asks for the file if standard input is a terminal', async () => {
  const { isTTY } = process.stdin;
  process.stdin.isTTY = true;
  try {
    await expect(reconcileFile(undefined, { env: 'local', window: 1000 })).rejects.toThrow(
      /^give the file with CleverTap's figures, or pipe it/,
    );
  } finally {
    process.stdin.isTTY = isTTY;
  }
});

test('shows both sides, says that a difference is a bound, and never claims that events were lost', () => {
  const found = reportOf('id,name,sent\n1650000001,Sync,13\n2,Gone,5', [
    ...all,
    row('rejected', 1, { reason: 'invalid_json' }),
    row('received', 2, { campaign: '3', event: 'Newsletter' }),
  ]);

  expect(text(found)).toMatch(/^ {2}1650000001 Sync +13 +3 +3 +1 +-10$/m);
  expect(text(found)).toMatch(/^ {2}2 Gone +5 +0 +0 +0 +-5$/m);
  expect(text(found)).toMatch(/^ +2 {2}3 Newsletter$/m);
  const line = oneLine(found);
  expect(line).toContain('Differences are bounds, not lost events:');
  expect(line).not.toMatch(/\d+ (events )?(were |are )?lost/);
  expect(line).toContain('nothing arrived 5 events of 2 Gone. A custom body has no id');
  expect(line).toContain('fewer arrived 10 events of 1650000001 Sync did not arrive in this window, or more');
  expect(line).toContain('invalid_json 1 event of 1650000001 Sync. Correct the custom body');
  expect(line).toContain('not in the file Send Test, journeys');
});

test('says what is left out, refused and unread, and where the log ends', () => {
  const csv = [
    'id,date,channel,sent',
    '1650000001,2026-11-21,webhooks,3',
    '2,2026-11-01,webhooks,3',
    '3,,email,3',
    '4,,webhooks,N/A',
  ];
  const line = oneLine(
    reportOf(csv.join('\n'), all, {
      refused: 1200,
      failed: 3,
      unread: 2,
      gaps: ['The log is kept for 7 days.'],
    }),
  );

  for (const note of [
    '1 row of channels other than webhooks',
    '1 row of days outside the window',
    '1 row without a sent figure',
    'Partly 1 row of a day',
    'Endpoint 1,200 requests refused with 4xx and 3 failed with 5xx',
    'In the queue 2 messages not read yet',
    'Missing The log is kept for 7 days.',
  ])
    expect(line).toContain(note);
});

test('two campaigns with the same event cannot be told apart', () => {
  const rows = [row('received', 3, { campaign: undefined }), row('delivered', 3, { campaign: undefined })];

  expect(oneLine(reportOf('id,event,sent\n7,Purchase,2\n8,Purchase,1', rows))).toContain(
    'together 7 Purchase and 1 more: their custom bodies have the same event',
  );
});

test('a report with nothing compared is no all-clear', () => {
  const line = oneLine(reportOf('id,date,sent\n1650000001,2020-01-01,3', []));

  expect(line).toContain(
    'nothing compared Every row was left out: see above. Choose another --window, or export',
  );
  expect(line).not.toContain('Nowhere');
});

test('says which campaigns were compared by event name', () => {
  const rows = [row('received', 3, { campaign: undefined }), row('delivered', 3, { campaign: undefined })];

  expect(oneLine(reportOf('id,event,sent\n7,purchase,3', rows))).toContain(
    'by event 7 Purchase: compared by event name, not by id.',
  );
  expect(oneLine(reportOf('id,sent\n1650000001,3', all))).not.toContain('compared by the name');
});

test.each([
  ['a line break', '"A\nB"', 'A B'],
  ['an escape sequence', 'A\u001B[2JB', 'A\\u001b[2JB'],
  ['a name written backwards', 'A\u202EB', 'A\\u202eB'],
])('a terminal gets no %s from a name in the file', (_, name, shown) => {
  const found = text(reportOf(`id,name,sent\n7,${name},3`, []));

  expect(found).toMatch(new RegExp(`^ {2}7 ${shown.replace(/[\\[]/g, '\\$&')} +3 +0`, 'm'));
  expect(found).toContain(`3 events of 7 ${shown}.`);
  expect(found).not.toMatch(/[\u001B\u202E]/);
});

test('has nowhere to look if all were delivered, and shows the cost of the search on request', () => {
  const found = reportOf('id,sent\n1650000001,3', all, { search: { scannedBytes: 2e6, usd: 0.00001 } });

  expect(oneLine(found)).toContain(
    'Where to look Nowhere: every campaign delivered as many events as it sent.',
  );
  expect(oneLine(found, true)).toContain("Search read 2.0 MB of the function's log, about $0.00001");
  expect(text(found)).not.toContain('MB');
});

test.each([
  ['Latin', 'The name of a campaign is as long as its author likes it to be and then some'],
  ['Japanese', '夏のセールのお知らせ'.repeat(6)],
])('a report is at most 80 columns wide for any names and numbers: %s', (_, name) => {
  const csv = [
    'id,name,sent',
    ...Array.from({ length: 40 }, (_, index) => `${index + 100_000_000_000_000},${name},98765432`),
  ];
  const rows = Array.from({ length: 40 }, (_, index) =>
    row('received', 12_345_678, { event: `${name.slice(0, 50)}${index}`, campaign: String(index) }),
  );
  const found = text(reportOf(csv.join('\n'), rows), true);

  expect(found.split('\n').filter((one) => columnsOf(one) > 80)).toEqual([]);
  expect(found.match(/and 10 campaigns more: --json has all/g)).toHaveLength(2);
});
