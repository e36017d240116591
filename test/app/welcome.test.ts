import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually';

const shell = (command: string): Promise<{ stdout: string }> => promisify(execFile)('bash', ['-c', command]);

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
