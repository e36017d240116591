import { maxSourceDepth, type SourceEvent } from '../clevertap/decode-message';
import { field, fieldKey, isJsonObject, objectField, type JsonObject } from '../json';
import { identityFields } from '../contract';
import { Changes } from './changes';
import { campaignText, render, renderMembers, type CompiledRule } from './compile-rules';
import { chooseIdentity, holdsInvisible, isPlaceholder } from './identity';
import { canonicalSource, idempotencyKey } from './idempotency-key';
import { AbortEvent, templateObject } from './template-scope';
import type { Mapping } from './mapping';
import { PropertyWriter, type HeapProperties } from './properties';
import { isRejected, rejected, type Rejected } from './rejection';
import { clean, cut, holdsTemplate, jsonText } from './text';
import { parseTimestamp, toIso } from './timestamp';

/** An event as Heap's bulk track API takes it (developers.heap.io, "Bulk Track"). */
export interface HeapEvent {
  readonly event: string;
  readonly identity: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly idempotency_key: string;
  readonly properties: HeapProperties;
}

/** What the mapping knows besides the event itself. */
export interface MappingContext {
  readonly appId: string;
  /** When the endpoint accepted the message, in milliseconds since 1970. */
  readonly receivedAt: number;
  readonly requestId: string;
  /** Names of profile fields that identify a user, best first. */
  readonly identityOrder: readonly string[];
  readonly dedupeWindowMs: number;
  /** Rules, campaigns and denied identities of the environment. */
  readonly mapping?: Mapping;
}

export interface MappedEvent {
  /** The `HeapEvent` as JSON. */
  readonly json: string;
  readonly identity: string;
  /** `HeapProperties` of the user as JSON, where a rule has them. */
  readonly userProperties: string | undefined;
  /** The rule that was used; undefined for the default mapping. */
  readonly rule: string | undefined;
  /** What was cut, dropped or replaced on the way. */
  readonly changes: Changes;
}

/** An event that a rule leaves out with `{% abort %}`. */
export interface AbortedEvent {
  readonly abortedBy: string;
}

export const isAborted = (mapped: object): mapped is AbortedEvent => 'abortedBy' in mapped;

/** Heap takes 1024 characters but shows and documents 255 on its client side. */
const maxEventNameLength = 255;

const nameFields = ['event', 'event_name', 'evtName'];

/**
 * Maps an event to what Heap shall receive: by the first rule that matches it, else by the default mapping, which
 * names it by body, key_values, URL or campaign, identifies it by the first usable profile field, and sends all
 * event properties and key_values.
 *
 * @returns the event for Heap, or why it can never be one
 */
export function mapEvent(
  source: SourceEvent,
  context: MappingContext,
): MappedEvent | AbortedEvent | Rejected {
  const sourceText = canonicalSource(source);
  if (sourceText === undefined) {
    return rejected('nested_too_deep', `nested more than ${maxSourceDepth} levels deep`);
  }
  const named = chooseName(source, context.mapping);
  const rule = context.mapping?.ruleFor(named?.name, source.campaignId);
  if (rule === undefined) return assemble(source, sourceText, context, named, undefined);
  try {
    return assemble(source, sourceText, context, named, renderRule(rule, source, context));
  } catch (error) {
    if (error instanceof AbortEvent) return { abortedBy: rule.name };
    // The message of a template's error may quote what it was given.
    return rejected('template_failed', `rule ${rule.name}: ${error instanceof Error ? error.name : 'error'}`);
  }
}

