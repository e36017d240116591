import type { RejectionReason } from '../contract';
import { canonicalJson } from './canonical-json';
import { ambiguityIn, byValue, collision, framesOf, isLikeUpload, lossesIn, nameFields } from './frame';
import { readJson, type JsonFinding } from './read-json';
import { describeSyntaxError } from './syntax-error';
import { field, fieldKey, isJsonObject, objectField, own, type JsonObject } from '../json';

/** One event as CleverTap described it, before mapping. */
export interface SourceEvent {
  /** Its location in the message, so that a dead letter can be narrowed to it. */
  readonly location: EventLocation;
  /** The profile or custom body as sent. */
  readonly profile: JsonObject;
  /** What happened: `event_properties`, or the properties of a custom body. */
  readonly eventProperties: JsonObject;
  /** `key_values` of this profile only. */
  readonly profileKeyValues: JsonObject;
  /** `key_values` of the whole request, which are constants of the campaign. */
  readonly requestKeyValues: JsonObject;
  /** Candidates for the event name next to `profiles`, best first. */
  readonly requestNames: readonly unknown[];
  /** The request's `key_values` as canonical JSON, shared by all its profiles; undefined if nested too deep. */
  readonly canonicalRequest: string | undefined;
  /** Same as `profile` for a custom body; undefined for CleverTap's own payload. */
  readonly body: JsonObject | undefined;
  /** What was lost before mapping. */
  readonly losses: readonly Loss[];
  /** `targetId`, the only trace of the campaign in CleverTap's own payload. */
  readonly campaignId: unknown;
  /** The event name in the URL. */
  readonly pathEvent: string | undefined;
  /**
   * The same event with Infinity for each integer not written as one, such as 1e7 or 1.0. Identities and ids are read
   * from it. Absent if there are no such integers.
   */
  readonly exact?: SourceEvent;
}

/**
 * A group that was dropped because it is not an object; a name that occurs twice in one object, or in two groups with
 * the same meaning; or a number that lost digits.
 */
export interface Loss {
  readonly change: 'value_dropped' | 'name_collision' | 'number_rounded';
  readonly property: string;
}

/** An event's location: an element of the list under `key`, an element of the root list, or the whole message. */
export type EventLocation =
  | { readonly kind: 'whole' }
  | { readonly kind: 'element'; readonly key: string | undefined; readonly index: number };

/** An event that could not be read, possibly next to others that could. */
export interface UnreadableEvent {
  readonly location: EventLocation;
  readonly reason: RejectionReason;
  readonly detail: string;
}

type DecodedEvent = SourceEvent | UnreadableEvent;

export type DecodedMessage =
  | { readonly kind: 'events'; readonly events: readonly DecodedEvent[] }
  /** CleverTap sends it when a webhook is saved: nothing happened to any user. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'undecodable'; readonly reason: RejectionReason; readonly detail: string };

export const isUnreadable = (event: object): event is UnreadableEvent => 'reason' in event;

function unreadable(reason: RejectionReason, detail: string, location = whole): UnreadableEvent {
  return { location, reason, detail };
}

/** What else is known about a message while its objects are decoded. */
interface Context {
  /** By the objects and lists that contain them. */
  readonly findings: ReadonlyMap<unknown, readonly JsonFinding[]>;
  readonly pathEvent: string | undefined;
}

/** Heap's maximum number of properties per event. */
const maxKeyValues = 500;
/** Includes values in nested lists and objects: most would be dropped, once per profile. */
const maxNestedValues = 5000;

/** Deeper events are rejected before anything recurses into them and exhausts the stack. */
export const maxSourceDepth = 64;

/** Limits the losses that are repeated for every profile: a body may hold many of both. */
const maxFindingsAround = 10;

const whole: EventLocation = { kind: 'whole' };

