/** Characters that JSON escapes in a text; of the surrogates only halves of characters. */
const escaped = /["\\\u0000-\u001f\ud800-\udfff]/;

/** `JSON.stringify` of a text, which is slow for the many that need nothing but quotes. */
const quote = (text: string): string => (escaped.test(text) ? JSON.stringify(text) : `"${text}"`);

/** How the members of an object are written in order. */
interface Shape {
  /** The names as they stand in the object. */
  readonly keys: readonly string[];
  readonly members: readonly {
    /** What stands before the value, its name among it. */
    readonly head: string;
    /** Of the value among all values of the object. */
    readonly place: number;
  }[];
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
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return String(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const element of value) text += (text === '' ? '[' : ',') + canonicalJson(element);
    return text === '' ? '[]' : `${text}]`;
  }
  const values: unknown[] = Object.values(value);
  for (const { head, place } of shapeOf(Object.keys(value)).members)
    text += head + canonicalJson(values[place]);
  return text === '' ? '{}' : `${text}}`;
}

function shapeOf(keys: readonly string[]): Shape {
  const [first = ''] = keys;
  const known = shapes.get(first)?.find((shape) => hasKeys(shape, keys));
  if (known !== undefined) return known;

  const members = keys
    .map((key, place) => ({ key, place }))
    .sort((one, other) => (one.key < other.key ? -1 : 1))
    .map(({ key, place }, index) => ({ head: `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`, place }));
  const shape = { keys, members };
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

function hasKeys({ keys }: Shape, wanted: readonly string[]): boolean {
  if (keys.length !== wanted.length) return false;
  for (let index = 0; index < keys.length; index += 1) if (keys[index] !== wanted[index]) return false;
  return true;
}
