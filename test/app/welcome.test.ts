import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bindPorts } from '../../local/ports';
import { eventually } from '../support/eventually';

const shell = (command: string): Promise<{ stdout: string }> =>
  promisify(execFile)('bash', ['-c', command], { env: process.env });

test('the commands that npm start prints can be pasted: the first sends a purchase, the second shows it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'local-stack-file-'));
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/start.ts', '--port', '0'], {
    cwd: join(__dirname, '../..'),
    env: { ...process.env, LOCAL_STACK_FILE: join(directory, 'stack.json') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const [send, show] = await eventually(() => {
      const commands = stdout.match(/^ {2}curl [^]*?(?=\n\n)/gm) ?? [];
      expect(commands).toHaveLength(2);
      return Promise.resolve(commands);
    });

    expect((await shell(send ?? '')).stdout).toMatch(/^HTTP\/1\.1 200 [^]*"status":"queued"/);
    await eventually(async () => {
      expect(JSON.parse((await shell(show ?? '')).stdout)).toMatchObject({
        events: [{ event: 'Purchase', identity: 'ana@shop.test' }],
      });
    });
  } finally {
    const closed = once(child, 'close');
    child.kill('SIGINT');
    await closed;
    rmSync(directory, { recursive: true });
  }
});

/** Runs `npm start` with its own folder for temporary files, and collects its output until it ends. */
function start(folder: string, port: number) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/start.ts', '--port', String(port)], {
    cwd: join(__dirname, '../..'),
    env: { ...process.env, TMPDIR: folder, LOCAL_STACK_FILE: join(folder, 'stack.json') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, said }));
  return { child, ended };
}

const assembliesIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith('clevertap-to-heap-'));

test('Ctrl-C during synthesis ends npm start and leaves nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'interrupted-start-'));
  const { child, ended } = start(folder, 0);
  await eventually(() => {
    expect(assembliesIn(folder)).toHaveLength(1);
    return Promise.resolve();
  });
  child.kill('SIGINT');
  const { code, said } = await ended;

  expect(code).toBe(130);
  expect(said).not.toMatch(/Webhook|Error|abort/);
  expect(assembliesIn(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test('a port in use is reported before anything is synthesized, with the stack that uses it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'taken-port-'));
  const other = await bindPorts(0);
  const { port } = new URL(other.webhook.origin);
  other.announce(`${other.webhook.origin}/v1/webhook`);
  const { code, said } = await start(folder, Number(port)).ended;
  await other.close();

  expect(code).toBe(1);
  expect(said).toBe(
    `Port ${port} is taken by another npm start (process ${process.pid}), with the webhook\n` +
      `http://127.0.0.1:${port}/v1/webhook.\n` +
      `Stop that one with Ctrl-C or kill ${process.pid}, or start this one beside it: npm start -- --port 0\n`,
  );
  expect(assembliesIn(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
});
