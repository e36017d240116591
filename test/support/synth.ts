import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { Template } from 'aws-cdk-lib/assertions';
import type { EnvironmentSettings } from '../../lib/config/environment-config';
import { allSettings } from './settings';
import { synthesizedTemplate } from './synthesized';
import { addStack, newApp } from './test-stack';

const templates = new Map<string, Template>();
const synthesized = new Map([
  [JSON.stringify({}), 'settings'],
  [JSON.stringify(allSettings), 'allSettings'],
] as const);

/** The template of a stack with `settings` and the given changes. A test file synthesizes each of its own once. */
export function synthTemplate(overrides: Partial<EnvironmentSettings> = {}): Template {
  const key = JSON.stringify(overrides);
  const name = synthesized.get(key);
  const template =
    templates.get(key) ??
    (name === undefined
      ? Template.fromStack(addStack(newApp(), overrides))
      : Template.fromJSON(synthesizedTemplate(name).toJSON()));
  templates.set(key, template);
  return template;
}
