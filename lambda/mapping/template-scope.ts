import { fieldKey, isJsonObject, type JsonObject } from '../json';
import { parseClevertapDate } from './timestamp';

/** Longer strings are cut before a template sees them: Heap accepts 1023 characters, and filters cost time by length. */
const maxInputLength = 8192;

/**
 * Longer lists are cut too: a filter walks a whole list before any limit applies. Hardly any property is affected. Such
 * a list is too long when joined, and has too many properties if it holds objects.
 */
const maxListLength = 1000;

/** Thrown by `{% abort %}`, CleverTap's way to skip a user. */
export class AbortEvent extends Error {
  override readonly name = 'AbortEvent';
}

/**
 * An object as templates see it. At every level, names match exactly first and then case-insensitively, and nothing
 * inherited is found.
 *
 * @param fallbacks objects to search, in order, for what the first one lacks
 */
export function templateObject(object: JsonObject, ...fallbacks: readonly JsonObject[]): JsonObject {
  return new Proxy(object, new TemplateObjectHandler([object, ...fallbacks]));
}

/** The key under which a template object holds the objects it searches. */
const sources = Symbol('sources');

/** The member of a template object, or of an object in one, as sent; undefined if there is none. */
export function memberOf(value: unknown, key: string): unknown {
  if (value === null) return null;
  for (const object of sourcesOf(value)) {
    const found = fieldKey(object, key);
    if (found !== undefined) return object[found];
  }
  return undefined;
}

function sourcesOf(value: unknown): readonly JsonObject[] {
  if (!isJsonObject(value)) return [];
  const all: unknown = Reflect.get(value, sources);
  return isSources(all) ? all : [value];
}

const isSources = (value: unknown): value is readonly JsonObject[] => Array.isArray(value);

class TemplateObjectHandler implements ProxyHandler<JsonObject> {
  constructor(private readonly all: readonly JsonObject[]) {}

  get(_: JsonObject, key: PropertyKey): unknown {
    if (key === sources) return this.all;
    return this.getOwnPropertyDescriptor(_, key)?.value;
  }

  has(_: JsonObject, key: PropertyKey): boolean {
    return this.getOwnPropertyDescriptor(_, key) !== undefined;
  }

  getOwnPropertyDescriptor(_: JsonObject, key: PropertyKey): PropertyDescriptor | undefined {
    if (typeof key !== 'string') return undefined;
    for (const candidate of this.all) {
      const found = fieldKey(candidate, key);
      if (found === undefined) continue;
      const value = templateValue(candidate[found]);
      return { value, configurable: true, enumerable: true, writable: true };
    }
    // Without a "size", liquidjs would count the members of the object.
    return key === 'size' ? { value: undefined, configurable: true } : undefined;
  }

  getPrototypeOf(): null {
    return null;
  }
}

/**
 * A value as templates see it.
 *
 * @param ofObject converts an object
 */
export function templateValue(
  value: unknown,
  ofObject: (object: JsonObject) => JsonObject = templateObject,
): unknown {
  // No filter can read CleverTap's date notation.
  if (typeof value === 'string') return parseClevertapDate(value) ?? value.slice(0, maxInputLength);
  if (Array.isArray(value)) {
    return value.slice(0, maxListLength).map((element) => templateValue(element, ofObject));
  }
  return isJsonObject(value) ? ofObject(value) : value;
}
