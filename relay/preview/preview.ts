import { decodeMessage, isUnreadable, type SourceEvent } from '../../lambda/clevertap/decode-message';
import { field } from '../../lambda/json';
import type { RejectionReason } from '../../lambda/contract';
import { toBulks, trackBody, userPropertiesBody } from '../../lambda/heap/bulk-request';
import type { Change } from '../../lambda/mapping/findings';
import { isAborted, mapEvent, type HeapEvent, type MappingContext } from '../../lambda/mapping/map-event';
import type { Mapping } from '../../lambda/mapping/mapping';
import type { HeapProperties } from '../../lambda/mapping/properties';
import { isRejected, type Rejected } from '../../lambda/mapping/findings';

/** What the deployed function would know. Without an app id, one in the payload is not compared. */
export type PreviewContext = Omit<MappingContext, 'appId' | 'mapping'> & {
  readonly appId: string | undefined;
  readonly mapping: Mapping;
};

/** The outcome of one event. A field that does not apply is null. */
export interface EventPreview {
  /** From 0, in the order of the payload. */
  readonly index: number;
  readonly outcome: 'delivered' | 'rejected' | 'ignored';
  /** The rule that was used; null for the default mapping and for events that were rejected or ignored before any rule. */
  readonly rule: string | null;
  /** The event that Heap would get. */
  readonly event: HeapEvent | null;
  readonly changes: readonly { readonly change: Change; readonly property: string | null }[];
  readonly reason: RejectionReason | null;
  /** What was found in a rejected event, or why an event is ignored. */
  readonly detail: string | null;
  /** User properties that the rule sets. */
  readonly userProperties: HeapProperties | null;
  /** Outputs of the rule's templates that had no value for this event; absent without any. */
  readonly missingOutputs?: readonly string[];
}

export interface HeapRequest {
  readonly method: 'POST';
  readonly path: string;
  /** Parsed JSON. */
  readonly body: unknown;
}

export interface PreviewReport {
  readonly events: readonly EventPreview[];
  readonly requests: readonly HeapRequest[];
}

/** Replaces an unknown app id in a request. */
export const unknownAppId = 'REPLACE_ME';

/**
 * What the deployed function would make of a payload that is the only one in its batch.
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

/** Each user once, with the last value of each property, as in the forwarder. */
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
  // API Gateway passes on an empty body as an empty object.
  const decoded = decodeMessage(payload === '' ? '{}' : payload, pathEvent);
  switch (decoded.kind) {
    case 'ping':
      return [{ ...bare(0, 'ignored'), detail: 'CleverTap sends this to test a webhook when it is saved' }];
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
    return { ...bare(index, 'ignored'), rule: mapped.abortedBy, detail };
  }
  return {
    ...bare(index, 'delivered'),
    rule: mapped.rule ?? null,
    event: mapped.event,
    changes: mapped.changes.map(({ change, property = null }) => ({ change, property })),
    userProperties: mapped.userProperties ?? null,
    ...missing,
  };
}

/** An event with nothing but its outcome. */
const bare = (index: number, outcome: EventPreview['outcome']): EventPreview => ({
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
  ...bare(index, 'rejected'),
  reason,
  detail,
});

/** If the app id is unknown, uses the event's own instead and ignores a rule's, so that none is compared. */
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
