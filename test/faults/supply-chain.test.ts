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

test('every dependency is pinned to one version, and the lock file to its content (F74)', () => {
  expect(Object.entries(direct).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual(
    [],
  );

  const locked = Object.entries(packages as Record<string, { integrity?: string; inBundle?: boolean }>);
  // What comes inside another package has that one's integrity.
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

test('every action is pinned to a commit, with its version beside it, the same everywhere (F74)', () => {
  const uses = workflows.flatMap(([name, text]) =>
    [...text.matchAll(/^.*\buses\b.*$/gm)].map(([line]) => [name, line.trim()]),
  );
  expect(uses.length).toBeGreaterThan(6);
  // A tag can be moved to other code by whoever takes the action over.
  const pinned = /^(?:- )?uses: ([\w-]+\/[\w-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
  expect(uses.filter(([, line = '']) => !pinned.test(line))).toEqual([]);

  const pins = new Set(uses.map(([, line = '']) => line.replace(/^- /, '')));
  const actions = [...pins].map((line) => pinned.exec(line)?.[1]);
  expect(actions.sort()).toEqual([
    'actions/checkout',
    'actions/setup-node',
    'aws-actions/configure-aws-credentials',
  ]);
});

test('no workflow lists environments: a file in config/ is one', () => {
  const named = workflows.flatMap(([name, text]) =>
    environmentNames()
      .filter((environment) => new RegExp(`\\b${environment}\\b`, 'i').test(text))
      .map((environment) => [name, environment]),
  );
  expect(named).toEqual([]);
});
