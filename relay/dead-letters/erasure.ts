import { decodeMessage, type EventLocation } from '../../lambda/clevertap/decode-message';
import { field, isJsonObject } from '../../lambda/json';
import { narrowMessage } from '../../lambda/clevertap/narrow-message';
import { identityFields } from '../../lambda/contract';
import { parseBody, type DeadLetter } from './dead-letter';

/** What an erasure does to a dead letter. */
export type Erasure =
  | { readonly kind: 'untouched' }
  /** All of it must be deleted. */
  | { readonly kind: 'whole'; readonly erased: number }
  /** Other people's events stay, in a dead letter of their own. */
  | { readonly kind: 'narrowed'; readonly body: string; readonly erased: number; readonly kept: number };

/** Fields that identify a person, in lower case. */
const namingFields = new Set([...identityFields, 'all_identities'].map((name) => name.toLowerCase()));

/** A shorter string, such as `42` or `gold`, is too likely to mean something else. */
const minTellingLength = 6;

/**
 * Decides what to delete from a dead letter when a person's data is erased.
 *
 * An event is the person's if one of the fields `identity`, `email`, `phone`, `objectId` or `all_identities` is the
 * identity, at any depth. For an identity of six characters or more, any other string that equals it counts as well.
 * Case and surrounding spaces are ignored. A dead letter is deleted whole if it cannot be split into events, or if it
 * names the person for all its events.
 */
export function erase({ body, pathEvent, events }: DeadLetter, identity: string): Erasure {
  const wanted = fold(identity);
  const root = parseBody(body);
  if (root === undefined) {
    return body.toLowerCase().includes(wanted) ? { kind: 'whole', erased: events } : { kind: 'untouched' };
  }
  if (!names(root, wanted)) return { kind: 'untouched' };

  const decoded = decodeMessage(body, pathEvent);
  if (decoded.kind !== 'events') return { kind: 'whole', erased: events };
  const locations = decoded.events.map(({ location }) => location);
  const others = locations.filter((location) => !names(valueAt(root, location), wanted));
  const erased = locations.length - others.length;
  if (others.length === 0 || erased === 0) return { kind: 'whole', erased: locations.length };

  const narrowed = narrowMessage(body, others);
  // Fields beside the profiles belong to all of them.
  if (names(parseBody(narrowed), wanted)) return { kind: 'whole', erased: locations.length };
  return { kind: 'narrowed', body: narrowed, erased, kept: others.length };
}

const fold = (text: string): string => text.trim().toLowerCase();

function valueAt(root: unknown, location: EventLocation): unknown {
  if (location.kind === 'whole') return root;
  const list = location.key === undefined ? root : isJsonObject(root) ? field(root, location.key) : undefined;
  return Array.isArray(list) ? list[location.index] : undefined;
}

/** Whether any value in it identifies the person. Iterative, because a body may be nested arbitrarily deep. */
function names(root: unknown, wanted: string): boolean {
  const open: { value: unknown; isNaming: boolean }[] = [{ value: root, isNaming: false }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, isNaming } = next;
    if (Array.isArray(value)) {
      for (const element of value) open.push({ value: element, isNaming });
    } else if (isJsonObject(value)) {
      for (const [key, inner] of Object.entries(value))
        open.push({ value: inner, isNaming: namingFields.has(key.toLowerCase()) });
    } else if (typeof value === 'string') {
      if ((isNaming || wanted.length >= minTellingLength) && fold(value) === wanted) return true;
    } else if (typeof value === 'number' && isNaming && String(value) === wanted) {
      return true;
    }
  }
  return false;
}
