import { fixture, personalData } from '../support/clevertap-fixture';
import { eventually } from '../support/eventually';
import { startLocalStackProcess, type LocalStackProcess } from '../support/local-stack-process';
import { runRelay, type RelayRun } from '../support/relay-process';

/** `status --by campaign` and `reconcile` against `npm start`, while Heap goes down and comes back. */
let stack: LocalStackProcess;
beforeAll(async () => {
  stack = await startLocalStackProcess();
});
afterAll(() => stack.end('SIGKILL'));

const relay = (args: readonly string[], input = ''): RelayRun['ended'] =>
  runRelay(args, { stackFile: stack.stackFile, input });

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

const until = (expected: Partial<Found>, limitMs?: number): Promise<void> =>
  eventually(async () => {
    expect(await campaignStatus()).toMatchObject(expected);
  }, limitMs);

test('tells the truth about each campaign through an outage, a recovery and a redrive', async () => {
  await relay(['send', '-'], fixture('broadcast-with-placeholder'));
  const rejected = { received: 3, delivered: 2, rejected: 1, waiting: 0 };
  await until({ code: 1, pending: 0, campaigns: { '1650000003': rejected } });

  await playHeap('500');
  await relay(['send', '-'], fixture('stock-capitalised-broadcast'));
  const waits = { received: 3, delivered: 0, rejected: 0, waiting: 3 };
  await until({ pending: 1, campaigns: { '1650000003': rejected, '1650000006': waits } });
  const { stdout } = await relay(['status', '--by', 'campaign']);
  expect(stdout).toMatch(/^ {2}1650000006 Restocked +3 +0 +0 +0 +3$/m);
  expect(stdout.replace(/\s+/g, ' ')).toContain('waiting 3 events of 1650000006 Restocked. They are sent');
  expect(stdout).not.toMatch(personalData);

  await playHeap('ok');
  const delivered = { received: 3, delivered: 2, rejected: 1, waiting: 0 };
  await until({ pending: 0, campaigns: { '1650000003': rejected, '1650000006': delivered } }, 90_000);

  expect((await relay(['dlq', 'redrive'])).code).toBe(0);
  const again = { received: 4, delivered: 2, rejected: 2, waiting: 0 };
  await until({ pending: 0, campaigns: { '1650000003': again, '1650000006': again } });
}, 180_000);

test('reconcile compares the same ledger with what CleverTap says it sent', async () => {
  await relay(['send', '-'], fixture('stock-lower-case-single'));
  await eventually(async () => {
    expect((await campaignStatus()).campaigns).toHaveProperty('1650000005');
  });
  const { campaigns } = await campaignStatus();
  const arrived = campaigns['1650000005']?.['delivered'] ?? 0;
  const file = (sent: number): string =>
    `Campaign ID,Channel,Total Sent (events)\n1650000005,Webhook,${sent}\n`;

  const all = await relay(['reconcile', '-', '--json'], file(arrived));
  expect(JSON.parse(all.stdout)).toMatchObject({
    compared: [{ sent: 1, arrived: 1, delivered: 1, difference: 0 }],
  });
  expect(all.code).toBe(0);

  const fewer = await relay(['reconcile'], file(arrived + 2));
  expect(fewer.stdout).toMatch(/^ {2}1650000005 .* 3 +1 +1 +0 +-2$/m);
  expect(fewer.code).toBe(1);

  expect(await relay(['reconcile'], 'no list')).toMatchObject({ code: 2, stdout: '' });
});
