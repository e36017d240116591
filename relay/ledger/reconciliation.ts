import type { Campaign } from './campaigns';
import type { SentCampaign } from './sent-list';

/** What CleverTap says it sent of a campaign, beside what arrived of it. */
export interface Compared {
  /** Ids in CleverTap; several where their custom bodies have the same event, so that they cannot be told apart. */
  readonly campaigns: readonly string[];
  readonly names: readonly string[];
  /** By what it was found in the ledger; null where nothing of it arrived. */
  readonly foundBy: 'id' | 'event' | null;
  readonly event: string | null;
  readonly sent: number;
  /** Events that were received for the first time. */
  readonly arrived: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  readonly ignored: number;
  readonly waiting: number;
  /** Arrived less sent: below 0 at least so many did not arrive, if the figures are for the same time. */
  readonly difference: number;
}

export interface Reconciliation {
  /** The largest shortfall first. */
  readonly compared: readonly Compared[];
  /** What arrived of campaigns that the file does not have. */
  readonly onlyArrived: readonly Campaign[];
}

/** What a campaign is compared with: one of its id, or all events whose names CleverTap takes for the same. */
type Arrived = readonly Campaign[];

/**
 * Compares campaigns by their ids, and those whose id did not arrive by the name of their events; never with `other`,
 * which is what the log may not name.
 */
export function reconcile(sent: readonly SentCampaign[], arrived: readonly Campaign[]): Reconciliation {
  const byId = new Map<string, Arrived>();
  const byEvent = new Map<string, Arrived>();
  for (const one of arrived) {
    const [event] = one.events;
    if (one.campaign !== null) byId.set(one.campaign, [one]);
    else if (event !== undefined && event !== 'other')
      byEvent.set(comparable(event), [...(byEvent.get(comparable(event)) ?? []), one]);
  }
  const pairs = new Map<Arrived | SentCampaign, { ours: Arrived; theirs: SentCampaign[] }>();
  for (const one of sent) {
    const ours =
      (one.campaign === null ? undefined : byId.get(one.campaign)) ??
      byEvent.get(comparable(one.event ?? one.name ?? ''));
    const pair = pairs.get(ours ?? one) ?? { ours: ours ?? [], theirs: [] };
    pair.theirs.push(one);
    pairs.set(ours ?? one, pair);
  }
  const found = new Set([...pairs.values()].flatMap(({ ours }) => ours));
  return {
    compared: [...pairs.values()]
      .map(({ ours, theirs }) => compare(ours, theirs))
      .sort((one, other) => shortfallOf(other) - shortfallOf(one) || other.sent - one.sent),
    onlyArrived: arrived.filter((one) => !found.has(one)),
  };
}

function compare(ours: Arrived, theirs: readonly SentCampaign[]): Compared {
  const sent = theirs.reduce((sum, one) => sum + one.sent, 0);
  const sumOf = (key: 'received' | 'delivered' | 'rejected' | 'ignored' | 'waiting'): number =>
    ours.reduce((sum, one) => sum + one[key], 0);
  const arrived = sumOf('received');
  const [first] = ours;
  return {
    campaigns: theirs.flatMap(({ campaign }) => campaign ?? []),
    names: theirs.flatMap(({ name }) => name ?? []),
    foundBy: first === undefined ? null : first.campaign === null ? 'event' : 'id',
    event: first?.events[0] ?? theirs[0]?.event ?? null,
    sent,
    arrived,
    delivered: sumOf('delivered'),
    rejected: sumOf('rejected'),
    rejectedByReason: reasonsOf(ours),
    ignored: sumOf('ignored'),
    waiting: sumOf('waiting'),
    difference: arrived - sent,
  };
}

function reasonsOf(ours: Arrived): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [reason, events] of ours.flatMap(({ rejectedByReason }) => Object.entries(rejectedByReason)))
    counts[reason] = (counts[reason] ?? 0) + events;
  return counts;
}

/** How many of what was sent came to no good end, at least. */
export const shortfallOf = ({ sent, delivered, ignored }: Compared): number =>
  Math.max(0, sent - delivered - ignored);

/** As CleverTap compares names of events: case and blanks do not count. */
const comparable = (name: string): string => name.toLowerCase().replace(/\s/g, '');
