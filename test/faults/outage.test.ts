import { PlainNode } from '../support/simulation/plain-node';

/** The shortest of outage.deep.test.ts: Heap is down for a day and a bit, in virtual time. */
test('what an outage of 27 hours leaves as dead letters is delivered by a redrive, unchanged (F56, F65)', async () => {
  const node = new PlainNode(1);
  const { letters, atEnd, redriven } = await node.play('outage', {
    seed: 27,
    hours: 27,
    behaviour: '503',
    arrivals: 1 / 120,
    minutesAfter: 10,
    drains: true,
    redrives: true,
  });
  node.stop();

  expect(Object.keys(letters)).toEqual(['retries_exhausted']);
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
