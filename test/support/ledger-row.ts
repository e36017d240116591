import type { LedgerRow } from '../../relay/ledger/ledger';

/** A row of one campaign's purchases, unless the rest says otherwise. */
export const ledgerRow = (
  outcome: LedgerRow['outcome'],
  events: number,
  rest: Partial<LedgerRow> = {},
): LedgerRow => ({ campaign: '1650000001', event: 'Purchase', outcome, events, ...rest });
