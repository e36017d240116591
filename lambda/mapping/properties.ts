import { isInfinite, isJsonObject, type JsonObject } from '../json';
import { shapeOf } from '../clevertap/shape';
import type { Changes } from './changes';
import { parseDecimal } from './number';
import { rejected, type Rejected } from './rejection';
import type { PropertyType } from './rules';
import { maxTextLength, propertyPlaces, type Place, type Places } from './property-names';
import { clean, cut, holdsTemplate, isPlain } from './text';
import { parseClevertapDate, parseDate } from './timestamp';

const maxProperties = 500;
const maxDepth = 32;

export type HeapProperties = Readonly<Record<string, string | number>>;

const noTypes: ReadonlyMap<string, PropertyType> = new Map();

/** How many writers there were. */
let writers = 0;

/**
 * Properties as Heap can chart them: flat, with texts and numbers alone. Nested objects are flattened with `.`,
 * lists of scalars joined with `||` as Heap itself stores them, lists of objects numbered; booleans become
 * "true" and "false", dates ISO 8601, and what has no value is left out.
 *
 * Of two names that come out the same the first wins.
 *
 * They are written as JSON at once. One writer must be done before the next begins.
 */
export class PropertyWriter {
  private members = '';
  private size = 0;
  private problem: Rejected | undefined;
  private readonly places = propertyPlaces();
  private readonly number = (writers += 1);

  /** @param types what properties shall be, by their names in Heap */
  constructor(
    private readonly changes: Changes,
    private readonly types: ReadonlyMap<string, PropertyType> = noTypes,
  ) {}

  /** Adds every property of an object but those named in `except`, in lower case: they are left out in any casing. */
  addAll(object: JsonObject, except: readonly string[] = []): void {
    if (except.length === 0) this.writeMembers(this.places, object, 1);
    else
      for (const key of Object.keys(object))
        if (!except.includes(key.toLowerCase())) this.add(key, object[key]);
  }

  /** Adds a property, or many when the value is nested. */
  add(name: string, value: unknown): void {
    this.write(this.places.at(name), value, 1);
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

  /** The properties as a JSON object. */
  get json(): string {
    return `{${this.members}}`;
  }

  /** @returns false if there are none */
  private writeMembers(places: Places, object: JsonObject, depth: number): boolean {
    const shape = shapeOf(object);
    const known = places.of(shape);
    const members = Object.values(object);
    let index = 0;
    for (const key of shape.keys) {
      if (this.problem !== undefined) break;
      this.write((known[index] ??= places.at(key)), members[index], depth);
      index += 1;
    }
    return shape.keys.length > 0;
  }

  private write(place: Place, value: unknown, depth: number): void {
    if (this.problem !== undefined) return;
    if (place.isForbidden) {
      this.problem = rejected('forbidden_property_name', `a property is named ${place.cleanedKey}`);
    } else if (depth > maxDepth) {
      this.problem = rejected('nested_too_deep', `properties are nested more than ${maxDepth} levels deep`);
    } else if (this.types.size > 0 && this.types.has(place.path)) {
      this.writeAs(place, value, this.types.get(place.path));
    } else if (typeof value === 'string') {
      this.put(place, this.text(place, value));
    } else if (typeof value === 'number' && Number.isFinite(value)) {
      this.put(place, String(value));
    } else if (typeof value === 'boolean') {
      this.put(place, value ? '"true"' : '"false"');
    } else if (Array.isArray(value)) {
      this.writeList(place, value, depth);
    } else if (!isJsonObject(value) || !this.writeMembers(place.inner, value, depth + 1)) {
      this.changes.record('value_dropped', place.path);
    }
  }

  /** A value that cannot be what it shall be is left out: one text among numbers would spoil the property. */
  private writeAs(place: Place, value: unknown, type: PropertyType | undefined): void {
    const converted = type === undefined ? undefined : convert(value, type);
    if (converted !== undefined) {
      this.put(place, typeof converted === 'string' ? this.text(place, converted) : String(converted));
    } else {
      const isMissing = value === null || value === undefined;
      this.changes.record(isMissing ? 'value_dropped' : 'type_mismatch', place.path);
    }
  }

  private writeList(place: Place, list: readonly unknown[], depth: number): void {
    if (list.some((element) => typeof element === 'object' && element !== null)) {
      for (const [index, element] of list.entries()) {
        if (this.problem !== undefined) return;
        this.write(place.inner.at(index), element, depth + 1);
      }
      return;
    }
    const elements = list.filter((element) => element !== null && !isInfinite(element));
    if (elements.length < list.length || list.length === 0) this.changes.record('value_dropped', place.path);
    if (elements.length === 0) return;
    // Further ones are cut off in any case.
    const texts = elements.slice(0, maxTextLength).map(toText);
    this.put(place, this.text(place, texts.join('||')));
  }

  /** A text as JSON. */
  private text(place: Place, value: string): string {
    if (isPlain(value) && value.length <= maxTextLength) return `"${value}"`;
    const date = parseClevertapDate(value);
    if (date !== undefined) return `"${date}"`;
    const { path } = place;
    const text = clean(value);
    if (text !== value) this.changes.record('text_repaired', path);
    if (holdsTemplate(text)) this.changes.record('unrendered_value', path);
    if (text.length > maxTextLength) this.changes.record('value_truncated', path);
    return JSON.stringify(cut(text, maxTextLength));
  }

  private put(place: Place, json: string): void {
    const { name, isReserved } = place.resolved;
    if (isReserved) this.changes.record('name_reserved', place.path);
    if (name === 'blank') {
      this.changes.record('value_dropped', place.path);
    } else if (name === 'too long') {
      this.problem = rejected(
        'property_name_too_long',
        `a property name is longer than ${maxTextLength} characters`,
      );
    } else if (name.writer === this.number) {
      this.changes.record('name_collision', name.name);
    } else if (this.size === maxProperties) {
      this.problem = rejected('too_many_properties', `more than ${maxProperties} properties`);
    } else {
      if (this.number !== writers) throw new Error('another writer has begun');
      name.writer = this.number;
      // To take a comma away afterwards would copy all of it.
      this.members += (this.size === 0 ? name.json.slice(1) : name.json) + json;
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
      return typeof value === 'boolean' || Number.isFinite(value) ? String(value) : undefined;
  }
}

const toText = (scalar: unknown): string => parseClevertapDate(String(scalar)) ?? String(scalar);
