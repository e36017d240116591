import { campaignsOf, nameOf } from '../../../relay/ledger/campaigns';
import type { LedgerRow } from '../../../relay/ledger/ledger';
import { ledgerRow as row } from '../../support/ledger-row';

test('a campaign counts once, with any event names and over any number of batches', () => {
  const rows = [
    row('received', 4),
    row('received', 6, { event: 'Order Placed' }),
    row('delivered', 5),
    row('ignored', 1),
    row('rejected', 1, { reason: 'invalid_json' }),
    row('rejected', 2, { reason: 'missing_identity' }),
  ];

  const found = campaignsOf(rows);
  expect(found).toEqual([
    {
      campaign: '1650000001',
      events: ['Purchase', 'Order Placed'],
      received: 10,
      delivered: 5,
      rejected: 3,
      rejectedByReason: { missing_identity: 2, invalid_json: 1 },
      ignored: 1,
      waiting: 1,
      receivedBefore: 0,
    },
  ]);
  expect(found.map(nameOf)).toEqual(['1650000001 Purchase and 1 more']);
});

test('events without a campaign count by name, apart from a campaign with the same event', () => {
  const custom = { campaign: undefined };
  const found = campaignsOf([
    row('received', 1),
    row('received', 2, custom),
    row('received', 3, { ...custom, event: 'other' }),
  ]);

  expect(found.map((one) => [nameOf(one), one.received])).toEqual([
    ['other', 3],
    ['Purchase', 2],
    ['1650000001 Purchase', 1],
  ]);
});

test('waiting is never negative: the surplus counts as received before the window', () => {
  const [found] = campaignsOf([row('received', 3), row('delivered', 5)]);

  expect(found).toMatchObject({ waiting: 0, receivedBefore: 2 });
});

test('the campaign with the most rejected or waiting events comes first, then the largest', () => {
  const of = (campaign: string, rejected: number, received: number): LedgerRow[] => [
    row('received', received, { campaign }),
    row('rejected', rejected, { campaign, reason: 'invalid_json' }),
    row('delivered', received - rejected, { campaign }),
  ];
  const waits = row('received', 5, { campaign: '4' });

  const found = campaignsOf([...of('1', 0, 10), ...of('2', 0, 99), ...of('3', 9, 9), waits]);
  expect(found.map(({ campaign }) => campaign)).toEqual(['3', '4', '2', '1']);
});
