import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { assemblyFolder } from './assembly-folder';

const repository = join(__dirname, '..');

/**
 * Synthesizes to a folder that goes with this process. It is done in a process of its own, so that this one answers
 * Ctrl-C and requests meanwhile, and does not keep CDK in memory.
 *
 * @param program synthesizes to the folder it is given, e.g. `bin/local-assembly.ts`
 * @param signal ends it; the promise then rejects once nothing is written any more
 */
export async function synthesize(program: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const folder = assemblyFolder();
  const child = spawn(process.execPath, ['--import', 'tsx', program, folder], {
    cwd: repository,
    // Standard output belongs to the ready stack.
    stdio: ['ignore', process.stderr, process.stderr],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill);
  process.on('exit', kill);
  try {
    const exit: unknown[] = await once(child, 'exit');
    signal.throwIfAborted();
    if (exit[0] !== 0) throw new Error('The local environment could not be synthesized: see above.');
    return folder;
  } finally {
    signal.removeEventListener('abort', kill);
    process.off('exit', kill);
  }
}
