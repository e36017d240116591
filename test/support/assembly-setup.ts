import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tearDown from './assembly-teardown';

/** Synthesizes and bundles once per run what many test files use. assembly.ts tells them where it is. */
export default function setUp(): void {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'assemblies-')));
  process.env['TEST_ASSEMBLIES_DIRECTORY'] = directory;
  try {
    // Not in jest's process: while it watches, that keeps the sources of its first run.
    execFileSync(process.execPath, ['--import', 'tsx', join(__dirname, 'synthesize.ts')], {
      env: { CDK_VALIDATION: 'false', ...process.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (error) {
    // jest does not call its teardown then.
    tearDown();
    throw error;
  }
}
