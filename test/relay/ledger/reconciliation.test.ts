import { campaignsOf } from '../../../relay/ledger/campaigns';
import type { LedgerRow } from '../../../relay/ledger/ledger';
import { reconcile, shortfallOf } from '../../../relay/ledger/reconciliation';
import type { SentCampaign } from '../../../relay/ledger/sent-list';

const row = (outcome: LedgerRow['outcome'], events: number, rest: Partial<LedgerRow> = {}): LedgerRow => ({
  campaign: '1',
  event: 'Purchase',
  outcome,
  events,
  ...rest,
});
const custom = (outcome: LedgerRow['outcome'], events: number): LedgerRow =>
  row(outcome, events, { campaign: undefined, event: 'Order Placed' });
const sent = (events: number, rest: Partial<SentCampaign> = {}): SentCampaign => ({
  campaign: '1',
  name: 'Sync',
  event: null,
  sent: events,
  ...rest,
});

test('compares by id', () => {
  const arrived = campaignsOf([
    row('received', 8),
    row('delivered', 6),
    row('rejected', 1, { reason: 'invalid_json' }),
  ]);

  const { compared, onlyArrived } = reconcile([sent(10)], arrived);
  expect(compared).toEqual([
    {
      campaigns: ['1'],
      names: ['Sync'],
      foundBy: 'id',
      event: 'Purchase',
      sent: 10,
      arrived: 8,
      delivered: 6,
      rejected: 1,
      rejectedByReason: { invalid_json: 1 },
      ignored: 0,
      waiting: 1,
      difference: -2,
    },
  ]);
  expect(compared.map(shortfallOf)).toEqual([4]);
  expect(onlyArrived).toEqual([]);
});

test.each([
  ['the event that the file names', sent(3, { event: 'order placed' })],
  ['its own name, as CleverTap compares names', sent(3, { campaign: '7', name: 'OrderPlaced' })],
])('a custom body is found by %s', (_, one) => {
  const arrived = campaignsOf([custom('received', 3), custom('delivered', 3)]);

  expect(reconcile([one], arrived).compared).toMatchObject([
    { foundBy: 'event', sent: 3, arrived: 3, difference: 0 },
  ]);
});

test('events whose names differ in case and blanks add up', () => {
  const named = (outcome: LedgerRow['outcome'], events: number, event: string): LedgerRow =>
    row(outcome, events, {
      campaign: undefined,
      event,
      ...(outcome === 'rejected' && { reason: 'invalid_json' }),
    });
  const arrived = campaignsOf([
    named('received', 10, 'Purchase'),
    named('delivered', 9, 'Purchase'),
    named('rejected', 1, 'Purchase'),
    named('received', 5, 'pur chase'),
    named('delivered', 2, 'pur chase'),
    named('rejected', 2, 'pur chase'),
  ]);

  const { compared, onlyArrived } = reconcile([sent(15, { event: 'PURCHASE' })], arrived);
  expect(compared).toMatchObject([
    {
      foundBy: 'event',
      arrived: 15,
      delivered: 11,
      rejected: 3,
      rejectedByReason: { invalid_json: 3 },
      waiting: 1,
      difference: 0,
    },
  ]);
  expect(onlyArrived).toEqual([]);
});

test('events that must not be logged are not compared with an event called other', () => {
  const arrived = campaignsOf([row('received', 3, { campaign: undefined, event: 'other' })]);

  const { compared, onlyArrived } = reconcile([sent(3, { campaign: null, name: 'Other' })], arrived);
  expect(compared).toMatchObject([{ foundBy: null, arrived: 0 }]);
  expect(onlyArrived).toHaveLength(1);
});

test('an arrived campaign with an id is not found by event name', () => {
  const { compared, onlyArrived } = reconcile(
    [sent(3, { campaign: '7', name: 'Purchase' })],
    campaignsOf([row('received', 3)]),
  );

  expect(compared).toMatchObject([{ foundBy: null, arrived: 0, difference: -3 }]);
  expect(onlyArrived).toMatchObject([{ campaign: '1' }]);
});

test('campaigns whose custom bodies share an event are compared together, not twice', () => {
  const { compared } = reconcile(
    [sent(3, { campaign: '7', event: 'Order Placed' }), sent(4, { campaign: '8', event: 'Order Placed' })],
    campaignsOf([custom('received', 6)]),
  );

  expect(compared).toMatchObject([{ campaigns: ['7', '8'], sent: 7, arrived: 6 }]);
});

test('the largest shortfall comes first; retried or redriven events are none', () => {
  const arrived = campaignsOf([
    row('received', 12),
    row('rejected', 1, { reason: 'invalid_json' }),
    row('delivered', 10),
    row('ignored', 1),
    row('received', 5, { campaign: '2' }),
    row('delivered', 5, { campaign: '2' }),
  ]);

  const { compared } = reconcile([sent(10), sent(9, { campaign: '2' }), sent(7, { campaign: '3' })], arrived);
  expect(compared.map((one) => [one.campaigns[0], shortfallOf(one)])).toEqual([
    ['3', 7],
    ['2', 4],
    ['1', 0],
  ]);
});
