/**
 * A purchase of a user who is nobody's, as a custom body. The order number tells it from the one before: without, Heap
 * would count both as one.
 *
 * @param now milliseconds since 1970
 */
export const purchase = (now: number): string =>
  `${JSON.stringify(
    {
      identity: 'sample-ana@shop.test',
      event: 'Purchase',
      properties: { order: `sample-${now.toString(36)}`, item: 'Watch', value: 100 },
    },
    null,
    2,
  )}\n`;
