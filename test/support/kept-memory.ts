import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
export const collectGarbage = runInNewContext('gc') as () => void;

const used = (): number => {
  // One collection does not free everything when names are long.
  for (let time = 0; time < 3; time += 1) collectGarbage();
  return process.memoryUsage().heapUsed;
};

/** The bytes that a run leaves in use. */
export function keptMemory(run: () => void): number {
  const before = used();
  run();
  return used() - before;
}
