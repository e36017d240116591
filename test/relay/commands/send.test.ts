import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { noProgress } from '../../../relay/terminal/progress-bar';
import { sendAll } from '../../../relay/commands/send';

/** An endpoint that answers as the test says and records the requests. */
let server: Server;
let url: string;
let requests: { path: string; headers: IncomingMessage['headers']; body: string }[];
let answer: (nth: number) => { status: number; body: string } | 'reset';
let atATime: number;
let mostAtATime: number;

beforeEach(async () => {
  [requests, atATime, mostAtATime] = [[], 0, 0];
  answer = (nth) => ({ status: 200, body: `{"status":"queued","requestId":"r-${nth}"}` });
  server = createServer((request, response) => {
    mostAtATime = Math.max(mostAtATime, (atATime += 1));
    void text(request).then((body) => {
      requests.push({ path: request.url ?? '', headers: request.headers, body });
      const said = answer(requests.length);
      setTimeout(() => {
        atATime -= 1;
        if (said === 'reset') request.socket.destroy();
        else response.writeHead(said.status).end(said.body);
      }, 5);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/webhook`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const send = (load: Partial<Parameters<typeof sendAll>[2]>, signal = new AbortController().signal) =>
  sendAll('{"a":"é"}', { url, apiKey: 'key' }, { repeat: 1, concurrency: 1, ...load }, signal, noProgress);

test('posts as CleverTap does', async () => {
  const sent = await send({ event: 'Caf%C3%A9' });

  expect(sent).toMatchObject({ requests: 1, answers: { '200': 1 }, requestId: 'r-1', message: null });
  expect(requests[0]).toMatchObject({
    path: '/v1/webhook/Caf%C3%A9',
    body: '{"a":"é"}',
    headers: { 'content-type': 'application/json', 'x-api-key': 'key', 'content-length': '10' },
  });
});

test("counts every response and every network error, and shows the endpoint's message", async () => {
  answer = (nth) =>
    nth === 2
      ? { status: 429, body: '{"message":"Too many requests."}' }
      : nth === 3
        ? 'reset'
        : { status: 200, body: '{"requestId":"r"}' };

  const sent = await send({ repeat: 5 });

  expect(sent.answers).toEqual({ '200': 3, '429': 1, ECONNRESET: 1 });
  expect(sent).toMatchObject({ requests: 5, message: 'Too many requests.' });
  expect(sent.latencyMs.p50).toBeLessThanOrEqual(sent.latencyMs.max);
});

test('sends no more concurrent requests than asked for', async () => {
  await send({ repeat: 20, concurrency: 3 });

  expect(requests).toHaveLength(20);
  expect(mostAtATime).toBe(3);
});

test('keeps to a rate', async () => {
  // The second request would be due in an hour.
  const abort = new AbortController();
  answer = () => {
    abort.abort();
    return { status: 200, body: '{}' };
  };

  expect(await send({ repeat: 5, rate: 1 / 3600, concurrency: 5 }, abort.signal)).toMatchObject({
    requests: 1,
  });
});

test('stops when interrupted, and counts what was sent', async () => {
  const abort = new AbortController();
  answer = (nth) => {
    if (nth === 4) abort.abort();
    return { status: 200, body: '{}' };
  };

  expect(await send({ repeat: 1000 }, abort.signal)).toMatchObject({ requests: 4, answers: { '200': 4 } });
});
