import { isInfinite, isJsonObject } from '../json';

/**
 * A canonical string for a parsed JSON value: equal values produce the same string regardless of member order, and
 * different values produce different strings.
 *
 * It is a flat JSON list. An object is the list of its names, sorted, and then its values in that order; a list is its
 * length in brackets and then its elements; anything else is itself.
 *
 * @param maxDepth levels of objects and lists
 * @returns undefined for a value that is nested deeper
 */
export function canonicalJson(value: unknown, maxDepth: number): string | undefined {
  const parts: unknown[] = [];
  return collect(value, maxDepth, parts) ? JSON.stringify(parts) : undefined;
}

/** @returns false if the value is nested too deep */
function collect(value: unknown, levels: number, parts: unknown[]): boolean {
  if (typeof value !== 'object' || value === null) {
    // JSON.stringify would write an infinite number, as 1e400 is parsed, as null.
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
