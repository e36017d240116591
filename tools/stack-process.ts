import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `npm start` as its users run it, in a process of its own. */
export interface StackProcess {
  readonly consoleUrl: string;
  /** As Ctrl-C does: waits for running deliveries, and for the end of the process. Again: nothing. */
  readonly stop: () => Promise<void>;
}

/**
 * @param port of the webhook, as `npm start -- --port` takes it
 * @throws what npm start says, when it cannot start
 */
export async function startStack(port: string): Promise<StackProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'clevertap-to-heap-stack-'));
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/start.ts', '--json', '--port', port], {
    cwd: join(__dirname, '..'),
    // Of its own, so that no command of the operator finds this stack.
    env: { ...process.env, LOCAL_STACK_FILE: join(folder, 'stack.json') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close').then(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const output = { ready: '', log: '' };
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output.log += chunk));
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output.ready += chunk;
      if (output.ready.includes('\n')) resolve();
    });
    child.once('close', (code) => {
      reject(new Error(`npm start ended with ${String(code)}:\n${output.log.trimEnd()}`));
    });
  });
  return {
    consoleUrl: consoleUrlOf(output.ready),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await closed;
    },
  };
}

function consoleUrlOf(line: string): string {
  const ready: unknown = JSON.parse(line);
  if (typeof ready === 'object' && ready !== null && 'consoleUrl' in ready) {
    if (typeof ready.consoleUrl === 'string') return ready.consoleUrl;
  }
  throw new Error('npm start -- --json named no consoleUrl');
}
