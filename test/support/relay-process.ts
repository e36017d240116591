import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** Runs `npm run relay` without npm. */
export interface RelayRun {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

export function startRelay(
  args: readonly string[],
  { stackFile = '/nowhere', input = '', env = {} } = {},
): RelayRun {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/relay.ts', ...args], {
    cwd: join(__dirname, '../..'),
    env: { ...process.env, LOCAL_STACK_FILE: stackFile, ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  child.stdin.end(input);
  return {
    child,
    ended: new Promise((resolve) => {
      child.once('close', (code) => {
        resolve({ code, ...output });
      });
    }),
  };
}

export const runRelay = (...args: Parameters<typeof startRelay>): RelayRun['ended'] =>
  startRelay(...args).ended;