/**
 * Reads the events in a webhook's body, in every shape CleverTap is known to send: its own payload with one profile or
 * many, and a custom body, alone or in a list (docs.clevertap.com, "Create Message Webhook").
 *
 * @param body the body as received
 * @param pathEvent the event name in the URL, if any
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

  const events = decodeRoot(read.root, { findings: byValue(read.findings), pathEvent });
  const [first] = events;
  if (first === undefined) return { kind: 'ping' };
  if (isUnreadable(first) && first.location.kind === 'whole') {
    return { kind: 'undecodable', reason: first.reason, detail: first.detail };
  }
  const exact = read.exact === undefined ? [] : decodeRoot(read.exact, { findings: new Map(), pathEvent });
  const withExact = (event: DecodedEvent, index: number): DecodedEvent => {
    const twin = exact[index];
    return twin === undefined || isUnreadable(twin) || isUnreadable(event)
      ? event
      : { ...event, exact: twin };
  };
  return { kind: 'events', events: events.map(withExact) };
}

/** @returns no events for a ping */
function decodeRoot(root: unknown, context: Context): readonly DecodedEvent[] {
  if (Array.isArray(root)) return decodeList(root, undefined, context);
  if (!isJsonObject(root)) {
    const found = root === null ? 'null' : `a ${typeof root}`;
    return [unreadable('unknown_shape', `the body is ${found}, not an object`)];
  }
  const profilesKey = fieldKey(root, 'profiles');
  if (profilesKey !== undefined) return decodeProfiles(root, profilesKey, context);
  // The body of CleverTap's upload API.
  const uploads = own(root, 'd');
  if (!Array.isArray(uploads) || isCustomBody(root)) return [decodeCustomBody(root, whole, context)];
  const ambiguity = ambiguityIn(framesOf('uploads', root), context.findings.get(root) ?? [], whole);
  return ambiguity === undefined ? decodeList(uploads, 'd', context) : [ambiguity];
}

/** A ping is CleverTap's own payload with a marker. A custom body with this field is an event. */
function isPing(payload: JsonObject): boolean {
  const mark = field(payload, 'is_test');
  const isMarked = mark === true || (typeof mark === 'string' && mark.toLowerCase() === 'true');
  return isMarked && fieldKey(payload, 'profiles') !== undefined;
}

function decodeProfiles(root: JsonObject, key: string, context: Context): readonly DecodedEvent[] {
  const frames = framesOf('payload', root);
  const findings = context.findings.get(root) ?? [];
  const ambiguity = ambiguityIn(frames, findings, whole);
  if (ambiguity !== undefined) return [ambiguity];
  if (isPing(root)) return [];
  const profiles = root[key];
  const requestNames = nameFields.map((name) => field(root, name));
  const requestKeyValues = objectField(root, 'key_values');
  if (
    Object.keys(requestKeyValues).length > maxKeyValues ||
    countValues(requestKeyValues, 0) > maxNestedValues
  ) {
    // Checked once here, because every profile repeats the key_values of its request.
    const detail = `the request's key_values hold more than ${maxKeyValues} values, or ${maxNestedValues} with nested ones`;
    return [unreadable('too_many_properties', detail)];
  }
  const canonicalRequest = canonicalJson(requestKeyValues, maxSourceDepth);
  const campaignId = field(root, 'targetId');
  const lossesAround = [
    ...unusableGroups(root, ['key_values']),
    ...lossesIn(
      frames,
      findings.filter(({ around }) => !around.includes(profiles)),
    ),
  ].slice(0, maxFindingsAround);
  const decode = (sent: unknown, location: EventLocation): DecodedEvent => {
    if (!isJsonObject(sent)) return unreadable('unknown_shape', 'a profile is not an object', location);
    const [frames, found] = [framesOf('profile', sent), context.findings.get(sent) ?? []];
    const ambiguity = ambiguityIn(frames, found, location);
    if (ambiguity !== undefined) return ambiguity;
    return {
      location,
      profile: sent,
      eventProperties: withPush(objectField(sent, 'event_properties'), field(sent, 'payload')),
      profileKeyValues: objectField(sent, 'key_values'),
      requestKeyValues,
      requestNames,
      canonicalRequest,
      losses: lossesAround.concat(
        unusableGroups(sent, ['event_properties', 'key_values']),
        lossesIn(frames, found),
      ),
      body: undefined,
      campaignId,
      pathEvent: context.pathEvent,
    };
  };

  // A broadcast sends a list. A message to one user may send the profile itself.
  if (isJsonObject(profiles)) return [decode(profiles, whole)];
  if (!Array.isArray(profiles) || profiles.length === 0) {
    const found = Array.isArray(profiles) ? 'empty' : 'neither a list nor an object';
    return [unreadable('unknown_shape', `profiles is ${found}`)];
  }
  return profiles.map((profile, index) => decode(profile, { kind: 'element', key, index }));
}

