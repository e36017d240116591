import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dependencies, version } from '../../package.json';
import { startLocalStack } from '../../local/stack';
import {
  apiReport,
  buildPackage,
  checkReleasable,
  filesOf,
  packageDirectory,
  peers,
  repositoryOf,
} from '../../tools/package';
import { functionAsset } from '../support/function-asset';
import { eventually } from '../support/eventually';
import { anchorsOf, linksOf } from '../support/markdown';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'package-')));
const freshReport = join(scratch, 'construct.api.md');
const tarball = join(scratch, `clevertap-to-heap-${version}.tgz`);

/** Without the region and the profiles of this machine. */
const { AWS_REGION: _, AWS_DEFAULT_REGION: __, AWS_PROFILE: ___, ...inherited } = process.env;
const env = { ...inherited, AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' };

/** Returns what npm, npx and Node print; throws with it on failure. */
const run = (cwd: string, command: string, args: readonly string[], input?: string): string =>
  execFileSync(command, args, { cwd, input, env, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });

beforeAll(() => {
  buildPackage(freshReport);
  run(packageDirectory, 'npm', ['pack', '--silent', '--pack-destination', scratch]);
}, 300_000);

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

it('has the public interface that docs/construct.api.md shows; npm run package rewrites it', () => {
  expect(readFileSync(freshReport, 'utf8')).toBe(readFileSync(apiReport, 'utf8'));
});

it('passes publint and "are the types wrong"', () => {
  const script = join(__dirname, '../support/package-problems.mjs');
  const found: unknown = JSON.parse(run(scratch, process.execPath, [script, packageDirectory, tarball]));
  expect(found).toMatchObject({ messages: [], types: { kind: 'included' }, problems: [] });
});

it('contains only what is run and read', () => {
  const files = filesOf(packageDirectory);
  expect([...new Set(files.map((file) => file.replace(/\/.*/, '/')))]).toEqual([
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'THIRD-PARTY-LICENSES.txt', 'bin/', 'docs/', 'function/'],
    ...['lambda/', 'lib/', 'local/', 'mapping.schema.json', 'package.json', 'relay/'],
  ]);
  expect(files.filter((file) => file.endsWith('.ts'))).toEqual(['lib/clevertap-to-heap.d.ts']);
  expect(files.filter((file) => file.startsWith('local/'))).toEqual(['local/stack-file.js']);
  expect(files).not.toContain('lib/forward/forwarder-bundle.js');
  expect(files.filter((file) => file.startsWith('docs/images'))).toEqual([]);
});

it('has no link to what it does not contain', () => {
  const pages = filesOf(packageDirectory).filter((file) => file.endsWith('.md'));
  const broken = pages.flatMap((page) =>
    linksOf(readFileSync(join(packageDirectory, page), 'utf8'))
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [file = '', anchor] = link.split('#');
        const target =
          file === '' ? join(packageDirectory, page) : join(packageDirectory, dirname(page), file);
        if (!existsSync(target)) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).has(anchor);
      })
      .map((link) => `${page}: ${link}`),
  );
  expect(pages.length).toBeGreaterThan(10);
  expect(broken).toEqual([]);
});

describe('the repository of a release', () => {
  const { GITHUB_REPOSITORY: given } = process.env;
  beforeAll(() => {
    delete process.env['GITHUB_REPOSITORY'];
  });
  afterAll(() => {
    if (given !== undefined) process.env['GITHUB_REPOSITORY'] = given;
  });

  it.each([
    'team/pipeline',
    'github:team/pipeline',
    'https://github.com/team/pipeline',
    { type: 'git', url: 'git+https://github.com/team/pipeline.git' },
  ])('is that of package.json: %j', (repository) => {
    expect(repositoryOf({ repository })).toBe('team/pipeline');
    expect(() => {
      checkReleasable({ repository });
    }).not.toThrow();
  });

  it('must be given and on GitHub', () => {
    expect(() => {
      checkReleasable({});
    }).toThrow('set "repository": "github:OWNER/clevertap-to-heap" in package.json');
    expect(() => repositoryOf({ repository: 'https://gitlab.com/team/pipeline' })).toThrow(
      'must be on GitHub',
    );
  });
});

/** The lower bound of a range such as `^2.269.0`. */
const oldest = (range: string): string => range.replace('^', '');

