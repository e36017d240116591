import { maxSourceDepth, type SourceEvent } from '../clevertap/decode-message';
import type { JsonObject } from '../json';
import { campaignIdOf, draftByDefault, repairName } from './default-mapping';
import type { Draft } from './draft';
import { Changes, isRejected, rejected, type RecordedChange, type Rejected } from './findings';
import { canonicalSource, idempotencyKey, type Sha256 } from './idempotency-key';
import { chooseIdentity } from './identity';
import type { Mapping } from './mapping';
import { PropertyCollector, type HeapProperties } from './properties';
import { draftByRule } from './rule';
import { cut, holdsTemplate, withoutInvisible } from './strings';
import { AbortEvent } from './template-scope';
import { parseTimestamp, toIso } from './timestamp';

/** An event in the format of Heap's bulk track API (developers.heap.io, "Bulk Track"). */
export interface HeapEvent {
  readonly event: string;
  readonly identity: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly idempotency_key: string;
  readonly properties: HeapProperties;
}

/** What the mapping depends on besides the event itself. */
export interface MappingContext {
  readonly appId: string;
  /** When the endpoint accepted the message, in milliseconds since 1970. */
  readonly receivedAt: number;
  readonly requestId: string;
  /** Names of profile fields that identify a user, best first. */
  readonly identityOrder: readonly string[];
  readonly dedupeWindowMs: number;
  /** The environment's rules, campaigns and denied identities. */
  readonly mapping: Mapping;
  readonly sha256: Sha256;
}

export interface MappedEvent {
  readonly event: HeapEvent;
  /** Properties of the user, if a rule sets any. */
  readonly userProperties: HeapProperties | undefined;
  /** The rule that was used; undefined for the default mapping. */
  readonly rule: string | undefined;
  /** What was cut, dropped or replaced on the way, in order. */
  readonly changes: readonly RecordedChange[];
}

/** Added for an event mapped by a rule: the template outputs without a value, if any. */
export interface MappedByRule {
  readonly missingOutputs?: readonly string[];
}

/** An event that a rule aborts with `{% abort %}`. */
export interface AbortedEvent {
  readonly abortedBy: string;
}

export const isAborted = (mapped: object): mapped is AbortedEvent => 'abortedBy' in mapped;

/** Heap accepts 1024 characters, but its client side shows and documents 255. */
const maxEventNameLength = 255;

/**
 * Maps an event to what Heap receives. The first matching rule drafts it, or else the default mapping, and then it is
 * judged.
 *
 * @returns the event for Heap, or why there can never be one
 */
export function mapEvent(
  source: SourceEvent,
  context: MappingContext,
): (MappedEvent | AbortedEvent | Rejected) & MappedByRule {
  const canonical = canonicalSource(source);
  if (canonical === undefined) {
    return rejected('nested_too_deep', `nested more than ${maxSourceDepth} levels deep`);
  }
  const { mapping, identityOrder, receivedAt } = context;
  const draft = draftByDefault(source, identityOrder, mapping.campaigns);
  const rule = mapping.ruleFor(repairName(draft.name), campaignIdOf(source));
  if (rule === undefined) return judge(draft, source, canonical, context);
  try {
    const ruled = draftByRule(rule, source, draft, receivedAt);
    const judged =
      ruled.name === '' && rule.event !== undefined
        ? rejected('missing_event_name', `the rule ${rule.name} rendered its event to nothing`)
        : judge(ruled, source, canonical, context);
    const missingOutputs = [...(ruled.missingOutputs ?? [])];
    return missingOutputs.length === 0 ? judged : { ...judged, missingOutputs };
  } catch (error) {
    if (error instanceof AbortEvent) return { abortedBy: rule.name };
    // A template's error message may quote its input.
    return rejected('template_failed', `rule ${rule.name}: ${error instanceof Error ? error.name : 'error'}`);
  }
}

/** Turns a draft into an event, or says why it can never be one. */
function judge(
  draft: Draft,
  source: SourceEvent,
  canonical: string,
  context: MappingContext,
): MappedEvent | Rejected {
  const { appId, receivedAt, requestId, dedupeWindowMs, mapping, sha256 } = context;
  const changes = new Changes();
  for (const { change, property } of source.losses) changes.record(change, property);
  for (const named of draft.appIds) {
    const mismatch = appIdMismatch(named, appId, changes);
    if (mismatch !== undefined) return mismatch;
  }

  if (draft.name === '') {
    return rejected(
      'missing_event_name',
      'no event in the body, in key_values or in the URL; add a key_value "event" or use /webhook/{event}',
    );
  }
  if (holdsTemplate(draft.name)) {
    return rejected('unrendered_template', 'the event name still holds a template');
  }
  const identified = chooseIdentity(draft.identities, mapping.isDenied);
  if (isRejected(identified)) return identified;
  const { identity } = identified;

  for (const key of draft.explicitId.ignored) changes.record('explicit_id_ignored', key);
  const timestamp = parseTimestamp(draft.time, receivedAt);

  const collector = new PropertyCollector(changes, draft.types);
  for (const { values, usedUp } of draft.properties) collector.addAll(values, usedUp);
  if (draft.time !== undefined && timestamp === undefined) {
    changes.record('timestamp_replaced', 'timestamp');
    collector.addIfPossible('original_timestamp', draft.time);
  }
  const user = draft.userProperties && collect(draft.userProperties, changes);
  const rejection = collector.rejection ?? user?.rejection;
  if (rejection !== undefined) return rejection;

  const name = repairName(draft.name);
  // U+FFFD is the trace of characters that were lost on the way.
  const isRepaired = withoutInvisible(draft.name) !== draft.name || name.includes('\uFFFD');
  if (isRepaired) changes.record('text_repaired', 'event');
  const event = cut(name, maxEventNameLength);
  if (event !== name) changes.record('event_name_truncated');
  const occurrence = {
    explicitId: draft.explicitId.id,
    source: canonical,
    receivedAt,
    requestId,
    dedupeWindowMs,
  };
  const key = idempotencyKey({ appId, identity, event, ...occurrence }, sha256);
  return {
    event: {
      event,
      identity,
      timestamp: timestamp ?? toIso(receivedAt),
      idempotency_key: key,
      properties: collector.properties,
    },
    userProperties: user && Object.keys(user.properties).length > 0 ? user.properties : undefined,
    rule: draft.rule,
    changes: changes.recorded,
  };
}

function collect(values: JsonObject, changes: Changes): PropertyCollector {
  const collector = new PropertyCollector(changes);
  collector.addAll(values);
  return collector;
}

/**
 * Checks the app id that a custom body may carry, as in CleverTap's guide. Heap would accept a wrong one and lose the
 * event, so another number is rejected. A string such as `<app id>` is the guide's own placeholder.
 */
function appIdMismatch(value: unknown, appId: string, changes: Changes): Rejected | undefined {
  if (value === undefined) return undefined;
  const named = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  if (!/^\d+$/.test(named)) changes.record('app_id_placeholder', 'app_id');
  else if (named !== appId) {
    return rejected('app_id_mismatch', "the body's app_id is not this environment's");
  }
  return undefined;
}
