import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isRunning,
  newestRunning,
  removeStackFile,
  stackFilePath,
  stackFileSchema,
  writeStackFile,
  type StackFile,
} from '../../local/stack-file';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stack-file-'));
  path = join(directory, 'stack.json');
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

const contentOf = (pid: number): StackFile => ({
  pid,
  webhookUrl: 'http://127.0.0.1:1/v1/webhook',
  apiKey: 'k',
  appId: '11',
  heapUrl: 'http://127.0.0.1:2',
  awsUrl: 'http://127.0.0.1:3',
  queueUrl: 'http://127.0.0.1:3/0/q',
  deadLetterQueueUrl: 'http://127.0.0.1:3/0/d',
  stackName: 'Local',
  outputs: { WebhookUrl: 'http://127.0.0.1:1/v1/webhook' },
});

test('is readable only by its owner, even if it replaces another file', () => {
  writeFileSync(path, 'old', { mode: 0o666 });
  writeStackFile(path, contentOf(7));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...contentOf(7), others: [] });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['stack.json']);
});

/** Both processes run as long as this test does. */
const [running, alsoRunning] = [process.pid, process.ppid];
/** Ids of no process: Linux allows four million at most. */
const [gone, alsoGone] = [2 ** 30, 2 ** 30 + 1];

const read = (): StackFile | undefined =>
  newestRunning(stackFileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))));

test('the newer of two stacks is found, and after it stops the other one is found again', () => {
  writeStackFile(path, contentOf(running));
  writeStackFile(path, contentOf(alsoRunning));
  expect(read()).toEqual(contentOf(alsoRunning));

  removeStackFile(path, alsoRunning);
  expect(read()).toEqual(contentOf(running));
  expect(statSync(path).mode & 0o777).toBe(0o600);

  removeStackFile(path, running);
  expect(readdirSync(directory)).toEqual([]);
});

test('the older of two stacks may stop first', () => {
  writeStackFile(path, contentOf(running));
  writeStackFile(path, contentOf(alsoRunning));
  removeStackFile(path, running);
  expect(read()).toEqual(contentOf(alsoRunning));

  removeStackFile(path, alsoRunning);
  expect(readdirSync(directory)).toEqual([]);
});

test('a killed stack does not hide others, and is removed with the next change', () => {
  writeStackFile(path, contentOf(running));
  writeStackFile(path, contentOf(gone));
  expect(read()).toEqual(contentOf(running));

  writeStackFile(path, contentOf(alsoRunning));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
    ...contentOf(alsoRunning),
    others: [contentOf(running)],
  });
});

test('without a running stack none is found, and the file is removed', () => {
  writeStackFile(path, contentOf(gone));
  expect(read()).toBeUndefined();

  writeStackFile(path, contentOf(alsoGone));
  removeStackFile(path, alsoGone);
  expect(existsSync(path)).toBe(false);
});

test('a process of another user counts as running', () => {
  const kill = jest.spyOn(process, 'kill').mockImplementation(() => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
  });
  expect(isRunning(1)).toBe(true);
  kill.mockRestore();
});

test('a missing or invalid file is left alone', () => {
  removeStackFile(path, 7);
  writeFileSync(path, 'something else');
  removeStackFile(path, 7);
  expect(readFileSync(path, 'utf8')).toBe('something else');
});

test('its path comes from the environment variable, or else from the directory', () => {
  const before = process.env['LOCAL_STACK_FILE'];
  try {
    delete process.env['LOCAL_STACK_FILE'];
    expect(stackFilePath('/repository')).toBe('/repository/.local-stack.json');
    process.env['LOCAL_STACK_FILE'] = '/elsewhere/one.json';
    expect(stackFilePath('/repository')).toBe('/elsewhere/one.json');
  } finally {
    delete process.env['LOCAL_STACK_FILE'];
    if (before !== undefined) process.env['LOCAL_STACK_FILE'] = before;
  }
});
