import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { FeedStream, type StateHead } from '../../../console/server/feed-stream';
import type { FeedRow } from '../../../console/wire';
import { eventually } from '../../support/eventually';

let server: Server;
let stream: FeedStream;
const responses: ServerResponse[] = [];

const counts = { delivered: 0, queued: 0, rejected: 0, ignored: 0, missing: 0 };
const head = (accepted: number): StateHead => ({
  equation: { accepted, ...counts },
  heap: { mode: 'ok', times: null, storm: false, health: 'ok', said: null, nextProbeAt: null },
  deadLetters: 0,
  olderRows: 0,
  stopped: null,
});
const row = (n: number, attempts: number): FeedRow => ({
  id: `r${n}`,
  requestId: null,
  at: 0,
  event: 'x'.repeat(255),
  campaign: null,
  who: null,
  events: 1,
  state: { kind: 'queued', attempts, nextTryAt: null, why: null },
  counts,
});

beforeEach(async () => {
  stream = new FeedStream();
  server = createServer((_, response) => {
    responses.push(response);
    stream.add(response, { ...head(0), rows: [] });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  await stream.end(100);
  responses.length = 0;
  server.closeAllConnections();
  server.close();
});

async function open(): Promise<Socket> {
  const before = responses.length;
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => {
    expect(responses).toHaveLength(before + 1);
    return Promise.resolve();
  });
  return socket;
}

/** Rows that a page was told, in order. */
function rowsIn(received: string): FeedRow[] {
  const rows = received.matchAll(/^data: (.*)$/gm);
  return Array.from(rows, ([, data = '']) => (JSON.parse(data) as { rows: FeedRow[] }).rows).flat();
}

test('a page that does not read holds at most what the rows are, and is told the last of each once it reads', async () => {
  const socket = await open();
  const [response] = responses;
  const ids = Array.from({ length: 200 }, (_, n) => 200 - n);
  let round = 0;
  const tell = (): void => {
    round += 1;
    stream.tell(
      head(round),
      ids.map((n) => row(n, round)),
    );
  };
  // Until the system's buffers take no more.
  for (let stuck = 0; stuck < 50; stuck = response?.writableNeedDrain === true ? stuck + 1 : 0) {
    tell();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const waiting = response?.writableLength ?? 0;
  for (let more = 0; more < 100; more += 1) tell();
  expect(response?.writableLength).toBe(waiting);

  let received = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
  // In chunks of HTTP, whose lines must not stand in the way.
  const told = (): FeedRow[] => rowsIn(received.replaceAll(/\r\n[0-9a-f]+\r\n/g, ''));
  await eventually(() => {
    const last = told().filter(({ state }) => state.kind === 'queued' && state.attempts === round);
    expect(last.map(({ id }) => id)).toEqual(ids.map((n) => `r${n}`));
    return Promise.resolve();
  });
  expect(told().length).toBeLessThan((round - 100) * ids.length);
});

test('a page that does not read is told no more than the newest thousand rows once it reads', async () => {
  const socket = await open();
  const [response] = responses;
  // Until the system's buffers take no more, and nothing is written.
  while (response?.writableNeedDrain !== true) {
    stream.tell(
      head(1),
      Array.from({ length: 1000 }, (_, n) => row(1000 - n, 0)),
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let last = 1005; last <= 5000; last += 5)
    stream.tell(head(last), [4, 3, 2, 1, 0].map((n) => row(last - n, 1)).concat(row(1, last)));
  let received = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (received += chunk));
  await eventually(() => {
    expect(received).toContain('"accepted":5000');
    expect(received.endsWith('\n\n\r\n')).toBe(true);
    return Promise.resolve();
  });
  const told = rowsIn(received.replaceAll(/\r\n[0-9a-f]+\r\n/g, '').replace(/\r\n$/, ''));
  const newest = told.slice(-1000).map(({ id }) => id);
  expect(newest).toEqual(Array.from({ length: 1000 }, (_, n) => `r${5000 - n}`));
  expect(told.filter(({ state }) => state.kind === 'queued' && state.attempts > 0)).toHaveLength(1000);
});

test('who has left is told nothing more', async () => {
  const [leaving] = [await open(), await open()];
  leaving.destroy();
  await eventually(() => {
    expect(responses.filter(({ destroyed }) => destroyed)).toHaveLength(1);
    return Promise.resolve();
  });
  stream.tell(head(1), [row(1, 1)]);
  expect(stream.isEmpty).toBe(false);
  responses[1]?.destroy();
  await eventually(() => {
    expect(stream.isEmpty).toBe(true);
    return Promise.resolve();
  });
});

test('where nothing has changed nothing is told', async () => {
  const socket = await open();
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  for (let times = 0; times < 3; times += 1) stream.tell(head(0), []);
  stream.tell(head(7), []);
  await eventually(() => {
    expect(received).toContain('"accepted":7');
    return Promise.resolve();
  });
  expect(received.match(/^event: \w+/gm)).toEqual(['event: state', 'event: change']);
});
