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
export const stackFileSchema = z.object({
  /** Of the process that runs it. */
  pid: z.int(),
  ...reachable.shape,
  stackName: z.string(),
  /** The outputs by name, as `DescribeStacks` of CloudFormation has them; the webhook's URL is the one on this machine. */
  outputs: z.record(z.string(), z.string()),
});

export type StackFile = z.output<typeof stackFileSchema>;

/** The line of `npm start -- --json`. */
export const readyLine = (stack: Reachable): string => JSON.stringify(reachable.parse(stack));

/** @param directory where it stands unless the environment variable names a file; the repository when absent */
export const stackFilePath = (directory = join(__dirname, '..')): string =>
  process.env[FILE_VARIABLE] ?? join(directory, '.local-stack.json');

/** Writes it for its owner alone, since it holds the API key; of two stacks the newest wins. */
export function writeStackFile(path: string, stack: StackFile): void {
  const content = stackFileSchema.parse(stack);
  const ready = `${path}.${content.pid}`;
  rmSync(ready, { force: true });
  writeFileSync(ready, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  // At once, so that nobody reads half of it.
  renameSync(ready, path);
}

/** Removes it, if it still is that of this process. */
export function removeStackFile(path: string, pid: number): void {
  try {
    const { pid: owner } = stackFileSchema.pick({ pid: true }).parse(JSON.parse(readFileSync(path, 'utf8')));
    if (owner === pid) rmSync(path, { force: true });
  } catch {
    // It is gone, or another program's: nothing to clean up.
  }
}
