import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { assemblyFolder } from './assembly-folder';

const repository = join(__dirname, '..');

/**
 * Synthesizes to a folder that is removed when this process exits. Runs in a child process, so that this one stays
 * responsive to Ctrl-C and requests and does not keep CDK in memory.
 *
 * @param program synthesizes to the folder passed to it, e.g. `bin/local-assembly.ts`
 * @param signal kills the child; the promise rejects once nothing more is written
 */
export async function synthesize(program: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const folder = assemblyFolder();
  const child = spawn(process.execPath, ['--import', 'tsx', program, folder], {
    cwd: repository,
    // Standard output is reserved for the ready stack.
    stdio: ['ignore', process.stderr, process.stderr],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  process.on('exit', kill);
  try {
    const exit: unknown[] = await once(child, 'exit');
    signal.throwIfAborted();
    if (exit[0] !== 0)
      throw new Error('The local environment could not be synthesized; see the output above.');
    return folder;
  } finally {
    signal.removeEventListener('abort', kill);
    process.off('exit', kill);
  }
}
