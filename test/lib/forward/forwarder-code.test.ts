import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, FileSystem, Stack } from 'aws-cdk-lib';
import { Architecture, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { bundledFiles } from '../../../lib/forward/forwarder-bundle';
import { forwarderCode } from '../../../lib/forward/forwarder-code';
import { noMapping, type MappingSettings } from '../../../lambda/mapping/rule-format';
import { withoutBundling } from '../../support/test-stack';

const root = join(__dirname, '../../..');
const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'forwarder-code-')));

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe('F74 the code is the same from every checkout', () => {
  const here = bundledFiles(root);
  const checkout = (path: string): string => {
    const copy = join(scratch, path);
    mkdirSync(copy, { recursive: true });
    for (const folder of ['lambda', 'lib/forward'])
      cpSync(join(root, folder), join(copy, folder), { recursive: true });
    for (const file of ['package.json', 'tsconfig.json']) cpSync(join(root, file), join(copy, file));
    return copy;
  };
  /** Copies packages with their dependencies, without files that bundlers ignore. */
  function copyPackages(copy: string, names: readonly string[], copied = new Set<string>()): void {
    for (const name of names) {
      const from = join(root, 'node_modules', name);
      if (copied.has(name) || !existsSync(from)) continue;
      copied.add(name);
      const filter = (path: string): boolean => !/\/dist-(?:types|cjs)(?:\/|$)/.test(path);
      cpSync(from, join(copy, 'node_modules', name), { recursive: true, filter });
      const { dependencies = {} } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>;
      };
      copyPackages(copy, Object.keys(dependencies), copied);
    }
  }

  it('with its own packages, at a path of another depth', () => {
    const copy = checkout('a/longer/path/to/a/checkout');
    copyPackages(copy, [
      '@aws-sdk/client-secrets-manager',
      '@aws-sdk/client-sqs',
      'jsonc-parser',
      'liquidjs',
    ]);
    expect([...bundledFiles(copy)]).toEqual([...here]);
  });

  it('with a link to packages elsewhere', () => {
    const copy = checkout('linked');
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    expect([...bundledFiles(copy)]).toEqual([...here]);
  });

  it('and contains no path of this machine', () => {
    for (const [name, content] of here) expect([name, content.includes(root)]).toEqual([name, false]);
    const maps = [...here].filter(([name]) => name.endsWith('.map'));
    expect(maps).toHaveLength(3);
    for (const [, map] of maps) {
      for (const source of (JSON.parse(map) as { sources: string[] }).sources) {
        expect(source).toMatch(/^(lambda|lib\/forward|node_modules)\//);
      }
    }
  });
});

describe('the asset', () => {
  const rule: MappingSettings = { ...noMapping, campaigns: { '1650000001': 'Reminder Sent' } };

  /** The asset folders of an app with one stack per mapping, by their contents. */
  function assets(outdir: string, mappings: MappingSettings[], context: object = {}): Map<string, string[]> {
    const app = new App({ outdir: join(scratch, outdir), context: { ...context } });
    mappings.forEach((mapping, index) => {
      new Function(new Stack(app, `Stack${index}`), 'Function', {
        ...{ runtime: Runtime.NODEJS_24_X, architecture: Architecture.ARM_64, handler: 'index.handler' },
        code: forwarderCode(mapping),
      });
    });
    const { directory } = app.synth();
    return new Map(
      readdirSync(directory)
        .filter((name) => name.startsWith('asset.'))
        .map((name) => [name, readdirSync(join(directory, name)).sort()]),
    );
  }

  it('has a hash of only its files, and each mapping has its own asset', () => {
    const both = assets('both', [noMapping, rule]);
    expect([...both.values()]).toEqual(
      Array(2).fill([
        ...['index.js', 'index.js.map', 'liquidjs.js', 'liquidjs.js.map'],
        ...['mapping.json', 'sqs.js', 'sqs.js.map'],
      ]),
    );
    const mappings = [...both.keys()].map(
      (name) =>
        JSON.parse(readFileSync(join(scratch, 'both', name, 'mapping.json'), 'utf8')) as MappingSettings,
    );
    expect(mappings).toEqual(expect.arrayContaining([noMapping, rule]));
    // With a hash of only the sources, an SDK upgrade would not be deployed.
    for (const name of both.keys()) {
      expect(name).toBe(`asset.${FileSystem.fingerprint(join(scratch, 'both', name))}`);
    }
    const again = assets('at/another/path', [rule]);
    expect([...both.keys()]).toContain([...again.keys()][0]);
  });

  it('is not bundled to list the stacks', () => {
    const found = assets('list', [noMapping], withoutBundling);
    expect([...found.values()].flat().filter((name) => name.endsWith('.js'))).toEqual([]);
  });
});
