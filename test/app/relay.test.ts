import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixture, personalData, withoutRequestIds } from '../support/clevertap-fixture';
import { eventually } from '../support/eventually';
import { LocalDeadLetters } from '../support/local-dead-letters';
import { startLocalStackProcess, type LocalStackProcess } from '../support/local-stack-process';
import { runRelayHere } from '../support/relay-in-process';
import { runRelay, startRelay, type RelayRun } from '../support/relay-process';

/** An environment without any way to reach AWS. */
const noAccess = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_PROFILE: '',
  AWS_CONFIG_FILE: '/nowhere',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_REGION: 'eu-west-1',
};

test('a command that cannot do its work ends with 2 and says why', async () => {
  const cases: [string[], RegExp][] = [
    [['status'], /^error: no local stack is running; start one with npm start/],
    [['webhook', '--env', 'dev'], /^error: there are no usable AWS credentials\. Sign in/],
    [['dlq', 'redrive', '--reason', 'nope'], /Known reasons: invalid_json, .*receives_exhausted/],
    [['token', 'set', '1234567890'], /^error: too many arguments/],
  ];
  for (const [args, reason] of cases) {
    const { code, stdout, stderr } = await runRelayHere(args, { env: noAccess });

    expect(stderr).toMatch(reason);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  }
});

describe('dlq', () => {
  let queues: LocalDeadLetters;
  let folder: string;
  let stackFile: string;
  let later: number;

  beforeEach(async () => {
    later = 0;
    queues = await LocalDeadLetters.start({ now: () => Date.now() + later });
    folder = mkdtempSync(join(tmpdir(), 'relay-'));
    stackFile = join(folder, 'stack.json');
    writeFileSync(
      stackFile,
      JSON.stringify({
        pid: process.pid,
        stackName: 'ClevertapToHeapLocal',
        webhookUrl: 'http://127.0.0.1:1/v1/webhook',
        apiKey: 'key',
        appId: '11',
        heapUrl: 'http://127.0.0.1:1',
        awsUrl: queues.endpoint,
        queueUrl: queues.buffer.url,
        deadLetterQueueUrl: queues.deadLetters.url,
        outputs: { EventBufferUrl: queues.buffer.url, DeadLetterQueueUrl: queues.deadLetters.url },
      }),
    );
  });
  afterEach(async () => {
    await queues.close();
    rmSync(folder, { recursive: true });
  });

  const bodies = Array.from({ length: 40 }, (_, index) => `{"identity":"pii-${index}"}`);
  const add = (): Promise<unknown> =>
    Promise.all(bodies.map((body, index) => queues.add(body, { requestId: `r-${index}` })));
  const redrive = ['dlq', 'redrive', '--reason', 'placeholder_identity', '--rate', '8'];
  const someMoved = (): Promise<void> =>
    eventually(async () => {
      expect((await queues.counts(queues.buffer)).visible).toBeGreaterThan(3);
    });
  const inBoth = (): Set<string> =>
    new Set([...queues.take(queues.buffer), ...queues.take(queues.deadLetters)].map(({ body }) => body));

  test('a redrive killed halfway loses nothing (F61)', async () => {
    await add();
    const { child, ended } = startRelay(redrive, { stackFile });
    await someMoved();
    child.kill('SIGKILL');
    expect((await ended).code).toBeNull();

    expect((await queues.counts(queues.deadLetters)).hidden).toBeGreaterThan(0);
    later = 43_200_000;
    expect(inBoth()).toEqual(new Set(bodies));
  });

  test('Ctrl-C stops a redrive, and every dead letter is in one of the queues and visible', async () => {
    await add();
    const { child, ended } = startRelay([...redrive, '--json'], { stackFile });
    await someMoved();
    // As npm does, which passes on the signal that the terminal has already sent.
    child.kill('SIGINT');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;

    expect(code).toBe(130);
    expect(stderr).toContain('Stopping.');
    const { moved } = JSON.parse(stdout) as { moved: number };
    expect(moved).toBeLessThan(bodies.length);
    expect(await queues.counts(queues.buffer)).toEqual({ visible: moved, hidden: 0 });
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: bodies.length - moved, hidden: 0 });
    expect(inBoth()).toEqual(new Set(bodies));
  });

  test('discard deletes nothing without confirmation', async () => {
    await add();
    const { code, stderr } = await runRelayHere(['dlq', 'discard'], { stackFile });

    expect(code).toBe(2);
    expect(stderr).toMatch(
      /This permanently deletes all dead letters of local; the queue holds about 40 dead letters\.\n.*pass --yes/,
    );
    expect(await queues.counts(queues.deadLetters)).toEqual({ visible: 40, hidden: 0 });
  });

  test('messages in a queue left by a deleted stack are moved with their stamps (F18, F65)', async () => {
    queues.service.createQueue('orphan');
    const attributes = { requestId: { DataType: 'String', StringValue: 'r-1' } };
    queues.service.sendMessage('orphan', { MessageBody: bodies[0]!, MessageAttributes: attributes });
    queues.service.sendMessage('orphan', { MessageBody: 'hidden for a retry', DelaySeconds: 900 });
    const orphan = `${queues.endpoint}${queues.service.queuePath('orphan')}`;

    const { code, stdout } = await runRelayHere(['dlq', 'redrive', '--from-queue', orphan], { stackFile });

    expect(stdout).toContain('Moved 1 dead letter to the event buffer of local.');
    expect(stdout).toContain('1 message in the queue is hidden for now.');
    expect(code).toBe(0);
    expect(queues.take(queues.buffer)).toEqual([{ body: bodies[0], attributes: { requestId: 'r-1' } }]);
  });
});