describe.each([
  ['oldest', oldest(peers['aws-cdk-lib']), oldest(peers.constructs)],
  ['newest', dependencies['aws-cdk-lib'], dependencies.constructs],
])('in an empty app with the %s aws-cdk-lib that is allowed, %s', (which, cdk, constructs) => {
  const app = join(scratch, which);
  const program = [
    "import { App, Stack } from 'aws-cdk-lib';",
    "import { ClevertapToHeap } from 'clevertap-to-heap';",
    "new ClevertapToHeap(new Stack(new App(), 'Team'), 'Webhooks', { heap: { region: 'us' } });",
  ].join('\n');

  beforeAll(() => {
    mkdirSync(app);
    writeFileSync(join(app, 'package.json'), '{ "name": "team", "private": true }');
    writeFileSync(join(app, 'app.ts'), program);
    const packages = [tarball, `aws-cdk-lib@${cdk}`, `constructs@${constructs}`];
    run(app, 'npm', ['install', '--silent', '--ignore-scripts', '--prefer-offline', ...packages]);
    const compiler = createRequire(__filename).resolve('typescript/bin/tsc');
    // `Disposable` appears in the declarations of aws-cdk-lib, which are checked with the package's.
    const options = [
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2023,esnext.disposable',
    ];
    run(app, process.execPath, [compiler, ...options, '--skipLibCheck', 'false', 'app.ts']);
    execFileSync(process.execPath, ['app.js'], {
      cwd: app,
      env: { ...process.env, CDK_OUTDIR: 'cdk.out' },
      stdio: 'pipe',
    });
  }, 600_000);

  it("three lines produce a template with this repository's function, without a bundler", () => {
    const assembly = join(app, 'cdk.out');
    const [asset = ''] = readdirSync(assembly).filter((name) => name.startsWith('asset.'));
    const { 'mapping.json': mapping, ...code } = contentsOf(join(assembly, asset));
    const { 'mapping.json': _, ...own } = contentsOf(functionAsset());
    expect(Object.keys(code).length).toBeGreaterThan(3);
    expect(code).toEqual(own);
    expect(JSON.parse(mapping ?? '')).toEqual({ rules: [], campaigns: {}, deniedIdentities: [] });
    expect(readdirSync(join(app, 'node_modules'))).not.toContain('esbuild');
  });

  it('the template runs on the local stack: a webhook arrives in Heap', async () => {
    const stack = await startLocalStack({
      assemblyDirectory: join(app, 'cdk.out'),
      stackName: 'Team',
      port: 0,
      appId: '11',
      onFunctionLog: () => undefined,
      onNotice: () => undefined,
    });
    try {
      const { status } = await fetch(stack.webhookUrl, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'x-api-key': stack.apiKey },
        body: JSON.stringify({ identity: 'cust-77', event: 'Purchase' }),
      });
      expect(status).toBe(200);
      await eventually(async () => {
        const received = await (await fetch(`${stack.heapUrl}/received`)).json();
        expect(received).toMatchObject({ events: [{ event: 'Purchase', identity: 'cust-77' }] });
      });
      expect(stack.outputs['WebhooksPipelineName']).toBe('Team_Webhooks');
    } finally {
      await stack.stop();
    }
  });

  it('npx relay works there without config files', () => {
    const relay = (args: readonly string[], input?: string): string =>
      run(app, 'npx', ['relay', ...args], input);
    expect(relay(['--help'])).toContain('Usage: relay [options] [command]');
    expect(relay(['--version'])).toBe(`${version}\n`);
    for (const command of ['status', 'preview']) {
      expect(relay([command, '--help'])).not.toMatch(/--env|npm run|config\//);
    }
    expect(() => relay(['status', '--stack', 'Team'])).toThrow('no AWS region is known. Set AWS_REGION.\n');
    expect(() => relay(['status'])).toThrow("required option '--stack <name>' not specified");
    const preview = relay(['preview', '--json', '-'], '{"identity":"cust-77","event":"Purchase"}');
    expect(JSON.parse(preview)).toMatchObject({ events: [{ outcome: 'delivered' }] });
  });
});

it('examples/team-app synthesizes with the package', () => {
  const app = join(scratch, 'team-app');
  cpSync(join(__dirname, '../../examples/team-app'), app, { recursive: true });
  run(app, 'npm', ['install', '--silent', '--ignore-scripts', '--prefer-offline', tarball]);
  run(app, 'npx', ['cdk', 'synth', '--quiet', '--no-notices']);
  const template = readFileSync(join(app, 'cdk.out/Marketing.template.json'), 'utf8');
  expect(template).toContain('"Value": "Marketing_Webhooks"');
  const preview = run(app, 'npx', [
    ...['relay', 'preview', '--json', '--sample', 'single-profile', '--rule', 'mappings/purchase.json'],
  ]);
  expect(JSON.parse(preview)).toMatchObject({ events: [{ outcome: 'delivered', rule: 'purchase' }] });
}, 600_000);

const contentsOf = (directory: string): Record<string, string> =>
  Object.fromEntries(filesOf(directory).map((file) => [file, readFileSync(join(directory, file), 'utf8')]));
