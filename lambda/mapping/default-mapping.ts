import type { SourceEvent } from '../clevertap/decode-message';
import { isLikeUpload, nameFields } from '../clevertap/frame';
import { identityFields } from '../contract';
import { field, fieldKey, isJsonObject, type JsonObject } from '../json';
import type { Draft, PropertyGroup } from './draft';
import { chooseId, type IdCandidate } from './idempotency-key';
import { withoutInvisible } from './strings';

/** Keys of a custom body that have a meaning of their own and are not the marketer's properties. */
const frame = ['app_id', 'user_id', 'session_id', 'is_test', 'targetId', ...identityFields];

const noTypes: Draft['types'] = new Map();

/**
 * Drafts an event by the default mapping: named by the body, key_values, URL or campaign, identified by the profile's
 * fields, with all event properties and key_values.
 *
 * @param identityOrder names of profile fields that identify a user, best first
 * @param campaigns event names by `targetId`
 */
export function draftByDefault(
  source: SourceEvent,
  identityOrder: readonly string[],
  campaigns: ReadonlyMap<string, string>,
): Draft {
  const { body, profileKeyValues, exact = source } = source;
  // Only the event's own fields may identify or date it. The request's key_values are constants of the campaign: an id
  // among them would make all of the campaign's events one.
  const ownFields = body ?? profileKeyValues;
  const named = sentName(source);
  const explicitId = chooseId(
    exact.body === undefined
      ? idCandidates(exact.profileKeyValues, ['event_id', 'message_id'])
      : idCandidates(exact.body, ['idempotency_key']),
  );
  const timeKey =
    setKey(ownFields, 'timestamp') ?? (body && isLikeUpload(body) ? setKey(body, 'ts') : undefined);

  return {
    rule: undefined,
    appIds: body === undefined ? [] : [field(body, 'app_id')],
    name: named.name || (campaigns.get(campaignIdOf(source)) ?? ''),
    identities: identityOrder.map((from) => ({ from, value: field(exact.profile, from) })),
    explicitId,
    time: timeKey === undefined ? undefined : ownFields[timeKey],
    properties: groupsOf(source, [named.key, explicitId.key, timeKey]),
    types: noTypes,
    userProperties: undefined,
  };
}

/** The key of a field that is present and neither null nor empty. */
function setKey(object: JsonObject, name: string): string | undefined {
  const key = fieldKey(object, name);
  return key === undefined || object[key] === null || object[key] === '' ? undefined : key;
}

/** A profile's key_values override those of its request. */
export const keyValuesOf = ({ requestKeyValues, profileKeyValues }: SourceEvent): JsonObject => ({
  ...requestKeyValues,
  ...profileKeyValues,
});

/** The id of an event's campaign as a string; empty if it has none. */
export const campaignIdOf = ({ campaignId }: SourceEvent): string =>
  typeof campaignId === 'number' || typeof campaignId === 'string' ? String(campaignId).trim() : '';

/** The name of an event as sent; blank if the value is not a name. */
export const toName = (value: unknown): string => {
  const name = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return noName.test(repairName(name)) ? '' : name;
};

const noName = /^(?:null|undefined)?$/i;

/** The name of an event as Heap receives it. */
export const repairName = (name: string): string => withoutInvisible(name).trim();

/** The event's name as CleverTap sent it, blank if there is none, and its key in the body or key_values. */
export function sentName(source: SourceEvent): { readonly name: string; readonly key?: string } {
  const { body, profileKeyValues, requestKeyValues, requestNames, pathEvent } = source;
  for (const object of body === undefined ? [profileKeyValues, requestKeyValues] : [body]) {
    for (const nameField of nameFields) {
      const key = fieldKey(object, nameField);
      const name = key === undefined ? '' : toName(object[key]);
      if (key !== undefined && name !== '') return { name, key };
    }
  }
  return { name: requestNames.map(toName).find((name) => name !== '') ?? toName(pathEvent) };
}

const idCandidates = (object: JsonObject, names: readonly string[]): IdCandidate[] =>
  names
    .map((name) => fieldKey(object, name))
    .filter((key) => key !== undefined)
    .map((key) => ({ key, value: object[key] }));

/** Everything CleverTap sent with the event, except what is already used. */
function groupsOf(source: SourceEvent, used: readonly (string | undefined)[]): PropertyGroup[] {
  const { body, campaignId, eventProperties } = source;
  const values = body ?? keyValuesOf(source);
  const names = [...used.filter((name) => name !== undefined), ...blankNames(source, values)];
  if (body !== undefined) names.push(...frame, ...groupNames(body));
  const groups: PropertyGroup[] = [
    { values: eventProperties },
    { values, usedUp: names.map((name) => name.toLowerCase()) },
  ];
  if (campaignId !== undefined) groups.push({ values: { clevertap_campaign_id: campaignId } });
  return groups;
}

/** The keys under which a custom body holds its event properties. */
const groupNames = (body: JsonObject): string[] =>
  ['properties', 'evtData'].filter((name) => isJsonObject(field(body, name)));

/** Names and times that were left blank: they say nothing and are not properties either. */
const blankNames = ({ body }: SourceEvent, object: JsonObject): string[] =>
  Object.values(object).some(isBlank)
    ? [...nameFields, 'timestamp', ...(body && isLikeUpload(body) ? ['ts'] : [])].filter((name) =>
        isBlank(field(object, name)),
      )
    : [];

const isBlank = (value: unknown): boolean => typeof value === 'string' && noName.test(value.trim());
