import type { SourceEvent } from '../clevertap/decode-message';
import { field, fieldKey, isJsonObject, type JsonObject } from '../clevertap/json';
import { identityFields } from '../forwarder/contract';
import { chooseIdentity, isPlaceholder } from './identity';
import { idempotencyKey } from './idempotency-key';
import { count, PropertyWriter, type Changes, type HeapProperties } from './properties';
import { isRejected, rejected, type Rejected } from './rejection';
import { cut, holdsTemplate } from './text';
import { parseTimestamp } from './timestamp';

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
}

export interface MappedEvent {
  readonly event: HeapEvent;
  /** What was cut, dropped or replaced on the way. */
  readonly changes: Changes;
}

/** Heap takes 1024 characters but shows and documents 255 on its client side. */
const maxEventNameLength = 255;

/** Deeper input is refused before anything walks through it, so that no walk needs more of the stack (F30). */
const maxSourceDepth = 64;

const nameFields = ['event', 'event_name', 'evtName'];

/**
 * Maps an event the way CleverTap and Heap would expect without any rule: named by body, key_values or URL,
 * identified by the first usable profile field, with all event properties and key_values.
 *
 * @returns the event for Heap, or why it can never be one
 */
export function mapEvent(source: SourceEvent, context: MappingContext): MappedEvent | Rejected {
  if (deeperThan(source.profile, maxSourceDepth) || deeperThan(source.requestKeyValues, maxSourceDepth)) {
    return rejected('nested_too_deep', `nested more than ${maxSourceDepth} levels deep`);
  }
  const changes: Changes = new Map();
  const wrongApp = source.body && appIdMismatch(source.body, context.appId, changes);
  if (wrongApp !== undefined) return wrongApp;

  const named = chooseName(source);
  if (isRejected(named)) return named;
  const identified = chooseIdentity(source, context.identityOrder);
  if (isRejected(identified)) return identified;

  const keyValues = { ...source.requestKeyValues, ...source.profileKeyValues };
  // Only what belongs to this one event may identify or date it: the request's key_values are constants of the
  // campaign, and an id among them would make all of a campaign's events one.
  const ownFields = source.body ?? source.profileKeyValues;
  const idFields = source.body === undefined ? ['event_id', 'message_id'] : ['idempotency_key'];
  const id = explicitId(ownFields, idFields, changes);
  const time = timestampOf(ownFields);
  const timestamp = time && parseTimestamp(time.value, context.receivedAt);

  const writer = new PropertyWriter(changes);
  const consumed = new Set([named.consumed, id?.key, time?.key].filter((key) => key !== undefined));
  writer.addAll(source.eventProperties);
  writer.addAll(keyValues, consumed);
  if (source.body !== undefined)
    writer.addAll(source.body, new Set([...consumed, ...structureOf(source.body)]));
  if (source.campaignId !== undefined) writer.add('clevertap_campaign_id', source.campaignId);
  if (time !== undefined && timestamp === undefined) {
    count(changes, 'timestamp_replaced');
    writer.add('original_timestamp', time.value);
  }
  if (writer.rejection !== undefined) return writer.rejection;

  const event = cut(named.name, maxEventNameLength);
  if (event !== named.name) count(changes, 'event_name_truncated');
  return {
    event: {
      event,
      identity: identified.identity,
      timestamp: timestamp ?? new Date(context.receivedAt).toISOString(),
      idempotency_key: idempotencyKey({
        appId: context.appId,
        identity: identified.identity,
        event,
        explicitId: id?.value,
        source,
        receivedAt: context.receivedAt,
        requestId: context.requestId,
        dedupeWindowMs: context.dedupeWindowMs,
      }),
      properties: writer.properties,
    },
    changes,
  };
}

interface ChosenName {
  readonly name: string;
  /** The key that was read, so that it is not repeated as a property. */
  readonly consumed: string | undefined;
}

function chooseName(source: SourceEvent): ChosenName | Rejected {
  const places = [source.body ?? {}, source.profileKeyValues, source.requestKeyValues];
  for (const place of places) {
    for (const fieldName of nameFields) {
      const key = fieldKey(place, fieldName);
      const name = key === undefined ? '' : toName(place[key]);
      if (name !== '') return checkedName(name, key);
    }
  }
  const name = toName(source.pathEvent);
  if (name !== '') return checkedName(name, undefined);
  return rejected(
    'missing_event_name',
    'no event in the body, in key_values or in the URL; add a key_value "event" or use /webhook/{event}',
  );
}

const toName = (value: unknown): string =>
  typeof value === 'string' ? value.toWellFormed().trim() : typeof value === 'number' ? String(value) : '';

const checkedName = (name: string, consumed: string | undefined): ChosenName | Rejected =>
  holdsTemplate(name)
    ? rejected('unrendered_template', 'the event name still holds a template')
    : { name, consumed };

/**
 * The app id a custom body may carry, as CleverTap's guide has it. Heap would accept a wrong one and lose the
 * event, so a number that differs is refused (F47); a text such as `<app id>` is what the guide prints.
 */
function appIdMismatch(body: JsonObject, appId: string, changes: Changes): Rejected | undefined {
  const value = field(body, 'app_id');
  if (value === undefined) return undefined;
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  if (!/^\d+$/.test(text)) count(changes, 'app_id_placeholder');
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
    const value = place[key];
    const text = typeof value === 'string' ? value.trim() : Number.isSafeInteger(value) ? String(value) : '';
    if (!isPlaceholder(text) && !holdsTemplate(text)) return { key, value: text };
    count(changes, 'explicit_id_ignored');
  }
  return undefined;
}

function timestampOf(place: JsonObject): { key: string; value: unknown } | undefined {
  const key = fieldKey(place, 'timestamp');
  const value = key === undefined ? undefined : place[key];
  return key === undefined || value === null || value === '' ? undefined : { key, value };
}

/** Keys of a custom body that are its frame and not the marketer's properties. */
function structureOf(body: JsonObject): string[] {
  const frame = ['app_id', 'user_id', 'session_id', 'targetId', ...identityFields];
  const groups = ['properties', 'evtData'].filter((name) => isJsonObject(field(body, name)));
  return [...frame, ...groups].flatMap((name) => fieldKey(body, name) ?? []);
}

function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((member) => deeperThan(member, levels - 1));
}
