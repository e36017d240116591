import { PlainNode } from '../support/simulation/plain-node';

/** The shortest case of outage.deep.test.ts: Heap is down for just over a day, in virtual time. */
test('a redrive delivers the dead letters of a 27-hour outage unchanged (F56, F65)', async () => {
  const node = new PlainNode(1);
  const { deadLetters, atEnd, redriven } = await node.play('outage', {
    seed: 27,
    hours: 27,
    behaviour: '503',
    arrivals: 1 / 120,
    minutesAfter: 10,
    drains: true,
    redrives: true,
  });
  node.stop();

  expect(Object.keys(deadLetters)).toEqual(['retries_exhausted']);
  expect(atEnd.violations).toEqual([]);
  expect(atEnd.delivered + atEnd.rejected).toBe(atEnd.accepted);
  expect(redriven).toMatchObject({
    delivered: atEnd.accepted,
    queued: 0,
    rejected: 0,
    missing: 0,
    doubled: 0,
  });
});
