import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../bin/clevertap-to-heap';
import { localEnvironment } from '../../lib/config/environments';

/** Synthesizes and bundles the local environment once per run. assembly.ts passes it to all test files. */
export default function setUp(): void {
  process.env['CDK_VALIDATION'] ??= 'false';
  const outdir = realpathSync(mkdtempSync(join(tmpdir(), 'assembly-')));
  createApp({ names: [localEnvironment], outdir }).synth();
  process.env['TEST_ASSEMBLY_DIRECTORY'] = outdir;
}
