/**
 * Groups items, in order, into as few batches as the limits allow. An item over the byte limit gets its own batch.
 * Reads at most one item beyond the batch it yields.
 */
export function* inBatches<T>(
  items: Iterable<T>,
  maxItems: number,
  maxBytes: number,
  bytesOf: (item: T) => number,
): Generator<T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    if (batch.length === maxItems || (batch.length > 0 && bytes + size > maxBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
