import { describeAccount, isBalanced } from '../../../local/account/account-report';
import type { Account } from '../../../local/account/reconciliation';

describe('describeAccount', () => {
  const account = (counts: Partial<Account>): Account => ({
    requests: 0,
    accepted: 0,
    delivered: 0,
    rows: 0,
    queued: 0,
    rejected: 0,
    rejectedByReason: [],
    ignored: 0,
    missing: 0,
    unexplainedRows: 0,
    ...counts,
  });

  test('shows a table and a sum', () => {
    const balanced = account({
      requests: 31,
      accepted: 142,
      delivered: 130,
      rows: 129,
      rejected: 6,
      rejectedByReason: [
        ['invalid_json', 5],
        ['heap_rejected', 1],
      ],
      ignored: 2,
      queued: 4,
    });
    expect(isBalanced(balanced)).toBe(true);
    expect(describeAccount(balanced)).toBe(`What became of the events:

  Accepted   142  in 31 requests
  Delivered  130  129 rows in Heap: equal events count once
  Rejected     6  dead letters: 5 invalid_json, 1 heap_rejected
  Ignored      2
  Queued       4  not delivered yet, and gone with this stack

  142 = 130 + 6 + 2 + 4: every accepted event is accounted for.`);
  });

  test('shows one sentence if no event was accepted', () => {
    expect(describeAccount(account({}))).toBe('No event was accepted.');
  });

  test.each([
    [
      { accepted: 3, delivered: 1, rows: 1, missing: 2 },
      '3 ≠ 1 + 0 + 0 + 0: 2 accepted events are neither in Heap nor in a queue.',
    ],
    [
      { accepted: 1, rows: undefined, missing: 1 },
      '1 ≠ 0 + 0 + 0 + 0: 1 accepted event is neither counted as delivered nor in a queue.',
    ],
    [
      { accepted: 1, delivered: 2, rows: undefined, missing: -1 },
      '1 ≠ 2 + 0 + 0 + 0: 1 more event was counted as delivered than accepted.',
    ],
    [
      { accepted: 1, delivered: 1, rows: 1, unexplainedRows: 2 },
      'Heap has 2 more rows than the accepted events explain.',
    ],
    [{ unexplainedRows: 1 }, 'Heap has 1 more row than the accepted events explain.'],
  ])('reports what does not add up: %j', (counts, sentence) => {
    expect(isBalanced(account(counts))).toBe(false);
    expect(describeAccount(account(counts))).toContain(sentence);
  });
});
