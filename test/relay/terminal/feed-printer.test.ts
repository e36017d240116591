import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import type { FeedRow } from '../../../relay/feed/feed';
import { feedPrinter } from '../../../relay/terminal/feed-printer';

const rejection: FeedRow = {
  at: 0,
  kind: 'request',
  campaign: null,
  event: 'Purchase',
  requestId: 'r-1',
  delivered: 0,
  ignored: 0,
  rejected: 1,
  reasons: { missing_identity: 1 },
  waiting: 0,
  lagMs: null,
  detail: 'identity: missing; email: missing; phone: missing; objectId: missing; the rule: missing',
};

/** A terminal, as far as Node checks. */
const terminal = (): PassThrough =>
  Object.assign(new PassThrough(), {
    isTTY: true,
    // Node's own method, with the test's environment instead of Jest's.
    getColorDepth: () => WriteStream.prototype.getColorDepth(process.env),
  });

const variables = ['NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'TERM', 'CI'] as const;
const before = variables.map((name) => process.env[name]);
beforeEach(() => {
  for (const name of variables) Reflect.deleteProperty(process.env, name);
  process.env['TERM'] = 'xterm-256color';
});
afterAll(() => {
  variables.forEach((name, index) => {
    if (before[index] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before[index];
  });
});

test('advice is given once for each reason, within 80 columns', () => {
  const print = feedPrinter(new PassThrough());
  const [line, advice, ...others] = print(rejection);

  expect(line).toBe('00:00:00  ✗ 1 rejected  Purchase  missing_identity');
  expect(advice).toMatch(/^ {10}missing_identity: identity: missing/);
  for (const part of advice!.split('\n')) expect(part.length).toBeLessThanOrEqual(80);
  expect(others).toEqual([]);
  expect(print(rejection)).toEqual([line]);
  expect(print({ ...rejection, reasons: { invalid_json: 1 } })).toHaveLength(2);
});

test('a terminal gets colours, and a pipe none', () => {
  const [line] = feedPrinter(terminal())(rejection);
  expect(line).toContain('\u001b[31m');
  expect(stripVTControlCharacters(line!)).toBe('00:00:00  ✗ 1 rejected  Purchase  missing_identity');
  expect(feedPrinter(new PassThrough())(rejection)[0]).not.toContain('\u001b');
});

test('NO_COLOR removes the colours', () => {
  process.env['NO_COLOR'] = '1';
  expect(feedPrinter(terminal())(rejection)[0]).not.toContain('\u001b');
});

test.each<[Record<string, string>, boolean]>([
  [{ FORCE_COLOR: '1' }, true],
  [{ FORCE_COLOR: '0' }, false],
  [{ NO_COLOR: '1' }, false],
  [{}, false],
])('a pipe with %j', (env, isColoured) => {
  // In a separate process, because Node reads the environment of its process, not Jest's.
  const printed = execFileSync(
    process.execPath,
    [
      '--import',
      'tsx',
      '--eval',
      `const { feedPrinter } = require('./relay/terminal/feed-printer.ts');
       console.log(feedPrinter(process.stdout)(${JSON.stringify(rejection)})[0]);`,
    ],
    { cwd: join(__dirname, '../../..'), env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' },
  );

  expect(printed.includes('\u001b[31m')).toBe(isColoured);
  expect(stripVTControlCharacters(printed)).toBe('00:00:00  ✗ 1 rejected  Purchase  missing_identity\n');
});
