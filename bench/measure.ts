/** Work to be measured; what it returns is looked at, so that the compiler cannot leave it out. */
export type Task = () => { readonly length: number };

export interface Rounds {
  /** How often each task gets its turn. */
  readonly rounds: number;
  /** How long a turn lasts at least. */
  readonly turnMs: number;
}

/**
 * Runs tasks in turns, so that all of them meet the same noise of the machine, and gives the CPU time of one run of
 * each in microseconds, turn by turn. CPU time, since other programs may run on the machine; that of the collector's
 * and the compiler's threads counts.
 */
export function inTurns(
  tasks: Readonly<Record<string, Task>>,
  { rounds, turnMs }: Rounds,
): Record<string, number[]> {
  const entries = Object.entries(tasks);
  // Until the compiler is done with them.
  for (const [, task] of entries) turn(task, 4 * turnMs);
  const samples: Record<string, number[]> = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, task] of entries) samples[name]?.push(turn(task, turnMs));
  }
  return samples;
}

function turn(task: Task, turnMs: number): number {
  const before = process.cpuUsage();
  const end = performance.now() + turnMs;
  let runs = 0;
  let seen = 0;
  do {
    seen += task().length;
    runs += 1;
  } while (performance.now() < end);
  const { user, system } = process.cpuUsage(before);
  if (seen === 0) throw new Error('a task did nothing');
  return (user + system) / runs;
}

/** The middle of a list of numbers; NaN for an empty one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** The value below which a share of a list lies; NaN for an empty one. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
