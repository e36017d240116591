import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
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

test('advice is given once for each reason, within 80 columns', () => {
  const printer = feedPrinter(new PassThrough());
  const print = (row: FeedRow): string[] => printer(row).map(stripVTControlCharacters);
  const [line, advice, ...others] = print(rejection);

  expect(line).toBe('00:00:00  ✗ 1 rejected  Purchase  missing_identity');
  expect(advice).toMatch(/^ {10}missing_identity: identity: missing/);
  for (const part of advice!.split('\n')) expect(part.length).toBeLessThanOrEqual(80);
  expect(others).toEqual([]);
  expect(print(rejection)).toEqual([line]);
  expect(print({ ...rejection, reasons: { invalid_json: 1 } })).toHaveLength(2);
});

test.each<[Record<string, string>, { pipe: boolean; terminal: boolean }]>([
  [{}, { pipe: false, terminal: true }],
  [{ FORCE_COLOR: '1' }, { pipe: true, terminal: true }],
  [{ FORCE_COLOR: '0' }, { pipe: false, terminal: false }],
  [{ NO_COLOR: '1' }, { pipe: false, terminal: false }],
])('with %j a line has colours: %j', (variables, isColoured) => {
  // In a separate process, because Node reads the environment of its process, not Jest's.
  const printed = execFileSync(
    process.execPath,
    [
      '--import',
      'tsx',
      '--eval',
      `const { feedPrinter } = require('./relay/terminal/feed-printer.ts');
       const { getColorDepth } = require('node:tty').WriteStream.prototype;
       // A terminal, as far as Node checks.
       const terminal = Object.assign(new (require('node:stream').PassThrough)(), { isTTY: true, getColorDepth });
       const lineOf = (stream) => feedPrinter(stream)(${JSON.stringify(rejection)})[0];
       console.log(JSON.stringify({ pipe: lineOf(process.stdout), terminal: lineOf(terminal) }));`,
    ],
    {
      cwd: join(__dirname, '../../..'),
      env: { PATH: process.env['PATH'], TERM: 'xterm-256color', ...variables },
      encoding: 'utf8',
    },
  );

  const lines = JSON.parse(printed) as Record<'pipe' | 'terminal', string>;
  for (const stream of ['pipe', 'terminal'] as const) {
    expect([stream, lines[stream].includes('\u001b[31m')]).toEqual([stream, isColoured[stream]]);
    expect(stripVTControlCharacters(lines[stream])).toBe(
      '00:00:00  ✗ 1 rejected  Purchase  missing_identity',
    );
  }
});
