/** A parsed JSON object. The sender chose its keys, so read it with `own` and `field`, never with dot access. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON has no infinity, but `JSON.parse` turns a number such as 1e400 into one. */
export const isInfinite = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value);

/** Whether a decimal has digits that a JavaScript number drops, such as 19.99999999999999999 or 1e-400. */
export function losesDigits(decimal: string): boolean {
  const number = String(Number(decimal));
  return (
    number !== decimal && !number.endsWith('Infinity') && significantPart(decimal) !== significantPart(number)
  );
}

/** Digits and exponent of a decimal, without its sign and its leading and trailing zeros. */
function significantPart(decimal: string): string {
  const match = /^[-+]?(\d*)(?:\.(\d*))?(?:e([-+]?\d+))?$/i.exec(decimal);
  const [, whole = '', fraction = '', exponent = '0'] = match ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  // A regular expression for trailing zeros would take quadratic time.
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return end === 0
    ? '0'
    : `${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}

/** The value an object itself has under a key; never an inherited one. */
export const own = (object: JsonObject, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/**
 * The key under which an object has a field, matched exactly first and then case-insensitively: CleverTap's own samples
 * write `Email` and `email`, `ProfileData` and `profileData`.
 */
export function fieldKey(object: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(object, name)) return name;
  const wanted = name.toLowerCase();
  // Lower-casing never shortens a string, so a longer key cannot match. It may be very long.
  return Object.keys(object).find((key) => key.length <= wanted.length && key.toLowerCase() === wanted);
}

/** The value of a field, in any casing. */
export function field(object: JsonObject, name: string): unknown {
  const key = fieldKey(object, name);
  return key === undefined ? undefined : object[key];
}

/** The object under a field, or an empty one. */
export function objectField(object: JsonObject, name: string): JsonObject {
  const value = field(object, name);
  return isJsonObject(value) ? value : {};
}
