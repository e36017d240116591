import { PlainNode } from '../support/simulation/plain-node';

/** A few seeds of accounting.deep.test.ts, among them a calm one, whose sums are exact; and proof that its checks can fail. */
const messages = 500;
let node: PlainNode;

beforeAll(() => {
  node = new PlainNode();
});

afterAll(() => {
  node.stop();
});

test.each([1, 3, 4])('every event of seed %i is accounted for (F19, F26, F42, F59)', async (seed) => {
  const { violations, redriven } = await node.play('storm', { seed, messages });
  expect(violations).toEqual([]);
  expect(redriven.accepted).toBeGreaterThan(messages);
});

test.each([
  ['responses without the messages to keep', /^lost: /],
  ['dead letters that are not stored', /^lost: /],
  ['keys that change with each attempt', /^twice in Heap: /],
  ['events under another identity', /^not as accepted: /],
] as const)('a forwarder with %s does not pass', async (sabotage, violation) => {
  const { violations } = await node.play('storm', { seed: 2, messages, sabotage });
  expect(violations).toContainEqual(expect.stringMatching(violation));
});
