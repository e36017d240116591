import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { OperatorError } from './operator-error';

/**
 * Asks for confirmation before something that cannot be undone.
 *
 * @param consequence what will happen, in full sentences
 * @throws {OperatorError} when the answer is not yes, or standard input is not a terminal
 */
export async function confirm(consequence: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new OperatorError(
      `${consequence}\nThere is no terminal to confirm on: pass --yes if this is intended.`,
    );
  }
  const answer = await ask(`${consequence}\nContinue? [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new OperatorError('nothing was done.');
}

/** Reads a value that must not appear on the command line: typed at a prompt, or all of standard input. */
export const readValue = (prompt: string): Promise<string> =>
  process.stdin.isTTY ? ask(prompt) : text(process.stdin);

async function ask(question: string): Promise<string> {
  // Ask on standard error, so that standard output holds only the result.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => {
    // Ctrl-C or Ctrl-D.
    terminal.once('close', () => {
      console.error();
      resolve('');
    });
  });
  try {
    return await Promise.race([terminal.question(question), closed]);
  } finally {
    terminal.removeAllListeners('close');
    terminal.close();
  }
}
