import { connect } from 'node:net';
import { request as httpRequest } from 'node:http';
import { startAwsEndpoint } from '../../local/aws/endpoint';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { SqsService } from '../../local/aws/sqs/service';
import { refusalOf } from '../../local/caller';
import { startFakeHeap } from '../../local/heap/server';
import { bind, listen, ownerPath, type RunningServer } from '../../local/http-server';

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends exactly the given headers, with `PORT` replaced by the server's port. */
function send(
  { origin }: RunningServer,
  method: string,
  path: string,
  headers: Readonly<Record<string, string | string[]>>,
  body = '',
): Promise<Answer> {
  const { port } = new URL(origin);
  const own = Object.entries(headers).map(([name, value]): [string, string | string[]] => [
    name,
    typeof value === 'string' ? value.replace('PORT', port) : value,
  ]);
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      origin,
      { method, path, headers: Object.fromEntries(own), agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text });
        });
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

const own = { host: '127.0.0.1:PORT' };

/** What curl, the server's own page and a browser's address bar send. */
const answered: [string, Record<string, string>][] = [
  ['127.0.0.1 without an Origin, as curl sends', own],
  ['localhost', { host: 'localhost:PORT' }],
  ['a host name in capitals', { host: 'LOCALHOST:PORT' }],
  ['its own Origin', { ...own, origin: 'http://127.0.0.1:PORT' }],
  ['its own Origin under the other name', { ...own, origin: 'http://localhost:PORT' }],
];

const refused: [string, Record<string, string>][] = [
  ['a name rebound to 127.0.0.1', { host: 'evil.test:PORT' }],
  ['a rebound name with its own Origin', { host: 'evil.test:PORT', origin: 'http://evil.test:PORT' }],
  ['a name that only starts like its own', { host: '127.0.0.1.evil.test:PORT' }],
  ['a name that only ends like its own', { host: 'evil-localhost:PORT' }],
  ['another address of this machine', { host: '127.0.0.2:PORT' }],
  ['the address of all networks', { host: '0.0.0.0:PORT' }],
  ['another port', { host: '127.0.0.1:1' }],
  ['no port', { host: '127.0.0.1' }],
  ['user info in the Host', { host: 'evil.test@127.0.0.1:PORT' }],
  ['a foreign Origin', { ...own, origin: 'https://evil.test' }],
  ['a foreign Origin with the same port', { ...own, origin: 'http://evil.test:PORT' }],
  ['the Origin of another server on this machine', { ...own, origin: 'http://localhost:1' }],
  ['the Origin null, as a sandboxed page or a file sends', { ...own, origin: 'null' }],
  ['an empty Origin', { ...own, origin: '' }],
  ['its own Origin with https', { ...own, origin: 'https://127.0.0.1:PORT' }],
  ['an Origin that only starts like its own', { ...own, origin: 'http://127.0.0.1:PORT.evil.test' }],
];

describe('a server of the local stack', () => {
  let server: RunningServer;
  const seen: (string | undefined)[] = [];

  beforeAll(async () => {
    server = await listen(0, (request, response) => {
      seen.push(request.url);
      response.end('answered');
    });
  });
  beforeEach(() => seen.splice(0));
  afterAll(() => server.close());

  test.each(answered)('answers %s', async (_, headers) => {
    expect(await send(server, 'POST', '/control', headers, '{}')).toEqual({ status: 200, body: 'answered' });
    expect(seen).toEqual(['/control']);
  });

  test.each(refused)('refuses %s without repeating the request', async (_, headers) => {
    for (const method of ['GET', 'POST', 'OPTIONS', 'PUT', 'DELETE']) {
      const { status, body } = await send(server, method, '/control?pii-path', headers);

      expect(status).toBe(403);
      expect(body).toMatch(/^This server only accepts programs on this machine[,:] .*\.\n$/);
      expect(body).not.toMatch(/evil|pii/);
    }
    expect(seen).toEqual([]);
  });

  test('reads the whole body of a refused request, so that the client sees the response', async () => {
    const { status } = await send(server, 'POST', '/', { host: 'evil.test' }, 'a'.repeat(20 * 1024 * 1024));

    expect(status).toBe(403);
  });

  test.each([
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.0\r\n\r\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHost: evil.test\r\nConnection: close\r\n\r\n'],
    [
      'two Origins',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nOrigin: http://127.0.0.1:PORT\r\nOrigin: http://evil.test\r\nConnection: close\r\n\r\n',
    ],
  ])('refuses a request with %s', async (_, lines) => {
    const { port } = new URL(server.origin);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.end(lines.replaceAll('PORT', port)));
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.on('end', () => {
        resolve(text);
      });
      socket.on('error', reject);
    });

    expect(answer).toMatch(/^HTTP\/1\.1 40[03] /);
    expect(seen).toEqual([]);
  });

  test('the port that browsers omit is optional', () => {
    const headersDistinct = { host: ['localhost'], origin: ['http://localhost'] };

    expect(refusalOf({ headersDistinct }, 80)).toBeUndefined();
    expect(refusalOf({ headersDistinct }, 81)).toContain('127.0.0.1:81');
  });
});

