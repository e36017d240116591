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

/** Compares campaigns by their ids, and those whose id did not arrive by the name of their events. */
export function reconcile(sent: readonly SentCampaign[], arrived: readonly Campaign[]): Reconciliation {
  const byId = new Map(arrived.flatMap((one) => (one.campaign === null ? [] : [[one.campaign, one]])));
  const byEvent = new Map(
    arrived.flatMap((one) =>
      one.campaign === null ? one.events.map((event) => [comparable(event), one] as const) : [],
    ),
  );
  const pairs = new Map<Campaign | SentCampaign, { ours: Campaign | undefined; theirs: SentCampaign[] }>();
  for (const one of sent) {
    const ours =
      (one.campaign === null ? undefined : byId.get(one.campaign)) ??
      byEvent.get(comparable(one.event ?? one.name ?? ''));
    const pair = pairs.get(ours ?? one) ?? { ours, theirs: [] };
    pair.theirs.push(one);
    pairs.set(ours ?? one, pair);
  }
  return {
    compared: [...pairs.values()]
      .map(({ ours, theirs }) => compare(ours, theirs))
      .sort((one, other) => shortfallOf(other) - shortfallOf(one) || other.sent - one.sent),
    onlyArrived: arrived.filter((one) => !pairs.has(one)),
  };
}

function compare(ours: Campaign | undefined, theirs: readonly SentCampaign[]): Compared {
  const sent = theirs.reduce((sum, one) => sum + one.sent, 0);
  const arrived = ours?.received ?? 0;
  return {
    campaigns: theirs.flatMap(({ campaign }) => campaign ?? []),
    names: theirs.flatMap(({ name }) => name ?? []),
    foundBy: ours === undefined ? null : ours.campaign === null ? 'event' : 'id',
    event: ours?.events[0] ?? theirs[0]?.event ?? null,
    sent,
    arrived,
    delivered: ours?.delivered ?? 0,
    rejected: ours?.rejected ?? 0,
    rejectedByReason: ours?.rejectedByReason ?? {},
    ignored: ours?.ignored ?? 0,
    waiting: ours?.waiting ?? 0,
    difference: arrived - sent,
  };
}

/** How many of what was sent came to no good end, at least. */
export const shortfallOf = ({ sent, delivered, ignored }: Compared): number =>
  Math.max(0, sent - delivered - ignored);

/** As CleverTap compares names of events: case and blanks do not count. */
const comparable = (name: string): string => name.toLowerCase().replace(/\s/g, '');
