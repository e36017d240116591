import { advice, adviceByReason, among, describeSearch } from '../ledger/advice';
import { nameOf } from '../ledger/campaigns';
import type { LedgerReport } from '../ledger/ledger';
import type { Compared, Reconciliation } from '../ledger/reconciliation';
import type { SentList } from '../ledger/sent-list';
import { count, duration, grouped, labelled, shortened, table, visibleText } from '../terminal/terminal-text';

/** What CleverTap says it sent, and what arrived in the window. */
export interface ReconcileReport extends LedgerReport, Reconciliation, Omit<SentList, 'campaigns'> {}

/** Rows that the report shows; the JSON has all. */
const maxCampaigns = 30;

const columns = 80;

/** The report as text, at most 80 columns wide. */
export function describeReconciliation(
  found: ReconcileReport,
  { window, verbose = false }: { readonly window: number; readonly verbose?: boolean },
): string {
  return [
    `${found.stackName} and CleverTap, the ${duration(window)} until ${found.to}`,
    '',
    ...(found.compared.length === 0
      ? ['  No campaign of the file is left to compare.']
      : [tableOf(found.compared)]),
    ...(found.onlyArrived.length === 0
      ? []
      : [
          '',
          'Arrived, but not in the file',
          '',
          listOf(found.onlyArrived.map((one) => [nameOf(one), one.received])),
        ]),
    '',
    ...notes(found).map(([label, text]) => labelled(label, text, { labelColumns: 16 })),
    ...(verbose ? [labelled('Search', describeSearch(found.search), { labelColumns: 16 })] : []),
    '',
    'Where to look',
    '',
    ...whereToLook(found),
  ].join('\n');
}

const headings = ['Sent', 'Arrived', 'Delivered', 'Rejected', 'Difference'];

function tableOf(compared: readonly Compared[]): string {
  const rows = compared.slice(0, maxCampaigns).map((one) => ({
    name: nameOfCompared(one),
    numbers: [
      ...[one.sent, one.arrived, one.delivered, one.rejected].map(grouped),
      `${one.difference > 0 ? '+' : ''}${grouped(one.difference)}`,
    ],
  }));
  const widths = headings.map((heading, index) =>
    Math.max(heading.length, ...rows.map(({ numbers }) => numbers[index]?.length ?? 0)),
  );
  const nameColumns = columns - widths.reduce((sum, width) => sum + 2 + width, 2);
  return [
    table(
      ['Campaign', ...headings],
      rows.map(({ name, numbers }) => [shortened(name, nameColumns), ...numbers]),
    ),
    ...more(compared.length),
  ].join('\n');
}

function listOf(campaigns: readonly (readonly [name: string, received: number])[]): string {
  return [
    table(
      ['Received', 'Campaign'],
      campaigns.slice(0, maxCampaigns).map(([name, received]) => [grouped(received), shortened(name, 60)]),
    ),
    ...more(campaigns.length),
  ].join('\n');
}

const more = (number: number): string[] =>
  number <= maxCampaigns ? [] : [`  and ${count(number - maxCampaigns, 'campaign')} more: --json has all`];

function nameOfCompared({ campaigns, names, event }: Compared): string {
  const [id, ...others] = campaigns;
  const name = visibleText(names[0] ?? event ?? '');
  const rest = others.length === 0 ? '' : ` and ${others.length} more`;
  return (id === undefined ? name : `${id} ${name}`).trim() + rest;
}

/** What to know about the figures. */
function notes(found: ReconcileReport): [string, string][] {
  const { leftOut, partialDays, unknownDays } = found;
  const rows: [number, string, string][] = [
    [
      leftOut.otherChannels,
      'Left out',
      `${count(leftOut.otherChannels, 'row')} of channels other than webhooks`,
    ],
    [leftOut.otherDays, 'Left out', `${count(leftOut.otherDays, 'row')} of days outside the window`],
    [leftOut.withoutFigure, 'Left out', `${count(leftOut.withoutFigure, 'row')} without a sent figure`],
    [
      partialDays,
      'Partly',
      `${count(partialDays, 'row')} of a day that may be only partly in the window: CleverTap's days are in its project's time zone`,
    ],
    [unknownDays, 'Any day', `${count(unknownDays, 'row')} with an unreadable day; write it as 2026-11-28`],
    [
      found.refused + found.failed,
      'Endpoint',
      `${count(found.refused, 'request')} refused with 4xx and ${grouped(found.failed)} failed with 5xx, campaign unknown`,
    ],
    [found.unread, 'In the queue', `${count(found.unread, 'message')} not read yet, campaign unknown`],
  ];
  return [
    ...rows.flatMap(([number, label, text]): [string, string][] => (number === 0 ? [] : [[label, text]])),
    ...found.gaps.map((gap): [string, string] => ['Missing', gap]),
    [
      'Differences',
      'are bounds, not lost events: a request that CleverTap repeats arrives twice, as does a redriven dead letter; tests and journeys are not told apart; and the file must cover this window',
    ],
  ];
}

function whereToLook(found: ReconcileReport): string[] {
  const named = found.compared.map((one) => ({ ...one, name: nameOfCompared(one) }));
  const absent = named.filter(({ foundBy, sent }) => foundBy === null && sent > 0);
  const fewer = named.filter(({ foundBy, difference }) => foundBy !== null && difference < 0);
  const waiting = named.filter((one) => one.waiting > 0);
  const shared = named.filter(({ campaigns }) => campaigns.length > 1);
  const byEvent = named.filter(({ foundBy }) => foundBy === 'event');
  const places = [
    ...(named.length === 0
      ? [
          advice(
            'nothing compared',
            'Every row was left out: see above. Choose another --window, or export webhooks.',
          ),
        ]
      : []),
    ...(absent.length === 0
      ? []
      : [
          advice(
            'nothing arrived',
            `${among(absent.map(({ name, sent }) => ({ name, events: sent })))}. A custom body has no id: add a column "event" with the name of its event to the file. Otherwise check the URL and key of the webhook in CleverTap, the other environments, and "Webhook Dispatch Failed" in the campaign.`,
          ),
        ]),
    ...(fewer.length === 0
      ? []
      : [
          advice(
            'fewer arrived',
            `${among(fewer.map(({ name, difference }) => ({ name, events: -difference })))} did not arrive in this window, or more if others arrived twice. Check the campaign's errors in CleverTap, refused requests (docs/runbook.md#ingressrejected), messages that are not read yet, and the first and last day of the window.`,
          ),
        ]),
    ...adviceByReason(named),
    ...(waiting.length === 0
      ? []
      : [
          advice(
            'waiting',
            `${among(waiting.map((one) => ({ name: one.name, events: one.waiting })))}. They had not ended when this window did: "relay status --by campaign" shows what still waits.`,
          ),
        ]),
    ...(shared.length === 0
      ? []
      : [
          advice(
            'together',
            `${shared.map(({ name }) => name).join('; ')}: their custom bodies have the same event, so they cannot be told apart.`,
          ),
        ]),
    ...(byEvent.length === 0
      ? []
      : [
          advice(
            'by event',
            `${byEvent.map(({ name }) => name).join('; ')}: compared by event name, not by id.`,
          ),
        ]),
    ...(found.onlyArrived.length === 0
      ? []
      : [
          advice(
            'not in the file',
            'Send Test, journeys, campaigns that the report leaves out, and custom bodies, which count by event name.',
          ),
        ]),
  ];
  return places.length === 0 ? ['  Nowhere: every campaign delivered as many events as it sent.'] : places;
}
