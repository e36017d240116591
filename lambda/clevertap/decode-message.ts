import type { RejectionReason } from '../contract';
import { canonicalJson } from './canonical-json';
import {
  ambiguityIn,
  byElement,
  collision,
  frameOfKeyValues,
  lossesOf,
  nameFields,
  twinsIn,
  withExactIds,
} from './frame';
import { readJson, type JsonFinding } from './read-json';
import { describeSyntaxError } from './syntax-error';
import { field, fieldKey, isJsonObject, objectField, own, type JsonObject } from '../json';

/** One event as CleverTap described it, before any mapping. */
export interface SourceEvent {
  /** Where it is in the message, so that a dead letter can be narrowed to it. */
  readonly location: EventLocation;
  /** The profile or custom body as it was sent. */
  readonly sent: JsonObject;
  /** The same, but NaN for a numeric identity or id that was not written as an integer. */
  readonly profile: JsonObject;
  /** What happened: `event_properties`, or the properties of a custom body. */
  readonly eventProperties: JsonObject;
  /** `key_values` of this profile alone. */
  readonly profileKeyValues: JsonObject;
  /** `key_values` of the whole request: constants of the campaign. */
  readonly requestKeyValues: JsonObject;
  /** What may name the event beside `profiles`, best first. */
  readonly requestNames: readonly unknown[];
  /** The request's `key_values` as canonical JSON, once for all its profiles; undefined if nested too deep. */
  readonly canonicalRequest: string | undefined;
  /** `profile`, if it is a custom body; absent in CleverTap's own payload. */
  readonly body: JsonObject | undefined;
  /** What was lost before any mapping. */
  readonly losses: readonly Loss[];
  /** `targetId`, the only trace of the campaign in CleverTap's own payload. */
  readonly campaignId: unknown;
  /** The event name in the URL. */
  readonly pathEvent: string | undefined;
}

/**
 * A group that is not an object, so that nothing in it can be used; a name that occurs twice in one object, or in two
 * groups with the same meaning; a number that lost digits.
 */
export interface Loss {
  readonly change: 'value_dropped' | 'name_collision' | 'number_rounded';
  readonly property: string;
}

/** Where an event is in its message: an element of the list under `key`, of a list at the root, or all of it. */
export type EventLocation =
  | { readonly kind: 'whole' }
  | { readonly kind: 'element'; readonly key: string | undefined; readonly index: number };

/** An event that could not even be read, beside neighbours that could. */
export interface UnreadableEvent {
  readonly location: EventLocation;
  readonly reason: RejectionReason;
  readonly detail: string;
}

export type DecodedMessage =
  | { readonly kind: 'events'; readonly events: readonly (SourceEvent | UnreadableEvent)[] }
  /** What CleverTap sends when a webhook is saved: nothing happened to any user. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'undecodable'; readonly reason: RejectionReason; readonly detail: string };

export const isUnreadable = (event: SourceEvent | UnreadableEvent): event is UnreadableEvent =>
  'reason' in event;

/** Heap events have at most as many properties. */
const maxKeyValues = 500;
/** Including those in lists and objects: most would be dropped, once for every profile. */
const maxNestedValues = 5000;

/** Deeper events are refused before anything recurses into them, so that no recursion exhausts the stack. */
export const maxSourceDepth = 64;

/** What is said of each profile about the JSON around it: a body may hold many of both. */
const maxFindingsAround = 10;

const whole: EventLocation = { kind: 'whole' };

/**
 * Reads the body of a webhook as the events it holds, in every shape CleverTap is known to send: its own payload
 * with one profile or many, and a custom body, alone or in a list (docs.clevertap.com, "Create Message Webhook").
 *
 * @param body the body as received
 * @param pathEvent the event name in the URL, if there was one
 */
