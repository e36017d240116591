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
import { assemblyDirectory, assemblyWithoutWindow, testAssembly } from './assembly';
import { allSettings, settings } from './settings';
import { addStack, newApp } from './test-stack';

/** Synthesizes and bundles once per run what many test files use. assembly.ts tells them where it is. */
export default function setUp(): void {
  process.env['CDK_VALIDATION'] ??= 'false';
  process.env['TEST_ASSEMBLIES_DIRECTORY'] = realpathSync(mkdtempSync(join(tmpdir(), 'assemblies-')));
  createApp({ names: [localEnvironment], outdir: assemblyDirectory() }).synth();
  copyWithoutWindow(assemblyDirectory(), assemblyWithoutWindow());
  for (const [name, value] of Object.entries({ settings, allSettings })) {
    const app = newApp({ outdir: testAssembly(name as 'settings' | 'allSettings') });
    addStack(app, value);
    app.synth();
  }
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
