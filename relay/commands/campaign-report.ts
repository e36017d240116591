import { advice, adviceByReason, among, describeSearch, type Share } from '../ledger/advice';
import { nameOf, type Campaign } from '../ledger/campaigns';
import type { LedgerReport } from '../ledger/ledger';
import { count, duration, grouped, labelled, shortened, table } from '../terminal/terminal-text';

/** The outcome of every campaign in the window, and what is in the queue now. */
export interface CampaignStatus extends LedgerReport {
  /** Requests answered with 200, over all campaigns: the endpoint does not know them. */
  readonly accepted: number;
  /** Messages in the queue that are in flight or wait for a retry. */
  readonly pendingHidden: number;
  /** The one with the most rejected and waiting events first. */
  readonly campaigns: readonly Campaign[];
}

/**
 * Whether all waiting events may have ended under another name. A batch names only its 50 largest campaigns, so a campaign
 * may be named when it is received and be part of `other` when it ends, or vice versa. Then `other` ended more events than
 * it received, or the named campaigns did.
 */
export function mayEndAsOther({ campaigns, unread, pendingHidden }: CampaignStatus): boolean {
  const sumOf = (key: 'waiting' | 'receivedBefore', ofOther: boolean): number =>
    campaigns.reduce((sum, one) => (isOther(one) === ofOther ? sum + one[key] : sum), 0);
  return (
    unread + pendingHidden === 0 &&
    sumOf('waiting', false) <= sumOf('receivedBefore', true) &&
    sumOf('waiting', true) <= sumOf('receivedBefore', false)
  );
}

const isOther = ({ campaign, events }: Campaign): boolean => campaign === null && events.includes('other');

/** Rows that the report shows; the JSON has all. */
const maxCampaigns = 30;

const columns = 80;

/** The report of `relay status --by campaign` as text, at most 80 columns wide. */
export function describeCampaigns(
  found: CampaignStatus,
  { window, verbose = false }: { readonly window: number; readonly verbose?: boolean },
): string {
  const { campaigns } = found;
  const toDo = adviceFor(found);
  return [
    `${found.stackName} by campaign, the last ${duration(window)}, until ${found.to}`,
    '',
    ...(campaigns.length === 0 ? ['  No event was read in this window.'] : [tableOf(campaigns)]),
    '',
    labelled(
      'Accepted',
      `${count(found.accepted, 'request')}; refused with 4xx: ${grouped(found.refused)}, failed with 5xx: ${grouped(found.failed)}`,
      layout,
    ),
    labelled(
      'In the queue',
      `${count(found.unread, 'message')} not read yet, campaign unknown; ${grouped(found.pendingHidden)} in flight or waiting for a retry`,
      layout,
    ),
    ...found.gaps.map((gap) => labelled('Missing', gap, layout)),
    ...(verbose ? [labelled('Search', describeSearch(found.search), layout)] : []),
    ...(toDo.length === 0 ? [] : ['', 'What to do', '', ...toDo]),
  ].join('\n');
}

const layout = { labelColumns: 16 };

const headings = ['Received', 'Delivered', 'Rejected', 'Ignored', 'Waiting'];

function tableOf(campaigns: readonly Campaign[]): string {
  const rows = campaigns.slice(0, maxCampaigns).map((one) => ({
    name: nameOf(one),
    numbers: [one.received, one.delivered, one.rejected, one.ignored, one.waiting].map(grouped),
  }));
  const widths = headings.map((heading, index) =>
    Math.max(heading.length, ...rows.map(({ numbers }) => numbers[index]?.length ?? 0)),
  );
  const nameColumns = columns - widths.reduce((sum, width) => sum + 2 + width, 2);
  const more = campaigns.length - rows.length;
  return [
    table(
      ['Campaign', ...headings],
      rows.map(({ name, numbers }) => [shortened(name, nameColumns), ...numbers]),
    ),
    ...(more <= 0 ? [] : [`  and ${count(more, 'campaign')} more: --json has all`]),
  ].join('\n');
}

function adviceFor(found: CampaignStatus): string[] {
  const { campaigns } = found;
  const named = campaigns.map((one) => ({ ...one, name: nameOf(one) }));
  const reasons = adviceByReason(named);
  const sharesOf = (key: 'waiting' | 'receivedBefore'): Share[] =>
    named.flatMap(({ name, [key]: events }) => (events > 0 ? [{ name, events }] : []));
  const [waiting, before] = [sharesOf('waiting'), sharesOf('receivedBefore')];
  return [
    ...reasons,
    ...(reasons.length === 0
      ? []
      : [
          advice(
            'redrive',
            'Redriven dead letters count as received again, and their rejection stays in this report.',
          ),
        ]),
    ...(waiting.length === 0 ? [] : [advice('waiting', `${among(waiting)}. ${whyWaiting(found)}`)]),
    ...(before.length === 0 || (waiting.length > 0 && mayEndAsOther(found))
      ? []
      : [
          advice(
            'window',
            `${among(before)} ended in this window but arrived before it, or at a function that crashed. More may be waiting than shown: choose a longer --window.`,
          ),
        ]),
    ...(campaigns.some(isOther)
      ? [
          advice(
            'other',
            'Setup pings, unreadable bodies, names that must not be logged, and campaigns beyond the 50 largest of a batch.',
          ),
        ]
      : []),
  ];
}

function whyWaiting(found: CampaignStatus): string {
  if (found.unread + found.pendingHidden > 0) {
    return 'They are sent automatically once Heap accepts them; "relay status" shows whether Heap or the app id is the cause.';
  }
  if (mayEndAsOther(found)) {
    return 'But no message is waiting, and at least as many ended under another name: some of them are counted as other.';
  }
  return 'But no message is waiting: check "relay dlq list" for receives_exhausted, and what was discarded. A redriven dead letter of receives_exhausted counts as received twice, so its events stay here.';
}
