import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { assemblyDirectory } from './assembly';

// For jest, which runs the tests that import a changed source.
// eslint-disable-next-line @typescript-eslint/consistent-type-imports
export type Source = typeof import('../../lambda/handler');

/** The folder of the bundled function. */
export function functionAsset(): string {
  const assets = readdirSync(assemblyDirectory()).filter((name) => name.startsWith('asset.'));
  const [asset] = assets;
  if (asset === undefined || assets.length > 1) throw new Error(`one asset expected, got ${assets.length}`);
  return join(assemblyDirectory(), asset);
}
