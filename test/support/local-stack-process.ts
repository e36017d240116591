import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reachable } from '../../local/stack-file';
import { assemblyWithoutWindow } from './assembly';

export interface LocalStackProcess extends Reachable {
  readonly pid: number;
  /** Its own stack file, so that no test finds another test's stack. */
  readonly stackFile: string;
  /** Everything the process has written to stdout so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Sends one or more signals, waits for the process to exit and returns the exit code. */
  readonly end: (...signals: NodeJS.Signals[]) => Promise<number | null>;
}

/**
 * Starts `npm start -- --port 0 --json` without npm and waits until it is ready. It uses the assembly
 * without a batching window; welcome.test.ts also tests the synthesis.
 *
 * @param options further command-line options
 */
export async function startLocalStackProcess(...options: string[]): Promise<LocalStackProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'local-stack-file-'));
  const stackFile = join(directory, 'stack.json');
  const start = ['--import', 'tsx', 'bin/start.ts', '--port', '0', '--json'];
  start.push('--assembly', assemblyWithoutWindow(), ...options);
  const child = spawn(process.execPath, start, {
    cwd: join(__dirname, '../..'),
    env: { ...process.env, LOCAL_STACK_FILE: stackFile },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  await firstLine(child, output);
  return {
    ...(JSON.parse(output.stdout) as Reachable),
    pid: child.pid ?? 0,
    stackFile,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    end: async (...signals) => {
      // Not `exit`: its last output may still be in the pipes then.
      const exit = once(child, 'close');
      for (const signal of signals) child.kill(signal);
      const [code] = (await exit) as [number | null];
      // After SIGKILL nothing else can clean up. Otherwise the test checks what is left in the folder.
      if (signals.includes('SIGKILL')) rmSync(directory, { recursive: true });
      else if (readdirSync(directory).length === 0) rmdirSync(directory);
      return code;
    },
  };
}

function firstLine(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      if (output.stdout.includes('\n')) resolve();
    });
    child.once('exit', (code) => {
      reject(new Error(`npm start ended with ${String(code)}:\n${output.stderr}`));
    });
  });
}
