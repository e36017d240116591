import { decodeMessage, isUnreadable, type SourceEvent } from '../../lambda/clevertap/decode-message';
import { field } from '../../lambda/json';
import type { RejectionReason } from '../../lambda/contract';
import { toBulks, trackBody, userPropertiesBody } from '../../lambda/heap/bulk-request';
import type { Change } from '../../lambda/mapping/findings';
import { isAborted, mapEvent, type HeapEvent, type MappingContext } from '../../lambda/mapping/map-event';
import type { Mapping } from '../../lambda/mapping/mapping';
import type { HeapProperties } from '../../lambda/mapping/properties';
import { isRejected, type Rejected } from '../../lambda/mapping/findings';
import { labelled, visible } from '../terminal/terminal-text';

/** What the deployed function would know; without an app id, none in the payload is compared with it. */
export type PreviewContext = Omit<MappingContext, 'appId' | 'mapping'> & {
  readonly appId: string | undefined;
  readonly mapping: Mapping;
};

/** What would become of one event. A field that does not apply is null. */
export interface EventPreview {
  /** From 0, in the order of the payload. */
  readonly index: number;
  readonly outcome: 'delivered' | 'rejected' | 'ignored';
  /** The rule that was used; null for the default mapping and for what no rule came to see. */
  readonly rule: string | null;
  /** The event as Heap would get it. */
  readonly event: HeapEvent | null;
  readonly changes: readonly { readonly change: Change; readonly property: string | null }[];
  readonly reason: RejectionReason | null;
  /** What was found in an event that is rejected, or why it is ignored. */
  readonly detail: string | null;
  /** Properties of the user that the rule makes. */
  readonly userProperties: HeapProperties | null;
  /** Outputs of the rule's templates that had no value for this event; absent if there are none. */
  readonly missingOutputs?: readonly string[];
}

export interface HeapRequest {
  readonly method: 'POST';
  readonly path: string;
  /** As JSON. */
  readonly body: unknown;
}

export interface PreviewReport {
  readonly events: readonly EventPreview[];
  readonly requests: readonly HeapRequest[];
}

/** Stands in a request for an app id that is not known. */
export const unknownAppId = 'REPLACE_ME';

/**
 * What the deployed function would make of a payload that came by the webhook alone.
 *
 * @param payload the body of the webhook
 * @param pathEvent the event name in the URL, if there is one
 */
export function previewPayload(
  payload: string,
  pathEvent: string | undefined,
  context: PreviewContext,
): PreviewReport {
  const events = previewEvents(payload, pathEvent, context);
  const sent = events.flatMap(({ event }) => event ?? []);
  const requests = (path: string, items: readonly unknown[], bodyOf: typeof trackBody): HeapRequest[] => {
    const serialized = items.map((item) => ({ json: new TextEncoder().encode(JSON.stringify(item)) }));
    return [...toBulks(serialized)].map((bulk) => {
      const bytes = bodyOf(context.appId ?? unknownAppId, bulk);
      const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
      return { method: 'POST', path, body };
    });
  };
  return {
    events,
    requests: [
      ...requests('/api/track', sent, trackBody),
      ...requests('/api/add_user_properties', usersOf(events), userPropertiesBody),
    ],
  };
}

/** Each user once: of two values the last one counts, as in the forwarder. */
function usersOf(events: readonly EventPreview[]): { identity: string; properties: HeapProperties }[] {
  const users = new Map<string, HeapProperties>();
  for (const { event, userProperties } of events) {
    if (event === null || userProperties === null) continue;
    users.set(event.identity, { ...users.get(event.identity), ...userProperties });
  }
  return [...users].map(([identity, properties]) => ({ identity, properties }));
}

function previewEvents(
  payload: string,
  pathEvent: string | undefined,
  context: PreviewContext,
): EventPreview[] {
  // API Gateway hands on an empty body as an empty object.
  const decoded = decodeMessage(payload === '' ? '{}' : payload, pathEvent);
  switch (decoded.kind) {
    case 'ping':
      return [
        { ...untold(0, 'ignored'), detail: 'CleverTap sends this to try a webhook out when it is saved' },
      ];
    case 'undecodable':
      return [rejection(0, decoded)];
    case 'events':
      return decoded.events.map((source, index) =>
        isUnreadable(source) ? rejection(index, source) : previewEvent(index, source, context),
      );
  }
}

function previewEvent(index: number, source: SourceEvent, context: PreviewContext): EventPreview {
  const mapped = mapEvent(source, comparable(source, context));
  const { missingOutputs } = mapped;
  const missing = missingOutputs === undefined ? {} : { missingOutputs };
  if (isRejected(mapped)) return { ...rejection(index, mapped), ...missing };
  if (isAborted(mapped)) {
    const detail = 'the rule leaves it out with {% abort %}';
    return { ...untold(index, 'ignored'), rule: mapped.abortedBy, detail };
  }
  return {
    ...untold(index, 'delivered'),
    rule: mapped.rule ?? null,
    event: mapped.event,
    changes: mapped.changes.map(({ change, property = null }) => ({ change, property })),
    userProperties: mapped.userProperties ?? null,
    ...missing,
  };
}

