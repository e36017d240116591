import { CloudFormationValidatePlugin, Validations, type App } from 'aws-cdk-lib';
import { BUNDLING_STACKS } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { createUncheckedApp, type ClevertapToHeapAppProps } from '../lib/clevertap-to-heap-app';
import { ClevertapToHeapPropsError } from '../lib/clevertap-to-heap-props';
import { EnvironmentConfigError } from '../lib/config/environment-config';

/**
 * The app with one stack for each environment, and the checks that its synthesis must pass.
 *
 * @throws {EnvironmentConfigError} naming every mistake in a file of `config/`, or an unknown environment
 * @throws {ClevertapToHeapPropsError} naming every mistake in a file of rules
 */
export function createApp(props: ClevertapToHeapAppProps = {}): App {
  const app = createUncheckedApp(props);
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
