import { fullRemedyFor } from '../remedies';
import { labelled, visible } from '../terminal/terminal-text';
import { meanings } from './change-meanings';
import type { EndpointAnswer } from './endpoint-answer';
import type { EventPreview, PreviewReport } from './preview';

/** A report for a terminal of 80 columns; only values inside the requests may be wider. */
export function printReport({ events, requests }: PreviewReport): string {
  const blocks = [
    ...(events.length === 1 ? [] : [summary(events)]),
    ...events.map((event) => printEvent(event, events.length)),
    ...requests.map(
      ({ method, path, body }, index) =>
        `Request ${index + 1} of ${requests.length} to Heap\n\n${method} ${path}\n${JSON.stringify(body, null, 2)}`,
    ),
  ];
  return visible(blocks.join('\n\n'));
}

function summary(events: readonly EventPreview[]): string {
  const counts = (['delivered', 'rejected', 'ignored'] as const).flatMap((outcome) => {
    const count = events.filter((event) => event.outcome === outcome).length;
    return count === 0 ? [] : `${count} ${outcome}`;
  });
  return `${events.length} events: ${counts.join(', ')}`;
}

function printEvent(preview: EventPreview, count: number): string {
  const { index, outcome, event, reason, detail, userProperties } = preview;
  const lines = [`Event ${index + 1} of ${count}: would be ${outcome}`];
  if (event !== null) {
    lines.push(
      labelled('Name', JSON.stringify(event.event)),
      labelled('Identity', JSON.stringify(event.identity)),
    );
  }
  if (event !== null || preview.rule !== null)
    lines.push(labelled('Rule', preview.rule ?? 'default mapping'));
  if (reason !== null) lines.push(labelled('Reason', reason));
  if (detail !== null) lines.push(labelled(reason === null ? 'Because' : 'Found', detail));
  if (reason !== null) {
    const remedy = fullRemedyFor(reason, detail);
    const option = options.find(([words]) => remedy.includes(words))?.[1];
    lines.push(labelled('To do', option === undefined ? remedy : `${remedy} ${option}`));
  }
  if (preview.missingOutputs !== undefined) {
    lines.push(labelled('No value', preview.missingOutputs.map(oneLine).join(', ')));
  }
  if (event !== null) lines.push(...printChanges(preview.changes));
  const blank = Object.entries(event?.properties ?? {}).flatMap(([name, value]) =>
    value === '' ? JSON.stringify(name) : [],
  );
  if (blank.length > 0) lines.push(labelled('Empty', `${blank.join(', ')}: sent as an empty string`));
  if (userProperties !== null) {
    const names = Object.keys(userProperties).map((name) => JSON.stringify(name));
    lines.push(labelled('User', `gets ${names.join(', ') || 'no properties'}`));
  }
  return lines.join('\n');
}

/** The command's options for what a remedy mentions. */
const options: readonly (readonly [words: string, option: string])[] = [
  ['/webhook/{event}', 'Here it is --event <name>.'],
  ['"app_id"', 'Check that --env and --app-id belong together.'],
];

/** A template may contain line breaks. */
const oneLine = (template: string): string => template.replace(/\s+/g, ' ');

function printChanges(changes: EventPreview['changes']): string[] {
  if (changes.length === 0) return [labelled('Changes', 'none')];
  return [...new Set(changes.map(({ change }) => change))].flatMap((change, index) => {
    const properties = changes.flatMap(({ change: other, property }) =>
      other === change && property !== null ? JSON.stringify(property) : [],
    );
    return [
      labelled(
        index === 0 ? 'Changes' : '',
        [change, properties.join(', ')].filter((text) => text !== '').join(': '),
      ),
      labelled('', meanings[change], { indent: 2 }),
    ];
  });
}

/** The response for a terminal of 80 columns; undefined if there is nothing to say. */
export function printAnswer({ status, detail }: EndpointAnswer): string | undefined {
  if (detail === null) return undefined;
  const isStored = status === 200;
  const fate = isStored ? 'the payload would be stored' : 'the payload would not be stored, nor sent again';
  return [
    `The endpoint would answer ${status}: ${fate}`,
    labelled(isStored ? 'But' : 'Because', detail),
  ].join('\n');
}
