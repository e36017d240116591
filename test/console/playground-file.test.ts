import { createHash } from 'node:crypto';
import { playgroundFile } from '../../console/playground-file';
import type { PlaygroundSettings } from '../../console/wire';
import { readEnvironment } from '../../lib/config/environments';

const origin = { environment: 'prod', version: '1.2.3 (abc)', readAt: 1_700_000_000_000 };
const hostile = '</script><script>alert(1)</script><!--<script>';

const config = {
  ...readEnvironment('prod'),
  campaigns: { '1650000001': hostile },
  deniedIdentities: ['info@shop.test'],
};

let html: string;

beforeAll(async () => {
  html = await playgroundFile(config, origin);
});

const contentsOf = (tag: string): string[] =>
  [...html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([^]*?)</${tag}>`, 'g'))].map(
    ([, content = '']) => content,
  );

test('is one file of less than 1 MB that names no other', () => {
  expect(Buffer.byteLength(html)).toBeLessThan(1_000_000);
  expect(html).not.toMatch(/<(?:link|img|iframe|object|embed|base)\b|\bsrc="|\bhref="/);
});

test('does nothing to leave the page that its policy cannot forbid', () => {
  const [, script = ''] = contentsOf('script');
  const ways =
    /RTCPeerConnection|WebTransport|window\.open|location\.(?:assign|replace)\(|\b(?<!\.)location(?:\.href)?=[^=]/g;
  expect(script.match(ways)).toBeNull();
});

test('holds what the preview needs of the environment, and nothing else', () => {
  const settings = JSON.parse(contentsOf('script')[0] ?? '') as PlaygroundSettings;

  expect(settings).toEqual({
    environment: 'prod',
    version: '1.2.3 (abc)',
    readAt: 1_700_000_000_000,
    identityOrder: config.identityOrder,
    dedupeWindowMinutes: config.dedupeWindowMinutes,
    mapping: { rules: [], campaigns: { '1650000001': hostile }, deniedIdentities: ['info@shop.test'] },
  });
});

test('nothing in the settings ends the element that holds them', () => {
  expect(contentsOf('script')).toHaveLength(2);
  expect(html.match(/<\/script/gi)).toHaveLength(2);
  expect(html.match(/<!--/g)).toBeNull();
});

test('its policy allows its own script and style by their hashes, and nothing else', () => {
  const [, policy] = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(html) ?? [];
  const hashOf = (content = ''): string =>
    `'sha256-${createHash('sha256').update(content).digest('base64')}'`;

  expect(policy?.split('; ')).toEqual([
    "default-src 'none'",
    `script-src ${hashOf(contentsOf('script')[1])}`,
    `style-src ${hashOf(contentsOf('style')[0])}`,
    "base-uri 'none'",
    "form-action 'none'",
  ]);
  // It counts from where it stands on.
  expect(html.indexOf('http-equiv')).toBeLessThan(html.search(/<(?:script|style|title)/));
});
