import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { Template } from 'aws-cdk-lib/assertions';
import type { EnvironmentSettings } from '../../lib/config/environment-config';
import { addStack, newApp } from './test-stack';

const templates = new Map<string, Template>();

/** The template of a stack with `settings` and the given changes. Each one is synthesized once per test file. */
export function synthTemplate(overrides: Partial<EnvironmentSettings> = {}): Template {
  const key = JSON.stringify(overrides);
  const template = templates.get(key) ?? Template.fromStack(addStack(newApp(), overrides));
  templates.set(key, template);
  return template;
}
