import { addFaultCounts } from '../support/fault-counts';
import { PlainNode } from '../support/simulation/plain-node';
import { playStorm, type StormResult } from '../support/simulation/storm';

/**
 * The accounting invariant: accepted = delivered + rejected + ignored + queued, and no event is in Heap twice, under
 * another identity or with another time. Each seed is a separate run, see test/support/simulation.
 */
const messages = 500;
const seeds = process.env['SOAK'] === undefined ? 200 : 1000;

const sum = (results: readonly StormResult[], of: (result: StormResult) => number): number =>
  results.reduce((total, result) => total + of(result), 0);

const repetitionsOf = ({ injected }: StormResult): number =>
  injected.repeated + injected.lostDeletes + injected.repetitions;

/** What went wrong with a seed, and the command that runs it alone. */
const failuresOf = ({ seed, violations }: StormResult): string[] =>
  [...new Set(violations)]
    .slice(0, 5)
    .map((violation) => `SEED=${seed} npx jest accounting.deep: ${violation}`);

const seed = process.env['SEED'];
if (seed !== undefined) {
  test(`seed ${seed} alone, in this process`, async () => {
    const result = await playStorm({ seed: Number(seed), messages });
    console.log(result);
    expect(failuresOf(result)).toEqual([]);
  }, 600_000);
} else {
  let node: PlainNode;

  beforeAll(() => {
    node = new PlainNode();
  });

  afterAll(() => {
    node.stop();
  });

  test(`every event is accounted for, whatever goes wrong: ${seeds} seeds (F19, F21, F23, F26, F39, F42, F44, F45, F48, F54, F59, F60, F61, F65)`, async () => {
    const results = await Promise.all(
      Array.from({ length: seeds }, (_, index) => node.play('storm', { seed: index + 1, messages })),
    );
    expect(results.flatMap(failuresOf)).toEqual([]);

    // Faults that never occurred would prove nothing.
    for (const [what, of] of [
      ['killed invocations', ({ stats }: StormResult) => stats.killed],
      ['throttled invocations', ({ stats }: StormResult) => stats.throttled],
      ['lost deletes', ({ stats }: StormResult) => stats.lostDeletes],
      ['messages delivered twice', ({ stats }: StormResult) => stats.repeated],
      ['requests CleverTap repeated', ({ injected }: StormResult) => injected.repetitions],
      ['events that Heap knew by their key', ({ heapDuplicates }: StormResult) => heapDuplicates],
      ['events both delivered and dead-lettered', ({ recovered }: StormResult) => recovered.both],
      ['dead letters created by SQS', ({ receivesExhausted }: StormResult) => receivesExhausted],
      ['continued messages', ({ stats }: StormResult) => stats.continued],
    ] as const)
      expect({ what, times: sum(results, of) > seeds / 10 }).toEqual({ what, times: true });
    // A batch rarely has events of more campaigns than a line names.
    expect(sum(results, ({ stats }) => stats.otherCampaigns)).toBeGreaterThan(0);

    addFaultCounts({
      seeds,
      events: sum(results, ({ redriven }) => redriven.accepted),
      duplicatesInjected: sum(results, repetitionsOf),
      duplicatesDropped: sum(results, ({ heapDuplicates }) => heapDuplicates),
      duplicatesInHeap: sum(results, ({ redriven }) => redriven.doubled),
      lost: sum(results, ({ redriven }) => redriven.missing),
    });
  }, 1_800_000);
}
