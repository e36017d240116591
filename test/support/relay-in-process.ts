import { Readable } from 'node:stream';
import { format } from 'node:util';
import { run } from '../../relay/run';
import type { RelayRun } from './relay-process';

/** The process's exit code. The compiler would narrow `process.exitCode` to the value last set. */
const exitCode = (): number => Number(process.exitCode ?? 0);

/**
 * Runs a `relay` command in this process, as bin/relay.ts does: loading the AWS clients again takes longer than most
 * commands. One at a time, since a process has only one console.
 */
export async function runRelayHere(
  args: readonly string[],
  { stackFile = '/nowhere', input = '', env = {} } = {},
): Promise<Awaited<RelayRun['ended']>> {
  const output = { stdout: '', stderr: '' };
  const line =
    (stream: keyof typeof output) =>
    (...values: unknown[]): void => {
      output[stream] += `${format(...values)}\n`;
    };
  const before = { stdin: process.stdin, env: process.env, exitCode: process.exitCode };
  const spies = [
    jest.spyOn(console, 'log').mockImplementation(line('stdout')),
    jest.spyOn(console, 'error').mockImplementation(line('stderr')),
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      output.stderr += String(text);
      return true;
    }),
  ];
  const stdin = Readable.from(input === '' ? [] : [input]);
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
  process.env = { ...process.env, LOCAL_STACK_FILE: stackFile, ...env };
  process.exitCode = undefined;
  try {
    await run(args);
    return { code: exitCode(), ...output };
  } finally {
    Object.defineProperty(process, 'stdin', { value: before.stdin, configurable: true });
    process.env = before.env;
    process.exitCode = before.exitCode;
    for (const spy of spies) spy.mockRestore();
  }
}
