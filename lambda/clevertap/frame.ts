import { identityFields } from '../contract';
import { fieldKey, type JsonObject } from '../json';
import type { Loss, UnreadableEvent } from './decode-message';
import type { JsonFinding } from './read-json';

/** Where an event may be named, best first. */
export const nameFields = ['event', 'event_name', 'evtName'] as const;

/** Names by their lower case, in which they are looked up. */
const byLowerCase = (names: readonly string[]): ReadonlyMap<string, string> =>
  new Map(names.map((name) => [name.toLowerCase(), name]));

/** What makes a payload, a profile or a custom body an event of a user. Everything else is data. */
const frame = byLowerCase([
  ...['app_id', 'targetId', 'is_test', 'profiles', 'd', 'key_values', 'event_properties', 'properties'],
  ...['evtData', 'timestamp', 'ts', 'idempotency_key', ...nameFields, ...identityFields],
]);
export const frameOfKeyValues = byLowerCase([...nameFields, 'event_id', 'message_id', 'timestamp']);
const ids = byLowerCase([...identityFields, 'idempotency_key', 'event_id', 'message_id']);

/** Whether the value is in a payload, a profile, a custom body or `key_values` itself. */
const isField = ({ path }: JsonFinding): boolean =>
  path.slice(0, -1).every((step) => typeof step === 'number' || /^(?:profiles|d|key_values)$/i.test(step));

/** Why an object with a field that stands twice is refused: nobody can tell which value was meant. */
export function ambiguityIn(findings: readonly JsonFinding[]): Omit<UnreadableEvent, 'location'> | undefined {
  const found = findings.find((finding) => {
    const names = /^key_values$/i.test(String(finding.path.at(-2))) ? frameOfKeyValues : frame;
    return finding.kind === 'duplicate' && isField(finding) && names.has(finding.name.toLowerCase());
  });
  if (found === undefined) return undefined;
  const detail = `${found.position}: the name ${found.name} for the second time; a value may hold quotes`;
  return { reason: 'invalid_json', detail };
}

/** The object with NaN for a number that is an identity or id and was not written as an integer. */
export function withExactIds(object: JsonObject, findings: readonly JsonFinding[]): JsonObject {
  if (findings.length === 0) return object;
  const exact: Record<string, unknown> = { ...object };
  for (const finding of findings) {
    const isId = ids.has(finding.name.toLowerCase()) && typeof object[finding.name] === 'number';
    if (finding.kind === 'not_integer' && isField(finding) && isId) exact[finding.name] = NaN;
  }
  return exact;
}

/** What `JSON.parse` lost of an object. */
export const lossesOf = (findings: readonly JsonFinding[]): Loss[] =>
  findings.flatMap(({ kind, name }): Loss[] => {
    if (kind === 'not_integer') return [];
    return [{ change: kind === 'rounded' ? 'number_rounded' : 'name_collision', property: name }];
  });

/** Fields in another casing than the one that counts. */
export const twinsIn = (object: JsonObject, names: ReadonlyMap<string, string> = frame): Loss[] =>
  Object.keys(object)
    .filter((key) => {
      const name = names.get(key) ?? names.get(key.toLowerCase());
      return name !== undefined && name !== key && fieldKey(object, name) !== key;
    })
    .map(collision);

export const collision = (property: string): Loss => ({ change: 'name_collision', property });

/** Findings by the element of a list that they are in. @param key its name in the root; undefined if it is the root */
export function byElement(
  findings: readonly JsonFinding[],
  key: string | undefined,
): ReadonlyMap<number | undefined, readonly JsonFinding[]> {
  const elements = new Map<number | undefined, JsonFinding[]>();
  for (const finding of findings) {
    const step = key === undefined ? finding.path[0] : finding.path[0] === key ? finding.path[1] : undefined;
    const index = typeof step === 'number' ? step : undefined;
    const found = elements.get(index) ?? [];
    found.push(finding);
    elements.set(index, found);
  }
  return elements;
}
