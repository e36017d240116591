import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { build, type BuildResult } from 'esbuild';
import { previewPayload } from '../../relay/preview/preview';
import { printReport } from '../../relay/preview/print-preview';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping } from '../../lambda/mapping/mapping';
import type { MappingSettings } from '../../lambda/mapping/rule-format';
import type { BrowserContext, preview } from '../support/browser-core';
import { RECEIVED_AT } from '../support/sqs-record';

const fixtures = join(__dirname, '../fixtures/clevertap');

const settings: MappingSettings = {
  rules: [
    {
      name: 'purchase.json',
      when: { event: 'Purchase' },
      send: {
        identity: '{{ Profile.Identity | strip }}',
        properties: {
          price: '{{ Event.price }}',
          size: '{% if Event.price > 10 %}large{% else %}small{% endif %}',
          day: '{{ Received.at | date: "%Y-%m-%d" }}',
          name: '{{ Profile.name | default: "手表" | upcase }}',
        },
      },
      userProperties: { plan: '{{ Profile.profileData["customer type"] }}' },
    },
  ],
  campaigns: { '1650000001': 'Reminder' },
  deniedIdentities: ['nobody*'],
};

const context: BrowserContext = {
  appId: '11',
  receivedAt: RECEIVED_AT,
  requestId: 'request-1',
  identityOrder: ['identity', 'email'],
  dedupeWindowMs: 600_000,
};

let bundle: BuildResult<{ write: false; metafile: true }>;
let inBrowser: typeof preview;

beforeAll(async () => {
  bundle = await build({
    entryPoints: [join(__dirname, '../support/browser-core.ts')],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'core',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  // The globals of a page. It has nothing from Node, so no Buffer and no process.
  const page = createContext({ TextEncoder, TextDecoder });
  runInContext(bundle.outputFiles[0]!.text, page);
  inBrowser = (page as { core: { preview: typeof preview } }).core.preview;
});

test('the code that formats log lines for users runs in a browser as well', async () => {
  const { metafile } = await build({
    stdin: {
      contents: "export * from './feed'; export * from './row-parts'; export * from './advice';",
      resolveDir: join(__dirname, '../../relay/feed'),
    },
    bundle: true,
    platform: 'browser',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));

  expect(imported).toContain('relay/feed/feed.ts');
  expect(imported.filter((path) => !/^(relay|lambda)\//.test(path))).toEqual([]);
});

test('the core is bundled for a browser without any Node module', () => {
  const imported = Object.values(bundle.metafile.inputs).flatMap(({ imports }) => imports);
  const ofNode = imported.filter(
    ({ path, external }) => external === true || path.startsWith('node:') || builtinModules.includes(path),
  );

  expect(ofNode).toEqual([]);
  expect(Object.keys(bundle.metafile.inputs)).toEqual(
    expect.arrayContaining([
      'relay/preview/preview.ts',
      'lambda/clevertap/decode-message.ts',
      'lambda/heap/bulk-request.ts',
      'lambda/mapping/map-event.ts',
    ]),
  );
});

test.each(readdirSync(fixtures))(
  'shows for %s in a browser what relay preview shows, byte for byte',
  (file) => {
    const payload = readFileSync(join(fixtures, file), 'utf8');
    const report = previewPayload(payload, undefined, {
      ...context,
      mapping: compileMapping(settings, createLiquid().parse),
      sha256: (value) => hash('sha256', value),
    });

    expect([...inBrowser(payload, settings, context)]).toEqual([JSON.stringify(report), printReport(report)]);
  },
);
