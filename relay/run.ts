import { CommanderError } from 'commander';
import { createProgram } from './program';

/** The exit code of a command that could not do its work: wrong usage, no access, or a bug. */
const failed = 2;

/**
 * Runs a command, explains a failure, and sets the exit code of the process.
 *
 * @param args the command line, starting with the name of the command
 * @param version what `--version` prints
 */
export async function run(args: readonly string[], version?: string): Promise<void> {
  try {
    await createProgram(version).parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = failed;
    if (error instanceof CommanderError) {
      // Commander has already printed its help or its error.
      if (error.exitCode === 0) process.exitCode = 0;
      return;
    }
    const { explain } = await import('./terminal/operator-error.js');
    const explanation = explain(error);
    console.error(explanation === undefined ? error : `error: ${explanation}`);
  }
}
