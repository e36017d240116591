import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stackName } from '../../lib/config/environments';
import { Chaos } from '../../local/chaos';
import { startLocalStack, type LocalStack } from '../../local/stack';
import { writeStackFile } from '../../local/stack-file';
import { assemblyDirectory } from './assembly';

/** Plays nothing: of chaos only that nobody has to wait for a retry. */
class WithoutWaiting extends Chaos {
  override readonly nextHeapFault = () => ({ mode: 'ok' }) as const;
  override readonly repeats = () => false;
  override readonly losesDelete = () => false;
  override nextInvocation() {
    return { isThrottled: false, killedAt: undefined };
  }
}

/** The local stack in this process, on which no test waits for a retry, and the file by which commands find it. */
export async function startStackWithoutWaiting(): Promise<{
  readonly stack: LocalStack;
  readonly stackFile: string;
  readonly end: () => Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'stack-without-waiting-'));
  const stackFile = join(folder, 'stack.json');
  const stack = await startLocalStack({
    assemblyDirectory: assemblyDirectory(),
    stackName: stackName('local'),
    port: 0,
    appId: '11',
    onFunctionLog: () => undefined,
    onNotice: () => undefined,
    chaos: new WithoutWaiting({ seed: '1' }),
  });
  writeStackFile(stackFile, { pid: process.pid, ...stack });
  const end = async (): Promise<void> => {
    await stack.stop();
    rmSync(folder, { recursive: true });
  };
  return { stack, stackFile, end };
}
