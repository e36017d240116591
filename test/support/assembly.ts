import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of what assembly-setup.ts synthesized for this run. Read-only, as everything in it. */
export function assembliesDirectory(): string {
  const directory = process.env['TEST_ASSEMBLIES_DIRECTORY'];
  if (directory === undefined) throw new Error('jest has not run test/support/assembly-setup.ts');
  return directory;
}

/** The assembly of the local environment. */
export const assemblyDirectory = (): string => join(assembliesDirectory(), 'local');

/** The same without a batching window: each webhook is delivered at once, in batches of at most ten. */
export const assemblyWithoutWindow = (): string => join(assembliesDirectory(), 'without-window');

/** The assembly of the test stack with `settings`, or with `allSettings`. It has no bundled function. */
export const testAssembly = (of: 'settings' | 'allSettings'): string => join(assembliesDirectory(), of);

/** The folder of the bundled function. */
export function functionAsset(): string {
  const assets = readdirSync(assemblyDirectory()).filter((name) => name.startsWith('asset.'));
  const [asset] = assets;
  if (asset === undefined || assets.length > 1) throw new Error(`one asset expected, got ${assets.length}`);
  return join(assemblyDirectory(), asset);
}
