import { identityFields } from '../contract';
import { fieldKey, objectField, type JsonObject } from '../json';
import type { EventLocation, Loss, UnreadableEvent } from './decode-message';
import type { JsonFinding } from './read-json';

/** Fields that may name an event, best first. */
export const nameFields = ['event', 'event_name', 'evtName'] as const;

/** Names by their lower-case form, which is how they are looked up. */
type Names = ReadonlyMap<string, string>;
const named = (...names: string[]): Names => new Map(names.map((name) => [name.toLowerCase(), name]));

const none = named();
const customBody = named(
  ...['app_id', 'targetId', 'timestamp', 'idempotency_key', 'properties', 'evtData'],
  ...[...nameFields, ...identityFields],
);

/** For each kind of object: the fields that have a meaning, and those of its `key_values`. All others are data. */
const fields = {
  payload: [named('profiles', 'key_values', 'targetId', 'is_test', ...nameFields), named(...nameFields)],
  profile: [
    named('profileData', 'event_properties', 'key_values', 'payload', ...identityFields),
    named('event_id', 'message_id', 'timestamp', ...nameFields),
  ],
  customBody: [customBody, none],
  uploaded: [new Map([...customBody, ['ts', 'ts']]), none],
  uploads: [named('d'), none],
} as const;

/** An object, and the names in it that have a meaning. */
type Frame = readonly [object: JsonObject, names: Names];

export const framesOf = (kind: keyof typeof fields, object: JsonObject): readonly Frame[] => [
  [object, fields[kind][0]],
  [objectField(object, 'key_values'), fields[kind][1]],
];

/** Whether a custom body is written for CleverTap's upload API: `ts` may then date the event. */
export const isLikeUpload = (body: JsonObject): boolean =>
  (fieldKey(body, 'evtName') ?? fieldKey(body, 'evtData')) !== undefined;

/** Rejects an object in which such a field occurs twice: there is no telling which value was meant. */
export function ambiguityIn(
  frames: readonly Frame[],
  findings: readonly JsonFinding[],
  location: EventLocation,
): UnreadableEvent | undefined {
  const found = findings.find(
    ({ kind, name, around }) =>
      kind === 'duplicate' &&
      frames.some(([object, names]) => object === around.at(-1) && names.has(name.toLowerCase())),
  );
  if (found === undefined) return undefined;
  const detail = `${found.position}: duplicate name ${found.name}; a value may hold unescaped quotes`;
  return { location, reason: 'invalid_json', detail };
}

/** What `JSON.parse` lost, and fields whose other casing takes precedence. */
export const lossesIn = (frames: readonly Frame[], findings: readonly JsonFinding[]): Loss[] => [
  ...findings.map(({ kind, name }): Loss =>
    kind === 'rounded' ? { change: 'number_rounded', property: name } : collision(name),
  ),
  ...frames.flatMap(([object, names]) =>
    Object.keys(object)
      .filter((key) => {
        const name = names.get(key) ?? names.get(key.toLowerCase());
        return name !== undefined && name !== key && fieldKey(object, name) !== key;
      })
      .map(collision),
  ),
];

export const collision = (property: string): Loss => ({ change: 'name_collision', property });

/** Findings by the objects and lists that contain them. */
export function byValue(findings: readonly JsonFinding[]): ReadonlyMap<unknown, readonly JsonFinding[]> {
  const inside = new Map<unknown, JsonFinding[]>();
  for (const finding of findings) {
    for (const value of finding.around) {
      const found = inside.get(value);
      if (found === undefined) inside.set(value, [finding]);
      else found.push(finding);
    }
  }
  return inside;
}
