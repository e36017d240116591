import { count, labelled } from '../terminal/terminal-text';
import { remedyFor } from '../remedies';

/** A piece of advice under its label. */
export const advice = (label: string, text: string): string =>
  `  ${label}\n${labelled('', text, { labelColumns: 4 })}`;

/** A number of events and the name of their campaign. */
export interface Share {
  readonly name: string;
  readonly events: number;
}

/** `3 events of Newsletter`, or `12 events of 4 campaigns, most of Newsletter`. */
export function among(shares: readonly Share[]): string {
  const sum = shares.reduce((total, { events }) => total + events, 0);
  const [worst] = [...shares].sort((one, other) => other.events - one.events);
  const of = shares.length > 1 ? `${shares.length} campaigns, most of ${worst?.name ?? ''}` : worst?.name;
  return `${count(sum, 'event')} of ${of ?? ''}`;
}

/** What to do about each reason, and which campaign it hit most. */
export function adviceByReason(
  campaigns: readonly {
    readonly name: string;
    readonly rejectedByReason: Readonly<Record<string, number>>;
  }[],
): string[] {
  const shares = new Map<string, Share[]>();
  for (const { name, rejectedByReason } of campaigns) {
    for (const [reason, events] of Object.entries(rejectedByReason))
      shares.set(reason, [...(shares.get(reason) ?? []), { name, events }]);
  }
  return [...shares].map(([reason, hit]) => advice(reason, `${among(hit)}. ${remedyFor(reason)}`));
}

/** What a log search read and cost; null for a local search. */
export function describeSearch(
  search: { readonly scannedBytes: number; readonly usd: number } | null,
): string {
  if (search === null) return 'on this machine, at no cost';
  const { scannedBytes, usd } = search;
  return `read ${(scannedBytes / 1e6).toFixed(1)} MB of the function's log, about $${usd.toFixed(5)} at $0.005 per GB, the price in us-east-1`;
}
