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

/** Has Liquid's clock count the steps of a template, a thousandth of a second for a hundred: no machine is too slow. */
export function countSteps(): { readonly restore: () => void } {
  let ms = 0;
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => (ms += 0.01));
  return {
    restore: () => {
      clock.mockRestore();
    },
  };
}
