import { isInfinite, isJsonObject, losesDigits, type JsonObject } from '../json';
import { rejected, type Changes, type Rejected } from './findings';
import type { PropertyType } from './rule-format';
import { clean, cut, holdsTemplate, isPlain, parseDecimal } from './strings';
import { parseClevertapDate, parseDate } from './timestamp';

const maxProperties = 500;
const maxDepth = 32;

/** Heap: "fewer than 1024 characters" for keys and values (developers.heap.io, "Track"). */
const maxLength = 1023;

/** Names that reach a prototype in careless code, here or downstream. */
export const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

export type HeapProperties = Readonly<Record<string, string | number>>;

const noTypes: ReadonlyMap<string, PropertyType> = new Map();

/**
 * Collects properties in a form that Heap can chart: flat, and only strings and numbers (docs/configuration.md). If two
 * values have the same name, the first wins. After a rejection nothing more is collected.
 */
export class PropertyCollector {
  readonly properties: Record<string, string | number> = {};
  private size = 0;
  private problem: Rejected | undefined;

  /** @param types the types that values are converted to, by their path as sent */
  constructor(
    private readonly changes: Changes,
    private readonly types: ReadonlyMap<string, PropertyType> = noTypes,
  ) {}

  /** Why these properties can never be delivered, if so. */
  get rejection(): Rejected | undefined {
    return this.problem;
  }

  /** @param except lower-case names to leave out, in any casing */
  addAll(object: JsonObject, except: readonly string[] = []): void {
    for (const name of Object.keys(object)) {
      if (except.length === 0 || !except.includes(name.toLowerCase())) this.add(name, object[name]);
    }
  }

  /** Adds a property, or many if the value is nested. */
  add(name: string, value: unknown): void {
    const heapName = clean(name);
    if (this.accepts(heapName)) this.collect(name, heapName, value, 1);
  }

  /** Adds a scalar if there is room for it: losing the event would be worse than losing this property. */
  addIfPossible(name: string, value: unknown): void {
    const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    if (isScalar && this.size < maxProperties) this.add(name, value);
    else this.changes.record('value_dropped', name);
  }

  private accepts(name: string): boolean {
    if (this.problem === undefined && forbiddenNames.has(name)) {
      this.problem = rejected('forbidden_property_name', `a property is named ${name}`);
    }
    return this.problem === undefined;
  }

  /**
   * @param path the names from the outermost on, as sent, joined with dots
   * @param name the same path as Heap receives it
   */
  private collect(path: string, name: string, value: unknown, depth: number): void {
    if (depth > maxDepth) {
      this.problem = rejected('nested_too_deep', `properties are nested more than ${maxDepth} levels deep`);
      return;
    }
    const type = this.types.size > 0 ? this.types.get(path) : undefined;
    if (type !== undefined) this.putAs(path, name, value, type);
    else if (typeof value === 'string') this.put(path, name, this.limited(path, value));
    else if (typeof value === 'number' && !isInfinite(value)) this.put(path, name, value);
    else if (typeof value === 'boolean') this.put(path, name, String(value));
    else if (Array.isArray(value)) this.collectList(path, name, value, depth);
    else if (!isJsonObject(value) || !this.collectMembers(path, name, value, depth)) {
      this.changes.record('value_dropped', path);
    }
  }

  /** @returns false if the object is empty */
  private collectMembers(path: string, name: string, object: JsonObject, depth: number): boolean {
    const keys = Object.keys(object);
    for (const key of keys) {
      const heapKey = clean(key);
      if (!this.accepts(heapKey)) break;
      this.collect(`${path}.${key}`, innerName(name, heapKey), object[key], depth + 1);
    }
    return keys.length > 0;
  }

