import { hash } from 'node:crypto';
import type { JsonObject } from '../json';

/** The names of an object's members in their order. Objects of a campaign share a handful of shapes. */
export class Shape {
  private lazyOrder: readonly number[] | undefined;
  private lazyDigest: string | undefined;

  /**
   * @param isKnown whether later objects may get this same `Shape`, so that it is worth remembering something by it
   * @param size characters in the names, and what they take besides
   */
  constructor(
    readonly keys: readonly string[],
    readonly isKnown: boolean,
    readonly size: number,
  ) {}

  /** Places of the keys, in the order of the names: the same for all objects that differ in their order alone. */
  get order(): readonly number[] {
    return (this.lazyOrder ??= this.keys
      .map((key, place) => ({ key, place }))
      .sort((one, other) => (one.key < other.key ? -1 : 1))
      .map(({ place }) => place));
  }

  /** Stands for the names, whatever order they came in. */
  get digest(): string {
    return (this.lazyDigest ??= hash(
      'sha256',
      JSON.stringify(this.order.map((place) => this.keys[place])),
      'base64url',
    ));
  }
}

/** The shapes met so far, by their first name. */
const shapes = new Map<string, Shape[]>();
/** Of all of them: a body of names of its own must not stay in memory (F26). */
const maxSize = 400_000;
const charactersPerName = 20;
/** To look through more takes longer than to put the names in order (F37). */
const maxShapesOfName = 64;
let totalSize = 0;

/** The shape of an object. */
export function shapeOf(object: JsonObject): Shape {
  const keys = Object.keys(object);
  const [first = ''] = keys;
  const alike = shapes.get(first);
  if (alike !== undefined) for (const shape of alike) if (hasKeys(shape, keys)) return shape;

  let size = charactersPerName;
  for (const key of keys) size += key.length + charactersPerName;
  const isKnown = size <= maxSize && (alike === undefined || alike.length < maxShapesOfName);
  const shape = new Shape(keys, isKnown, size);
  if (isKnown) remember(first, shape);
  return shape;
}

function remember(first: string, shape: Shape): void {
  if (totalSize + shape.size > maxSize) {
    shapes.clear();
    totalSize = 0;
  }
  totalSize += shape.size;
  const alike = shapes.get(first);
  if (alike === undefined) shapes.set(first, [shape]);
  else alike.push(shape);
}

function hasKeys({ keys }: Shape, wanted: readonly string[]): boolean {
  if (keys.length !== wanted.length) return false;
  for (let index = 0; index < keys.length; index += 1) if (keys[index] !== wanted[index]) return false;
  return true;
}
