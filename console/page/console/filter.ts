import type { Equation, FeedRow } from '../../wire';

/** The places where an event can be, in the order of the equation. */
export const places = ['delivered', 'rejected', 'ignored', 'queued', 'missing'] as const;

export type Place = (typeof places)[number];

export const isPlace = (value: string): value is Place => places.some((place) => place === value);

/** Which rows are shown. */
export interface Filter {
  /** Words that must all be in the row, in any case. */
  readonly text: string;
  /** Where at least one event of the row is. Null means anywhere. */
  readonly place: Place | null;
}

export const noFilter: Filter = { text: '', place: null };

export const isFiltering = ({ text, place }: Filter): boolean => text.trim() !== '' || place !== null;

export function matches(row: FeedRow, { text, place }: Filter): boolean {
  if (place !== null && row.counts[place] === 0) return false;
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return true;
  const content = searchable(row);
  return words.every((word) => content.includes(word));
}

/** What the filter searches: what the row shows, and its request id. */
function searchable({ event, campaign, who, requestId, state, counts }: FeedRow): string {
  const present = places.filter((place) => counts[place] > 0);
  const parts = [
    event,
    campaign,
    who,
    requestId,
    ...present,
    ...(counts.queued > 0 ? ['waiting'] : []),
    ...(state.kind === 'rejected' ? [state.reason] : []),
    ...(state.kind === 'queued' ? [state.why] : []),
  ];
  return parts
    .filter((part) => part !== null)
    .join('\n')
    .toLowerCase();
}

export const emptyEquation: Equation = {
  accepted: 0,
  delivered: 0,
  rejected: 0,
  ignored: 0,
  queued: 0,
  missing: 0,
};
