import { assemblyDirectory } from '../support/assembly';
import { personalData, withoutRequestIds } from '../support/clevertap-fixture';
import {
  deadLetters,
  eventsOfRound,
  post,
  received,
  round,
  settled,
  start,
  summaryOf,
} from '../support/local-stack-account';

test.each(['7', '11', 'friday'])(
  'with the seed %s everything settles: each event is in Heap once or a dead letter (F19, F26, F42, F54, F59)',
  async (seed) => {
    const stack = await start('--assembly', assemblyDirectory(), '--chaos', seed);
    const rounds = [1, 2, 3, 4].map(round);
    for (const { bodies } of rounds) for (const body of bodies) await post(stack, body);
    await settled(stack);
    const { events } = await received(stack);
    const letters = await deadLetters(stack);
    expect(await stack.end('SIGINT')).toBe(0);

    const { requests, accepted, delivered, rejected, ignored, queued } = summaryOf(stack);
    expect([requests, accepted, ignored, queued]).toEqual([
      32,
      4 * eventsOfRound.accepted,
      4 * eventsOfRound.ignored,
      0,
    ]);
    // Heap also refuses some good events. How many depends on the batching.
    expect(rejected).toBeGreaterThanOrEqual(4 * eventsOfRound.rejected);
    expect(events).toHaveLength(delivered);
    const identities = events.map(({ identity }) => identity);
    expect(new Set(identities).size).toBe(identities.length);
    for (const identity of rounds.flatMap((each) => each.identities))
      expect(identities.includes(identity) || letters.some((body) => body.includes(identity))).toBe(true);

    expect(stack.stderr()).toContain('chaos: ');
    expect(stack.stderr()).toMatch(/Heap +[1-9]\d* of [1-9]\d* requests failed/);
    const log = stack.stderr().replaceAll(/^chaos: .*$/gm, '');
    expect(withoutRequestIds(log)).not.toMatch(personalData);
  },
  200_000,
);
