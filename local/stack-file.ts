import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Names another file than the default for both sides, so that two stacks can be told apart. */
const FILE_VARIABLE = 'LOCAL_STACK_FILE';

/** What a running stack tells other programs on this machine. */
export interface StackFile {
  /** Of the process that runs it. */
  readonly pid: number;
  readonly webhookUrl: string;
  readonly apiKey: string;
  readonly appId: string;
  readonly heapUrl: string;
  readonly awsUrl: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly stackName: string;
  /** The stack's outputs by name, as `DescribeStacks` of CloudFormation has them. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** @param directory where it stands unless the environment variable names a file. */
export const stackFilePath = (directory: string): string =>
  process.env[FILE_VARIABLE] ?? join(directory, '.local-stack.json');

/** Writes it for its owner alone, since it holds the API key; of two stacks the newest wins. */
export function writeStackFile(path: string, content: StackFile): void {
  const ready = `${path}.${content.pid}`;
  rmSync(ready, { force: true });
  writeFileSync(ready, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  // At once, so that nobody reads half of it.
  renameSync(ready, path);
}

/** Removes it, if it still is that of this process. */
export function removeStackFile(path: string, pid: number): void {
  try {
    const { pid: owner } = z.object({ pid: z.number() }).parse(JSON.parse(readFileSync(path, 'utf8')));
    if (owner === pid) rmSync(path, { force: true });
  } catch {
    // It is gone, or another program's: nothing to clean up.
  }
}