/** An event of which only its outcome is told. */
const untold = (index: number, outcome: EventPreview['outcome']): EventPreview => ({
  index,
  outcome,
  rule: null,
  event: null,
  changes: [],
  reason: null,
  detail: null,
  userProperties: null,
});

const rejection = (index: number, { reason, detail }: Rejected): EventPreview => ({
  ...untold(index, 'rejected'),
  reason,
  detail,
});

/** Where the app id is not known, an event's own is taken for it, and that of a rule is not looked at. */
function comparable(source: SourceEvent, { appId, mapping, ...context }: PreviewContext): MappingContext {
  if (appId !== undefined) return { ...context, appId, mapping };
  const value = source.body && field(source.body, 'app_id');
  const own = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  return {
    ...context,
    appId: /^\d+$/.test(own) ? own : unknownAppId,
    mapping: {
      ...mapping,
      ruleFor: (eventName, campaignId) => {
        const rule = mapping.ruleFor(eventName, campaignId);
        return rule && { ...rule, appId: undefined };
      },
    },
  };
}

/** What each change means to the one who made the campaign. */
const meanings: Record<Change, string> = {
  value_truncated: 'Longer than the 1023 characters Heap takes. The rest is cut off.',
  event_name_truncated:
    'The name of the event is longer than 255 characters. The rest is cut off; choose a shorter name.',
  value_dropped: 'There is no value, such as null or an empty list. It is left out.',
  type_mismatch:
    'The value is not of the type that "types" in the rule asks for. It is left out. Correct the value in CleverTap or the type in the rule.',
  number_rounded:
    'The number has more digits than a number can hold. It is sent rounded; send it as a text, in quotes, if every digit counts.',
  name_collision:
    'Two values come under this name, or the name stands twice. Only one is sent; give the other another name.',
  name_reserved: 'Heap keeps this name for itself. The value is sent as "clevertap_id".',
  unrendered_value:
    'The value still holds a template such as {{ … }}, or a date $D_… that cannot be read, and is sent as it stands. Check the template in the campaign.',
  text_repaired:
    'Characters that cannot be shown, such as control characters, are taken out or replaced; or U+FFFD shows that some were lost before.',
  timestamp_replaced:
    'This is no time that can be used: write ISO 8601 with a time zone, or seconds since 1970, and no time to come. The time of arrival is sent instead, and what stood there as "original_timestamp".',
  app_id_placeholder: 'This is no app id but a placeholder. The app id of the environment is used instead.',
  explicit_id_ignored:
    'The id does not tell this event from others: it is empty, a placeholder or a template. It is not used.',
};

/** What to do about a rejection. The reasons that are missing here cannot come up in a preview. */
const remedies: Partial<Record<RejectionReason, string>> = {
  invalid_json:
    'Correct the JSON at this place. If a value that the campaign fills in stands there: CleverTap does not escape quotes and line breaks in it.',
  unknown_shape:
    'Choose the body "Profile variables & custom key value pairs" in CleverTap, or give a custom body at least the fields "event" and "identity".',
  missing_event_name:
    'Add a key-value pair "event" to the campaign, or a field "event" to its custom body. Or put the name into the URL: /webhook/{event}, here --event <name>.',
  missing_identity:
    'Tick the field among the profile variables of the campaign, or add "identity" to its custom body. It must hold what the website gives to Heap as identity.',
  placeholder_identity:
    'Take a "default:" out of the template, correct the profile in CleverTap, or leave users without this value out of the campaign. All of them would become one user in Heap, which cannot be undone.',
  identity_not_exact: 'Put the identity in quotes. Such a number would be rounded to another user.',
  unrendered_template:
    'A body copied from the campaign editor still holds its templates: preview one that CleverTap sent, or put in values. Take a "default:" such as \'user@example.com\' out of the identity. If CleverTap sent this, correct the template in the campaign.',
  app_id_mismatch:
    'Take "app_id" out of the payload or correct it. Check that --env and --app-id belong to the same Heap environment.',
  nested_too_deep: 'Send only the values you need, each under a name of its own.',
  too_many_properties: 'Send fewer values.',
  property_name_too_long: 'Shorten the name, or nest the value less deeply.',
  forbidden_property_name: 'Give the property another name.',
  template_failed: 'Correct the template in this rule, or the value that it cannot work with.',
};

/** What to do about a rejection, by what was found. */
function remedyFor(reason: RejectionReason, detail: string | null): string {
  if (reason === 'missing_event_name' && detail?.endsWith('rendered its event to nothing') === true) {
    return 'Correct the template "event" of this rule, or leave "event" out: the event then keeps its name.';
  }
  return remedies[reason] ?? 'See docs/reasons.md.';
}

/** A report for a person at a terminal of 80 columns; only the requests' own values may be wider. */
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
  if (reason !== null) lines.push(labelled('To do', remedyFor(reason, detail)));
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

/** A template may hold line breaks. */
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
