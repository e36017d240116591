import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApp } from '../../bin/clevertap-to-heap';
import { localEnvironment, stackName } from '../../lib/config/environments';
import { assemblyDirectory, assemblyWithoutWindow, testAssembly } from './assembly';
import { allSettings, settings } from './settings';
import { addStack, newApp } from './test-stack';

/** Makes what assembly.ts tells the tests of. assembly-setup.ts runs it. */
createApp({ names: [localEnvironment], outdir: assemblyDirectory() }).synth();
copyWithoutWindow(assemblyDirectory(), assemblyWithoutWindow());
synthesize(testAssembly('settings'), settings);
synthesize(testAssembly('allSettings'), allSettings);

function synthesize(outdir: string, overrides: typeof settings): void {
  const app = newApp({ outdir });
  addStack(app, overrides);
  app.synth();
}

/** The function is invoked for each message at once, which Lambda allows for batches of at most ten. */
function copyWithoutWindow(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const file = join(to, `${stackName(localEnvironment)}.template.json`);
  const template = JSON.parse(readFileSync(file, 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: object }>;
  };
  for (const { Type, Properties } of Object.values(template.Resources))
    if (Type === 'AWS::Lambda::EventSourceMapping')
      Object.assign(Properties, { BatchSize: 10, MaximumBatchingWindowInSeconds: 0 });
  writeFileSync(file, JSON.stringify(template));
}
