import { isPlace, noFilter, type Filter } from './filter';

export const tabs = ['journey', 'received', 'heap', 'why'] as const;

export type Tab = (typeof tabs)[number];

/** The panel beside the feed. */
export type Panel = 'detail' | 'compose' | 'dead-letters';

/** What the page shows. It is stored in the hash of the URL, so a link or a reload shows the same. */
export interface View {
  readonly filter: Filter;
  /** Id of the selected row. */
  readonly row: string | null;
  /** Index of the selected event in its row; null: the row as a whole. */
  readonly event: number | null;
  readonly tab: Tab;
  /** Null: the composer if the window is wide enough, else only the feed. */
  readonly panel: Panel | null;
}

export const firstView: View = { filter: noFilter, row: null, event: null, tab: 'journey', panel: null };

export function viewOf(hash: string): View {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  const place = parameters.get('state') ?? '';
  const row = parameters.get('row');
  const event = Number(parameters.get('event') ?? NaN);
  const tab = parameters.get('tab');
  const panel = parameters.get('panel');
  return {
    filter: { text: parameters.get('filter') ?? '', place: isPlace(place) ? place : null },
    row,
    event: Number.isSafeInteger(event) && event >= 0 ? event : null,
    tab: tabs.find((known) => known === tab) ?? 'journey',
    panel: panel === 'compose' || panel === 'dead-letters' ? panel : row === null ? null : 'detail',
  };
}

/** Holds only what differs from the first view. Empty if nothing does. */
export function hashOf({ filter, row, event, tab, panel }: View): string {
  const parameters = new URLSearchParams();
  if (filter.text !== '') parameters.set('filter', filter.text);
  if (filter.place !== null) parameters.set('state', filter.place);
  if (row !== null) parameters.set('row', row);
  if (row !== null && event !== null) parameters.set('event', String(event));
  if (row !== null && tab !== 'journey') parameters.set('tab', tab);
  if (panel === 'compose' || panel === 'dead-letters') parameters.set('panel', panel);
  const hash = parameters.toString();
  return hash === '' ? '' : `#${hash}`;
}