function assemble(
  source: SourceEvent,
  sourceText: string,
  context: MappingContext,
  named: ChosenName | undefined,
  rendered: RenderedRule | undefined,
): MappedEvent | Rejected {
  const changes = new Changes();
  for (const group of source.unusableGroups) changes.record('value_dropped', group);
  for (const name of source.collidingNames) changes.record('name_collision', name);
  for (const appId of [rendered?.appId, source.body && field(source.body, 'app_id')]) {
    const wrongApp = appIdMismatch(appId, context.appId, changes);
    if (wrongApp !== undefined) return wrongApp;
  }

  const name = rendered?.event === undefined ? named?.name : toName(rendered.event.value);
  if (name === undefined || name === '') {
    return rejected(
      'missing_event_name',
      'no event in the body, in key_values or in the URL; add a key_value "event" or use /webhook/{event}',
    );
  }
  if (holdsTemplate(name)) return rejected('unrendered_template', 'the event name still holds a template');
  const identified = chooseIdentity(source, context.identityOrder, {
    mapped: rendered?.identity,
    isDenied: context.mapping?.isDenied,
  });
  if (isRejected(identified)) return identified;

  // Only what belongs to this one event may identify or date it: the request's key_values are constants of the
  // campaign, and an id among them would make all of a campaign's events one.
  const ownFields = source.body ?? source.profileKeyValues;
  const idFields = source.body === undefined ? ['event_id', 'message_id'] : ['idempotency_key'];
  const ownId = explicitId(ownFields, idFields, changes);
  const id = rendered?.idempotencyKey === undefined ? ownId?.value : toId(rendered.idempotencyKey.value);
  if (rendered?.idempotencyKey !== undefined && id === undefined) changes.record('explicit_id_ignored');
  const ownTime = timestampOf(ownFields);
  const time = rendered?.timestamp?.value === undefined ? ownTime?.value : rendered.timestamp.value;
  const timestamp = parseTimestamp(time, context.receivedAt);

  const writer = new PropertyWriter(changes, rendered?.types);
  if (rendered === undefined) {
    writeAll(writer, source, [named?.consumed, ownId?.key, ownTime?.key]);
  } else {
    // What a rule says of a property comes before what a group has under the same name.
    for (const [property, value] of rendered.properties) writer.add(property, value);
    for (const group of rendered.spread) writer.addAll(group);
  }
  if (time !== undefined && timestamp === undefined) {
    changes.record('timestamp_replaced', 'timestamp');
    writer.addIfPossible('original_timestamp', time);
  }
  if (writer.rejection !== undefined) return writer.rejection;

  const userWriter = rendered && new PropertyWriter(changes);
  for (const [property, value] of rendered?.userProperties ?? []) userWriter?.add(property, value);
  if (userWriter?.rejection !== undefined) return userWriter.rejection;

  const event = cut(name, maxEventNameLength);
  if (event !== name) changes.record('event_name_truncated');
  const { identity } = identified;
  const key = idempotencyKey({
    appId: context.appId,
    identity,
    event,
    explicitId: id,
    source: sourceText,
    receivedAt: context.receivedAt,
    requestId: context.requestId,
    dedupeWindowMs: context.dedupeWindowMs,
  });
  return {
    json:
      `{"event":${jsonText(event)},"identity":${jsonText(identity)},` +
      `"timestamp":"${timestamp ?? toIso(context.receivedAt)}","idempotency_key":"${key}",` +
      `"properties":${writer.json}}`,
    identity,
    userProperties: userWriter?.isEmpty === true ? undefined : userWriter?.json,
    rule: rendered?.name,
    changes,
  };
}

/** The default mapping's properties: everything CleverTap sent with the event, but what was used otherwise. */
function writeAll(writer: PropertyWriter, source: SourceEvent, used: readonly (string | undefined)[]): void {
  const consumed = used.filter((key) => key !== undefined).map((key) => key.toLowerCase());
  writer.addAll(source.eventProperties);
  if (source.body === undefined) {
    const keyValues = keyValuesOf(source);
    writer.addAll(keyValues, [...consumed, ...blankNames(keyValues)]);
  } else {
    writer.addAll(source.body, [...consumed, ...frameOf(source.body)]);
  }
  if (source.campaignId !== undefined) writer.add('clevertap_campaign_id', source.campaignId);
}

/** A profile's key_values come before those of its request. */
const keyValuesOf = ({ requestKeyValues, profileKeyValues }: SourceEvent): JsonObject =>
  Object.keys(profileKeyValues).length === 0
    ? requestKeyValues
    : { ...requestKeyValues, ...profileKeyValues };

interface Rendered {
  readonly value: unknown;
}

/** What a rule makes of one event. A field the rule does not speak of is absent. */
interface RenderedRule {
  readonly name: string;
  readonly appId: unknown;
  readonly identity: Rendered | undefined;
  readonly event: Rendered | undefined;
  readonly timestamp: Rendered | undefined;
  readonly idempotencyKey: Rendered | undefined;
  readonly properties: readonly (readonly [string, unknown])[];
  readonly types: CompiledRule['types'];
  readonly spread: readonly JsonObject[];
  readonly userProperties: readonly (readonly [string, unknown])[];
}

