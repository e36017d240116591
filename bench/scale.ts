import * as z from 'zod';
import { median } from './measure';
import type { Figure } from './report';
import { runWorker } from './workers';

const part = 'scale';

const sizes = [1_000, 10_000, 100_000, 1_000_000];
const rounds = 3;

const result = z.object({ cpuMicrosecondsPerEvent: z.number(), maxRssMiB: z.number() });

/** Time and memory for each event must not grow with their number: each is compared to that of the fewest. */
export async function benchScale(): Promise<Figure[]> {
  const results = new Map<number, z.infer<typeof result>[]>(sizes.map((size) => [size, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const size of sizes) {
      results.get(size)?.push(result.parse(await runWorker('scale', { args: [size] })));
    }
  }
  const cpu = (size: number): number =>
    median((results.get(size) ?? []).map(({ cpuMicrosecondsPerEvent }) => cpuMicrosecondsPerEvent));
  const memory = (size: number): number =>
    median((results.get(size) ?? []).map(({ maxRssMiB }) => maxRssMiB));
  const [fewest = 0] = sizes;
  return sizes.flatMap((size): Figure[] => [
    {
      part,
      what: `transform of ${size.toLocaleString('en')} events`,
      value: `${cpu(size).toFixed(1)} µs CPU/event`,
      reference: `that of ${fewest.toLocaleString('en')}`,
      ratio: cpu(size) / cpu(fewest),
    },
    {
      part,
      what: `peak memory, ${size.toLocaleString('en')} events`,
      value: `${memory(size).toFixed(0)} MiB resident`,
      reference: `that of ${fewest.toLocaleString('en')}`,
      ratio: memory(size) / memory(fewest),
    },
  ]);
}
