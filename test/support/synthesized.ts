import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from 'aws-cdk-lib/assertions';
import { testAssembly } from './assembly';
import { testStackName } from './settings';

/** What can be read of a template without loading the CDK. */
export type SynthesizedTemplate = Pick<Template, 'toJSON'>;

/** The template of the test stack with `settings`, or with `allSettings`, that assembly-setup.ts synthesized. */
export function synthesizedTemplate(of: 'settings' | 'allSettings'): SynthesizedTemplate {
  const text = readFileSync(join(testAssembly(of), `${testStackName}.template.json`), 'utf8');
  return { toJSON: () => JSON.parse(text) as ReturnType<Template['toJSON']> };
}
