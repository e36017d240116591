import { isJsonObject, type JsonObject } from '../clevertap/json';
import type { Changes } from './changes';
import { parseDecimal } from './number';
import { rejected, type Rejected } from './rejection';
import type { PropertyType } from './rules';
import { clean, cut, holdsTemplate, isPlain } from './text';
import { parseClevertapDate, parseDate } from './timestamp';

/** Heap: "fewer than 1024 characters" for keys and values (developers.heap.io, "Track"). */
const maxTextLength = 1023;
const maxProperties = 500;
const maxDepth = 32;

/** Names that reach a prototype in careless code, here or behind us (F32). */
export const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export type HeapProperties = Record<string, string | number>;

/** What becomes of the name of a property. */
interface PropertyName {
  readonly name: string;
  readonly isForbidden: boolean;
  readonly isReserved: boolean;
}

/** The names met so far: campaigns send the same ones over and over. Long ones must not stay in memory (F26). */
const knownNames = new Map<string, PropertyName>();
const maxKnownNames = 5000;
const maxKnownLength = 120;

function nameOf(path: string): PropertyName {
  const known = knownNames.get(path);
  if (known !== undefined) return known;
  const cleaned = clean(path);
  // Heap keeps the name "id" for itself, in any casing.
  const isReserved = cleaned.toLowerCase() === 'id';
  const name = isReserved ? 'clevertap_id' : cleaned;
  const found = { name, isReserved, isForbidden: forbiddenNames.has(cleaned) };
  if (path.length > maxKnownLength) return found;
  if (knownNames.size === maxKnownNames) knownNames.clear();
  knownNames.set(path, found);
  return found;
}

const noTypes: ReadonlyMap<string, PropertyType> = new Map();

/**
 * Properties as Heap can chart them: flat, with texts and numbers alone. Nested objects are flattened with `.`,
 * lists of scalars joined with `||` as Heap itself stores them, lists of objects numbered; booleans become
 * "true" and "false", dates ISO 8601, and what has no value is left out.
 *
 * Of two names that come out the same the first wins.
 */
export class PropertyWriter {
  readonly properties: HeapProperties = {};
  private size = 0;
  private problem: Rejected | undefined;

  /** @param types what properties shall be, by their names in Heap */
  constructor(
    private readonly changes: Changes,
    private readonly types: ReadonlyMap<string, PropertyType> = noTypes,
  ) {}

  /** Adds every property of an object but those named in `except`, in lower case: they are left out in any casing. */
  addAll(object: JsonObject, except: readonly string[] = []): void {
    for (const key of Object.keys(object)) {
      if (except.length === 0 || !except.includes(key.toLowerCase())) this.add(key, object[key]);
    }
  }

  /** Adds a property, or many when the value is nested. */
  add(name: string, value: unknown): void {
    this.write(name, name, value, 1);
  }

  /** Adds a scalar where there is room for it and no value under this name: the event is worth more than it. */
  addIfPossible(name: string, value: unknown): void {
    const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    if (isScalar && this.size < maxProperties) this.add(name, value);
    else this.changes.record('value_dropped', name);
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** Why these properties can never be delivered, if so. */
  get rejection(): Rejected | undefined {
    return this.problem;
  }

  private write(path: string, name: string, value: unknown, depth: number): void {
    if (this.problem !== undefined) return;
    if (nameOf(name).isForbidden) {
      this.problem = rejected('forbidden_property_name', `a property is named ${name}`);
    } else if (depth > maxDepth) {
      this.problem = rejected('nested_too_deep', `properties are nested more than ${maxDepth} levels deep`);
    } else if (this.types.has(path)) {
      this.writeAs(path, value, this.types.get(path));
    } else if (typeof value === 'string') {
      this.set(path, this.text(path, value));
    } else if (typeof value === 'number' && Number.isFinite(value)) {
      this.set(path, value);
    } else if (typeof value === 'boolean') {
      this.set(path, String(value));
    } else if (Array.isArray(value)) {
      this.writeList(path, value, depth);
    } else if (isJsonObject(value) && Object.keys(value).length > 0) {
      for (const key of Object.keys(value)) this.write(`${path}.${key}`, key, value[key], depth + 1);
    } else {
      this.changes.record('value_dropped', path);
    }
  }

  /** A value that cannot be what it shall be is left out: one text among numbers would spoil the property. */
  private writeAs(path: string, value: unknown, type: PropertyType | undefined): void {
    const converted = type === undefined ? undefined : convert(value, type);
    if (converted !== undefined) {
      this.set(path, typeof converted === 'string' ? this.text(path, converted) : converted);
    } else {
      this.changes.record(value === null || value === undefined ? 'value_dropped' : 'type_mismatch', path);
    }
  }

  private writeList(path: string, list: readonly unknown[], depth: number): void {
    if (list.some((element) => typeof element === 'object' && element !== null)) {
      list.forEach((element, index) => {
        this.write(`${path}.${index}`, String(index), element, depth + 1);
      });
      return;
    }
    const texts = list.filter((element) => element !== null && !isInfinite(element)).map(toText);
    if (texts.length < list.length || texts.length === 0) this.changes.record('value_dropped', path);
    if (texts.length > 0) this.set(path, this.text(path, texts.join('||')));
  }

  private text(path: string, value: string): string {
    if (isPlain(value) && value.length <= maxTextLength) return value;
    const date = parseClevertapDate(value);
    if (date !== undefined) return date;
    const text = clean(value);
    if (text !== value) this.changes.record('text_repaired', path);
    if (holdsTemplate(text)) this.changes.record('unrendered_value', path);
    if (text.length > maxTextLength) this.changes.record('value_truncated', path);
    return cut(text, maxTextLength);
  }

  private set(path: string, value: string | number): void {
    const { name, isReserved } = nameOf(path);
    if (isReserved) this.changes.record('name_reserved', path);
    if (name === '') {
      this.changes.record('value_dropped', path);
    } else if (name.length > maxTextLength) {
      this.problem = rejected(
        'property_name_too_long',
        `a property name is longer than ${maxTextLength} characters`,
      );
    } else if (Object.hasOwn(this.properties, name)) {
      this.changes.record('name_collision', name);
    } else if (this.size === maxProperties) {
      this.problem = rejected('too_many_properties', `more than ${maxProperties} properties`);
    } else {
      this.properties[name] = value;
      this.size += 1;
    }
  }
}

/** A value as the type it shall have; undefined when it is none. */
function convert(value: unknown, type: PropertyType): string | number | undefined {
  const text = typeof value === 'string' ? value.trim() : undefined;
  switch (type) {
    case 'number':
      if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
      return text === undefined ? undefined : parseDecimal(text);
    case 'boolean':
      if (value === true || value === 1 || text?.toLowerCase() === 'true' || text === '1') return 'true';
      if (value === false || value === 0 || text?.toLowerCase() === 'false' || text === '0') return 'false';
      return undefined;
    case 'date':
      return parseDate(value);
    case 'string':
      if (typeof value === 'string') return value;
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  }
}

const toText = (scalar: unknown): string => parseClevertapDate(String(scalar)) ?? String(scalar);

/** JSON has no infinity, but a number such as 1e400 is read as one. */
const isInfinite = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value);
