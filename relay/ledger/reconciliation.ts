import type { Campaign } from './campaigns';
import type { SentCampaign } from './sent-list';

/** What CleverTap says it sent of a campaign, and what arrived. */
export interface Compared {
  /** Ids in CleverTap; several if their custom bodies have the same event and so cannot be told apart. */
  readonly campaigns: readonly string[];
  readonly names: readonly string[];
  /** How it was found in the ledger; null if nothing arrived. */
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
  /** Arrived minus sent. If negative, at least that many did not arrive, provided the figures cover the same window. */
  readonly difference: number;
}

export interface Reconciliation {
  /** The largest shortfall first. */
  readonly compared: readonly Compared[];
  /** Campaigns that arrived but are not in the file. */
  readonly onlyArrived: readonly Campaign[];
}

/** What a campaign is compared with: the one with its id, or all events whose names are equal in CleverTap. */
type Arrived = readonly Campaign[];

/**
 * Compares campaigns by id, and those whose id did not arrive by event name. Never compares with `other`, which holds
 * events whose names must not be logged.
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

/** The minimum number of sent events that were neither delivered nor ignored. */
export const shortfallOf = ({ sent, delivered, ignored }: Compared): number =>
  Math.max(0, sent - delivered - ignored);

/** CleverTap ignores case and blanks in event names. */
const comparable = (name: string): string => name.toLowerCase().replace(/\s/g, '');