describe('a server that is bound before it has a request handler', () => {
  test('holds requests and answers them later', async () => {
    const server = await bind(0);
    const early = send(server, 'POST', '/early', own, 'body');
    // So that the request has arrived.
    await connected(server);
    server.serve((request, response) => {
      request.on('data', (chunk: Buffer) => response.write(chunk)).on('end', () => response.end(request.url));
    });

    expect(await early).toEqual({ status: 200, body: 'body/early' });
    expect(await send(server, 'POST', '/late', own, 'body')).toEqual({ status: 200, body: 'body/late' });
    await server.close();
  });

  test('checks the caller of an early request', async () => {
    const server = await bind(0);
    const early = send(server, 'GET', '/', { host: 'evil.test' });
    await connected(server);
    server.serve((_, response) => response.end('answered'));

    expect(await early).toMatchObject({ status: 403 });
    await server.close();
  });

  test('drops waiting requests when it is closed', async () => {
    const server = await bind(0);
    const early = expect(send(server, 'GET', '/', own)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await connected(server);
    await server.close();

    await early;
  });

  test('identifies its owner to programs only, whether or not it serves and whatever it answers', async () => {
    const server = await bind(0, () => ({ pid: 7 }));
    expect(await send(server, 'GET', ownerPath, own)).toEqual({ status: 200, body: '{"pid":7}' });
    server.serve((_, response) => response.end('answered'), { anyCaller: true });

    expect(await send(server, 'GET', ownerPath, own)).toEqual({ status: 200, body: '{"pid":7}' });
    for (const [, headers] of refused)
      expect((await send(server, 'GET', ownerPath, headers)).body).toBe('answered');
    await server.close();
  });

  test('identifies its owner to GET alone', async () => {
    const server = await bind(0, () => ({ pid: 7 }));
    expect(await send(server, 'POST', ownerPath, own)).toEqual({ status: 405, body: '' });
    await server.close();
  });

  test('accepts only the printed host name where it is told to', async () => {
    const server = await bind(0);
    server.serve((_, response) => response.end('answered'), { printedHostOnly: true });
    expect((await send(server, 'GET', '/', own)).body).toBe('answered');
    const { status, body } = await send(server, 'GET', '/', { host: 'localhost:PORT' });
    expect([status, body]).toEqual([403, expect.stringMatching(/: Host must be 127\.0\.0\.1:\d+\.\n$/)]);
    const foreign = { ...own, origin: 'http://localhost:PORT' };
    expect((await send(server, 'GET', '/', foreign)).status).toBe(403);
    await server.close();
  });

  test('has no owner path without an owner', async () => {
    const server = await bind(0);
    server.serve((_, response) => response.end('answered'));

    expect((await send(server, 'GET', ownerPath, own)).body).toBe('answered');
    await server.close();
  });
});

/** Resolves when the server has received everything sent before. */
async function connected(server: RunningServer): Promise<void> {
  const socket = connect(Number(new URL(server.origin).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.destroy();
  await new Promise(setImmediate);
}

describe('no web page reaches', () => {
  const pages = refused.filter(([name]) => /rebound|foreign|null/.test(name));
  let heap: RunningServer;
  let aws: RunningServer;
  const sqs = new SqsService();
  const queueUrl = (): string => `${aws.origin}/000000000000/buffer`;

  beforeAll(async () => {
    heap = await startFakeHeap({ port: 0 });
    aws = await startAwsEndpoint({
      port: 0,
      sqs,
      secrets: new SecretsManagerService(),
      local: (path) => (path === '/_local/metrics' ? { events: 1 } : undefined),
    });
    sqs.createQueue('buffer');
  });
  afterAll(() => Promise.all([heap.close(), aws.close()]));

  test.each(pages)('the fake Heap with %s', async (_, headers) => {
    const event = JSON.stringify({ app_id: '11', identity: 'a1', event: 'Buy' });
    const calls: [string, string, string][] = [
      ['POST', '/api/track', event],
      ['POST', '/control', '{"mode":"500"}'],
      ['POST', '/reset', ''],
      ['GET', '/received', ''],
    ];
    await send(heap, 'POST', '/reset', own);
    for (const [method, path, body] of calls) {
      expect((await send(heap, method, path, headers, body)).status).toBe(403);
    }
    expect((await send(heap, 'POST', '/api/track', own, event)).status).toBe(200);
    const { body } = await send(heap, 'GET', '/received', own);
    expect(JSON.parse(body)).toMatchObject({ requests: 1, events: [{ identity: 'a1' }] });
  });

  test.each(pages)('SQS, the secret and the log with %s', async (_, headers) => {
    const json = (target: string): Record<string, string> => ({ 'x-amz-target': target });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const message = JSON.stringify({ QueueUrl: queueUrl(), MessageBody: '{}' });
    const calls: [string, string, Record<string, string>, string][] = [
      ['POST', '/000000000000/buffer', form, 'Action=SendMessage&MessageBody=%7B%7D'],
      ['POST', '/', json('AmazonSQS.SendMessage'), message],
      ['POST', '/', json('secretsmanager.GetSecretValue'), '{"SecretId":"any"}'],
      ['GET', '/_local/metrics', {}, ''],
    ];
    for (const [method, path, more, body] of calls) {
      expect((await send(aws, method, path, { ...headers, ...more }, body)).status).toBe(403);
    }
    expect(sqs.messages('buffer')).toEqual([]);
    expect((await send(aws, 'GET', '/_local/metrics', own)).body).toBe('{"events":1}');
  });
});
