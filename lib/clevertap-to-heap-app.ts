import { App, Tags, type AppProps } from 'aws-cdk-lib';
import { context } from '../cdk.json';
import { version } from '../package.json';
import { ClevertapToHeapStack } from './clevertap-to-heap-stack';
import { environmentNames, isDeployed, readEnvironment, stackName } from './config/environments';

export interface ClevertapToHeapAppProps extends AppProps {
  /**
   * The environments to synthesize.
   *
   * @default - the one named by the context `env`, otherwise all deployed ones
   */
  readonly names?: readonly string[];
}

/**
 * The app with one stack per environment, without validation of the synthesized templates.
 *
 * @throws {EnvironmentConfigError} listing every mistake in a file of `config/`, or an unknown environment
 * @throws {ClevertapToHeapPropsError} listing every mistake in a rule file
 */
export function createUncheckedApp({ names, ...props }: ClevertapToHeapAppProps = {}): App {
  const app = new App({
    ...props,
    // The CDK CLI passes cdk.json's feature flags. A synthesis without the CLI must produce the same result.
    context: { ...context, ...props.context },
    // Takes seconds, and not every synthesis needs it.
    builtinCloudFormationValidation: false,
  });
  for (const name of names ?? namesOf(app)) {
    const config = readEnvironment(name);
    const tags = { ...config.tags, application: 'clevertap-to-heap', environment: name };
    const stack = new ClevertapToHeapStack(app, stackName(name), {
      description: `CleverTap webhooks to Heap, ${name}, version ${version}`,
      config,
      // Tags on the stack itself; CDK tags its resources separately.
      tags,
      env: { account: config.account, region: config.region },
      terminationProtection: config.terminationProtection,
    });
    for (const [key, value] of Object.entries(tags)) Tags.of(stack).add(key, value);
  }
  return app;
}

/** The environment of `-c env=NAME`, or all deployed ones. Only their mistakes count. */
function namesOf(app: App): string[] {
  const name: unknown = app.node.tryGetContext('env');
  return typeof name === 'string' ? [name] : environmentNames().filter(isDeployed);
}
