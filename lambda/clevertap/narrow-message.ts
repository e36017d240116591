import { createScanner } from 'jsonc-parser';
import type { EventLocation } from './decode-message';

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * A copy of a message that holds only some of its events, everything else as it was: the request's key_values
 * stay, the other profiles go.
 *
 * Each event is copied verbatim. Parsing and writing it again would round numbers beyond 2^53. So the copy decodes to
 * the same events, with the same idempotency keys.
 *
 * @param body the body of a message that was decoded
 * @param keep the events to keep, in the order they stand in the message
 */
export function narrowMessage(body: string, keep: readonly EventLocation[]): string {
  const elements = keep.filter((location) => location.kind === 'element');
  const [first] = elements;
  if (first === undefined) return body;

  const ranges = elementRanges(body, first.key);
  const [head, tail] = [ranges.at(0), ranges.at(-1)];
  if (head === undefined || tail === undefined || ranges.length === elements.length) return body;
  const kept = elements.flatMap(({ index }) => ranges[index] ?? []);
  return (
    body.slice(0, head.start) +
    kept.map(({ start, end }) => body.slice(start, end)).join(',') +
    body.slice(tail.end)
  );
}

/**
 * Where the elements of a list are: the list under a key of the root object, or the root itself.
 *
 * Works on tokens without recursion, because a body may be nested deeper than the call stack. Of a
 * repeated key the last one counts, as in `JSON.parse`.
 */
function elementRanges(body: string, key: string | undefined): Range[] {
  const scanner = createScanner(body, true);
  const listDepth = key === undefined ? 1 : 2;
  let ranges: Range[] = [];
  let depth = 0;
  let name: string | undefined;
  let inList = false;
  let start: number | undefined;
  let end = 0;

  for (scanner.scan(); scanner.getTokenOffset() < body.length; scanner.scan()) {
    const token = body.charAt(scanner.getTokenOffset());
    if (token === '}' || token === ']') depth -= 1;

    if (inList && (depth < listDepth || (depth === listDepth && token === ','))) {
      if (start !== undefined) ranges.push({ start, end });
      start = undefined;
      inList = depth === listDepth;
    } else if (inList) {
      start ??= scanner.getTokenOffset();
      end = scanner.getTokenOffset() + scanner.getTokenLength();
    }

    if (depth === 1 && token === '"') name = scanner.getTokenValue();
    if (token === '{' || token === '[') {
      depth += 1;
      if (token === '[' && depth === listDepth && (key === undefined || name === key)) {
        inList = true;
        ranges = [];
      }
    }
  }
  return ranges;
}
