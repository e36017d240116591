import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LocalStack } from '../../local/stack';
import { stackFileSchema, type StackFile } from '../../local/stack-file';
import type { FeedRow } from '../../relay/feed/feed';
import { columnsOf } from '../../relay/terminal/terminal-text';
import { assemblyWithoutWindow } from '../support/assembly';
import { personalData, withoutRequestIds, fixture } from '../support/clevertap-fixture';
import { eventually } from '../support/eventually';
import { runRelayHere } from '../support/relay-in-process';
import { startRelay, type RelayRun } from '../support/relay-process';
import { startStackWithoutWaiting } from '../support/stack-without-waiting';

let stack: LocalStack;
let stackFile: string;
let end: () => Promise<void>;

beforeAll(async () => {
  ({ stack, stackFile, end } = await startStackWithoutWaiting());
});
afterAll(() => end());

const post = async (body: string): Promise<string> => {
  const response = await fetch(stack.webhookUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': stack.apiKey },
    body,
  });
  return ((await response.json()) as { requestId: string }).requestId;
};
const heap = (mode: string): Promise<Response> =>
  fetch(`${stack.heapUrl}/control`, { method: 'POST', body: JSON.stringify({ mode }) });

/** The rows that `relay tail` has written so far. */
function output({ child }: RelayRun): () => string {
  let written = '';
  child.stdout?.on('data', (text: string) => (written += text));
  return () => written;
}

type Line = FeedRow & { kind: FeedRow['kind'] | 'sum'; pending?: number };
const linesOf = (written: string): Line[] =>
  written.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));

test('tells the truth through an outage, a recovery and a redrive', async () => {
  const [json, text] = [
    startRelay(['tail', '--json'], { stackFile }),
    startRelay(['tail', '--campaign', '1650000003'], { stackFile }),
  ];
  const [jsonOutput, textOutput] = [output(json), output(text)];
  const rows = (): Line[] => linesOf(jsonOutput());
  const row = (wanted: object): Promise<void> =>
    eventually(() => {
      expect(rows()).toContainEqual(expect.objectContaining(wanted));
      return Promise.resolve();
    });

  const purchase = await post('{"identity":"pii@shop.test","event":"Purchase"}');
  await row({ kind: 'request', requestId: purchase, event: 'Purchase', campaign: null, delivered: 1 });

  await heap('500');
  const newsletter = await post(fixture('broadcast-with-placeholder'));
  await row({
    kind: 'waiting',
    event: 'Newsletter',
    campaign: '1650000003',
    waiting: 3,
    detail: expect.stringMatching(/^Heap answered 500, next try in 30 s$/) as string,
  });
  expect(rows().filter(({ requestId }) => requestId === newsletter)).toEqual([]);

  await heap('ok');
  await row({
    kind: 'request',
    requestId: newsletter,
    campaign: '1650000003',
    delivered: 2,
    rejected: 1,
    reasons: { placeholder_identity: 1 },
  });

  // The cause is not fixed, so it is rejected again; the queue holds no other event of this kind.
  expect((await runRelayHere(['dlq', 'redrive'], { stackFile })).code).toBe(0);
  await eventually(() => {
    const again = rows().filter(({ requestId, delivered }) => requestId === newsletter && delivered === 0);
    expect(again).toMatchObject([{ rejected: 1, reasons: { placeholder_identity: 1 } }]);
    return Promise.resolve();
  });
  await eventually(() => {
    expect(textOutput().match(/✗ 1 rejected {2}Newsletter/g)).toHaveLength(1);
    return Promise.resolve();
  });

  // As npm does, which passes on the signal that the terminal has already sent.
  for (const { child } of [json, text]) {
    child.kill('SIGINT');
    child.kill('SIGINT');
  }
  const [ended, endedText] = await Promise.all([json.ended, text.ended]);
  expect([ended.code, endedText.code]).toEqual([0, 0]);
  const { events } = (await (await fetch(`${stack.heapUrl}/received`)).json()) as { events: unknown[] };
  expect(linesOf(ended.stdout).at(-1)).toEqual({
    kind: 'sum',
    delivered: events.length,
    ignored: 0,
    rejected: 2,
    reasons: { placeholder_identity: 2 },
    pending: 0,
  });

  const lines = endedText.stdout.split('\n');
  expect(lines[0]).toMatch(
    /^ClevertapToHeapLocal since \d\d:\d\d:\d\d UTC, only 1650000003\. Ctrl-C ends it\.$/,
  );
  expect(endedText.stdout).not.toContain('Purchase');
  expect(endedText.stdout).toMatch(/… 3 waiting {2}Newsletter {2}Heap answered 500/);
  expect(endedText.stdout).toMatch(/✗ 1 rejected, 2 delivered {2}Newsletter/);
  expect(endedText.stdout.match(/placeholder_identity: identity: a placeholder/g)).toHaveLength(1);
  expect(endedText.stdout).toMatch(/Delivered +2 events\n +Rejected +2 events; placeholder_identity 2\n/);
  for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(80);
  for (const { stdout } of [ended, endedText]) expect(withoutRequestIds(stdout)).not.toMatch(personalData);
});

test('ends quietly when its output is closed', async () => {
  const tail = startRelay(['tail', '--since', '1h'], { stackFile });
  const written = output(tail);
  await eventually(() => {
    expect(written()).toContain('Ctrl-C ends it.');
    return Promise.resolve();
  });
  // As `head` does after its last line.
  tail.child.stdout?.destroy();
  await post('{"identity":"pii@shop.test","event":"Purchase"}');

  const { code, stderr } = await tail.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

// util-linux's `script` gives a program a terminal.
(process.platform === 'linux' ? test : test.skip)(
  'npm start prints short lines on a terminal, and the raw log with --verbose',
  async () => {
    const start = async (name: string, options: string): Promise<string> => {
      const [typescript, file] = ['typescript', 'json'].map((kind) =>
        join(dirname(stackFile), `${name}.${kind}`),
      ) as [string, string];
      const command = `${process.execPath} --import tsx bin/start.ts --port 0 --assembly ${assemblyWithoutWindow()} ${options}`;
      const child = spawn('script', ['-qefc', command, typescript], {
        cwd: join(__dirname, '../..'),
        env: { ...process.env, LOCAL_STACK_FILE: file, TERM: 'xterm-256color', NO_COLOR: '1' },
        stdio: 'ignore',
      });
      const closed = once(child, 'close');
      const read = (): string => readFileSync(typescript, 'utf8');
      try {
        const running: StackFile = await eventually(() =>
          Promise.resolve(stackFileSchema.parse(JSON.parse(readFileSync(file, 'utf8')))),
        );
        await fetch(running.webhookUrl, {
          method: 'POST',
          headers: { 'x-api-key': running.apiKey },
          body: '{"identity":"pii@shop.test","event":"Purchase"}',
        });
        await eventually(() => {
          expect(read()).toMatch(/1 delivered|batch forwarded/);
          return Promise.resolve();
        });
        process.kill(running.pid, 'SIGINT');
        await closed;
        return read();
      } finally {
        // Ends what it runs too, if that has not ended.
        child.kill();
      }
    };

    const [short, verbose] = await Promise.all([start('short', ''), start('verbose', '--verbose')]);
    expect(short).toMatch(/^\d\d:\d\d:\d\d {2}✓ 1 delivered {2}Purchase {2}(\d+ ms|\d+(\.\d)? s)\r?$/m);
    expect(short).not.toContain('batch forwarded');
    expect(verbose).toMatch(/^\{"level":"info","message":"batch forwarded"/m);
  },
);
