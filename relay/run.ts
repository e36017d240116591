import { CommanderError } from 'commander';
import { createProgram } from './program';

/** What every command ends with when it could not do its work: wrong usage, no access, or a mistake of ours. */
const failed = 2;

/**
 * Runs a command, says why it could not do its work, and sets the exit code of the process.
 *
 * @param args the command line, from the name of the command on
 * @param version what `--version` prints
 */
export async function run(args: readonly string[], version?: string): Promise<void> {
  try {
    await createProgram(version).parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = failed;
    if (error instanceof CommanderError) {
      // Commander has said by itself what it had to say, be it help or a wrong option.
      if (error.exitCode === 0) process.exitCode = 0;
      return;
    }
    const { explain } = await import('./terminal/operator-error.js');
    const explanation = explain(error);
    console.error(explanation === undefined ? error : `error: ${explanation}`);
  }
}
