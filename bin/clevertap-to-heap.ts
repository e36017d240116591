import { Annotations, App, Tags, Validations, type AppProps } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { context } from '../cdk.json';
import { ClevertapToHeapStack } from '../lib/clevertap-to-heap-stack';
import { EnvironmentConfigError } from '../lib/config/environment-config';
import { environmentNames, readEnvironment, stackName } from '../lib/config/environments';
import { mappingOf } from '../lib/config/rule-files';

/**
 * The app with one stack for each environment.
 *
 * @param names the environments to synthesize; all of them when absent
 * @throws {EnvironmentConfigError} naming every mistake in `config/`, or an unknown environment
 */
export function createApp({
  names = environmentNames(),
  ...props
}: AppProps & { names?: readonly string[] } = {}): App {
  // The CDK CLI passes cdk.json's feature flags by itself; a synthesis without it must come out the same.
  const app = new App({ ...props, context: { ...context, ...props.context } });
  for (const name of names) {
    const config = readEnvironment(name);
    const warnings: string[] = [];
    const mapping = mappingOf(config, (warning) => warnings.push(warning));
    const tags = { application: 'clevertap-to-heap', environment: name };
    const stack = new ClevertapToHeapStack(app, stackName(name), {
      description: `CleverTap webhooks to Heap, ${name}`,
      config,
      mapping,
      // The stack's own tags; those of its resources are another matter to CDK.
      tags,
      env: { account: config.account, region: config.region },
    });
    for (const [index, warning] of warnings.entries()) {
      Annotations.of(stack).addWarningV2(`clevertap-to-heap:mapping-${index}`, warning);
    }
    for (const [key, value] of Object.entries(tags)) Tags.of(stack).add(key, value);
  }
  // The CloudFormation validator needs no line here: the feature flag validateAgainstDefaultRules makes it run.
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

if (require.main === module) {
  try {
    createApp().synth();
  } catch (error) {
    if (!(error instanceof EnvironmentConfigError)) throw error;
    // A mistake in a file: the sentence helps, a stack of calls does not.
    console.error(error.message);
    process.exitCode = 1;
  }
}
