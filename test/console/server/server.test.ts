import { request as httpRequest } from 'node:http';
import { ChangeMessageVisibilityCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { ConsoleChange, ConsoleSettings, ConsoleState, HeapStatus } from '../../../console/wire';
import { personalData, withoutRequestIds, fixture } from '../../support/clevertap-fixture';
import { eventually } from '../../support/eventually';
import { StackWithConsole } from '../../support/stack-with-console';

let stack: StackWithConsole;

beforeAll(async () => {
  stack = await StackWithConsole.start();
});
afterAll(async () => {
  await stack.end();
});

const json = async (response: Response | Promise<Response>): Promise<unknown> => (await response).json();

const pause = (): Promise<void> =>
  eventually(async () => {
    expect((await stack.state()).equation).toMatchObject({ queued: 0, missing: 0 });
  });

/** What a page hears of the feed. */
class Listener {
  readonly heard: { event: string; data: ConsoleState & ConsoleChange }[] = [];
  isEnded = false;
  private readonly leaving = new AbortController();

  static async open(): Promise<Listener> {
    const listener = new Listener();
    const response = await fetch(`${stack.origin}/api/feed`, { signal: listener.leaving.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    void listener.read(response).catch(() => undefined);
    return listener;
  }

  leave(): void {
    this.leaving.abort();
  }

  get last(): (ConsoleState & ConsoleChange) | undefined {
    return this.heard.at(-1)?.data;
  }

  private async read({ body }: Response): Promise<void> {
    let unread = '';
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const messages = (unread + chunk).split('\n\n');
      unread = messages.pop() ?? '';
      for (const message of messages) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
        if (event !== undefined)
          this.heard.push({ event, data: JSON.parse(data ?? '') as Listener['last'] & object });
      }
    }
    this.isEnded = true;
  }
}

/** `fetch` sets Host itself. */
const withHeaders = (path: string, method: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(stack.origin + path, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end(method === 'POST' ? '{}' : undefined);
  });

describe('whoever asks', () => {
  test.each(['/', '/console.js', '/console.css', '/api/settings', '/api/state', '/api/feed', '/api/rows/r1'])(
    '%s is for nobody under another name',
    async (path) => {
      expect(await withHeaders(path, 'GET', { host: 'rebound.example' })).toBe(403);
      expect(await withHeaders(path, 'GET', { host: `localhost:${new URL(stack.origin).port}` })).toBe(403);
      expect(await withHeaders(path, 'GET', { origin: 'http://rebound.example' })).toBe(403);
    },
  );

  test.each(['/api/send', '/api/heap', '/api/dead-letters/redrive', '/api/dead-letters/discard'])(
    '%s is for the page of the console alone',
    async (path) => {
      const { host } = new URL(stack.origin);
      for (const headers of [
        {} as Record<string, string>,
        { origin: 'null' },
        { origin: 'http://127.0.0.1:1' },
        { origin: `https://${host}` },
        { host: 'rebound.example', origin: stack.origin },
      ])
        expect(await withHeaders(path, 'POST', headers)).toBe(403);
      expect((await stack.state()).heap.mode).toBe('ok');
    },
  );

  test('no other page, frame, cache or history gets anything of it', async () => {
    for (const path of ['/', '/console.js', '/api/settings', '/api/nothing']) {
      const { headers } = await stack.get(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('gets page, script and style under their types', async () => {
    const types = ['/', '/console.js', '/console.css'].map(async (path) =>
      (await stack.get(path)).headers.get('content-type'),
    );
    expect(await Promise.all(types)).toEqual([
      'text/html; charset=utf-8',
      'text/javascript; charset=utf-8',
      'text/css; charset=utf-8',
    ]);
    expect(await (await stack.get('/')).text()).toContain('<script src="/console.js"');
  });

  test('gets the head of the page alone if it asks for that', async () => {
    const head = await fetch(stack.origin, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      '',
    ]);
  });

  test.each([
    ['GET', '/api/rows/r999999', undefined, 404, 'There is no such row'],
    ['GET', '/nowhere', undefined, 404, 'the console is at /'],
    ['GET', '//', undefined, 404, 'the console is at /'],
    ['POST', '/api/send', '{', 400, 'of 1 characters is not JSON'],
    ['POST', '/api/send', '', 400, 'is empty'],
    [
      'POST',
      '/api/send',
      '{"payload":1}',
      400,
      'payload: Invalid input: expected string, received number, got 1',
    ],
    ['POST', '/api/heap', '{"mode":', 400, 'of 8 characters is not JSON'],
    ['POST', '/api/heap', '{"mode":"broken"}', 400, 'mode: Invalid option: expected one of "401"|"404"'],
    ['POST', '/api/heap', '{"mode":"broken"}', 400, 'got "broken"'],
    ['POST', '/api/heap', '{"mode":"500","times":0}', 400, 'got 0'],
    ['POST', '/api/heap', '{"mood":"500"}', 400, 'got nothing'],
    ['POST', '/api/heap', '{"storm":""}', 400, 'storm: '],
    ['POST', '/api/heap', '[]', 400, 'expected object, received array'],
    ['POST', '/api/dead-letters/discard', '{"reasons":"x"}', 400, 'reasons'],
    ['POST', '/api/send', ' '.repeat(25 * 1024 * 1024), 413, 'longer than 24 MB'],
  ])('%s %s is told what is wrong', async (method, path, body, status, error) => {
    const response = await fetch(stack.origin + path, { method, body, headers: { origin: stack.origin } });
    expect([response.status, await response.json()]).toEqual([
      status,
      { error: expect.stringContaining(error) as string },
    ]);
  });
});

test('the settings say how the webhook is called, and what decides what its events become', async () => {
  const { webhookUrl, apiKey, appId, heapUrl } = stack.stack;
  const settings = (await json(stack.get('/api/settings'))) as ConsoleSettings;
  expect(settings).toMatchObject({ webhookUrl, apiKey, appId, heapUrl, isRealHeap: false, chaosSeed: null });
  expect(settings).toMatchObject({ environment: 'local', mapping: { rules: [] } });
});

test('what the composer sends goes through the webhook, and every page hears what became of it', async () => {
  const listeners = await Promise.all([Listener.open(), Listener.open(), Listener.open()]);
  const answer = (await json(
    stack.ask('/api/send', { payload: '{"identity":"pii-who@shop.test"}', pathEvent: 'Added to Cart' }),
  )) as { status: number; requestId: string };
  expect(answer).toMatchObject({ status: 200, message: null, requestId: expect.any(String) as string });
  for (const listener of listeners) {
    await eventually(() => {
      expect(listener.last?.rows).toContainEqual(
        expect.objectContaining({
          requestId: answer.requestId,
          event: 'Added to Cart',
          who: 'p…@s….test',
          state: { kind: 'delivered', afterMs: expect.any(Number) as number, countedOnceWith: null },
        }),
      );
      return Promise.resolve();
    });
    expect(listener.heard[0]?.event).toBe('state');
    expect(new Set(listener.heard.slice(1).map(({ event }) => event))).toEqual(new Set(['change']));
    listener.leave();
  }
  const { id } = await stack.row(answer.requestId);
  expect(await stack.payload(id)).toEqual({
    payload: '{"identity":"pii-who@shop.test"}',
    pathEvent: 'Added%20to%20Cart',
  });
  // Half a character has no encoding in a URL.
  const half = stack.ask('/api/send', { payload: '{"identity":"sample-half"}', pathEvent: 'half \ud800' });
  expect(await json(half)).toMatchObject({ status: 200 });
  // A bad one: what the endpoint says of it, and no row.
  const refused = await json(stack.ask('/api/send', { payload: '\u0001' }));
  expect(refused).toMatchObject({
    status: 400,
    requestId: null,
    message: expect.stringContaining('control') as string,
  });
});

test('identities and values are masked until they are asked for', async () => {
  const requestId = await stack.post(fixture('stock-lower-case'));
  await pause();
  const { id } = await stack.row(requestId);
  const [masked, shown] = [await stack.detail(id), await stack.detail(id, true)];
  expect([masked.isMasked, shown.isMasked]).toEqual([true, false]);
  expect(withoutRequestIds(JSON.stringify(masked))).not.toMatch(personalData);
  expect(withoutRequestIds(JSON.stringify(await stack.state()))).not.toMatch(personalData);
  expect(shown.received).toBe(fixture('stock-lower-case'));
  expect(JSON.stringify(shown.events)).toMatch(personalData);
});

test('the fake Heap does what it is told, storms by a seed, and says so', async () => {
  const tell = (body: object): Promise<unknown> => json(stack.ask('/api/heap', body));
  expect(await tell({ mode: '429', times: 2, retryAfter: 7 })).toMatchObject({
    mode: '429',
    times: 2,
    storm: false,
  });
  expect(
    (await fetch(`${stack.stack.heapUrl}/api/track`, { method: 'POST', body: '{}' })).headers.get(
      'retry-after',
    ),
  ).toBe('7');
  expect((await stack.state()).heap).toMatchObject({ mode: '429', times: 1 });
  expect(await tell({ storm: '42' })).toMatchObject({ mode: 'ok', storm: true });
  const answers = Array.from({ length: 40 }, () =>
    fetch(`${stack.stack.heapUrl}/api/track`, { method: 'POST', body: '[]' }).then(
      ({ status }) => status,
      () => 'none',
    ),
  );
  const statuses = new Set(await Promise.all(answers));
  expect(statuses.size).toBeGreaterThan(2);
  expect((await tell({ mode: 'ok' })) as HeapStatus).toMatchObject({ mode: 'ok', times: null });
  await stack.post('{"identity":"sample-calm","event":"Purchase"}');
  await pause();
});

test('dead letters are listed by reason, redriven and discarded', async () => {
  const { letters: before } = await stack.deadLetters();
  expect(await json(stack.ask('/api/dead-letters/discard', {}))).toMatchObject({
    letters: before,
    complete: true,
  });
  await stack.heap({ mode: '400-plain', times: 1 });
  const refused = await stack.post(
    '{"identity":"pii-refused@shop.test","event":"Purchase","properties":{"n":1}}',
  );
  await eventually(async () => {
    expect((await stack.row(refused)).state.kind).toBe('rejected');
  });
  await stack.post(fixture('guide-as-printed'));
  await eventually(async () => {
    expect((await stack.state()).deadLetters).toBe(2);
  });
  const list = await stack.deadLetters();
  expect(list).toMatchObject({ letters: 2, events: 2, complete: true });
  expect(list.groups.map(({ reason, letters }) => [reason, letters]).sort()).toEqual([
    ['heap_rejected', 1],
    ['unrendered_template', 1],
  ]);
  expect(JSON.stringify(list)).not.toMatch(personalData);

  // While another program reads them.
  const url = stack.stack.deadLetterQueueUrl;
  const { Messages = [] } = await stack.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
  );
  expect(Messages).toHaveLength(2);
  expect(await stack.deadLetters()).toMatchObject({ letters: 0, complete: false });
  for (const path of ['redrive', 'discard'])
    for (const body of [{}, { reason: 'heap_rejected' }])
      expect(await json(stack.ask(`/api/dead-letters/${path}`, body))).toMatchObject({
        letters: 0,
        complete: false,
        note: expect.any(String) as string,
      });
  for (const { ReceiptHandle } of Messages)
    await stack.sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 }),
    );

  expect(await json(stack.ask('/api/dead-letters/redrive', { reason: 'heap_rejected' }))).toEqual({
    letters: 1,
    complete: true,
    note: null,
  });
  await eventually(async () => {
    expect((await stack.row(refused)).state.kind).toBe('delivered');
  });
  const [event] = await stack.events(refused);
  expect(event?.journey.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^rejected: heap_rejected/),
      'redriven from the dead letters',
    ]),
  );

  // The cause of the other is not gone.
  expect(await json(stack.ask('/api/dead-letters/redrive', {}))).toMatchObject({
    letters: 1,
    complete: true,
  });
  await eventually(async () => {
    expect((await stack.state()).deadLetters).toBe(1);
  });
  await pause();
  expect(await json(stack.ask('/api/dead-letters/discard', { reason: 'unrendered_template' }))).toEqual({
    letters: 1,
    complete: true,
    note: null,
  });
  expect(await stack.deadLetters()).toMatchObject({ letters: 0, groups: [] });
});

