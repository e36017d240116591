import { runInNewContext } from 'node:vm';

/** Many times what anything here takes, on a busy machine as well. */
const timeout = 10_000;

/**
 * Whether synchronous code ends, which Jest's own timeout only finds out when it has. For what could take minutes, such
 * as a regular expression that backtracks.
 */
export function endsInTime(run: () => void): boolean {
  try {
    runInNewContext('run()', { run }, { timeout });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