export function decodeMessage(body: string, pathEvent: string | undefined): DecodedMessage {
  const json = body.startsWith('\uFEFF') ? body.slice(1) : body;
  let read: ReturnType<typeof readJson>;
  try {
    read = readJson(json);
  } catch {
    // The parser's own message quotes the body, which holds personal data.
    return { kind: 'undecodable', reason: 'invalid_json', detail: describeSyntaxError(json) };
  }

  const { root, findings } = read;
  const ambiguity = ambiguityIn(
    findings.filter(({ path }) => path.every((step) => typeof step === 'string')),
  );
  if (ambiguity !== undefined) return { kind: 'undecodable', ...ambiguity };
  if (Array.isArray(root)) return decodeList(root, undefined, findings, pathEvent);
  if (!isJsonObject(root)) {
    return {
      kind: 'undecodable',
      reason: 'unknown_shape',
      detail: `the body is ${root === null ? 'null' : `a ${typeof root}`}, not an object`,
    };
  }
  if (isPing(root)) return { kind: 'ping' };

  const profilesKey = fieldKey(root, 'profiles');
  if (profilesKey !== undefined) return decodeProfiles(root, profilesKey, findings, pathEvent);
  // The body of CleverTap's API for uploads.
  const uploads = own(root, 'd');
  if (Array.isArray(uploads) && !isCustomBody(root)) return decodeList(uploads, 'd', findings, pathEvent);

  const event = decodeCustomBody(root, whole, findings, pathEvent);
  return isUnreadable(event) ? { ...event, kind: 'undecodable' } : { kind: 'events', events: [event] };
}

/** CleverTap's ping is its own payload with a mark; a custom body with such a field is an event. */
function isPing(payload: JsonObject): boolean {
  const mark = field(payload, 'is_test');
  const isMarked = mark === true || (typeof mark === 'string' && mark.toLowerCase() === 'true');
  return isMarked && fieldKey(payload, 'profiles') !== undefined;
}

function decodeProfiles(
  root: JsonObject,
  key: string,
  findings: readonly JsonFinding[],
  pathEvent: string | undefined,
): DecodedMessage {
  const profiles = root[key];
  const requestNames = nameFields.map((name) => field(root, name));
  const requestGroup = field(root, 'key_values');
  const requestKeyValues = objectOf(requestGroup);
  if (Object.keys(requestKeyValues).length > maxKeyValues || holdsTooMuch(requestKeyValues)) {
    // Checked here once: every profile repeats the key_values of its request.
    return {
      kind: 'undecodable',
      reason: 'too_many_properties',
      detail: `the request's key_values are more than ${maxKeyValues}, or ${maxNestedValues} with those in lists and objects`,
    };
  }
  const canonicalRequest = canonicalJson(requestKeyValues, maxSourceDepth);
  const campaignId = field(root, 'targetId');
  const lossesAround = [
    ...unusableGroups({ key_values: requestGroup }),
    ...twinsIn(root),
    ...twinsIn(requestKeyValues, frameOfKeyValues),
  ].slice(0, maxFindingsAround);
  const decode = (
    sent: unknown,
    location: EventLocation,
    found: readonly JsonFinding[],
  ): SourceEvent | UnreadableEvent => {
    if (!isJsonObject(sent)) {
      return { location, reason: 'unknown_shape', detail: 'a profile is not an object' };
    }
    const ambiguity = ambiguityIn(found);
    if (ambiguity !== undefined) return { location, ...ambiguity };
    const groups = {
      event_properties: field(sent, 'event_properties'),
      key_values: field(sent, 'key_values'),
    };
    const keyValues = objectOf(groups.key_values);
    return {
      location,
      sent,
      profile: withExactIds(sent, found),
      eventProperties: withPush(objectOf(groups.event_properties), field(sent, 'payload')),
      profileKeyValues: withExactIds(keyValues, found),
      requestKeyValues,
      requestNames,
      canonicalRequest,
      losses: lossesAround.concat(
        unusableGroups(groups),
        lossesOf(found),
        twinsIn(sent),
        twinsIn(keyValues, frameOfKeyValues),
      ),
      body: undefined,
      campaignId,
      pathEvent,
    };
  };

  // A broadcast sends a list; a message to one user may send the profile itself.
  if (isJsonObject(profiles)) return { kind: 'events', events: [decode(profiles, whole, findings)] };
  if (!Array.isArray(profiles) || profiles.length === 0) {
    return {
      kind: 'undecodable',
      reason: 'unknown_shape',
      detail: Array.isArray(profiles) ? 'profiles is empty' : 'profiles is neither a list nor an object',
    };
  }
  const elements = byElement(findings, key);
  const around = elements.get(undefined)?.slice(0, maxFindingsAround) ?? [];
  return {
    kind: 'events',
    events: profiles.map((profile, index) =>
      decode(profile, { kind: 'element', key, index }, around.concat(elements.get(index) ?? [])),
    ),
  };
}

