import { describeCampaigns } from '../../../relay/commands/campaign-report';
import { isAllRight, readCampaignStatus } from '../../../relay/commands/campaign-status';
import type { CampaignStatus } from '../../../relay/commands/campaign-report';
import type { LedgerRow } from '../../../relay/ledger/ledger';
import { campaignsOf } from '../../../relay/ledger/campaigns';
import { LocalDeadLetters } from '../../support/local-dead-letters';
import { relayEnvironment } from '../../support/relay-environment';
import { ledgerRow as row } from '../../support/ledger-row';

const statusOf = (rows: readonly LedgerRow[], rest: Partial<CampaignStatus> = {}): CampaignStatus => ({
  stackName: 'ClevertapToHeapDev',
  from: '2026-11-28T10:00:00.000Z',
  to: '2026-11-28T11:00:00.000Z',
  accepted: 10,
  refused: 0,
  failed: 0,
  unread: 0,
  pendingHidden: 0,
  campaigns: campaignsOf(rows),
  gaps: [],
  search: null,
  ...rest,
});
const report = (found: CampaignStatus, verbose = false): string =>
  describeCampaigns(found, { window: 3_600_000, verbose });
const oneLine = (text: string): string => text.replace(/\s+/g, ' ');

test('reads endpoint, queue and ledger of the same window', async () => {
  const queues = await LocalDeadLetters.start();
  queues.service.sendMessage('buffer', { MessageBody: 'a' });
  queues.service.sendMessage('buffer', { MessageBody: 'b' });
  queues.service.sendMessage('buffer', { MessageBody: 'c', DelaySeconds: 60 });
  queues.service.receiveMessage('buffer', { VisibilityTimeout: 60 });
  const windows: number[] = [];

  const found = await readCampaignStatus(
    relayEnvironment({
      sqs: queues.sqs,
      outputs: { EventBufferUrl: queues.buffer.url },
      doorCounts: (from, to) => {
        windows.push(to - from);
        return Promise.resolve({ requests: 9, refused: 2, failed: 1 });
      },
      ledger: (from, to) => {
        windows.push(to - from);
        return Promise.resolve({ rows: [row('received', 3)], gaps: ['gap'], scannedBytes: 2e9 });
      },
    }),
    3_600_000,
  );
  await queues.close();

  expect(windows[0]).toBe(3_600_000);
  expect(windows[1]).toBeGreaterThanOrEqual(3_600_000);
  expect(found).toMatchObject({
    accepted: 6,
    refused: 2,
    failed: 1,
    unread: 1,
    pendingHidden: 2,
    gaps: ['gap'],
    campaigns: [{ campaign: '1650000001', received: 3, waiting: 3 }],
    search: { scannedBytes: 2e9, usd: 0.01 },
  });
});

/** A batch of more than 50 campaigns: one is named when it is received, but not when it ends. */
const endedOf = (campaign: string, events: number): LedgerRow => row('delivered', events, { campaign });
const namedThenOther = [
  row('received', 3),
  row('delivered', 4, { campaign: undefined, event: 'other' }),
  endedOf('2', 1),
];
const rejected = row('rejected', 1, { campaign: '3', reason: 'invalid_json' });

test.each([
  ['nothing happened', [], {}, true],
  ['all delivered', [row('received', 2), row('delivered', 2)], {}, true],
  ['something waits in the queue', [row('received', 2)], { pendingHidden: 1 }, true],
  ['something waits, and the queue is empty', [row('received', 2)], {}, false],
  ['something is rejected', [row('rejected', 1, { reason: 'invalid_json' })], {}, false],
  ['rows are missing', [], { gaps: ['gap'] }, false],
  ['some ended as other', namedThenOther, {}, true],
  ['some ended as other, and others are rejected', [...namedThenOther, rejected], {}, false],
  ['more wait than ended as other', [...namedThenOther, row('received', 3)], {}, false],
  ['as many came from before, and nothing is other', [row('received', 3), endedOf('2', 3)], {}, false],
])('%s: exit code', (_, rows, rest, expected) => {
  expect(isAllRight(statusOf(rows, rest))).toBe(expected);
});

