import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentNames } from '../../lib/config/environments';
import { overrides } from '../../package.json';
import * as manifest from '../../package.json';
import { packages } from '../../package-lock.json';

const direct: Record<string, string> = {
  ...manifest.dependencies,
  ...manifest.devDependencies,
  ...overrides,
};

test('every dependency is pinned to one version, and by the lock file to its content (F74)', () => {
  expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual(
    [],
  );

  const locked = Object.entries(packages as Record<string, { integrity?: string; inBundle?: boolean }>);
  // A bundled package is covered by the integrity of the package around it.
  const unpinned = locked.filter(
    ([path, { integrity, inBundle }]) => path !== '' && inBundle !== true && integrity === undefined,
  );
  expect(unpinned.map(([path]) => path)).toEqual([]);
  expect(locked.length).toBeGreaterThan(300);
});

test('liquidjs has the fixes for every known exploit (F37, F74)', () => {
  const [major, minor, patch] = (direct['liquidjs'] ?? '').split('.').map(Number);
  expect([major, minor! * 1000 + patch! >= 30_001]).toEqual([10, true]);
});

const workflowDirectory = join(__dirname, '../../.github/workflows');
const workflows = readdirSync(workflowDirectory).map((name): [string, string] => [
  name,
  readFileSync(join(workflowDirectory, name), 'utf8'),
]);

test('every action is pinned to a commit and annotated with its version, the same everywhere (F74)', () => {
  const uses = workflows.flatMap(([name, text]) =>
    [...text.matchAll(/^.*\buses\b.*$/gm)].map(([line]) => [name, line.trim()]),
  );
  expect(uses.length).toBeGreaterThan(6);
  // Anyone who takes over the action could move a tag to other code.
  const pinned = /^(?:- )?uses: ([\w-]+\/[\w-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
  expect(uses.filter(([, line = '']) => !pinned.test(line))).toEqual([]);

  const pins = new Set(uses.map(([, line = '']) => line.replace(/^- /, '')));
  const actions = [...pins].map((line) => pinned.exec(line)?.[1]);
  expect(actions.sort()).toEqual([
    'actions/checkout',
    'actions/setup-node',
    'aws-actions/configure-aws-credentials',
    'googleapis/release-please-action',
  ]);
});

/** Each job by name, with the part of its workflow before the jobs. */
const jobs = workflows.flatMap(([name, text]) => {
  const [before = '', ...sections] = text.split(/^jobs:\n/m);
  return sections
    .join('')
    .split(/^(?= {2}[\w-]+:$)/m)
    .filter((job) => !/^ *#/.test(job))
    .map((job) => ({ job: `${name} ${/^ {2}([\w-]+):/m.exec(job)?.[1] ?? ''}`, before, text: job }));
});
const jobOf = (name: string): string => jobs.find(({ job }) => job === name)?.text ?? '';

test('no job with write permission runs code from a change or a package (F74)', () => {
  expect(jobs.map(({ job }) => job)).toEqual([
    'ci.yml check',
    'ci.yml audit',
    'deploy.yml environments',
    'deploy.yml diff',
    'deploy.yml deploy',
    'release.yml propose',
    'release.yml publish',
  ]);
  const writes = (text: string): string[] =>
    // The AWS token grants nothing on GitHub.
    [...text.matchAll(/^\s*([\w-]+): (?:write|write-all)$/gm)]
      .map(([, permission = '']) => permission)
      .filter((permission) => permission !== 'id-token');
  for (const { before, text } of jobs) {
    // Without this line a job has the permissions of the repository's settings.
    expect(before).toMatch(/^permissions:(?: \{\}$|\n {2}contents: read$)/m);
    if (/\bnp[mx]\b|actions\/checkout|\.ci\/run/.test(text)) expect(writes(before + text)).toEqual([]);
  }
  expect(writes('permissions: write-all\n  pull-requests: write\n  id-token: write')).toEqual([
    'permissions',
    'pull-requests',
  ]);
});

test('no package runs install scripts in a workflow (F74)', () => {
  const installs = workflows.flatMap(([, text]) => [...text.matchAll(/npm (?:ci|install|i)\b.*$/gm)]);
  const typed = installs.map(([line]) => line).filter((line) => !line.startsWith('npm ci, '));
  expect(typed.length).toBeGreaterThanOrEqual(3);
  expect(typed.filter((line) => line !== 'npm ci --ignore-scripts')).toEqual([]);
  const ci = jobs.find(({ job }) => job === 'ci.yml check');
  expect(ci?.before).toContain('\nenv:\n');
  expect(ci?.before).toContain("\n  NPM_CONFIG_IGNORE_SCRIPTS: 'true'\n");
});

test('a deployment waits for the diff of its environment and leaves no dead letter', () => {
  expect(jobOf('deploy.yml deploy')).toMatch(/^ {4}needs: diff$/m);
  expect(jobOf('deploy.yml deploy')).toMatch(/smoke --env "\$ENVIRONMENT" --door --no-empty-body /);
});

test('npm knows a publication by its workflow: there is no token, and a reviewer approves', () => {
  const publish = jobOf('release.yml publish');
  expect(publish).toMatch(/^ {4}environment: npm$/m);
  expect(publish).toMatch(/^ {6}id-token: write$/m);
  expect(publish).toContain('npm publish --provenance ');
  for (const [, text] of workflows) expect(text).not.toMatch(/secrets\.|NODE_AUTH_TOKEN/);
});

test('the version is the one that release-please counts from', () => {
  const counted: unknown = JSON.parse(
    readFileSync(join(__dirname, '../../.release-please-manifest.json'), 'utf8'),
  );
  expect(counted).toEqual({ '.': manifest.version });
});

test('no workflow lists environments: each file in config/ defines one', () => {
  const named = workflows.flatMap(([name, text]) =>
    environmentNames()
      .filter((environment) => new RegExp(`\\b${environment}\\b`, 'i').test(text))
      .map((environment) => [name, environment]),
  );
  expect(named).toEqual([]);
});
