import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rowDetail, settings } from '../../../console/page/console/server';

let silent: Server;
const realFetch = fetch;

beforeAll(async () => {
  silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  jest
    .spyOn(globalThis, 'fetch')
    .mockImplementation((path, init) => realFetch(`http://127.0.0.1:${port}${path as string}`, init));
});

afterAll(async () => {
  jest.restoreAllMocks();
  silent.closeAllConnections();
  await new Promise((resolve) => silent.close(resolve));
});

test('a call without an answer times out, and the error mentions open windows', async () => {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  const asked = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(20));
  await expect(settings()).rejects.toThrow(/^No answer within 20 s\. .*open in several windows/);
  expect(asked).toHaveBeenCalledWith(20_000);
  asked.mockRestore();
});

test('a call that the page aborts rejects with AbortError', async () => {
  const abort = new AbortController();
  const answer = rowDetail('r1', false, abort.signal);
  abort.abort();
  await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
});
