import { App, CloudFormationValidatePlugin, Tags, Validations, type AppProps } from 'aws-cdk-lib';
import { BUNDLING_STACKS } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { context } from '../cdk.json';
import { version } from '../package.json';
import { ClevertapToHeapPropsError } from '../lib/clevertap-to-heap-props';
import { ClevertapToHeapStack } from '../lib/clevertap-to-heap-stack';
import { EnvironmentConfigError } from '../lib/config/environment-config';
import { environmentNames, isDeployed, readEnvironment, stackName } from '../lib/config/environments';

/**
 * The app with one stack for each environment.
 *
 * @param names the environments to synthesize; when absent the one of the context `env`, and without it all that
 *   are deployed
 * @throws {EnvironmentConfigError} naming every mistake in a file of `config/`, or an unknown environment
 * @throws {ClevertapToHeapPropsError} naming every mistake in a file of rules
 */
export function createApp({ names, ...props }: AppProps & { names?: readonly string[] } = {}): App {
  const app = new App({
    ...props,
    // The CDK CLI passes cdk.json's feature flags by itself; a synthesis without it must come out the same.
    context: { ...context, ...props.context },
    // Added below, where it is needed.
    builtinCloudFormationValidation: false,
  });
  for (const name of names ?? namesOf(app)) {
    const config = readEnvironment(name);
    const tags = { ...config.tags, application: 'clevertap-to-heap', environment: name };
    const stack = new ClevertapToHeapStack(app, stackName(name), {
      description: `CleverTap webhooks to Heap, ${name}, version ${version}`,
      config,
      // The stack's own tags; those of its resources are another matter to CDK.
      tags,
      env: { account: config.account, region: config.region },
      terminationProtection: config.terminationProtection,
    });
    for (const [key, value] of Object.entries(tags)) Tags.of(stack).add(key, value);
  }
  // The CDK CLI names no stack to bundle when it needs no template, as for a list: the checks take seconds.
  const bundled: unknown = app.node.tryGetContext(BUNDLING_STACKS);
  if (!Array.isArray(bundled) || bundled.length > 0) {
    const validations = Validations.of(app);
    validations.addPlugins(new AwsSolutionsChecks(app));
    // By the feature flag validateAgainstDefaultRules its errors fail the synthesis.
    if (process.env['CDK_VALIDATION'] !== 'false') validations.addPlugins(new CloudFormationValidatePlugin());
  }
  return app;
}

/** The environment of `-c env=NAME`, whose mistakes alone count then, or all that are deployed. */
function namesOf(app: App): string[] {
  const name: unknown = app.node.tryGetContext('env');
  return typeof name === 'string' ? [name] : environmentNames().filter(isDeployed);
}

if (require.main === module) {
  try {
    createApp().synth();
  } catch (error) {
    if (!(error instanceof EnvironmentConfigError || error instanceof ClevertapToHeapPropsError)) throw error;
    // A mistake in a file: the sentence helps, a stack of calls does not.
    console.error(error.message);
    process.exitCode = 1;
  }
}
