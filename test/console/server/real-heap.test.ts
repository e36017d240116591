import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConsoleSettings } from '../../../console/wire';
import { assemblyDirectory } from '../../support/assembly';
import { eventually } from '../../support/eventually';
import { StackWithConsole } from '../../support/stack-with-console';

let heap: Server;
let status = 200;
let stack: StackWithConsole;

beforeAll(async () => {
  heap = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status).end('{}'));
  });
  await new Promise<void>((resolve) => heap.listen(0, '127.0.0.1', resolve));
  const { port } = heap.address() as AddressInfo;
  stack = await StackWithConsole.start({
    heapBaseUrl: `http://127.0.0.1:${port}`,
    assemblyDirectory: assemblyDirectory(),
  });
});
afterAll(async () => {
  await stack.end();
  heap.closeAllConnections();
  heap.close();
});

test('of a real Heap the rows know what the log says of their request, and the equation is the account', async () => {
  const settings = (await (await stack.get('/api/settings')).json()) as ConsoleSettings;
  expect(settings.isRealHeap).toBe(true);
  expect(await (await stack.ask('/api/heap', { mode: '500' })).json()).toEqual({
    error: expect.stringContaining('delivers to a real Heap') as string,
  });
  const post = (n: number): Promise<string> =>
    stack.post(
      JSON.stringify({
        key_values: { event: 'Newsletter' },
        profiles: [{ identity: `sample-${n}` }, { identity: 'user@example.com' }],
      }),
    );
  const batches: number[] = [];
  const unwatch = stack.stack.watch((activity) => {
    if (activity.kind === 'invoked') batches.push(activity.messageIds.length);
  });
  const requestIds = await Promise.all(Array.from({ length: 60 }, (_, n) => post(n)));
  await eventually(async () => {
    expect((await stack.state()).equation).toEqual({
      accepted: 120,
      delivered: 60,
      rejected: 60,
      ignored: 0,
      queued: 0,
      missing: 0,
    });
  });
  unwatch();
  // The two workers collect them for a second. The log names the outcome of only twenty requests of a batch.
  expect(Math.max(...batches)).toBeGreaterThan(20);
  for (const { counts, state } of (await stack.state()).rows) {
    expect(counts).toMatchObject({ delivered: 1, rejected: 1 });
    expect(state).toMatchObject({ kind: 'rejected', reason: 'placeholder_identity' });
  }
  const [event] = await stack.events(requestIds[0] ?? '');
  expect(event).toMatchObject({
    state: { kind: 'delivered', afterMs: expect.any(Number) as number, countedOnceWith: null },
    isStored: false,
    heapEvent: { identity: 'sample-0', event: 'Newsletter' },
  });
  expect(event?.journey.at(-1)).toMatchObject({ place: 'heap', what: 'Heap took it, the function says' });

  status = 503;
  const waiting = await stack.post('{"identity":"sample-waits","event":"Purchase"}');
  await eventually(async () => {
    expect((await stack.row(waiting)).state).toMatchObject({ kind: 'queued', why: 'Heap answered 503' });
  });
  expect((await stack.state()).heap).toMatchObject({
    mode: null,
    health: 'failing',
    said: 'Heap answered 503',
  });
  status = 200;
  await eventually(async () => {
    expect((await stack.row(waiting)).state).toMatchObject({ kind: 'delivered' });
    expect((await stack.state()).equation).toMatchObject({ delivered: 61, queued: 0, missing: 0 });
  });
});