/** Whether an object holds more than `maxNestedValues`, those in its lists and objects included. */
const holdsTooMuch = (object: JsonObject): boolean => countValues(object, 0) > maxNestedValues;

/** Stops at too many values, and below `maxSourceDepth`, for which each event is rejected later. */
function countValues(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null || depth > maxSourceDepth) return 0;
  const members: unknown[] = Object.values(value);
  // A list of scalars becomes one property.
  if (Array.isArray(value) && !members.some((member) => typeof member === 'object' && member !== null))
    return 0;
  let count = members.length;
  for (const member of members) {
    if (count > maxNestedValues) break;
    count += countValues(member, depth + 1);
  }
  return count;
}

const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

/** The names of groups that are not objects. */
const unusableGroups = (groups: JsonObject): Loss[] =>
  Object.keys(groups)
    .filter((name) => !isJsonObject(groups[name] ?? {}))
    .map((property) => ({ change: 'value_dropped', property }));

/** `event_properties`, with the title, body and key-value pairs of the push in a post-action webhook. */
function withPush(properties: JsonObject, payload: unknown): JsonObject {
  if (!isJsonObject(payload)) return properties;
  const { kvs, ...push } = payload;
  return { ...(isJsonObject(kvs) ? kvs : { kvs }), ...push, ...properties };
}

function decodeList(
  list: unknown[],
  key: string | undefined,
  findings: readonly JsonFinding[],
  pathEvent: string | undefined,
): DecodedMessage {
  const elements = byElement(findings, key);
  if (list.length === 0) {
    return { kind: 'undecodable', reason: 'unknown_shape', detail: 'the list is empty' };
  }
  const events = list.flatMap((element, index): (SourceEvent | UnreadableEvent)[] => {
    const location: EventLocation = { kind: 'element', key, index };
    if (!isJsonObject(element)) {
      return [{ location, reason: 'unknown_shape', detail: 'an element of the list is not an object' }];
    }
    // Each element on its own, so that a list narrowed to some of its elements means the same.
    if (isPing(element)) return [];
    return [decodeCustomBody(element, location, elements.get(index) ?? [], pathEvent)];
  });
  return events.length === 0 ? { kind: 'ping' } : { kind: 'events', events };
}

/** A body typed by the marketer has at least one of these fields. */
const customBodyFields = [...nameFields, 'identity', 'email', 'properties', 'evtData'];

const isCustomBody = (object: JsonObject): boolean =>
  customBodyFields.some((name) => fieldKey(object, name) !== undefined);

function decodeCustomBody(
  sent: JsonObject,
  location: EventLocation,
  findings: readonly JsonFinding[],
  pathEvent: string | undefined,
): SourceEvent | UnreadableEvent {
  if (fieldKey(sent, 'profiles') !== undefined) {
    return { location, reason: 'unknown_shape', detail: 'a list of CleverTap payloads; send one a request' };
  }
  if (!isCustomBody(sent)) {
    return { location, reason: 'unknown_shape', detail: `neither profiles nor an event: ${keysOf(sent)}` };
  }
  const ambiguity = ambiguityIn(findings);
  if (ambiguity !== undefined) return { location, ...ambiguity };
  const body = withExactIds(sent, findings);
  const [evtData, properties] = [objectField(body, 'evtData'), objectField(body, 'properties')];
  return {
    location,
    sent,
    profile: body,
    eventProperties: { ...evtData, ...properties },
    profileKeyValues: {},
    requestKeyValues: {},
    requestNames: [],
    canonicalRequest: 'null',
    losses: Object.keys(evtData)
      .filter((name) => Object.hasOwn(properties, name))
      .map(collision)
      .concat(lossesOf(findings), twinsIn(sent)),
    body,
    campaignId: field(body, 'targetId'),
    pathEvent,
  };
}

/** Key names for a person to recognise the payload by; a name that could be personal data is left out. */
function keysOf(object: JsonObject): string {
  const keys = Object.keys(object);
  if (keys.length === 0) return 'the body is empty';
  const shown = keys.slice(0, 10).map((key) => (/^[A-Za-z_]{1,40}$/.test(key) ? key : '…'));
  return `keys found: ${shown.join(', ')}${keys.length > shown.length ? ', …' : ''}`;
}