  private collectList(path: string, name: string, list: readonly unknown[], depth: number): void {
    if (list.some((element) => typeof element === 'object' && element !== null)) {
      for (const [index, element] of list.entries()) {
        if (this.problem !== undefined) return;
        this.collect(`${path}.${index}`, innerName(name, String(index)), element, depth + 1);
      }
      return;
    }
    const elements = list.filter((element) => element !== null && !isInfinite(element));
    if (elements.length < list.length || list.length === 0) this.changes.record('value_dropped', path);
    if (elements.length === 0) return;
    // Further elements would be cut off anyway.
    const joined = elements.slice(0, maxLength).map(stringOf).join('||');
    this.put(path, name, this.limited(path, joined));
  }

  /** Drops a value that cannot be converted: one string among numbers would spoil the property. */
  private putAs(path: string, name: string, value: unknown, type: PropertyType): void {
    const converted = convert(value, type);
    if (
      type === 'number' &&
      typeof value === 'string' &&
      converted !== undefined &&
      losesDigits(value.trim())
    )
      this.changes.record('number_rounded', path);
    if (converted !== undefined) {
      this.put(path, name, typeof converted === 'string' ? this.limited(path, converted) : converted);
    } else {
      this.changes.record(value === null || value === undefined ? 'value_dropped' : 'type_mismatch', path);
    }
  }

  /** A string within Heap's limits. A CleverTap date becomes ISO 8601. */
  private limited(path: string, value: string): string {
    if (isPlain(value) && value.length <= maxLength) return value;
    const date = parseClevertapDate(value);
    if (date !== undefined) return date;
    const cleaned = clean(value);
    if (cleaned !== value) this.changes.record('text_repaired', path);
    // A date that could not be read is sent unchanged, too.
    if (holdsTemplate(cleaned) || /(?:^|\|\|)\s*\$D_/.test(cleaned))
      this.changes.record('unrendered_value', path);
    if (cleaned.length > maxLength) this.changes.record('value_truncated', path);
    return cut(cleaned, maxLength);
  }

  private put(path: string, name: string, value: string | number): void {
    // Heap reserves the name "id", in any casing.
    const isReserved = name.length === 2 && name.toLowerCase() === 'id';
    const heapName = isReserved ? 'clevertap_id' : name;
    if (isReserved) this.changes.record('name_reserved', path);
    if (heapName === '') {
      this.changes.record('value_dropped', path);
    } else if (heapName.length > maxLength) {
      this.problem = rejected(
        'property_name_too_long',
        `a property name is longer than ${maxLength} characters`,
      );
    } else if (Object.hasOwn(this.properties, heapName)) {
      this.changes.record('name_collision', heapName);
    } else if (this.size === maxProperties) {
      this.problem = rejected('too_many_properties', `more than ${maxProperties} properties`);
    } else {
      this.properties[heapName] = value;
      this.size += 1;
    }
  }
}

/** A name that is already too long does not grow: it may have many members, and none becomes a property. */
const innerName = (name: string, inner: string): string =>
  name.length > maxLength ? name : `${name}.${inner}`;

/** @returns undefined if the value cannot be converted */
function convert(value: unknown, type: PropertyType): string | number | undefined {
  const trimmed = typeof value === 'string' ? value.trim() : undefined;
  switch (type) {
    case 'number':
      if (typeof value === 'number') return isInfinite(value) ? undefined : value;
      return trimmed === undefined ? undefined : parseDecimal(trimmed);
    case 'boolean':
      if (value === true || value === 1 || trimmed?.toLowerCase() === 'true' || trimmed === '1')
        return 'true';
      if (value === false || value === 0 || trimmed?.toLowerCase() === 'false' || trimmed === '0')
        return 'false';
      return undefined;
    case 'date':
      return parseDate(value);
    case 'string':
      if (typeof value === 'string') return value;
      return typeof value === 'boolean' || Number.isFinite(value) ? String(value) : undefined;
  }
}

const stringOf = (scalar: unknown): string => parseClevertapDate(String(scalar)) ?? String(scalar);
