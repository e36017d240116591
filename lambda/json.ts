/** A parsed JSON object. Its keys are the sender's: read it with `own` and `field`, never by a chain of dots. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON has no infinity, but a number such as 1e400 is parsed as one. */
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
  const wanted = name.toLowerCase();
  // Lower case never shortens a string, so a longer key cannot match. It may be very long.
  return Object.keys(object).find((key) => key.length <= wanted.length && key.toLowerCase() === wanted);
}

/** The value of a field in whatever casing it came. */
export function field(object: JsonObject, name: string): unknown {
  const key = fieldKey(object, name);
  return key === undefined ? undefined : object[key];
}

/** The object under a field; an empty one if there is none. */
export function objectField(object: JsonObject, name: string): JsonObject {
  const value = field(object, name);
  return isJsonObject(value) ? value : {};
}
