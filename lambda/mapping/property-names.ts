import type { Shape } from '../clevertap/shape';
import { clean } from './text';

/** Heap: "fewer than 1024 characters" for keys and values (developers.heap.io, "Track"). */
export const maxTextLength = 1023;

/** Names that reach a prototype in careless code, here or behind us (F32). */
export const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A name as Heap gets it: one for each, whatever places it comes from. */
export interface PropertyName {
  readonly name: string;
  /** As it stands in JSON, with comma and colon. */
  readonly json: string;
  /** The last one that wrote a property under it: so a look tells whether the name is taken. */
  writer: number;
}

/** Stands for every name that Heap would not take. */
export const tooLong: PropertyName = { name: 'too long', json: '', writer: 0 };

/** Where a value may stand: under a name in the properties, or in an object or list of theirs. */
export interface Place {
  /** The names from the outermost on, with dots between, as they were sent. */
  readonly path: string;
  readonly name: PropertyName;
  /** Heap keeps the name "id" for itself, in any casing. */
  readonly isReserved: boolean;
  /** The innermost name, where it is one that is not accepted. */
  readonly forbidden: string | undefined;
  /** What it holds, when it holds an object or list. */
  readonly inner: Places;
}

/** Characters of all that is kept: a body of names of its own must not stay in memory (F26). */
const maxCharacters = 2_000_000;
/** What an object takes besides. */
const charactersPerObject = 200;
let characters = 0;

/** Longer paths and later elements are made anew each time: hardly anything is ever written there. */
const maxKeptPath = 2 * maxTextLength;
const maxKeptElements = 500;

/**
 * The places of an object's members or of a list's elements. They are kept, since campaigns send the same names over
 * and over, and to make one takes longer than to write its value.
 */
export class Places {
  private readonly byKey = new Map<string | number, Place>();
  private readonly byShape = new Map<Shape, (Place | undefined)[]>();

  /**
   * @param path what stands in front of the names as they were sent
   * @param name what stands in front of them in Heap
   */
  constructor(
    private readonly path: string,
    private readonly name: string,
  ) {}

  /** @param key the name of a member or the number of an element */
  at(key: string | number): Place {
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const place = this.create(String(key));
    const isKept = place.path.length <= maxKeptPath && (typeof key === 'string' || key < maxKeptElements);
    if (isKept && spend(place.path.length)) this.byKey.set(key, place);
    return place;
  }

  /** The places of an object's members in their order, where there were any so far. */
  of(shape: Shape): (Place | undefined)[] {
    const known = this.byShape.get(shape);
    if (known !== undefined) return known;
    const places = shape.keys.map(() => undefined);
    if (shape.isKnown && spend(shape.size)) this.byShape.set(shape, places);
    return places;
  }

  private create(key: string): Place {
    const path = this.path + key;
    const cleanedKey = clean(key);
    // Nothing is done with a name that is too long, which may be so for each of many members (F37).
    const name = this.name.length > maxTextLength ? this.name : this.name + cleanedKey;
    const isReserved = name.length === 2 && name.toLowerCase() === 'id';
    return {
      path,
      name: nameOf(isReserved ? 'clevertap_id' : name),
      isReserved,
      forbidden: forbiddenNames.has(cleanedKey) ? cleanedKey : undefined,
      inner: new Places(`${path}.`, `${name}.`),
    };
  }
}

const names = new Map<string, PropertyName>();
let topPlaces = new Places('', '');

/** The places of the properties themselves, for one that begins to write them. */
export function propertyPlaces(): Places {
  if (characters > maxCharacters) {
    topPlaces = new Places('', '');
    names.clear();
    characters = 0;
  }
  return topPlaces;
}

/** Whether there is room for something more. */
function spend(length: number): boolean {
  if (characters > maxCharacters) return false;
  characters += length + charactersPerObject;
  return true;
}

/** While properties are written each name must be one, so it is kept in any case. */
function nameOf(name: string): PropertyName {
  if (name.length > maxTextLength) return tooLong;
  const known = names.get(name);
  if (known !== undefined) return known;
  const created = { name, json: `,${JSON.stringify(name)}:`, writer: 0 };
  names.set(name, created);
  characters += name.length + charactersPerObject;
  return created;
}
