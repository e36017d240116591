import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plays } from './play';

const root = join(__dirname, '../../..');

/**
 * Runs simulations in plain Node processes, one per core. In jest's sandbox, where each global lookup is a call, they
 * take more than twice as long.
 */
export class PlainNode {
  readonly #directory = mkdtempSync(join(tmpdir(), 'simulation-'));
  readonly #idle: ChildProcess[] = [];
  readonly #all: ChildProcess[] = [];
  readonly #waiting: ((child: ChildProcess) => void)[] = [];

  constructor(processes = availableParallelism()) {
    const bundle = join(this.#directory, 'play.cjs');
    execFileSync(join(root, 'node_modules/.bin/esbuild'), [
      join(__dirname, 'play.ts'),
      '--bundle',
      '--platform=node',
      '--format=cjs',
      '--main-fields=module,main',
      '--target=node20',
      '--log-level=warning',
      `--outfile=${bundle}`,
    ]);
    for (let started = 0; started < processes; started += 1) {
      const child = fork(bundle, { execArgv: [] });
      this.#all.push(child);
      this.#idle.push(child);
    }
  }

  /** Runs a simulation as soon as a process is free. */
  async play<Name extends keyof Plays>(
    name: Name,
    options: Parameters<Plays[Name]>[0],
  ): Promise<Awaited<ReturnType<Plays[Name]>>> {
    const child =
      this.#idle.pop() ?? (await new Promise<ChildProcess>((resolve) => this.#waiting.push(resolve)));
    const answer = await answerOf(child, { name, options });
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(child);
    else next(child);
    if (answer.error !== undefined) throw new Error(`${name} ${JSON.stringify(options)}: ${answer.error}`);
    return answer.result as Awaited<ReturnType<Plays[Name]>>;
  }

  stop(): void {
    for (const child of this.#all) child.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function answerOf(child: ChildProcess, request: object): Promise<{ result?: unknown; error?: string }> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void => {
      reject(new Error(`the simulation process exited: ${String(code ?? signal)}`));
    };
    child.once('exit', onExit);
    child.once('message', (answer) => {
      child.off('exit', onExit);
      resolve(answer as object);
    });
    child.send(request);
  });
}
