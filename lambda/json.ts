/** A parsed JSON object. Its keys are the sender's: read it with `own` and `field`, never by a chain of dots (F32). */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON has no infinity, but a number such as 1e400 is read as one. */
export const isInfinite = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value);

/** The value an object itself holds under a key; never one inherited from a prototype. */
export const own = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/**
 * The key under which an object holds a field, looked up exactly first and then without regard to case:
 * CleverTap's own samples write `Email` and `email`, `ProfileData` and `profileData`.
 */
export function fieldKey(object: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(object, name)) return name;
  const keys = Object.keys(object);
  if (keys.length === 0) return undefined;
  const wanted = name.toLowerCase();
  // Lower case has the length of the text, but of "İ", which gets a dot of its own. So most keys are told apart by that.
  const hasDot = wanted.includes('\u0307');
  for (const key of keys) {
    if ((key.length === wanted.length || hasDot) && key.toLowerCase() === wanted) return key;
  }
  return undefined;
}

/** The value of a field in whatever casing it came. */
export function field(object: JsonObject, name: string): unknown {
  const key = fieldKey(object, name);
  return key === undefined ? undefined : object[key];
}

/** The object under a field; an empty one when there is none. */
export function objectField(object: JsonObject, name: string): JsonObject {
  const value = field(object, name);
  return isJsonObject(value) ? value : {};
}
