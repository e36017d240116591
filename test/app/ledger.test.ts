import type { LocalStack } from '../../local/stack';
import type { LedgerRow } from '../../relay/ledger/ledger';
import { fixture, personalData, withoutRequestIds } from '../support/clevertap-fixture';
import { eventually } from '../support/eventually';
import { runRelayHere } from '../support/relay-in-process';
import type { RelayRun } from '../support/relay-process';
import { startStackWithoutWaiting } from '../support/stack-without-waiting';

/** `status --by campaign` and `reconcile` against `npm start`, while Heap goes down and recovers. */
let stack: LocalStack;
let stackFile: string;
let end: () => Promise<void>;

beforeAll(async () => {
  ({ stack, stackFile, end } = await startStackWithoutWaiting());
});
afterAll(() => end());

const relay = (args: readonly string[], input = ''): RelayRun['ended'] =>
  runRelayHere(args, { stackFile, input });

const playHeap = (mode: string): Promise<Response> =>
  fetch(`${stack.heapUrl}/control`, { method: 'POST', body: JSON.stringify({ mode }) });

interface Found {
  code: number | null;
  pending: number;
  campaigns: Record<string, Record<string, number>>;
}

async function campaignStatus(): Promise<Found> {
  const { code, stdout } = await relay(['status', '--by', 'campaign', '--json']);
  const found = JSON.parse(stdout) as {
    unread: number;
    pendingHidden: number;
    campaigns: { campaign: string | null; events: string[]; [count: string]: unknown }[];
  };
  return {
    code,
    pending: found.unread + found.pendingHidden,
    campaigns: Object.fromEntries(
      found.campaigns.map(({ campaign, events, received, delivered, rejected, waiting }) => [
        campaign ?? events.join(),
        { received, delivered, rejected, waiting } as Record<string, number>,
      ]),
    ),
  };
}

/** Waits until the log has this many events and outcomes. */
async function until(count: number, expected: Partial<Found>): Promise<void> {
  await eventually(async () => {
    const { rows } = (await (await fetch(`${stack.awsUrl}/_local/ledger?from=0`)).json()) as {
      rows: LedgerRow[];
    };
    expect(rows.reduce((sum, { events }) => sum + events, 0)).toBe(count);
  });
  expect(await campaignStatus()).toMatchObject(expected);
}

test('tells the truth about each campaign through an outage, a recovery and a redrive', async () => {
  await relay(['send', '-'], fixture('broadcast-with-placeholder'));
  const rejected = { received: 3, delivered: 2, rejected: 1, waiting: 0 };
  await until(6, { code: 1, pending: 0, campaigns: { '1650000003': rejected } });

  await playHeap('500');
  await relay(['send', '-'], fixture('stock-capitalised-broadcast'));
  const waits = { received: 3, delivered: 0, rejected: 0, waiting: 3 };
  await until(9, { pending: 1, campaigns: { '1650000003': rejected, '1650000006': waits } });
  const { stdout } = await relay(['status', '--by', 'campaign']);
  expect(stdout).toMatch(/^ {2}1650000006 Restocked +3 +0 +0 +0 +3$/m);
  expect(stdout.replace(/\s+/g, ' ')).toContain('waiting 3 events of 1650000006 Restocked. They are sent');
  expect(withoutRequestIds(stdout)).not.toMatch(personalData);

  await playHeap('ok');
  const delivered = { received: 3, delivered: 2, rejected: 1, waiting: 0 };
  await until(12, { pending: 0, campaigns: { '1650000003': rejected, '1650000006': delivered } });

  expect((await relay(['dlq', 'redrive'])).code).toBe(0);
  const again = { received: 4, delivered: 2, rejected: 2, waiting: 0 };
  await until(16, { pending: 0, campaigns: { '1650000003': again, '1650000006': again } });
}, 180_000);

test('reconcile compares the same ledger with what CleverTap says it sent', async () => {
  const before = new Date().toISOString();
  await relay(['send', '-'], fixture('stock-lower-case-single'));
  await until(18, {});
  const file = (sent: number): string =>
    `Campaign ID,Channel,Total Sent (events)\n1650000005,Webhook,${sent}\n`;

  const all = await relay(['reconcile', '-', '--json'], file(1));
  expect(JSON.parse(all.stdout)).toMatchObject({
    compared: [{ sent: 1, arrived: 1, delivered: 1, difference: 0 }],
  });
  expect(all.code).toBe(0);

  const closed = await relay(['reconcile', '--json', '--until', before], file(1));
  expect(JSON.parse(closed.stdout)).toMatchObject({ to: before, compared: [{ arrived: 0, foundBy: null }] });
  expect(closed.code).toBe(1);

  const fewer = await relay(['reconcile'], file(3));
  expect(fewer.stdout).toMatch(/^ {2}1650000005 .* 3 +1 +1 +0 +-2$/m);
  expect(fewer.code).toBe(1);

  expect(await relay(['reconcile'], 'no list')).toMatchObject({ code: 2, stdout: '' });
});
