import { isJsonObject } from './json';

/** The names of an object, and how they stand in order. */
interface Shape {
  readonly keys: readonly string[];
  readonly sorted: readonly string[];
  /** Whether an object keeps them in this order: JavaScript puts names that are numbers first. */
  readonly isKept: boolean;
}

/** The shapes met so far, by their first name: a campaign sends a handful, over and over. */
const shapes = new Map<string, Shape[]>();
/** Of all shapes together: a body that is nothing but names of its own must not stay in memory (F26). */
const maxNames = 20_000;
/** To look through more takes longer than to put the names in order (F37). */
const maxShapesOfName = 64;
let nameCount = 0;

/**
 * A parsed JSON value as text, with the members of every object in the order of their names: a sender that writes
 * them in another order means the same. An infinite number, as 1e400 is read, is written as `Infinity`.
 */
export function canonicalJson(value: unknown): string {
  // JSON.stringify writes a copy faster than any code of ours writes the value; a cold function by half.
  if (typeof value !== 'object' || value === null) return written(value);
  const copy = sorted(value);
  return copy === undefined ? written(value) : JSON.stringify(copy);
}

/** A copy whose members are in order; undefined where there is none that JSON.stringify would write right. */
function sorted(value: object): object | undefined {
  if (Array.isArray(value)) return sortedElements(value);
  if (!isJsonObject(value)) return undefined;
  const shape = shapeOf(Object.keys(value));
  if (!shape.isKept) return undefined;
  const copy: Record<string, unknown> = {};
  for (const key of shape.sorted) {
    const member = value[key];
    const copied = typeof member === 'object' && member !== null ? sorted(member) : member;
    if (copied === undefined || isInfinite(copied)) return undefined;
    copy[key] = copied;
  }
  return copy;
}

function sortedElements(list: readonly unknown[]): readonly unknown[] | undefined {
  const copy: unknown[] = [];
  for (const element of list) {
    const copied = typeof element === 'object' && element !== null ? sorted(element) : element;
    if (copied === undefined || isInfinite(copied)) return undefined;
    copy.push(copied);
  }
  return copy;
}

const isInfinite = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value);

function written(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`;
  if (!isJsonObject(value)) return String(value);
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${written(value[key])}`);
  return `{${members.join(',')}}`;
}

function shapeOf(keys: readonly string[]): Shape {
  const [first = ''] = keys;
  for (const shape of shapes.get(first) ?? []) if (hasKeys(shape, keys)) return shape;
  const inOrder = keys.toSorted();
  const kept = Object.keys(Object.fromEntries(inOrder.map((key) => [key, null])));
  // To assign to `__proto__` would name no member.
  const isKept = hasKeys({ keys: kept }, inOrder) && !inOrder.includes('__proto__');
  const shape = { keys, sorted: inOrder, isKept };
  remember(first, shape);
  return shape;
}

function remember(first: string, shape: Shape): void {
  const size = shape.keys.length;
  if (size > maxNames) return;
  if (nameCount + size > maxNames) {
    shapes.clear();
    nameCount = 0;
  }
  const others = shapes.get(first);
  if (others === undefined) shapes.set(first, [shape]);
  else if (others.length < maxShapesOfName) others.push(shape);
  else return;
  nameCount += size;
}

function hasKeys({ keys }: Pick<Shape, 'keys'>, wanted: readonly string[]): boolean {
  if (keys.length !== wanted.length) return false;
  for (let index = 0; index < keys.length; index += 1) if (keys[index] !== wanted[index]) return false;
  return true;
}
