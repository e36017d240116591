import { advice, adviceByReason, among, describeSearch } from '../ledger/advice';
import { nameOf } from '../ledger/campaigns';
import type { LedgerReport } from '../ledger/ledger';
import type { Compared, Reconciliation } from '../ledger/reconciliation';
import type { SentList } from '../ledger/sent-list';
import { count, duration, grouped, labelled, shortened, table, visibleText } from '../terminal/terminal-text';

/** What CleverTap says it sent, beside what arrived in the window. */
export interface ReconcileReport extends LedgerReport, Reconciliation, Omit<SentList, 'campaigns'> {}

/** A person reads no more; the JSON has all. */
const maxCampaigns = 30;

const columns = 80;

/** The report for a person, at most 80 columns wide. */
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
          'Arrived, and not in the file',
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

/** What is to be known of the figures. */
function notes(found: ReconcileReport): [string, string][] {
  const { leftOut, partialDays, unknownDays } = found;
  const rows: [number, string, string][] = [
    [
      leftOut.otherChannels,
      'Left out',
      `${count(leftOut.otherChannels, 'row')} of other channels than webhooks`,
    ],
    [leftOut.otherDays, 'Left out', `${count(leftOut.otherDays, 'row')} of days outside the window`],
    [
      leftOut.withoutFigure,
      'Left out',
      `${count(leftOut.withoutFigure, 'row')} without a figure of what was sent`,
    ],
    [
      partialDays,
      'Partly',
      `${count(partialDays, 'row')} of a day that may be only partly in the window: CleverTap's days are those of its project's time zone`,
    ],
    [
      unknownDays,
      'Any day',
      `${count(unknownDays, 'row')} with a day that could not be read; write it as 2026-11-28`,
    ],
    [
      found.refused + found.failed,
      'At the door',
      `${grouped(found.refused)} requests refused with 4xx and ${grouped(found.failed)} failed with 5xx, of no known campaign`,
    ],
    [found.unread, 'In the queue', `${count(found.unread, 'message')} not read yet, so of no known campaign`],
  ];
  return [
    ...rows.flatMap(([number, label, text]): [string, string][] => (number === 0 ? [] : [[label, text]])),
    ...found.gaps.map((gap): [string, string] => ['Missing', gap]),
    [
      'Differences',
      'are bounds, not events that were lost: a request that CleverTap repeats arrives twice, as does a redriven dead letter; tests and journeys are not told apart; and what the file counts must be of this window',
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
            'No row counts: see Left out. Choose another --window, or export webhooks.',
          ),
        ]
      : []),
    ...(absent.length === 0
      ? []
      : [
          advice(
            'nothing arrived',
            `${among(absent.map(({ name, sent }) => ({ name, events: sent })))}. A custom body has no id: give the file a column "event" with the name of its event. Else look at the URL and key of the webhook in CleverTap, at another environment, and at "Webhook Dispatch Failed" in the campaign.`,
          ),
        ]),
    ...(fewer.length === 0
      ? []
      : [
          advice(
            'fewer arrived',
            `${among(fewer.map(({ name, difference }) => ({ name, events: -difference })))} did not arrive in this window, or more if others arrived twice. Look at the campaign's errors in CleverTap, at requests that were refused (docs/runbook.md#ingressrejected), at what is not read yet, and at the first and last day of the window.`,
          ),
        ]),
    ...adviceByReason(named),
    ...(waiting.length === 0
      ? []
      : [
          advice(
            'waiting',
            `${among(waiting.map((one) => ({ name: one.name, events: one.waiting })))}. "relay status --by campaign" says what they wait for.`,
          ),
        ]),
    ...(shared.length === 0
      ? []
      : [
          advice(
            'together',
            `${shared.map(({ name }) => name).join('; ')}: their custom bodies have the same event, so that they cannot be told apart.`,
          ),
        ]),
    ...(byEvent.length === 0
      ? []
      : [
          advice(
            'by event',
            `${byEvent.map(({ name }) => name).join('; ')}: compared by the name of their event, not by their id.`,
          ),
        ]),
    ...(found.onlyArrived.length === 0
      ? []
      : [
          advice(
            'not in the file',
            'Send Test, journeys, campaigns that the report leaves out, and custom bodies, which count by the name of their event.',
          ),
        ]),
  ];
  return places.length === 0 ? ['  Nowhere: as many were delivered as were sent.'] : places;
}
