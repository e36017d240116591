import { execFileSync } from 'node:child_process';
import { curlCommand, quoted, webhookUrlOf } from '../../../console/page/console/curl';

const hostile = [
  '{"event":"Purchase"}',
  `it's "quoted" $HOME \`id\` $(id) \\n %s !x`,
  '@/etc/passwd',
  '-d\nlines\n\ttabs\n\n',
  "\u0003\u001b[201~;id'\u007f\u009b",
  '\u202Eevil\u2066 \u{1F600} é',
  '',
];

test.each(hostile)('a shell passes payload %# on unchanged', (payload) => {
  // The end mark makes line breaks at the end visible.
  const script = `set -f; printf '%s|' ${quoted(payload)}`;
  expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' })).toBe(`${payload}|`);
});

test('the command has no control or bidirectional characters', () => {
  const command = curlCommand('http://127.0.0.1:4000/v1/webhook', 'key', hostile.join(''));
  expect(command).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/);
});

test('curl gets the intended arguments', () => {
  const command = curlCommand('http://127.0.0.1:4000/v1/webhook', "k'ey", hostile[1] ?? '');
  const script = `curl() { printf '%s\\0' "$@"; }; ${command}`;
  expect(execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\0')).toEqual([
    '-X',
    'POST',
    'http://127.0.0.1:4000/v1/webhook',
    '-H',
    'Content-Type: application/json',
    '-H',
    "x-api-key: k'ey",
    '--data-raw',
    hostile[1],
    '',
  ]);
});

test('a payload that is too long for an argument goes through a pipe', () => {
  const payload = `{"a":"${'x'.repeat(400_000)}"}`;
  const script = `curl() { cat; }; ${curlCommand('http://x', 'key', payload)}`;
  expect(execFileSync('bash', { input: script, encoding: 'utf8' })).toBe(payload);
});

test('the name of an event in the URL is encoded once', () => {
  expect(webhookUrlOf('http://x/webhook', 'Cart / 100%')).toBe('http://x/webhook/Cart%20%2F%20100%25');
  expect(webhookUrlOf('http://x/webhook', null)).toBe('http://x/webhook');
  expect(webhookUrlOf('http://x/webhook', '')).toBe('http://x/webhook');
});
