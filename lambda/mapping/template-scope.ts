import { fieldKey, isJsonObject, type JsonObject } from '../json';
import { parseClevertapDate } from './timestamp';

/** Longer texts are cut before a template sees them: Heap takes 1023 characters, and filters cost time by length (F37). */
const maxInputLength = 8192;

/**
 * Longer lists are cut as well (F37): a filter walks through all of a list before any limit is looked at. Sent as it
 * is, no list loses anything by it: joined it is too long already, and of objects it has too many properties.
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
 * @param fallbacks objects that are asked, in order, for what is not in the first
 */
export function templateObject(object: JsonObject, ...fallbacks: readonly JsonObject[]): object {
  return new Proxy(object, new TemplateObjectHandler([object, ...fallbacks]));
}

/** What an object of a template is asked for to get at what it is made of. */
const sources = Symbol('sources');

const missing = Symbol('missing');

class TemplateObjectHandler implements ProxyHandler<JsonObject> {
  constructor(private readonly all: readonly JsonObject[]) {}

  get(_: JsonObject, key: PropertyKey): unknown {
    if (typeof key !== 'string') return key === sources ? this.all : undefined;
    const value = find(this.all, key);
    return value === missing ? undefined : value;
  }

  has(_: JsonObject, key: PropertyKey): boolean {
    return typeof key === 'string' && find(this.all, key) !== missing;
  }

  getOwnPropertyDescriptor(_: JsonObject, key: PropertyKey): PropertyDescriptor | undefined {
    const value = typeof key === 'string' ? find(this.all, key) : missing;
    return value === missing ? undefined : { value, configurable: true, enumerable: true, writable: true };
  }

  getPrototypeOf(): null {
    return null;
  }
}

function find(all: readonly JsonObject[], key: string, ofObject?: (object: JsonObject) => object): unknown {
  for (const candidate of all) {
    const found = fieldKey(candidate, key);
    if (found !== undefined) return templateValue(candidate[found], ofObject);
  }
  return missing;
}

/** Names of members that liquidjs gives a meaning of its own. */
export const specialNames: ReadonlySet<string> = new Set(['size', 'first', 'last']);

/**
 * What liquidjs gives for a member of a value, such as that of `templateObject`: what the value itself holds, and of
 * no value no value.
 *
 * @param ofObject what an object is given as
 */
export function memberOf(
  value: unknown,
  key: string,
  ofObject: (object: JsonObject) => object = templateObject,
): unknown {
  if (value === undefined || value === null) return value;
  const all: unknown = typeof value === 'object' ? Reflect.get(value, sources) : undefined;
  if (isSources(all)) {
    const member = find(all, key, ofObject);
    return member === missing ? undefined : member;
  }
  const object = boxed(value);
  return Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined;
}

/** A value as the object whose members it has. */
const boxed: (value: unknown) => object = Object;

const isSources = (value: unknown): value is readonly JsonObject[] => Array.isArray(value);

function templateValue(value: unknown, ofObject: (object: JsonObject) => object = templateObject): unknown {
  // CleverTap's own notation of a date says nothing to a filter.
  if (typeof value === 'string') return parseClevertapDate(value) ?? value.slice(0, maxInputLength);
  if (Array.isArray(value)) {
    return value.slice(0, maxListLength).map((element) => templateValue(element, ofObject));
  }
  return isJsonObject(value) ? ofObject(value) : value;
}
