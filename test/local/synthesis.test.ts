import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize } from '../../local/synthesis';
import { eventually } from '../support/eventually';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'synthesis-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function program(content: string): string {
  const path = join(directory, 'program.cjs');
  writeFileSync(path, content);
  return path;
}

const notAborted = new AbortController().signal;

test('returns the folder that the program wrote to', async () => {
  const folder = await synthesize(
    program("require('node:fs').writeFileSync(process.argv[2] + '/template.json', '{}')"),
    notAborted,
  );

  expect(readFileSync(join(folder, 'template.json'), 'utf8')).toBe('{}');
  rmSync(folder, { recursive: true });
});

test.each(['process.exit(3)', "process.kill(process.pid, 'SIGKILL')"])(
  'a failing program is an error: %s',
  async (end) => {
    await expect(synthesize(program(end), notAborted)).rejects.toThrow('could not be synthesized');
  },
);

test('the signal stops the program, and nothing is written afterwards', async () => {
  const pidFile = join(directory, 'pid');
  const abort = new AbortController();
  const synthesis = synthesize(
    program(
      `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => 0, 99);`,
    ),
    abort.signal,
  );
  const ended = expect(synthesis).rejects.toMatchObject({ name: 'AbortError' });
  const pid = await eventually(() => {
    expect(existsSync(pidFile)).toBe(true);
    return Promise.resolve(Number(readFileSync(pidFile, 'utf8')));
  });
  abort.abort();
  await ended;

  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('does not start if the signal is already aborted', async () => {
  await expect(synthesize(program(''), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
});