function renderRule(rule: CompiledRule, source: SourceEvent, context: MappingContext): RenderedRule {
  const groups = { Event: source.eventProperties, KeyValues: keyValuesOf(source) };
  const scope = {
    Profile: templateObject(source.profile, objectField(source.profile, 'profileData')),
    Event: templateObject(groups.Event),
    KeyValues: templateObject(groups.KeyValues),
    // A null is no campaign either: the idempotency key does not tell the two apart.
    Campaign: templateObject({ id: source.campaignId ?? undefined }),
    Received: { at: toIso(context.receivedAt) },
    Path: templateObject({ event: source.pathEvent }),
    Body: templateObject(source.body ?? {}),
  };
  const value = (json: CompiledRule['event'], values: () => object = () => scope): Rendered | undefined =>
    json && { value: render(json, values()) };
  // The request's key_values are constants of the campaign: as an id they would make all its events one (F41).
  const ownScope = (): object => ({ ...scope, KeyValues: templateObject(source.profileKeyValues) });
  return {
    name: rule.name,
    appId: rule.appId && render(rule.appId, scope),
    identity: value(rule.identity),
    event: value(rule.event),
    timestamp: value(rule.timestamp),
    idempotencyKey: value(rule.idempotencyKey, ownScope),
    properties: renderMembers(rule.properties ?? [], scope),
    types: rule.types,
    spread: rule.spread.map((group) => groups[group]),
    userProperties: renderMembers(rule.userProperties ?? [], scope),
  };
}

interface ChosenName {
  readonly name: string;
  /** The key that was read, so that it is not repeated as a property. */
  readonly consumed: string | undefined;
}

function chooseName(source: SourceEvent, mapping: Mapping | undefined): ChosenName | undefined {
  const places =
    source.body === undefined ? [source.profileKeyValues, source.requestKeyValues] : [source.body];
  for (const place of places) {
    for (const fieldName of nameFields) {
      const key = fieldKey(place, fieldName);
      const name = key === undefined ? '' : toName(place[key]);
      if (name !== '') return { name, consumed: key };
    }
  }
  const name = toName(source.pathEvent) || mapping?.campaigns.get(campaignText(source.campaignId));
  return name === undefined || name === '' ? undefined : { name, consumed: undefined };
}

const toName = (value: unknown): string =>
  typeof value === 'string' ? clean(value).trim() : typeof value === 'number' ? String(value) : '';

/**
 * The app id a custom body may carry, as CleverTap's guide has it. Heap would accept a wrong one and lose the
 * event, so a number that differs is refused (F47); a text such as `<app id>` is what the guide prints.
 */
function appIdMismatch(value: unknown, appId: string, changes: Changes): Rejected | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  if (!/^\d+$/.test(text)) changes.record('app_id_placeholder', 'app_id');
  else if (text !== appId) {
    return rejected('app_id_mismatch', "the body's app_id is not the one of this environment");
  }
  return undefined;
}

function explicitId(
  place: JsonObject,
  names: readonly string[],
  changes: Changes,
): { key: string; value: string } | undefined {
  for (const name of names) {
    const key = fieldKey(place, name);
    if (key === undefined) continue;
    const value = toId(place[key]);
    if (value !== undefined) return { key, value };
    changes.record('explicit_id_ignored', key);
  }
  return undefined;
}

/** An id that can tell one event from all others; a placeholder or an unrendered template cannot. */
function toId(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim() : Number.isSafeInteger(value) ? String(value) : '';
  const isUsable =
    !isPlaceholder(text) && !holdsTemplate(text) && text.isWellFormed() && !holdsInvisible(text);
  return isUsable ? text : undefined;
}

function timestampOf(place: JsonObject): { key: string; value: unknown } | undefined {
  const key = fieldKey(place, 'timestamp');
  const value = key === undefined ? undefined : place[key];
  return key === undefined || value === null || value === '' ? undefined : { key, value };
}

/** Keys of a custom body that are its frame and not the marketer's properties, in lower case. */
function frameOf(body: JsonObject): string[] {
  const frame = [
    'app_id',
    'user_id',
    'session_id',
    'is_test',
    'targetId',
    ...identityFields,
    ...blankNames(body),
  ];
  const groups = ['properties', 'evtData'].filter((name) => isJsonObject(field(body, name)));
  return [...frame, ...groups].map((name) => name.toLowerCase());
}

/** A name or time that was left blank says nothing, also not as a property. */
const blankNames = (object: JsonObject): string[] =>
  Object.values(object).some(isBlank)
    ? [...nameFields, 'timestamp'].filter((name) => isBlank(field(object, name)))
    : [];

const isBlank = (value: unknown): boolean => typeof value === 'string' && value.trim() === '';
