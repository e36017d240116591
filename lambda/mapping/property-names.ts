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

/** What becomes of the names that lead to a place. */
export interface ResolvedName {
  readonly name: PropertyName | 'blank' | 'too long';
  /** Heap keeps the name "id" for itself, in any casing. */
  readonly isReserved: boolean;
}

const blank: ResolvedName = { name: 'blank', isReserved: false };
const tooLong: ResolvedName = { name: 'too long', isReserved: false };

/**
 * Where a value may stand: under a name in the properties, or in an object or list of theirs. What a place is about is
 * made when it is asked for: most bodies that are not for Heap have places where nothing is ever written (F26).
 */
export class Place {
  private lazyResolved: ResolvedName | undefined;
  private lazyInner: Places | undefined;
  /** Whether the innermost name is one that is not accepted. */
  readonly isForbidden: boolean;

  constructor(
    private readonly outer: Places,
    private readonly key: string,
  ) {
    this.isForbidden = forbiddenNames.has(clean(key));
  }

  /** The innermost name. */
  get cleanedKey(): string {
    return clean(this.key);
  }

  /** The names from the outermost on, with dots between, as they were sent. */
  get path(): string {
    return this.outer.path + this.key;
  }

  get resolved(): ResolvedName {
    return (this.lazyResolved ??= resolve(this.outer.nameOf(this.key)));
  }

  /** The places in the object or list that stands here. */
  get inner(): Places {
    return (this.lazyInner ??= new Places(`${this.path}.`, `${this.outer.nameOf(this.key)}.`));
  }
}

/** Of all that is kept: a body of names of its own must not stay in memory (F26). */
const maxCharacters = 2_000_000;
/** What an object takes besides its characters. */
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
    readonly path: string,
    private readonly name: string,
  ) {}

  /** @param key the name of a member or the number of an element */
  at(key: string | number): Place {
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const text = String(key);
    const place = new Place(this, text);
    const length = this.path.length + text.length;
    const isKept = length <= maxKeptPath && (typeof key === 'string' || key < maxKeptElements);
    if (isKept && spend(length)) this.byKey.set(key, place);
    return place;
  }

  /** The places of an object's members in their order, where there were any so far. */
  of(shape: Shape): (Place | undefined)[] {
    const known = this.byShape.get(shape);
    if (known !== undefined) return known;
    const places = shape.keys.map(() => undefined);
    const isKept = shape.isKnown && this.path.length <= maxKeptPath;
    if (isKept && spend(shape.size + charactersPerObject * places.length)) this.byShape.set(shape, places);
    return places;
  }

  /** The name of a member in Heap. Nothing is done with one that is too long, which may hold many members (F37). */
  nameOf(key: string): string {
    return this.name.length > maxTextLength ? this.name : this.name + clean(key);
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

function resolve(name: string): ResolvedName {
  if (name === '') return blank;
  if (name.length > maxTextLength) return tooLong;
  const isReserved = name.toLowerCase() === 'id';
  return { name: nameOf(isReserved ? 'clevertap_id' : name), isReserved };
}

/** While properties are written each name must be one, so it is kept in any case: an event has not many. */
function nameOf(name: string): PropertyName {
  const known = names.get(name);
  if (known !== undefined) return known;
  const created = { name, json: `,${JSON.stringify(name)}:`, writer: 0 };
  names.set(name, created);
  characters += 2 * name.length + charactersPerObject;
  return created;
}
