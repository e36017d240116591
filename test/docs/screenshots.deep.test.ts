import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const images = join(root, 'docs/images');

function screenshots(options: readonly string[], env: NodeJS.ProcessEnv) {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'tools/screenshots.ts', ...options],
    { cwd: root, env: { ...process.env, ...env }, encoding: 'utf8' },
  );
  return { status, stderr, stdout };
}

test('npm run screenshots without a browser says which it looked for, and how to name another', () => {
  expect(screenshots([], { CHROMIUM: '/nowhere/chromium' })).toEqual({
    status: 1,
    stdout: '',
    stderr:
      'There is no browser /nowhere/chromium. Install Chromium, or name one: CHROMIUM=/path/to/chromium.\n',
  });
});

test('a recording without img2webp says which package has it', () => {
  const { status, stderr } = screenshots(['--recording'], { PATH: '/nowhere' });
  expect(status).toBe(1);
  expect(stderr).toContain('apt-get install webp');
});

test('the pictures of the documents load quickly', () => {
  const files = readdirSync(images);
  expect(files).toEqual(expect.arrayContaining(['console.png', 'playground.png', 'first-minute.webp']));
  for (const file of files) {
    const limit = file.endsWith('.webp') ? 1_000_000 : 250_000;
    expect([file, statSync(join(images, file)).size <= limit]).toEqual([file, true]);
  }
});
