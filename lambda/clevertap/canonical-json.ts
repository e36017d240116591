import { isInfinite, isJsonObject } from '../json';
import { shapeOf } from './shape';

/**
 * A text that is the same for two parsed JSON values just when they are: the order of members aside, since a sender
 * that writes them in another order means the same.
 *
 * It is a flat list of all that is not an object or list, member by member in the order of their names. In front of
 * the members of an object stands a digest of their names, and in front of those of a list their number, each in
 * brackets. An infinite number, as 1e400 is read, is written so as well.
 *
 * @param maxDepth levels of objects and lists
 * @returns undefined for a value that is nested deeper
 */
export function canonicalJson(value: unknown, maxDepth: number): string | undefined {
  const list: unknown[] = [];
  return collect(value, maxDepth, list) ? JSON.stringify(list) : undefined;
}

/** @returns false if it is nested deeper than it may be */
function collect(value: unknown, levels: number, list: unknown[]): boolean {
  if (typeof value !== 'object' || value === null) {
    // It would be written as null.
    list.push(isInfinite(value) ? [String(value)] : value);
    return true;
  }
  if (levels === 0) return false;
  if (Array.isArray(value)) {
    list.push([value.length]);
    for (const element of value) if (!collect(element, levels - 1, list)) return false;
    return true;
  }
  if (!isJsonObject(value)) return true;
  const shape = shapeOf(value);
  list.push([shape.digest]);
  const members = Object.values(value);
  for (const place of shape.order) {
    const member = members[place];
    // Most are texts.
    if (typeof member === 'string') list.push(member);
    else if (!collect(member, levels - 1, list)) return false;
  }
  return true;
}