describe('against npm start', () => {
  let stack: LocalStackProcess;
  beforeAll(async () => {
    stack = await startLocalStackProcess();
  });
  afterAll(() => stack.end('SIGKILL'));

  const relay = (args: readonly string[], input = ''): RelayRun['ended'] =>
    runRelayHere(args, { stackFile: stack.stackFile, input });

  test('smoke passes, and Heap has the user and events that it names (F01, F07, F47)', async () => {
    const { code, stdout, stderr } = await relay(['smoke', '--json']);

    const smoke = JSON.parse(stdout) as { identity: string; event: string; checks: { passed: boolean }[] };
    expect(smoke.checks.filter(({ passed }) => !passed)).toEqual([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { events } = (await (await fetch(`${stack.heapUrl}/received`)).json()) as { events: object[] };
    for (const event of [smoke.event, 'Café au lait'])
      expect(events).toContainEqual(expect.objectContaining({ identity: smoke.identity, event }));
  });

  test('status accounts for what send posts, and dlq lists it without personal data (F66)', async () => {
    const sent = await relay(['send', '-'], fixture('broadcast-with-placeholder'));
    expect(sent.stdout).toMatch(/^Sent 1 request to local\. Answers: 200: 1\.\n/);
    expect(sent.code).toBe(0);

    const status = await eventually(async () => {
      const { code, stdout } = await relay(['status', '--json', '--window', '15m']);
      expect(code).toBe(0);
      const found = JSON.parse(stdout) as Record<string, unknown>;
      expect(found).toMatchObject({ rejected: 1, pending: 0 });
      return found;
    });
    expect(status).toMatchObject({ consistent: true, deadLetters: 1, failed: 0 });

    const { code, stdout } = await relay(['dlq', 'list']);
    expect(stdout).toMatch(/^1 dead letter with 1 event\.[^]*placeholder_identity +1650000003/);
    expect(withoutRequestIds(stdout)).not.toMatch(personalData);
    expect(code).toBe(0);
  });

  test('a sample is sent without a file, and preview shows it', async () => {
    const sent = await relay(['send', '--sample', 'custom-body']);
    const shown = await relay(['preview', '--sample', 'custom-body']);
    expect(sent).toMatchObject({ code: 0, stdout: expect.stringContaining('Answers: 200: 1.') as string });
    expect(shown.stdout).toContain('Identity  "sample-ana@shop.test"');
    await eventually(async () => {
      const { events } = (await (await fetch(`${stack.heapUrl}/received`)).json()) as { events: object[] };
      expect(events).toContainEqual(expect.objectContaining({ identity: 'sample-ana@shop.test' }));
    });
  });

  test('doctor finds nothing wrong, and smoke --door passes', async () => {
    // It ends its process at once, even if a call still waits for a response.
    const doctor = await runRelay(['doctor', '--json'], { stackFile: stack.stackFile });
    const door = await relay(['smoke', '--door', '--json']);

    const { checks } = JSON.parse(doctor.stdout) as { checks: { name: string; outcome: string }[] };
    expect(checks.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual(['settings', 'stack', 'secret', 'queues', 'dead letters']);
    expect(doctor.code).toBe(0);
    expect(JSON.parse(door.stdout)).toMatchObject({ passed: true, identity: null });
    expect(door.code).toBe(0);
  });

  test('webhook shows no key, and token set stores its input', async () => {
    const hidden = await relay(['webhook']);
    const stored = await relay(['token', 'set'], ' 31415926535\n');

    expect(hidden.stdout).toContain(stack.webhookUrl);
    expect(hidden.stdout).not.toContain(stack.apiKey);
    expect(stored.stdout).toMatch(/^Stored the app id …535 in the secret/);
    expect(stored.stdout).not.toContain('31415926535');
  });
});
