import type { LedgerRow } from './ledger';

/** The outcome of a campaign's events, or of events of one name without a campaign. */
export interface Campaign {
  /** The id in CleverTap; null where the events have none. */
  readonly campaign: string | null;
  /** Names of its events before any rule, most frequent first. */
  readonly events: readonly string[];
  /** Events read for the first time; a redriven dead letter counts again. */
  readonly received: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  readonly ignored: number;
  /** Received, and neither delivered, rejected nor ignored yet; never below 0. */
  readonly waiting: number;
  /** How many more ended than were received: received before, or not counted because the function crashed. */
  readonly receivedBefore: number;
}

/** Groups rows by campaign. The campaign with the most rejected and waiting events comes first, then the largest. */
export function campaignsOf(rows: readonly LedgerRow[]): Campaign[] {
  const byOrigin = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    const origin = row.campaign ?? `event ${row.event}`;
    byOrigin.set(origin, [...(byOrigin.get(origin) ?? []), row]);
  }
  return [...byOrigin.values()]
    .map(campaignOf)
    .sort(
      (one, other) =>
        other.rejected + other.waiting - (one.rejected + one.waiting) ||
        other.received - one.received ||
        nameOf(one).localeCompare(nameOf(other), 'en'),
    );
}

function campaignOf(rows: readonly LedgerRow[]): Campaign {
  const sum = (outcome: LedgerRow['outcome']): number =>
    rows.reduce((total, row) => (row.outcome === outcome ? total + row.events : total), 0);
  const counts = {
    received: sum('received'),
    delivered: sum('delivered'),
    rejected: sum('rejected'),
    rejectedByReason: countedBy(rows, ({ reason }) => reason),
    ignored: sum('ignored'),
  };
  const open = counts.received - counts.delivered - counts.rejected - counts.ignored;
  return {
    campaign: rows[0]?.campaign ?? null,
    events: Object.keys(countedBy(rows, ({ event }) => event)),
    ...counts,
    waiting: Math.max(0, open),
    receivedBefore: Math.max(0, -open),
  };
}

/** Numbers of events by key, the largest first. */
function countedBy(
  rows: readonly LedgerRow[],
  keyOf: (row: LedgerRow) => string | undefined,
): Record<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + row.events);
  }
  return Object.fromEntries([...counts].sort(([, one], [, other]) => other - one));
}

/** The displayed name: `1650000003 Newsletter`, or the event's name alone. */
export function nameOf({ campaign, events: [event = '', ...others] }: Campaign): string {
  const names = others.length === 0 ? event : `${event} and ${others.length} more`;
  return campaign === null ? names : `${campaign} ${names}`;
}