test('a report is at most 80 columns wide for any names and numbers', () => {
  const wide = Array.from({ length: 40 }, (_, index) =>
    row('rejected', 12_345_678, {
      campaign: `16500000${index + 10}12345`,
      event: 'A name of an event as long as the log may hold it, no longer...'.slice(0, 64),
      reason: 'forbidden_property_name',
    }),
  );
  const text = report(statusOf([...wide, row('received', 98_765_432)], { gaps: ['gap '.repeat(50)] }), true);

  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(text).toContain('  and 11 campaigns more: --json has all\n');
});

test('says once for each reason what to do, and which campaign it hit most', () => {
  const text = oneLine(
    report(
      statusOf([
        row('rejected', 1, { reason: 'invalid_json' }),
        row('rejected', 3, { campaign: '1650000002', reason: 'invalid_json' }),
      ]),
    ),
  );

  expect(text).toContain(
    'invalid_json 4 events of 2 campaigns, most of 1650000002 Purchase. Correct the custom body',
  );
  expect(text.match(/docs\/reasons\.md#/g)).toHaveLength(1);
  expect(text).toContain(
    'redrive Redriven dead letters count as received again, and their rejection stays in this report.',
  );
});

test('says why events are waiting, and that the window may be too short', () => {
  const waiting = [row('received', 4)];
  expect(oneLine(report(statusOf(waiting, { pendingHidden: 1 })))).toContain(
    'waiting 4 events of 1650000001 Purchase. They are sent automatically',
  );
  expect(oneLine(report(statusOf(waiting)))).toContain('But no message is waiting: check "relay dlq list"');
  expect(oneLine(report(statusOf(waiting)))).toContain(
    'A redriven dead letter of receives_exhausted counts as received twice, so its events stay here.',
  );
  expect(oneLine(report(statusOf([row('delivered', 4)])))).toContain(
    '4 events of 1650000001 Purchase ended in this window but arrived before it, or at a function that crashed. More may be waiting than shown: choose a longer --window.',
  );
  expect(report(statusOf([row('received', 4), row('delivered', 4)]))).not.toContain('What to do');
});

test('says that waiting events may have ended as other, and blames nothing else', () => {
  const text = oneLine(report(statusOf(namedThenOther)));

  expect(text).toContain(
    'waiting 3 events of 1650000001 Purchase. But no message is waiting, and at least as many ended under another name: some of them are counted as other.',
  );
  expect(text).not.toContain('receives_exhausted');
  expect(text).not.toContain('ended here and came before this window');
  expect(oneLine(report(statusOf(namedThenOther, { unread: 1 })))).toContain('They are sent automatically');
});

test('does not excuse lost events with an other row that ended no more than it received', () => {
  const ping = row('received', 1, { campaign: undefined, event: 'other' });
  const found = statusOf([
    row('received', 5),
    row('delivered', 5, { campaign: '1650000077' }),
    ping,
    { ...ping, outcome: 'ignored' },
  ]);

  expect(isAllRight(found)).toBe(false);
  expect(oneLine(report(found))).toContain('But no message is waiting: check "relay dlq list"');
});

test('messages that are not read yet have no known campaign', () => {
  expect(oneLine(report(statusOf([], { unread: 3, pendingHidden: 1 })))).toContain(
    'No event was read in this window. Accepted 10 requests; refused with 4xx: 0, failed with 5xx: 0 In the queue 3 messages not read yet, campaign unknown; 1 in flight or waiting for a retry',
  );
});

test('--verbose shows what the search read and cost', () => {
  const search = { scannedBytes: 12_345_678, usd: 0.0000617 };

  expect(oneLine(report(statusOf([], { search }), true))).toContain(
    "read 12.3 MB of the function's log, about $0.00006 at $0.005 per GB",
  );
  expect(report(statusOf([], { search }))).not.toContain('MB');
});
