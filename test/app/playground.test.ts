import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'playground-'));

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** `npm run playground`, as npm runs it for a user in `folder`. */
const playground = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, ['--import', 'tsx', 'bin/playground.ts', ...args], {
    cwd: join(__dirname, '../..'),
    env: { ...process.env, npm_lifecycle_event: 'playground', INIT_CWD: folder },
    encoding: 'utf8',
  });

test('writes playground.html to the current folder, and names the environment', () => {
  const { status, stdout, stderr } = playground('--env', 'prod');

  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toMatch(/playground\.html: \d+ kB, with the settings of the environment prod\./);
  expect(readdirSync(folder)).toEqual(['playground.html']);
  expect(readFileSync(join(folder, 'playground.html'), 'utf8')).toContain(
    '<title>Will Heap get this event? · prod</title>',
  );
});

test.each([
  [['--env', 'nope'], 'error: unknown environment "nope"; known: dev, prod, local\n'],
  [['--out', 'no/such/folder.html'], 'error: cannot write no/such/folder.html: there is no such folder\n'],
  [['--out', '.'], 'error: cannot write .: it is a folder\n'],
])('%j says why there is no file', (args, error) => {
  expect(playground(...args)).toMatchObject({ status: 1, stdout: '', stderr: error });
});
