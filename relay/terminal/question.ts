import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { OperatorError } from './operator-error';

/**
 * Asks before something that cannot be undone.
 *
 * @param consequence what will happen, as whole sentences
 * @throws {OperatorError} when the person does not say yes, or there is nobody to ask
 */
export async function confirm(consequence: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new OperatorError(`${consequence}\nThere is no terminal to ask on: say --yes if that is meant.`);
  }
  const answer = await ask(`${consequence}\nGo on? [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw new OperatorError('nothing was done.');
}

/** A value that must not stand in the command line: typed at a prompt, or the whole of standard input. */
export const readValue = (prompt: string): Promise<string> =>
  process.stdin.isTTY ? ask(prompt) : text(process.stdin);

async function ask(question: string): Promise<string> {
  // On standard error, so that a result on standard output can be piped.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => {
    // Ctrl-C and Ctrl-D.
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
