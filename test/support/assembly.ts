import { join } from 'node:path';

/** The folder of what synthesize.ts made for this run. Do not write to it. */
export function assembliesDirectory(): string {
  const directory = process.env['TEST_ASSEMBLIES_DIRECTORY'];
  if (directory === undefined) throw new Error('jest has not run test/support/assembly-setup.ts');
  return directory;
}

/** The assembly of the local environment. */
export const assemblyDirectory = (): string => join(assembliesDirectory(), 'local');

/** The assembly of the local environment without a batching window: each webhook is delivered at once. */
export const assemblyWithoutWindow = (): string => join(assembliesDirectory(), 'without-window');

/** The assembly of the test stack with `settings`, or with `allSettings`. It has no bundled function. */
export const testAssembly = (of: 'settings' | 'allSettings'): string => join(assembliesDirectory(), of);
