import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
export const collectGarbage = runInNewContext('gc') as () => void;

const used = (): number => {
  // Of long names the first time leaves some.
  for (let time = 0; time < 3; time += 1) collectGarbage();
  return process.memoryUsage().heapUsed;
};

/** Bytes that are still in use after a run, and were not before. */
export function keptMemory(run: () => void): number {
  const before = used();
  run();
  return used() - before;
}
