import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeStackFile, stackFilePath, writeStackFile, type StackFile } from '../../local/stack-file';

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

test('is for its owner alone, also where another one was there', () => {
  writeFileSync(path, 'old', { mode: 0o666 });
  writeStackFile(path, contentOf(7));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(contentOf(7));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['stack.json']);
});

test('is removed by the process it belongs to: of two stacks the newest wins', () => {
  writeStackFile(path, contentOf(7));
  writeStackFile(path, contentOf(8));
  removeStackFile(path, 7);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: 8 });
  removeStackFile(path, 8);
  expect(existsSync(path)).toBe(false);
});

test('one that is gone, or no JSON, is left alone', () => {
  removeStackFile(path, 7);
  writeFileSync(path, 'something else');
  removeStackFile(path, 7);
  expect(readFileSync(path, 'utf8')).toBe('something else');
});

test('stands where the environment says, else in the directory', () => {
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
