import { stackName } from '../lib/config/environments';
import { startLocalStack } from '../local/stack';
import { appId } from './pipeline';
import { localAssembly, startWorker } from './workers';

export interface BenchStack {
  readonly webhookUrl: string;
  readonly apiKey: string;
  readonly heapUrl: string;
  /** Posts a webhook; rejects if it is not accepted. */
  readonly post: (webhook: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The stack on this machine, with the counting Heap of the benchmarks behind it. */
export async function localStack(latencyMs: number): Promise<BenchStack> {
  const heap = await startWorker('heap', { args: [latencyMs] });
  const heapUrl = String(heap.result);
  const stack = await startLocalStack({
    assemblyDirectory: localAssembly().directory,
    stackName: stackName('local'),
    port: 0,
    heapBaseUrl: heapUrl,
    appId,
    onFunctionLog: () => undefined,
    onNotice: (notice) => process.stderr.write(`${notice}\n`),
  });
  const { webhookUrl, apiKey } = stack;
  return {
    webhookUrl,
    apiKey,
    heapUrl,
    post: async (webhook) => {
      const headers = { 'content-type': 'application/json', 'x-api-key': apiKey };
      const response = await fetch(webhookUrl, { method: 'POST', headers, body: webhook });
      await response.text();
      if (response.status !== 200) throw new Error(`the door answered ${response.status}`);
    },
    stop: async () => {
      await stack.stop();
      heap.stop();
    },
  };
}
