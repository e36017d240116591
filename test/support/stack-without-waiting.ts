import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stackName } from '../../lib/config/environments';
import { Chaos } from '../../local/chaos';
import { startLocalStack, type LocalStack, type LocalStackOptions } from '../../local/stack';
import { writeStackFile } from '../../local/stack-file';
import { assemblyDirectory } from './assembly';

/** Plays nothing but what a test asks for: of chaos only that nobody has to wait for a retry. */
class WithoutWaiting extends Chaos {
  kills = 0;
  override readonly nextHeapFault = () => ({ mode: 'ok' }) as const;
  override readonly repeats = () => false;
  override readonly losesDelete = () => false;
  override nextInvocation() {
    const isKilled = this.kills > 0;
    if (isKilled) this.kills -= 1;
    // In the middle of its work: Heap has it, if it is asked to hang.
    return { isThrottled: false, killedAt: isKilled ? 0.9 : undefined };
  }
}

/** The local stack in this process, on which no test waits for a retry, and the file by which commands find it. */
export async function startStackWithoutWaiting(
  options: Pick<LocalStackOptions, 'heapBaseUrl' | 'onNotice'> = { onNotice: () => undefined },
): Promise<{
  readonly stack: LocalStack;
  readonly stackFile: string;
  /** Has the next invocation of the function end in its middle. */
  readonly killNext: () => void;
  readonly end: () => Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'stack-without-waiting-'));
  const stackFile = join(folder, 'stack.json');
  const chaos = new WithoutWaiting({ seed: '1' });
  const stack = await startLocalStack({
    assemblyDirectory: assemblyDirectory(),
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
