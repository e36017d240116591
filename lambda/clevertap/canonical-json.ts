import { isInfinite, isJsonObject } from '../json';

/**
 * A canonical string for a parsed JSON value: equal values produce the same string regardless of member order, and
 * different values produce different strings.
 *
 * The result is a flat JSON list. An object becomes the list of its sorted names, followed by its values in that order.
 * A list becomes its length in brackets, followed by its elements. Anything else is itself.
 *
 * @param maxDepth levels of objects and lists
 * @returns undefined if the value is nested deeper
 */
export function canonicalJson(value: unknown, maxDepth: number): string | undefined {
  const parts: unknown[] = [];
  return collect(value, maxDepth, parts) ? JSON.stringify(parts) : undefined;
}

/** @returns false if the value is nested too deep */
function collect(value: unknown, levels: number, parts: unknown[]): boolean {
  if (typeof value !== 'object' || value === null) {
    // 1e400 is parsed as Infinity, which JSON.stringify would write as null.
    parts.push(isInfinite(value) ? { number: String(value) } : value);
    return true;
  }
  if (levels === 0) return false;
  if (Array.isArray(value)) {
    parts.push([value.length]);
    for (const element of value) if (!collect(element, levels - 1, parts)) return false;
  } else if (isJsonObject(value)) {
    const names = Object.keys(value).sort();
    parts.push(names);
    for (const name of names) if (!collect(value[name], levels - 1, parts)) return false;
  }
  return true;
}
