import { fieldKey, isJsonObject, type JsonObject } from '../json';
import { parseClevertapDate } from './timestamp';

/** Longer strings are cut before a template sees them: Heap takes 1023 characters, and filters cost time by length. */
const maxInputLength = 8192;

/**
 * Longer lists are cut as well: a filter walks a whole list before any limit applies. No property loses anything:
 * joined, such a list is too long already, and of objects it has too many properties.
 */
const maxListLength = 1000;

/** Thrown by `{% abort %}`, CleverTap's way to leave a user out. */
export class AbortEvent extends Error {
  override readonly name = 'AbortEvent';
}

/**
 * An object as templates see it: names are found exactly first and then without regard to case, at every level,
 * and nothing inherited is ever found.
 *
 * @param fallbacks objects to look in, in order, for what the first does not have
 */
export function templateObject(object: JsonObject, ...fallbacks: readonly JsonObject[]): JsonObject {
  return new Proxy(object, new TemplateObjectHandler([object, ...fallbacks]));
}

class TemplateObjectHandler implements ProxyHandler<JsonObject> {
  constructor(private readonly all: readonly JsonObject[]) {}

  get(_: JsonObject, key: PropertyKey): unknown {
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
    return undefined;
  }

  getPrototypeOf(): null {
    return null;
  }
}

function templateValue(value: unknown): unknown {
  // No filter can read CleverTap's own notation of a date.
  if (typeof value === 'string') return parseClevertapDate(value) ?? value.slice(0, maxInputLength);
  if (Array.isArray(value)) return value.slice(0, maxListLength).map(templateValue);
  return isJsonObject(value) ? templateObject(value) : value;
}
