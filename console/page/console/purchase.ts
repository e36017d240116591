/**
 * A purchase of a made-up user, as a custom body. The order number is new each time: Heap would count two equal
 * purchases as one.
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
