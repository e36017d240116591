import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What assembly-setup.ts makes for a run, in a folder that assembly-teardown.ts removes. */
export const directoriesOf = (parent: string): { synthesized: string; withoutWindow: string } => ({
  synthesized: join(parent, 'synthesized'),
  withoutWindow: join(parent, 'without-window'),
});

/** The folder of everything that assembly-setup.ts made for this run. */
export function assembliesDirectory(): string {
  const directory = process.env['TEST_ASSEMBLY_DIRECTORY'];
  if (directory === undefined) throw new Error('jest has not run test/support/assembly-setup.ts');
  return directory;
}

/** The assembly of the local environment. Read-only. */
export const assemblyDirectory = (): string => directoriesOf(assembliesDirectory()).synthesized;

/** The same without a batching window: each webhook is delivered at once, in batches of at most ten. Read-only. */
export const assemblyWithoutWindow = (): string => directoriesOf(assembliesDirectory()).withoutWindow;

/** The folder of the bundled function. */
export function functionAsset(): string {
  const assets = readdirSync(assemblyDirectory()).filter((name) => name.startsWith('asset.'));
  const [asset] = assets;
  if (asset === undefined || assets.length > 1) throw new Error(`one asset expected, got ${assets.length}`);
  return join(assemblyDirectory(), asset);
}