/** Counts values, including nested ones. Stops at too many, and at a depth that gets each event rejected anyway. */
function countValues(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null || depth > maxSourceDepth) return 0;
  const members: unknown[] = Object.values(value);
  // A list of scalars becomes one property.
  if (Array.isArray(value) && !members.some((member) => typeof member === 'object' && member)) return 0;
  const add = (count: number, member: unknown): number =>
    count > maxNestedValues ? count : count + countValues(member, depth + 1);
  return members.reduce(add, members.length);
}

/** Losses for the groups that are not objects. */
const unusableGroups = (object: JsonObject, names: readonly string[]): Loss[] =>
  names
    .filter((name) => !isJsonObject(field(object, name) ?? {}))
    .map((property) => ({ change: 'value_dropped', property }));

/** `event_properties` plus the title, body and key-value pairs of the push in a post-action webhook. */
function withPush(properties: JsonObject, payload: unknown): JsonObject {
  if (!isJsonObject(payload)) return properties;
  const { kvs, ...push } = payload;
  return { ...(isJsonObject(kvs) ? { ...kvs, ...push } : payload), ...properties };
}

function decodeList(list: unknown[], key: string | undefined, context: Context): readonly DecodedEvent[] {
  if (list.length === 0) return [unreadable('unknown_shape', 'the list is empty')];
  return list.flatMap((element, index): DecodedEvent[] => {
    const location: EventLocation = { kind: 'element', key, index };
    if (!isJsonObject(element)) {
      return [unreadable('unknown_shape', 'an element of the list is not an object', location)];
    }
    // Decided per element, so that a list narrowed to some of its elements means the same.
    if (isPing(element)) return [];
    return [decodeCustomBody(element, location, context)];
  });
}

/** A custom body has at least one of these fields. */
const customBodyFields = [...nameFields, 'identity', 'email', 'properties', 'evtData'];

const isCustomBody = (object: JsonObject): boolean =>
  customBodyFields.some((name) => fieldKey(object, name) !== undefined);

function decodeCustomBody(sent: JsonObject, location: EventLocation, context: Context): DecodedEvent {
  if (fieldKey(sent, 'profiles') !== undefined) {
    return unreadable('unknown_shape', 'a list of CleverTap payloads; send one per request', location);
  }
  const frames = framesOf(isLikeUpload(sent) ? 'uploaded' : 'customBody', sent);
  const findings = context.findings.get(sent) ?? [];
  const ambiguity = ambiguityIn(frames, findings, location);
  if (ambiguity !== undefined) return ambiguity;
  if (!isCustomBody(sent)) {
    return unreadable('unknown_shape', `neither profiles nor an event: ${keysOf(sent)}`, location);
  }
  const [evtData, properties] = [objectField(sent, 'evtData'), objectField(sent, 'properties')];
  return {
    location,
    profile: sent,
    eventProperties: { ...evtData, ...properties },
    profileKeyValues: {},
    requestKeyValues: {},
    requestNames: [],
    canonicalRequest: 'null',
    losses: Object.keys(evtData)
      .filter((name) => Object.hasOwn(properties, name))
      .map(collision)
      .concat(lossesIn(frames, findings)),
    body: sent,
    campaignId: field(sent, 'targetId'),
    pathEvent: context.pathEvent,
  };
}

/** Key names by which an operator recognises the payload. A name that could be personal data is replaced. */
function keysOf(object: JsonObject): string {
  const keys = Object.keys(object);
  if (keys.length === 0) return 'the body is empty';
  const shown = keys.slice(0, 10).map((key) => (/^[A-Za-z_]{1,40}$/.test(key) ? key : '…'));
  return `keys found: ${shown.join(', ')}${keys.length > shown.length ? ', …' : ''}`;
}

/** API Gateway passes the path on undecoded. A segment with an invalid escape is used as it is. */
export function decodePathEvent(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
