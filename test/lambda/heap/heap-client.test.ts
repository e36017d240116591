import * as http from 'node:http';
import * as https from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { trackBody } from '../../../lambda/heap/bulk-request';
import { HeapClient, type HeapClientProps } from '../../../lambda/heap/heap-client';
import { outcomeOf } from '../../../lambda/heap/outcome';
import { serialized, textOf } from '../../support/heap-body';

const NOW = Date.UTC(2026, 9, 1, 9);
const header = { name: 'X-Heap-Token', value: 'secret-token' };
const answerOf = (status: string, ...rest: string[]): string =>
  [`HTTP/1.1 ${status}`, ...rest, '', ''].join('\r\n');
const ok = answerOf('200 OK', 'Content-Length: 2') + '{}';

describe('HeapClient', () => {
  const servers: Server[] = [];
  const agents: http.Agent[] = [];
  const sockets = new Set<Socket>();

  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.destroy();
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  /** Starts a server on this machine; returns its origin. */
  function listen(server: Server): Promise<string> {
    servers.push(server);
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      // Some of these tests expect a client that hangs up.
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      });
    });
  }

  const httpServer = (handler: http.RequestListener): Promise<string> => listen(http.createServer(handler));

  /** A raw TCP server. Its callback gets each whole request, the connection, and both their numbers, from 1. */
  function rawServer(
    onRequest: (socket: Socket, request: number, connection: number) => void,
  ): Promise<string> & { readonly seen: { requests: number; connections: number } } {
    const seen = { requests: 0, connections: 0 };
    const origin = listen(
      createServer((socket) => {
        const connection = (seen.connections += 1);
        let received = '';
        socket.on('data', (chunk) => {
          received += chunk.toString('latin1');
          if (!received.endsWith(textOf(BODY))) return;
          received = '';
          seen.requests += 1;
          onRequest(socket, seen.requests, connection);
        });
      }),
    );
    return Object.assign(origin, { seen });
  }

  const BODY = trackBody('11', []);

  function clientOf(baseUrl: string, overrides: Partial<HeapClientProps> = {}): HeapClient {
    const agent = overrides.agent ?? new http.Agent({ keepAlive: true });
    agents.push(agent);
    return new HeapClient({
      baseUrl,
      request: http.request,
      agent,
      timeoutMs: 30_000,
      now: () => NOW,
      ...overrides,
    });
  }

  describe('the request', () => {
    it('is a POST of the body as JSON, without any token', async () => {
      const seen: unknown[] = [];
      const body = '{"name":"Ünïcode 😀"}';
      const origin = await httpServer((request, response) => {
        let text = '';
        request.setEncoding('utf8');
        request.on('data', (chunk: string) => (text += chunk));
        request.on('end', () => {
          seen.push({ method: request.method, url: request.url, text, headers: request.headers });
          response.end('{}');
        });
      });
      const answer = await clientOf(origin).post('/api/track', Buffer.from(body));

      expect(answer).toMatchObject({ status: 200, body: '{}' });
      expect(seen).toEqual([
        {
          method: 'POST',
          url: '/api/track',
          text: body,
          headers: {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(body)),
            connection: 'keep-alive',
            host: origin.slice('http://'.length),
          },
        },
      ]);
    });

    it.each<[string, Uint8Array]>([
      ['nothing', Buffer.alloc(0)],
      ['a bulk', trackBody('11', serialized('{"a":"é"}', '{"b":"😀"}', '{}'))],
      ['a part of a buffer', Buffer.from('x[1]x').subarray(1, 4)],
      // More than this machine's socket buffers hold, so it is sent in pieces.
      ['12 MB', Buffer.alloc(12_000_000, '0é')],
    ])('carries the whole body once, with its length in bytes: %s', async (_, body) => {
      const seen: { length: string | undefined; body: Buffer }[] = [];
      const origin = await httpServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          seen.push({ length: request.headers['content-length'], body: Buffer.concat(chunks) });
          response.end('{}');
        });
      });
      const client = clientOf(origin);
      // The second one uses an open connection and is not delayed by connecting.
      for (let request = 0; request < 2; request += 1) await client.post('/api/track', body);

      const whole = Buffer.from(body);
      expect(seen.map(({ length }) => length)).toEqual([String(whole.length), String(whole.length)]);
      expect(seen.map((one) => one.body.equals(whole))).toEqual([true, true]);
    });

    it('carries the additional header from the secret', async () => {
      const seen: unknown[] = [];
      const origin = await httpServer((request, response) => {
        seen.push(request.headers['x-heap-token']);
        response.end('{}');
      });
      await clientOf(origin).post('/api/track', BODY, header);

      expect(seen).toEqual(['secret-token']);
    });

    it('uses a connection that stays open for the next one', async () => {
      const server = rawServer((socket) => socket.write(ok));
      const client = clientOf(await server);
      for (let request = 0; request < 3; request += 1) await client.post('/api/track', BODY);

      expect(server.seen).toEqual({ requests: 3, connections: 1 });
    });
  });

  describe('the answer', () => {
    it.each([200, 201, 202, 204, 400, 401, 404, 413, 429, 500, 503])(
      '%d is returned with its body',
      async (status) => {
        const origin = await httpServer((_, response) => {
          response.writeHead(status).end(status === 204 ? undefined : `says ${status}`);
        });

        expect(await clientOf(origin).post('/api/track', BODY)).toMatchObject({
          status,
          body: status === 204 ? '' : `says ${status}`,
        });
      },
    );

    it.each([
      ['120', 120],
      ['Thu, 01 Oct 2026 09:02:00 GMT', 120],
      ['soon', undefined],
      [undefined, undefined],
    ])('with Retry-After %j waits %s seconds', async (value, retryAfterSeconds) => {
      const origin = await httpServer((_, response) => {
        response.writeHead(429, value === undefined ? {} : { 'Retry-After': value }).end();
      });

      expect(await clientOf(origin).post('/api/track', BODY)).toEqual({
        status: 429,
        body: '',
        retryAfterSeconds,
      });
    });

    it.each([301, 302, 303, 307, 308])(
      '%d is not followed: its target sees neither events nor token (F49, F50)',
      async (status) => {
        const target: unknown[] = [];
        const elsewhere = await httpServer((request, response) => {
          target.push(request.headers);
          response.end('{}');
        });
        const origin = await httpServer((_, response) => {
          response.writeHead(status, { Location: `${elsewhere}/api/track` }).end();
        });
        const answer = await clientOf(origin).post('/api/track', BODY, header);

        expect(answer).toMatchObject({ status });
        expect(outcomeOf(answer)).toBe('redirected');
        expect(target).toEqual([]);
      },
    );
  });

  describe('a fault in transit', () => {
    it('is reported if nothing listens (F51)', async () => {
      const origin = await httpServer(() => undefined);
      await new Promise((resolve) => servers.pop()?.close(resolve));

      expect(await clientOf(origin).post('/api/track', BODY)).toEqual({ fault: 'ECONNREFUSED' });
    });

    it.each<[string, (socket: Socket) => void, RegExp]>([
      ['a connection that is reset', (socket) => socket.resetAndDestroy(), /^ECONNRESET$/],
      ['a connection that is closed', (socket) => socket.end(), /^ECONNRESET$/],
      ['half a status line', (socket) => socket.end('HTTP/1.1 2'), /^(ECONNRESET|HPE_)/],
      ['a garbage status line', (socket) => socket.end('SSH-2.0-OpenSSH_9\r\n\r\n'), /^HPE_/],
      [
        'headers that break off',
        (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
        /^(ECONNRESET|HPE_)/,
      ],
      [
        'headers without an end',
        (socket) => socket.write(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(100_000)}`),
        /^HPE_HEADER_OVERFLOW$/,
      ],
    ])('is reported for %s, and the request is not repeated (F51)', async (_, break_, fault) => {
      const server = rawServer(break_);
      const answer = await clientOf(await server).post('/api/track', BODY);

      expect(answer).toEqual({ fault: expect.stringMatching(fault) as string });
      expect(server.seen).toEqual({ requests: 1, connections: 1 });
    });

    it('is reported if the server wants another protocol (F51)', async () => {
      const text = answerOf('101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket');
      const origin = await rawServer((socket) => socket.write(text));
      const answer = await clientOf(origin, { timeoutMs: 200 }).post('/api/track', BODY);

      expect(outcomeOf(answer)).toBe('retry');
    }, 10_000);

    it('is reported if there is no TLS (F51)', async () => {
      const origin = await httpServer((_, response) => response.end('{}'));
      const client = clientOf(origin.replace('http:', 'https:'), {
        request: https.request,
        agent: new https.Agent({ keepAlive: true }),
      });

      expect(outcomeOf(await client.post('/api/track', BODY))).toBe('retry');
    });
  });

  describe('a body that breaks off', () => {
    it.each([
      ['a bad chunk', answerOf('STATUS', 'Transfer-Encoding: chunked') + '2\r\n{}\r\nXYZ\r\n'],
      ['too few bytes', answerOf('STATUS', 'Content-Length: 100') + '{}'],
      ['no body at all', answerOf('STATUS', 'Content-Length: 100')],
    ])('leaves the decision to the status line: %s (F51)', async (_, text) => {
      for (const [status, outcome] of [
        ['200 OK', 'delivered'],
        ['500 Oops', 'retry'],
        ['404 Gone', 'refused'],
      ] as const) {
        const server = rawServer((socket) => socket.end(text.replace('STATUS', status)));
        const answer = await clientOf(await server).post('/api/track', BODY);

        expect(answer).toMatchObject({ status: Number(status.slice(0, 3)) });
        expect(outcomeOf(answer)).toBe(outcome);
      }
    });
  });

  describe('a server that takes too long', () => {
    const timeoutMs = 200;

    it.each<[string, (socket: Socket) => void]>([
      ['never answers', () => undefined],
      ['stops within its headers', (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-')],
    ])('and %s is abandoned (F52)', async (_, answer) => {
      const origin = await rawServer(answer);

      expect(await clientOf(origin, { timeoutMs }).post('/api/track', BODY)).toEqual({ fault: 'timeout' });
    });

    it('and trickles its headers is abandoned (F52)', async () => {
      const origin = await rawServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
        trickle(socket);
      });

      expect(await clientOf(origin, { timeoutMs }).post('/api/track', BODY)).toEqual({ fault: 'timeout' });
    });

    it.each<[string, (socket: Socket) => void]>([
      ['hangs', () => undefined],
      ['trickles its body', trickle],
    ])('and %s after a complete status line is judged by that line (F51, F52)', async (_, goOn) => {
      for (const [status, expected] of [
        ['200 OK', 200],
        ['503 Busy', 503],
      ] as const) {
        const origin = await rawServer((socket) => {
          socket.write(answerOf(status, 'Content-Length: 1000000') + 'start');
          goOn(socket);
        });
        const answer = await clientOf(origin, { timeoutMs }).post('/api/track', BODY);

        expect(answer).toMatchObject({ status: expected });
      }
    });

    function trickle(socket: Socket): void {
      const timer = setInterval(() => socket.write('x'), 10);
      socket.on('close', () => {
        clearInterval(timer);
      });
    }
  });

  describe('a huge answer', () => {
    it.each([200, 500])('with status %d is read up to 4 kB and then cut off (F53)', async (status) => {
      const whole = 300 * 1024 * 1024;
      const chunk = Buffer.alloc(64 * 1024, 'x');
      let written = 0;
      let closed: Promise<void> | undefined;
      const origin = await httpServer((_, response) => {
        closed = new Promise((resolve) => response.on('close', resolve));
        response.writeHead(status, { 'Content-Length': whole });
        const fill = (): void => {
          while (written < whole && !response.destroyed) {
            written += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', fill);
          }
        };
        fill();
      });
      const answer = await clientOf(origin).post('/api/track', BODY);
      await closed;

      expect(answer).toMatchObject({ status, body: 'x'.repeat(4096) });
      // What the buffers of two sockets may hold, which is far less than everything.
      expect(written).toBeLessThan(whole / 10);
    });

    it.each([4096, 4097])('has more than 4096 bytes: %d', async (size) => {
      const origin = await httpServer((_, response) => response.writeHead(400).end('x'.repeat(size)));

      expect(await clientOf(origin).post('/api/track', BODY)).toMatchObject({ body: 'x'.repeat(4096) });
    });
  });

  describe('an idle connection that Heap closed', () => {
    it.each<[string, (socket: Socket) => void]>([
      ['reset', (socket) => socket.resetAndDestroy()],
      ['closed', (socket) => socket.destroy()],
    ])('(%s) loses nothing: the request is sent again over a new one', async (_, end) => {
      const server = rawServer((socket, request) => {
        if (request === 2) end(socket);
        else socket.write(ok);
      });
      const client = clientOf(await server);
      await client.post('/api/track', BODY);

      expect(await client.post('/api/track', BODY)).toMatchObject({ status: 200 });
      expect(server.seen).toEqual({ requests: 3, connections: 2 });
    });

    it('is retried only once', async () => {
      const server = rawServer((socket, request) => {
        if (request >= 2) socket.resetAndDestroy();
        else socket.write(ok);
      });
      const client = clientOf(await server);
      await client.post('/api/track', BODY);

      expect(await client.post('/api/track', BODY)).toEqual({ fault: 'ECONNRESET' });
      expect(server.seen).toEqual({ requests: 3, connections: 2 });
    });

    it('is no reason to repeat a request that timed out', async () => {
      const server = rawServer((socket, request) => {
        if (request === 1) socket.write(ok);
      });
      const client = clientOf(await server, { timeoutMs: 200 });
      await client.post('/api/track', BODY);

      expect(await client.post('/api/track', BODY)).toEqual({ fault: 'timeout' });
      expect(server.seen).toEqual({ requests: 2, connections: 1 });
    });
  });
});
