import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The line `npm start -- --json` prints when it is ready. */
export interface ReadyLine {
  webhookUrl: string;
  apiKey: string;
  appId: string;
  heapUrl: string;
  awsUrl: string;
  queueUrl: string;
  deadLetterQueueUrl: string;
}

export interface LocalStackProcess extends ReadyLine {
  /** Everything the process wrote to stdout so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Sends a signal, waits for the end and gives the exit code. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** Starts `npm start -- --port 0 --json` as a person would, without npm in between, and waits until it is ready. */
export async function startLocalStackProcess(): Promise<LocalStackProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/start.ts', '--port', '0', '--json'], {
    cwd: join(__dirname, '../..'),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  await firstLine(child, output);
  return {
    ...(JSON.parse(output.stdout) as ReadyLine),
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    end: async (signal) => {
      const exit = once(child, 'exit');
      child.kill(signal);
      const [code] = (await exit) as [number | null];
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
