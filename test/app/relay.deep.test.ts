import { assemblyDirectory } from '../support/assembly';
import { fixture } from '../support/clevertap-fixture';
import { eventually } from '../support/eventually';
import { startLocalStackProcess, type LocalStackProcess } from '../support/local-stack-process';
import { runRelay } from '../support/relay-process';

/** With the batching window, and the function's real delays of half a minute and more. */
let stack: LocalStackProcess;
beforeAll(async () => {
  stack = await startLocalStackProcess('--assembly', assemblyDirectory());
});
afterAll(() => stack.end('SIGKILL'));

const relay = (args: readonly string[], input = ''): ReturnType<typeof runRelay> =>
  runRelay(args, { stackFile: stack.stackFile, input });

test('through an outage and a recovery of Heap, status tells the truth at each step (F56, F67)', async () => {
  const heap = (path: string, body?: object): Promise<Response> =>
    fetch(`${stack.heapUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const statusOf = async (): Promise<Record<string, number | boolean>> =>
    JSON.parse((await relay(['status', '--json', '--window', '15m'])).stdout) as Record<string, number>;
  const before = await statusOf();
  await heap('/control', { mode: '500' });
  await relay(['send', '-'], fixture('guide-rendered').replace(/"app_id": *"[^"]*",/, ''));

  await eventually(async () => {
    expect(await statusOf()).toMatchObject({
      consistent: true,
      pending: 1,
      received: Number(before['received']) + 1,
      delivered: before['delivered'],
    });
  });

  await heap('/control', { mode: 'ok' });
  await eventually(async () => {
    expect(await statusOf()).toMatchObject({
      consistent: true,
      pending: 0,
      received: Number(before['received']) + 1,
      delivered: Number(before['delivered']) + 1,
    });
  }, 90_000);
}, 150_000);
