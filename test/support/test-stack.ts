import { App, type AppProps } from 'aws-cdk-lib';
import { context } from '../../cdk.json';
import { ClevertapToHeapStack } from '../../lib/clevertap-to-heap-stack';
import { parseEnvironment, type EnvironmentSettings } from '../../lib/config/environment-config';
import { settings, testStackName } from './settings';

/** Context that disables bundling: esbuild takes seconds, and only its own tests need it. */
export const withoutBundling = { 'aws:cdk:bundling-stacks': [] };
/** Context that disables the stack trace of each construct, which a template does not hold. */
const withoutStackTraces = { 'aws:cdk:disable-creation-stack-traces': true };

/** An app with the feature flags of `cdk.json` and no stacks. */
export const newApp = (props: Pick<AppProps, 'outdir'> = {}): App =>
  new App({ ...props, context: { ...context, ...withoutBundling, ...withoutStackTraces } });

/** Adds a stack with `settings` and the given changes. */
export function addStack(app: App, overrides: Partial<EnvironmentSettings> = {}): ClevertapToHeapStack {
  const config = parseEnvironment('config/test.ts', { ...settings, ...overrides });
  const env = { account: config.account, region: config.region };
  return new ClevertapToHeapStack(app, testStackName, { config, env });
}
