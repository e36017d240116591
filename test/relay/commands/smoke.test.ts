import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { report, runDoorSmoke, runSmoke } from '../../../relay/commands/smoke';
import { decodeMessage } from '../../../lambda/clevertap/decode-message';
import { chooseIdentity } from '../../../lambda/mapping/identity';
import { relayEnvironment } from '../../support/relay-environment';
import { sourceOf } from '../../support/source-event';

/** An endpoint that keeps its promises, unless a test breaks one. */
let server: Server;
let url: string;
let bodies: string[];
let statusOf: (request: IncomingMessage, body: string) => number;

const kept: typeof statusOf = ({ headers }, body) =>
  headers['x-api-key'] !== 'key'
    ? 403
    : headers['content-type'] === 'application/xml'
      ? 415
      : body.length > 1e6
        ? 413
        : 200;

beforeEach(async () => {
  [bodies, statusOf] = [[], kept];
  server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(body);
      const status = statusOf(request, body);
      response.writeHead(status).end(JSON.stringify({ requestId: `r-${bodies.length}` }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const settled = (_: number, requestId: string) =>
  Promise.resolve([
    `2026-11-24T00:00:00Z INFO {"level":"info","message":"settled","requestIds":["${requestId}"]}`,
  ]);

const run = (forwarderLog: (from: number, id: string) => Promise<string[]> = settled, timeoutMs = 60_000) =>
  runSmoke(
    relayEnvironment({
      outputs: { WebhookUrl: url, ApiKeyIdk1: 'id' },
      apiKey: () => Promise.resolve('key'),
      forwarderLog,
    }),
    timeoutMs,
    new AbortController().signal,
  );

const failedOf = ({ checks }: Awaited<ReturnType<typeof run>>): string[] =>
  checks.filter(({ passed }) => !passed).map(({ name, found }) => `${name}: ${found}`);

test('passes if every promise is kept', async () => {
  const result = await run();

  expect(failedOf(result)).toEqual([]);
  expect(result.passed).toBe(true);
  expect(result.checks).toHaveLength(13);
});

test('its test user is unique, and no environment refuses it (F35)', async () => {
  const [one, other] = [await run(), await run()];

  expect(one.identity).not.toBe(other.identity);
  expect(chooseIdentity([{ from: 'identity', value: sourceOf(bodies[0]).profile['identity'] }])).toEqual({
    identity: one.identity,
  });
});

test.each<[string, typeof statusOf, RegExp]>([
  ['answers with 201', () => 201, /^an event is accepted with 200: 201 in/],
  [
    'does not know a charset',
    (request, body) =>
      request.headers['content-type']?.includes('charset') === true ? 415 : kept(request, body),
    /^application\/json; charset=utf-8 is accepted with 200: 415/,
  ],
  [
    'does not take the path',
    (request, body) => (request.url?.endsWith('/Caf%C3%A9%20au%20lait') === true ? 500 : kept(request, body)),
    /^an event named by the path is accepted with 200: .*: 500/,
  ],
  [
    'lets everybody in',
    (request, body) => (kept(request, body) === 403 ? 200 : kept(request, body)),
    /^no API key is refused with 403: 200/,
  ],
  [
    'takes a body it cannot store',
    (request, body) => (kept(request, body) === 413 ? 400 : kept(request, body)),
    /^a body of 1.1 MB is refused with 413: 400/,
  ],
])('fails if the endpoint %s', async (_, status, failure) => {
  statusOf = status;
  const result = await run();

  expect(result.passed).toBe(false);
  expect(failedOf(result)[0]).toMatch(failure);
});

describe('--door', () => {
  const runDoor = (emptyBody = true) =>
    runDoorSmoke(
      relayEnvironment({
        outputs: { WebhookUrl: url, ApiKeyIdk1: 'id' },
        apiKey: () => Promise.resolve('key'),
      }),
      { emptyBody },
    );

  test('checks what is stored and refused, sends nothing that reaches Heap, and reads no log (F05, F06, F15)', async () => {
    const result = await runDoor();

    expect(failedOf(result)).toEqual([]);
    expect(result).toMatchObject({ passed: true, identity: null, event: null });
    expect(result.checks.map(({ name }) => /\d{3}$/.exec(name)?.[0])).toEqual([
      '200',
      '200',
      '200',
      '200',
      '200',
      '415',
      '403',
      '403',
      '413',
      '200',
    ]);
    const promised = bodies.find((body) => body.includes('é'))!;
    expect(Buffer.byteLength(promised)).toBe(524_288);
    expect(bodies.at(-1)).toBe('');
    const kinds = bodies.map((body) =>
      body === '' || body === '<ping/>' ? body : decodeMessage(body, undefined).kind,
    );
    expect(new Set(kinds)).toEqual(new Set(['ping', '<ping/>', '']));
    expect(report(result, { emptyBody: true })).toContain('The empty body becomes one dead letter');
  });

  test('without the empty body only pings are stored, so no dead letter is left', async () => {
    const result = await runDoor(false);

    expect(failedOf(result)).toEqual([]);
    expect(result.checks).toHaveLength(9);
    const stored = bodies
      .filter((body) => body !== '<ping/>')
      .map((body) => decodeMessage(body, undefined).kind);
    expect(new Set(stored)).toEqual(new Set(['ping']));
    expect(report(result, { emptyBody: false })).not.toContain('dead letter');
  });

  test.each<[string, typeof statusOf, RegExp]>([
    [
      'takes 512 KiB of ASCII alone',
      (request, body) => (Buffer.byteLength(body) > body.length ? 413 : kept(request, body)),
      /^512 KiB of non-ASCII is accepted with 200: 413/,
    ],
    [
      'refuses an empty body',
      (request, body) => (body === '' ? 400 : kept(request, body)),
      /^an empty body is accepted with 200: 400/,
    ],
  ])('fails if the endpoint %s', async (_, status, failure) => {
    statusOf = status;
    const result = await runDoor();

    expect(result.passed).toBe(false);
    expect(failedOf(result)).toEqual([expect.stringMatching(failure)]);
  });
});

test('fails with the reason when the event is rejected', async () => {
  const result = await run((from, id) =>
    settled(from, id).then((lines) => [
      ...lines,
      `{"level":"warn","message":"rejected","reason":"app_id_mismatch","detail":"the rule","requestId":"${id}"}`,
    ]),
  );

  expect(failedOf(result)[0]).toBe(
    'the event is delivered: rejected: app_id_mismatch, the rule. See docs/reasons.md.',
  );
});

test('fails when the event is not settled in time, and says where to look', async () => {
  const result = await run(() => Promise.resolve(['not JSON', '{"message":"batch forwarded"}']), 1);

  expect(failedOf(result)[0]).toMatch(/^the event is delivered: not settled after .*relay status/);
});

test('fails without a response', async () => {
  url = 'http://127.0.0.1:1/webhook';
  const result = await run();

  expect(failedOf(result)[0]).toMatch(/^an event is accepted with 200: no answer: ECONNREFUSED/);
});
