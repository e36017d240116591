import { runInNewContext } from 'node:vm';

/** No measure: what ends takes a thousandth of it on any machine, and what does not would take minutes or for ever. */
const timeout = 60_000;

/**
 * Whether synchronous code ends, which Jest's own timeout only finds out when it has. For what could go on for minutes,
 * such as a regular expression that backtracks.
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
 * Runs something with a clock that counts the steps of a template instead of time: 5000 of them are Liquid's limit, on
 * any machine.
 */
export function countingSteps<T>(run: () => T): T {
  let ms = 0;
  // No mock of jest's, which would keep each call.
  const clock = jest.replaceProperty(globalThis, 'performance', {
    now: () => (ms += 0.1),
  } as typeof performance);
  try {
    return run();
  } finally {
    clock.restore();
  }
}
