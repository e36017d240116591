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

/** Another program that listens on a port. */
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

describe('a port taken by another stack', () => {
  test('is reported with its process and its webhook', async () => {
    const first = await own();
    const port = portOf(first.webhook);
    first.announce(`http://127.0.0.1:${port}/v1/webhook`);
    const error = await failureOf(port);

    expect(error).toBeInstanceOf(PortTakenError);
    expect(error.message).toBe(
      `Port ${port} is taken by another npm start (process ${process.pid}), with the webhook\n` +
        `http://127.0.0.1:${port}/v1/webhook.\n` +
        `Stop that one with Ctrl-C or kill ${process.pid}, or start this one beside it: npm start -- --port 0`,
    );
  });

  test('is reported while the other stack is still starting', async () => {
    const port = portOf((await own()).webhook);

    expect((await failureOf(port)).message).toContain(
      `Port ${port} is taken by another npm start (process ${process.pid}), which is still starting.\n`,
    );
  });

  test.each(['heap', 'aws'] as const)('is reported even if it is the port of its %s', async (name) => {
    const first = await own();
    first.announce('http://127.0.0.1:1/v1/webhook');
    first[name].serve((_, response) => response.writeHead(404).end());

    expect((await failureOf(portOf(first[name]))).message).toContain('http://127.0.0.1:1/v1/webhook');
  });
});

test.each<[string, RequestListener]>([
  ['answers something else', (_, response) => response.end('{"program":"other","pid":1,"webhookUrl":null}')],
  ['answers without JSON', (_, response) => response.writeHead(404).end('<html>')],
  ['redirects', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
  ['hangs up', (request) => request.socket.destroy()],
  ['never answers', () => undefined],
])('a port is reported as taken by another program that %s', async (_, onRequest) => {
  const port = await foreign(onRequest);

  expect((await failureOf(port)).message).toBe(
    `Port ${port} is taken by another program.\nChoose another port: npm start -- --port 0`,
  );
});

test('after the last port, Heap and AWS get free ones', async () => {
  const ports = await own(65_535).catch(() => undefined);
  // Some program on this machine holds this port.
  if (ports === undefined) return;

  expect(portOf(ports.heap)).toBeLessThan(65_535);
  expect(portOf(ports.aws)).not.toBe(portOf(ports.heap));
});

test('all ports are free again after closing, even with waiting requests', async () => {
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
