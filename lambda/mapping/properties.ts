import { isJsonObject, type JsonObject } from '../clevertap/json';
import { rejected, type Rejected } from './rejection';
import { cut, holdsTemplate } from './text';
import { parseClevertapDate } from './timestamp';

/** Heap: "fewer than 1024 characters" for keys and values (developers.heap.io, "Track"). */
const maxTextLength = 1023;
const maxProperties = 500;
const maxDepth = 32;

/** Names that reach a prototype in careless code, here or behind us (F32). */
const forbiddenNames = new Set(['__proto__', 'constructor', 'prototype']);

/** Control characters that no chart can show; tab and line feed stay (F34). */
const controlCharacters = /[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** What was changed on the way to Heap, by kind and number: nothing is cut or dropped silently. */
export type Changes = Map<Change, number>;
export type Change =
  | 'value_truncated'
  | 'event_name_truncated'
  | 'value_dropped'
  | 'name_collision'
  | 'name_reserved'
  | 'unrendered_value'
  | 'text_repaired'
  | 'timestamp_replaced'
  | 'app_id_placeholder'
  | 'explicit_id_ignored';

export const count = (changes: Changes, change: Change): void => {
  changes.set(change, (changes.get(change) ?? 0) + 1);
};

export type HeapProperties = Record<string, string | number>;

/**
 * Properties as Heap can chart them: flat, with texts and numbers alone. Nested objects are flattened with `.`,
 * lists of scalars joined with `||` as Heap itself stores them, lists of objects numbered; booleans become
 * "true" and "false", dates ISO 8601, and what has no value is left out.
 *
 * Of two names that come out the same the first wins.
 */
export class PropertyWriter {
  // Without a prototype, so that no name can reach anything inherited.
  readonly properties: HeapProperties = emptyProperties();
  private size = 0;
  private problem: Rejected | undefined;

  constructor(private readonly changes: Changes) {}

  /** Adds every property of an object but those named in `except`. */
  addAll(object: JsonObject, except?: ReadonlySet<string>): void {
    for (const key of Object.keys(object)) {
      if (except?.has(key) !== true) this.add(key, object[key]);
    }
  }

  /** Adds a property, or many when the value is nested. */
  add(name: string, value: unknown): void {
    this.write(name, name, value, 1);
  }

  /** Why these properties can never be delivered, if so. */
  get rejection(): Rejected | undefined {
    return this.problem;
  }

  private write(path: string, name: string, value: unknown, depth: number): void {
    if (this.problem !== undefined) return;
    if (forbiddenNames.has(name)) {
      this.problem = rejected('forbidden_property_name', `a property is named ${name}`);
    } else if (depth > maxDepth) {
      this.problem = rejected('nested_too_deep', `properties are nested more than ${maxDepth} levels deep`);
    } else if (typeof value === 'string') {
      this.set(path, this.text(value));
    } else if (typeof value === 'number' && Number.isFinite(value)) {
      this.set(path, value);
    } else if (typeof value === 'boolean') {
      this.set(path, String(value));
    } else if (Array.isArray(value)) {
      this.writeList(path, value, depth);
    } else if (isJsonObject(value) && Object.keys(value).length > 0) {
      for (const key of Object.keys(value)) this.write(`${path}.${key}`, key, value[key], depth + 1);
    } else {
      count(this.changes, 'value_dropped');
    }
  }

  private writeList(path: string, list: readonly unknown[], depth: number): void {
    if (list.some((element) => typeof element === 'object' && element !== null)) {
      list.forEach((element, index) => {
        this.write(`${path}.${index}`, String(index), element, depth + 1);
      });
      return;
    }
    const texts = list.filter((element) => element !== null && !isInfinite(element)).map(String);
    if (texts.length < list.length || texts.length === 0) count(this.changes, 'value_dropped');
    if (texts.length > 0) this.set(path, this.text(texts.join('||')));
  }

  private text(value: string): string {
    const date = parseClevertapDate(value);
    if (date !== undefined) return date;
    const clean = value.toWellFormed().replace(controlCharacters, '');
    if (clean !== value) count(this.changes, 'text_repaired');
    if (holdsTemplate(clean)) count(this.changes, 'unrendered_value');
    if (clean.length > maxTextLength) count(this.changes, 'value_truncated');
    return cut(clean, maxTextLength);
  }

  private set(path: string, value: string | number): void {
    // Heap keeps the name "id" for itself, in any casing.
    const reserved = path.toLowerCase() === 'id';
    const name = reserved ? 'clevertap_id' : path.toWellFormed();
    if (reserved) count(this.changes, 'name_reserved');
    if (name === '') {
      count(this.changes, 'value_dropped');
    } else if (name.length > maxTextLength) {
      this.problem = rejected(
        'property_name_too_long',
        `a property name is longer than ${maxTextLength} characters`,
      );
    } else if (Object.hasOwn(this.properties, name)) {
      count(this.changes, 'name_collision');
    } else if (this.size === maxProperties) {
      this.problem = rejected('too_many_properties', `more than ${maxProperties} properties`);
    } else {
      this.properties[name] = value;
      this.size += 1;
    }
  }
}

/** JSON has no infinity, but a number such as 1e400 is read as one. */
const isInfinite = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value);

function emptyProperties(): HeapProperties {
  const properties: HeapProperties = {};
  Object.setPrototypeOf(properties, null);
  return properties;
}
