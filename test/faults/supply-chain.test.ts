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
