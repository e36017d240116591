import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../bin/clevertap-to-heap';
import { localEnvironment, stackName } from '../../lib/config/environments';
import { directoriesOf } from './assembly';

/** Synthesizes and bundles the local environment once per run. assembly.ts passes it to all test files. */
export default function setUp(): void {
  process.env['CDK_VALIDATION'] ??= 'false';
  const parent = realpathSync(mkdtempSync(join(tmpdir(), 'assembly-')));
  process.env['TEST_ASSEMBLY_DIRECTORY'] = parent;
  const { synthesized, withoutWindow } = directoriesOf(parent);
  createApp({ names: [localEnvironment], outdir: synthesized }).synth();
  copyWithoutWindow(synthesized, withoutWindow);
}

/** The function is invoked for each message at once, which Lambda allows for batches of at most ten messages. */
function copyWithoutWindow(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) symlinkSync(join(from, name), join(to, name));
  const file = join(to, `${stackName(localEnvironment)}.template.json`);
  const template = JSON.parse(readFileSync(file, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: object }>;
  };
  const mappings = Object.values(template.Resources).filter(
    ({ Type }) => Type === 'AWS::Lambda::EventSourceMapping',
  );
  for (const { Properties } of mappings)
    Object.assign(Properties, { BatchSize: 10, MaximumBatchingWindowInSeconds: 0 });
  rmSync(file);
  writeFileSync(file, JSON.stringify(template));
}
