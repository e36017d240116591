import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stackName } from '../../lib/config/environments';
import { Chaos } from '../../local/chaos';
import { startLocalStack, type LocalStack, type LocalStackOptions } from '../../local/stack';
import { writeStackFile } from '../../local/stack-file';
import { assemblyWithoutWindow } from './assembly';

/** Injects only what a test requests. Chaos is used only to skip the waits for retries. */
class WithoutWaiting extends Chaos {
  kills = 0;
  override readonly nextHeapFault = () => ({ mode: 'ok' }) as const;
  override readonly repeats = () => false;
  override readonly losesDelete = () => false;
  override nextInvocation() {
    const isKilled = this.kills > 0;
    if (isKilled) this.kills -= 1;
    // Halfway through: Heap has the request if it was set to hang.
    return { isThrottled: false, killedAt: isKilled ? 0.9 : undefined };
  }
}

/**
 * The local stack in this process, where no test waits for a retry or a batching window, and the file by which commands
 * find it.
 */
export async function startStackWithoutWaiting(
  options: Pick<LocalStackOptions, 'heapBaseUrl' | 'onNotice'> &
    Partial<Pick<LocalStackOptions, 'assemblyDirectory'>> = { onNotice: () => undefined },
): Promise<{
  readonly stack: LocalStack;
  readonly stackFile: string;
  /** Kills the function halfway through its next invocation. */
  readonly killNext: () => void;
  readonly end: () => Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'stack-without-waiting-'));
  const stackFile = join(folder, 'stack.json');
  const chaos = new WithoutWaiting({ seed: '1' });
  const stack = await startLocalStack({
    assemblyDirectory: assemblyWithoutWindow(),
    stackName: stackName('local'),
    port: 0,
    appId: '11',
    onFunctionLog: () => undefined,
    ...options,
    chaos,
  });
  writeStackFile(stackFile, { pid: process.pid, ...stack });
  const end = async (): Promise<void> => {
    await stack.stop();
    rmSync(folder, { recursive: true });
  };
  const killNext = (): void => {
    chaos.kills += 1;
  };
  return { stack, stackFile, killNext, end };
}
