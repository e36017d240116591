import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bindPorts, PortTakenError, type LocalPorts } from '../../local/ports';

const ending: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

const portOf = ({ origin }: { origin: string }): number => Number(new URL(origin).port);

async function own(port = 0): Promise<LocalPorts> {
  const ports = await bindPorts(port);
  ending.push(ports.close);
  return ports;
}

/** Another program that listens. */
async function foreign(onRequest: RequestListener): Promise<number> {
  const server: Server = createServer(onRequest);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ending.push(
    () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  );
  return (server.address() as AddressInfo).port;
}

const failureOf = (port: number): Promise<PortTakenError> =>
  bindPorts(port).then(
    () => {
      throw new Error(`port ${port} was free`);
    },
    (error: unknown) => error as PortTakenError,
  );

describe('a port that is taken by another stack', () => {
  test('is said to be, with its process and its webhook', async () => {
    const first = await own();
    const port = portOf(first.webhook);
    first.announce(`http://127.0.0.1:${port}/v1/webhook`);
    const error = await failureOf(port);

    expect(error).toBeInstanceOf(PortTakenError);
    expect(error.message).toBe(
      `Port ${port} is taken by another stack of npm start, process ${process.pid}, with the webhook\n` +
        `http://127.0.0.1:${port}/v1/webhook.\n` +
        `Stop that one with Ctrl-C or kill ${process.pid}, or start this one beside it: npm start -- --port 0`,
    );
  });

  test('is said to be while that one is still starting', async () => {
    const port = portOf((await own()).webhook);

    expect((await failureOf(port)).message).toContain(
      `Port ${port} is taken by another stack of npm start, process ${process.pid}, which is still starting.\n`,
    );
  });

  test.each(['heap', 'aws'] as const)('is said to be where it is the port of %s there', async (name) => {
    const first = await own();
    first.announce('http://127.0.0.1:1/v1/webhook');
    first[name].serve((_, response) => response.writeHead(404).end());

    expect((await failureOf(portOf(first[name]))).message).toContain('http://127.0.0.1:1/v1/webhook');
  });
});

test.each<[string, RequestListener]>([
  ['answers something else', (_, response) => response.end('{"program":"other","pid":1,"webhookUrl":null}')],
  ['answers no JSON', (_, response) => response.writeHead(404).end('<html>')],
  ['redirects', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
  ['hangs up', (request) => request.socket.destroy()],
  ['never answers', () => undefined],
])('a port is taken by another program that %s', async (_, onRequest) => {
  const port = await foreign(onRequest);

  expect((await failureOf(port)).message).toBe(
    `Port ${port} is taken by another program.\nChoose another port: npm start -- --port 0`,
  );
});

test('the last port has none after it: Heap and AWS get free ones', async () => {
  const ports = await own(65_535).catch(() => undefined);
  // Taken on this machine, by whatever it is.
  if (ports === undefined) return;

  expect(portOf(ports.heap)).toBeLessThan(65_535);
  expect(portOf(ports.aws)).not.toBe(portOf(ports.heap));
});

test('all are free again once they are closed, whoever waits for an answer', async () => {
  const ports = await bindPorts(0);
  const all = [ports.webhook, ports.heap, ports.aws].map(portOf);
  const waiting = Promise.allSettled(all.map((port) => fetch(`http://127.0.0.1:${port}/`)));
  await ports.close();

  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  for (const port of all) {
    const again = await bindPorts(port);
    expect(portOf(again.webhook)).toBe(port);
    await again.close();
  }
});
