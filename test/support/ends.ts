import { runInNewContext } from 'node:vm';

/**
 * Not a performance limit: code that terminates takes a thousandth of this, and the rest would run for minutes or
 * forever.
 */
const timeout = 60_000;

/**
 * Whether synchronous code terminates, which Jest's own timeout cannot enforce. For code that could run for minutes,
 * such as a regular expression with backtracking.
 */
export function ends(run: () => void): boolean {
  try {
    runInNewContext('run()', { run }, { timeout });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}

/**
 * Runs a task with a clock that counts template steps instead of time. Liquid's limit is then 5000 steps on any
 * machine.
 */
export function countingSteps<T>(run: () => T): T {
  let ms = 0;
  // Not a jest mock, which would record every call.
  const clock = jest.replaceProperty(globalThis, 'performance', {
    now: () => (ms += 0.1),
  } as typeof performance);
  try {
    return run();
  } finally {
    clock.restore();
  }
}
