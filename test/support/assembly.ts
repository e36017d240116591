import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The assembly of the local environment that assembly-setup.ts synthesized for this run. Read-only. */
export function assemblyDirectory(): string {
  const directory = process.env['TEST_ASSEMBLY_DIRECTORY'];
  if (directory === undefined) throw new Error('jest has not run test/support/assembly-setup.ts');
  return directory;
}

/** The folder of the bundled function. */
export function functionAsset(): string {
  const assets = readdirSync(assemblyDirectory()).filter((name) => name.startsWith('asset.'));
  const [asset] = assets;
  if (asset === undefined || assets.length > 1) throw new Error(`one asset expected, got ${assets.length}`);
  return join(assemblyDirectory(), asset);
}
