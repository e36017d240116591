import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Names another file than the default for both sides, so that two stacks can be told apart. */
const FILE_VARIABLE = 'LOCAL_STACK_FILE';

/** How a running stack is reached. URLs have no trailing slash. */
const reachable = z.object({
  /** Ends in `/webhook`. */
  webhookUrl: z.string(),
  apiKey: z.string(),
  /** The one in the secret. */
  appId: z.string(),
  heapUrl: z.string(),
  /** SQS and Secrets Manager. */
  awsUrl: z.string(),
  queueUrl: z.string(),
  deadLetterQueueUrl: z.string(),
  /** The page on which a person sees what happens; absent where none is served. */
  consoleUrl: z.string().optional(),
});

export type Reachable = z.output<typeof reachable>;

/** What a running stack tells other programs on this machine. */
const stackSchema = z.object({
  /** Of the process that runs it. */
  pid: z.int(),
  ...reachable.shape,
  stackName: z.string(),
  /** The outputs by name, as `DescribeStacks` of CloudFormation has them; the webhook's URL is the one on this machine. */
  outputs: z.record(z.string(), z.string()),
});

export type StackFile = z.output<typeof stackSchema>;

/** The stack that was started last, and the others that were running then, the newest first. */
export const stackFileSchema = z.object({
  ...stackSchema.shape,
  others: z.array(stackSchema).default([]),
});

/** The line of `npm start -- --json`. */
export const readyLine = (stack: Reachable): string => JSON.stringify(reachable.parse(stack));

/** @param directory where it stands unless the environment variable names a file; the repository when absent */
export const stackFilePath = (directory = join(__dirname, '..')): string =>
  process.env[FILE_VARIABLE] ?? join(directory, '.local-stack.json');

/** Writes it for its owner alone, since it holds the API key; the stacks in it that still run stay behind this one. */
export function writeStackFile(path: string, stack: StackFile): void {
  const own = stackSchema.parse(stack);
  write(path, [own, ...stacksIn(path).filter(({ pid }) => pid !== own.pid && isRunning(pid))], own.pid);
}

/** Takes this process out of it; without another running stack it is removed. */
export function removeStackFile(path: string, pid: number): void {
  const stacks = stacksIn(path);
  // It is gone, or another program's: nothing to clean up.
  if (!stacks.some((stack) => stack.pid === pid)) return;
  const others = stacks.filter((stack) => stack.pid !== pid && isRunning(stack.pid));
  if (others.length === 0) rmSync(path, { force: true });
  else write(path, others, pid);
}

/** The running stack of a file's content that was started last. */
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
    // It runs, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** None where there is no file, or one of another program or version. */
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
  // At once, so that nobody reads half of it.
  renameSync(ready, path);
}
