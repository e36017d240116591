import type { RejectionReason } from '../contract';
import { isNew, type Message } from './message';
import { otherOrigin, type Origin } from './origin';
import type { SettledMessage } from './settle';

/** The events of a campaign in a batch, or of an event name if there is no campaign. */
export interface LedgerRow extends Origin {
  /** `received`: seen for the first time. All other outcomes are final. */
  readonly outcome: 'received' | 'delivered' | 'ignored' | 'rejected';
  readonly reason?: RejectionReason;
  readonly events: number;
}

/** Campaigns per log line. If there are more, the smallest are counted together. */
export const maxCampaigns = 50;

/** What a batch adds to the campaign ledger. For each outcome, the rows add up to the events of the batch. */
export function ledgerOf(messages: Iterable<Message>, settled: readonly SettledMessage[]): LedgerRow[] {
  const campaigns = new Map<string, Map<string, LedgerRow>>();
  const add = (row: LedgerRow): void => {
    const campaign = row.campaign ?? `event ${row.event}`;
    const rows = campaigns.get(campaign) ?? new Map<string, LedgerRow>();
    campaigns.set(campaign, rows);
    const outcome = row.reason ?? row.outcome;
    const { events = 0, ...same } = rows.get(outcome) ?? {};
    rows.set(outcome, { ...row, ...same, events: events + row.events });
  };

  for (const message of messages) {
    if (!isNew(message.record)) continue;
    for (const { origin } of message.entries) add({ ...origin, outcome: 'received', events: 1 });
  }
  for (const { message, rejected } of settled) {
    for (const { origin, fate } of message.entries) {
      if (fate?.kind === 'delivered' || fate?.kind === 'ignored')
        add({ ...origin, outcome: fate.kind, events: 1 });
    }
    for (const { origin, reason } of rejected) add({ ...origin, outcome: 'rejected', reason, events: 1 });
  }

  const bySize = [...campaigns].sort(([, a], [, b]) => total([...b.values()]) - total([...a.values()]));
  for (const [campaign, rows] of bySize.slice(maxCampaigns)) {
    campaigns.delete(campaign);
    for (const row of rows.values()) add({ ...row, ...otherOrigin });
  }
  return [...campaigns.values()].flatMap((rows) => [...rows.values()]);
}

/** The events of all rows with an outcome. */
export const sumOf = (rows: readonly LedgerRow[], outcome: LedgerRow['outcome']): number =>
  total(rows.filter((row) => row.outcome === outcome));

const total = (rows: readonly LedgerRow[]): number => rows.reduce((sum, { events }) => sum + events, 0);
