import type { EventLocation } from './decode-message';
import { tokensOf } from './tokens';

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * A copy of a message with only some of its events. It is copied verbatim, so that it decodes to the same events with
 * the same idempotency keys: rewriting parsed JSON would round numbers beyond 2^53.
 *
 * @param body the body of a message that was decoded
 * @param keep the events to keep, in the order of the message
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
 * Where the elements of a list are: the list under a key of the root object, or the root itself. If a key is repeated,
 * the last one counts, as in `JSON.parse`.
 */
function elementRanges(body: string, key: string | undefined): Range[] {
  const depth = key === undefined ? 0 : 1;
  let ranges: Range[] = [];
  for (const { source, start, end, path } of tokensOf(body)) {
    if (key !== undefined && path[0] !== key) continue;
    if (source === '[' && path.length === depth) ranges = [];
    const index = path[depth];
    if (typeof index !== 'number' || source === ',') continue;
    ranges[index] = { start: ranges[index]?.start ?? start, end };
  }
  return ranges;
}
