import { CloudFormationValidatePlugin, Validations, type App } from 'aws-cdk-lib';
import { BUNDLING_STACKS } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { createUncheckedApp, type ClevertapToHeapAppProps } from '../lib/clevertap-to-heap-app';
import { ClevertapToHeapPropsError } from '../lib/clevertap-to-heap-props';
import { EnvironmentConfigError } from '../lib/config/environment-config';

/**
 * The app with one stack per environment, and the checks that its synthesis must pass.
 *
 * @throws {EnvironmentConfigError} naming every mistake in a file of `config/`, or an unknown environment
 * @throws {ClevertapToHeapPropsError} naming every mistake in a rule file
 */
export function createApp(props: ClevertapToHeapAppProps = {}): App {
  const app = createUncheckedApp(props);
  // When the CDK CLI needs no template, as for `cdk list`, it bundles no stack. The checks take seconds, so skip them.
  const bundled: unknown = app.node.tryGetContext(BUNDLING_STACKS);
  if (!Array.isArray(bundled) || bundled.length > 0) {
    const validations = Validations.of(app);
    validations.addPlugins(new AwsSolutionsChecks(app));
    // With the feature flag validateAgainstDefaultRules, its errors fail the synthesis.
    if (process.env['CDK_VALIDATION'] !== 'false') validations.addPlugins(new CloudFormationValidatePlugin());
  }
  return app;
}

if (require.main === module) {
  try {
    createApp().synth();
  } catch (error) {
    if (!(error instanceof EnvironmentConfigError || error instanceof ClevertapToHeapPropsError)) throw error;
    // The mistake is in a file, so the stack trace would not help.
    console.error(error.message);
    process.exitCode = 1;
  }
}
