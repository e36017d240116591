import { columnsOf, duration, grouped, shortened, visibleText } from '../terminal/terminal-text';
import { partsOf, type FeedRow } from './feed';

/** What a part of a line means; its colour is chosen elsewhere. */
export type Tone = 'good' | 'bad' | 'waiting' | 'plain' | 'faint';

export interface Part {
  readonly tone: Tone;
  readonly string: string;
}

const oneLine = (string: string): string => visibleText(string.replaceAll('\n', ' '));

/** The width of a terminal. */
const columns = 80;
const gap = '  ';

/**
 * A row as a line of at most 80 columns, e.g. `05:24:11  ✓ 1 delivered  Purchase  1.2 s`: the time in UTC, the outcome,
 * the origin, and the reason, delay or cause.
 */
export function rowParts(row: FeedRow): Part[] {
  const { tone, string: outcome } = outcomeOf(row);
  const time = new Date(row.at).toISOString().slice(11, 19);
  const details = detailsOf(row);
  const room = columns - time.length - gap.length - columnsOf(outcome);
  const shown = fitting(originsOf(row), details === '' ? room : room - columnsOf(gap + details), room);
  const origin = shown === '' ? '' : gap + shown;
  const told = shortenedDetails(details, room - columnsOf(origin) - gap.length);
  return [
    { tone: 'faint', string: time },
    { tone, string: gap + outcome },
    { tone: 'plain', string: origin },
    { tone: 'faint', string: told === '' ? '' : gap + told },
  ].filter((part): part is Part => part.string !== '');
}

/** The line without colours. */
export const rowLine = (row: FeedRow): string =>
  rowParts(row)
    .map((part) => part.string)
    .join('');

function outcomeOf({ kind, delivered, ignored, rejected, waiting }: FeedRow): Part {
  if (kind === 'problem') return { tone: 'bad', string: '!' };
  if (kind === 'waiting') return { tone: 'waiting', string: `… ${grouped(waiting)} waiting` };
  const [tone, mark] =
    rejected > 0
      ? (['bad', '✗'] as const)
      : delivered > 0
        ? (['good', '✓'] as const)
        : (['faint', '·'] as const);
  const counts = [
    [rejected, 'rejected'],
    [delivered, 'delivered'],
    [ignored, 'ignored'],
  ] as const;
  const told = counts.filter(([events]) => events > 0).map(([events, what]) => `${grouped(events)} ${what}`);
  return { tone, string: `${mark} ${told.join(', ')}` };
}

/** Cuts the cause of a wait before the time of its next try. */
function shortenedDetails(details: string, columns: number): string {
  const { cause, nextTry } = partsOf(details);
  const room = columns - columnsOf(nextTry);
  return room < 1 ? shortened(details, columns) : shortened(cause, room) + nextTry;
}

/** Names of the origin from long to short: `Newsletter (1650000003)`, `Newsletter`. */
function originsOf({ campaign, event }: FeedRow): string[] {
  if (campaign === null) return [oneLine(event ?? '')];
  if (event === 'other' || event === null) return [`campaign ${oneLine(campaign)}`];
  return [`${oneLine(event)} (${oneLine(campaign)})`, oneLine(event)];
}

/** A name cut shorter than this says nothing; a longer one gives way to the details. */
const minNameColumns = 12;

/** The first name that fits beside the details with the gap before it; otherwise the start of the last one. */
function fitting(names: readonly string[], room: number, wholeRoom: number): string {
  const fits = names.find((name) => columnsOf(gap + name) <= room);
  return (
    fits ??
    shortened(
      names.at(-1) ?? '',
      Math.min(Math.max(minNameColumns, room - gap.length), wholeRoom - gap.length),
    )
  );
}

function detailsOf({ kind, reasons, detail, lagMs, ignored, delivered, rejected }: FeedRow): string {
  if (kind === 'waiting' || kind === 'problem') return oneLine(detail ?? '');
  if (ignored > 0 && delivered + rejected === 0) return 'a setup ping, or left out by a rule';
  const told = Object.entries(reasons).sort(([, one], [, other]) => other - one);
  return [
    told.length === 1
      ? oneLine(told[0]?.[0] ?? '')
      : told.map(([reason, events]) => `${oneLine(reason)} ${grouped(events)}`).join(', '),
    lagMs === null ? '' : duration(lagMs),
  ]
    .filter((part) => part !== '')
    .join(gap);
}
