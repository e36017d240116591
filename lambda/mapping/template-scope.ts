import { fieldKey, isJsonObject, type JsonObject } from '../clevertap/json';

/** Longer texts are cut before a template sees them: Heap takes 1023 characters, and filters cost time by length (F37). */
const maxInputLength = 8192;

/** Thrown by `{% abort %}`, CleverTap's way to leave a user out. */
export class AbortEvent extends Error {
  override readonly name = 'AbortEvent';
}

/**
 * An object as templates see it: names are found exactly first and then without regard to case, at every level,
 * and nothing inherited is ever found.
 *
 * @param fallbacks objects that are asked, in order, for what is not in the first
 */
export function templateObject(object: JsonObject, ...fallbacks: readonly JsonObject[]): object {
  const all = [object, ...fallbacks];
  const find = (key: PropertyKey): { value: unknown } | undefined => {
    if (typeof key !== 'string') return undefined;
    for (const candidate of all) {
      const found = fieldKey(candidate, key);
      if (found !== undefined) return { value: templateValue(candidate[found]) };
    }
    return undefined;
  };
  return new Proxy(object, {
    get: (_, key) => find(key)?.value,
    has: (_, key) => find(key) !== undefined,
    getOwnPropertyDescriptor: (_, key) => {
      const found = find(key);
      return found && { value: found.value, configurable: true, enumerable: true, writable: true };
    },
    getPrototypeOf: () => null,
  });
}

function templateValue(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, maxInputLength);
  if (Array.isArray(value)) return value.map(templateValue);
  return isJsonObject(value) ? templateObject(value) : value;
}
