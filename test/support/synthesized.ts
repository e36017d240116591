import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from 'aws-cdk-lib/assertions';
import { testAssembly } from './assembly';
import { testStackName } from './settings';

// For jest, which runs the tests that import a changed source: this counts, `import type` does not.
// eslint-disable-next-line @typescript-eslint/consistent-type-imports
export type Source = typeof import('./test-stack');

/** What can be read of a template without loading the CDK. */
export type SynthesizedTemplate = Pick<Template, 'toJSON'>;

/** The template of the test stack with `settings`, or with `allSettings`, as synthesize.ts made it. */
export function synthesizedTemplate(of: Parameters<typeof testAssembly>[0]): SynthesizedTemplate {
  const text = readFileSync(join(testAssembly(of), `${testStackName}.template.json`), 'utf8');
  return { toJSON: () => JSON.parse(text) as ReturnType<Template['toJSON']> };
}
