import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Overrides the default path for both sides, so that two stacks can be told apart. */
const FILE_VARIABLE = 'LOCAL_STACK_FILE';

/** How to reach a running stack. URLs have no trailing slash. */
const reachable = z.object({
  /** Ends in `/webhook`. */
  webhookUrl: z.string(),
  apiKey: z.string(),
  /** The app id in the secret. */
  appId: z.string(),
  heapUrl: z.string(),
  /** SQS and Secrets Manager. */
  awsUrl: z.string(),
  queueUrl: z.string(),
  deadLetterQueueUrl: z.string(),
  /** The console; absent if none is served. */
  consoleUrl: z.string().optional(),
});

export type Reachable = z.output<typeof reachable>;

/** What a running stack tells other programs on this machine about itself. */
const stackSchema = z.object({
  /** The id of the process that runs it. */
  pid: z.int(),
  ...reachable.shape,
  stackName: z.string(),
  /** The outputs by name, as in CloudFormation's `DescribeStacks`. The webhook's URL is the local one. */
  outputs: z.record(z.string(), z.string()),
});

export type StackFile = z.output<typeof stackSchema>;

/** The stack started last, and the other stacks running at that time, newest first. */
export const stackFileSchema = z.object({
  ...stackSchema.shape,
  others: z.array(stackSchema).default([]),
});

/** The line that `npm start -- --json` prints. */
export const readyLine = (stack: Reachable): string => JSON.stringify(reachable.parse(stack));

/** @param directory contains the file, unless the environment variable overrides the path. @default - the repository */
export const stackFilePath = (directory = join(__dirname, '..')): string =>
  process.env[FILE_VARIABLE] ?? join(directory, '.local-stack.json');

/** Writes the file, readable only by its owner because it contains the API key. Keeps stacks that are still running. */
export function writeStackFile(path: string, stack: StackFile): void {
  const own = stackSchema.parse(stack);
  write(path, [own, ...stacksIn(path).filter(({ pid }) => pid !== own.pid && isRunning(pid))], own.pid);
}

/** Removes a process from the file, and the file itself if no other stack is running. */
export function removeStackFile(path: string, pid: number): void {
  const stacks = stacksIn(path);
  // The file is gone or belongs to another program: nothing to clean up.
  if (!stacks.some((stack) => stack.pid === pid)) return;
  const others = stacks.filter((stack) => stack.pid !== pid && isRunning(stack.pid));
  if (others.length === 0) rmSync(path, { force: true });
  else write(path, others, pid);
}

/** The running stack in a file's content that was started last. */
export const newestRunning = ({
  others,
  ...newest
}: z.output<typeof stackFileSchema>): StackFile | undefined =>
  [newest, ...others].find(({ pid }) => isRunning(pid));

/** Whether a process with this id exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Empty if the file does not exist or is from another program or version. */
function stacksIn(path: string): StackFile[] {
  try {
    const { others, ...newest } = stackFileSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return [newest, ...others];
  } catch {
    return [];
  }
}

function write(path: string, [newest, ...others]: readonly StackFile[], pid: number): void {
  const ready = `${path}.${pid}`;
  rmSync(ready, { force: true });
  writeFileSync(ready, `${JSON.stringify({ ...newest, others }, null, 2)}\n`, { mode: 0o600 });
  // Atomic, so that readers never see half a file.
  renameSync(ready, path);
}