const hostile: Readonly<Record<string, string>> = Object.fromEntries([
  [
    'markup',
    '{"identity":"<img src=x onerror=alert(1)>","event":"<script>alert(1)</script>","a":"</script>"}',
  ],
  ['a value of 400 kB', JSON.stringify({ identity: 'sample-big', event: 'E', note: 'x'.repeat(400_000) })],
  ['a name of 400 kB', JSON.stringify({ identity: 'sample-big', event: 'n'.repeat(400_000) })],
  ['an identity of 400 kB', JSON.stringify({ identity: 'i'.repeat(400_000), event: 'E' })],
  ['bidirectional overrides', '{"identity":"sample-\u202Egnp.exe","event":"\u202Ebackwards\u2066"}'],
  ['half a character', '{"identity":"sample-\\ud800","event":"half \\udc00"}'],
  [
    'a prototype',
    '{"__proto__":{"identity":"x"},"identity":"sample-proto","event":"E","constructor":{"a":1}}',
  ],
  ['no JSON', '{"identity": "sample-cut'],
  ['nothing', ''],
  ['deep lists', `{"identity":"sample-deep","event":"E","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
]);

test('a hostile payload changes nothing but its own row', async () => {
  const posted: [name: string, body: string, requestId: string][] = [];
  for (const [name, body] of Object.entries(hostile)) posted.push([name, body, await stack.post(body)]);
  await pause();
  for (const [name, body, requestId] of posted) {
    const row = await stack.row(requestId);
    const told = { row: JSON.stringify(row), detail: JSON.stringify(await stack.detail(row.id)) };
    expect([name, row.state.kind]).toEqual([name, expect.stringMatching(/^(delivered|rejected)$/)]);
    expect([name, told.row.length < 1500, told.detail.length < 10_000]).toEqual([name, true, true]);
    expect([name, told.row]).toEqual([name, expect.not.stringMatching(/[\u202A-\u202E\u2066-\u2069]/)]);
    // API Gateway hands on an empty body as an empty object.
    const { payload } = await stack.payload(row.id);
    expect([name, payload === (body === '' ? '{}' : body)]).toEqual([name, true]);
  }
  const account = await stack.account();
  expect({ ...account, ...(await stack.state()).equation }).toEqual(account);
});

test('a ping is a row of its own, and ignored', async () => {
  const requestId = await stack.post(fixture('setup-ping'));
  await pause();
  expect(await stack.row(requestId)).toMatchObject({
    event: null,
    who: null,
    events: 1,
    state: { kind: 'ignored' },
  });
  expect((await stack.events(requestId))[0]?.journey.at(-1)).toMatchObject({
    place: 'function',
    what: 'ignored: a setup ping, or left out by a rule',
  });
});

test('what somebody does past the page is heard as well', async () => {
  const listener = await Listener.open();
  await stack.heap({ mode: '503', times: 5 });
  await eventually(() => {
    expect(listener.last?.heap).toMatchObject({ mode: '503', times: 5 });
    return Promise.resolve();
  });
  await stack.heap({ mode: 'ok' });
  listener.leave();
});

test('when the stack stops each page is told the account, and then the feed ends', async () => {
  const listener = await Listener.open();
  await stack.end();
  await eventually(() => {
    expect(listener.isEnded).toBe(true);
    return Promise.resolve();
  });
  expect(listener.last?.stopped).toMatch(/: every accepted event is accounted for\.$/);
  const { accepted } = listener.last?.equation ?? {};
  expect(listener.last?.stopped).toContain(`${String(accepted)} = `);
  await expect(stack.get('/api/state')).rejects.toThrow();
});
