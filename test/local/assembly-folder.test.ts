import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(__dirname, '../..');
let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'assembly-folder-'));
});
afterEach(() => {
  rmSync(parent, { recursive: true });
});

/** A program with an assembly folder, like `npm start`. */
const program = (end: string): string[] => [
  '--import',
  'tsx',
  '--eval',
  `const { assemblyFolder } = require('./local/assembly-folder.ts');
   const { writeFileSync } = require('node:fs');
   const folder = assemblyFolder(${JSON.stringify(parent)});
   writeFileSync(folder + '/template.json', '{}');
   console.log(folder);
   ${end}`,
];

const run = (end: string): string =>
  execFileSync(process.execPath, program(end), { cwd: repository, encoding: 'utf8' }).trim();

test('the folder is removed when the process exits', () => {
  expect(run('')).toContain(join(parent, 'clevertap-to-heap-start-'));
  expect(readdirSync(parent)).toEqual([]);
});

test('the folder of a killed process is removed by the next one, and no other folder is', async () => {
  const killed = spawnSync(process.execPath, program("process.kill(process.pid, 'SIGKILL')"), {
    cwd: repository,
  });
  expect(killed.signal).toBe('SIGKILL');
  expect(readdirSync(parent)).toEqual([expect.stringMatching(/^clevertap-to-heap-start-\d+-\w{6}$/)]);

  const running = spawn(process.execPath, program('setInterval(() => undefined, 1000)'), { cwd: repository });
  await once(running.stdout, 'data');
  // None of these names is that of an assembly folder.
  const others = [
    'clevertap-to-heap-start-',
    'clevertap-to-heap-start-x-abcdef',
    'clevertap-to-heap-doctor-1-abcdef',
  ];
  for (const name of others) mkdirSync(join(parent, name));
  writeFileSync(join(parent, 'file'), '');
  run('');

  const left = readdirSync(parent);
  running.kill();
  await once(running, 'close');
  expect(new Set(left)).toEqual(
    new Set([
      ...others,
      'file',
      expect.stringContaining(`clevertap-to-heap-start-${String(running.pid)}-`) as string,
    ]),
  );
});
