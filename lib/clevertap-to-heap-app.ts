import { App, Tags, type AppProps } from 'aws-cdk-lib';
import { context } from '../cdk.json';
import { version } from '../package.json';
import { ClevertapToHeapStack } from './clevertap-to-heap-stack';
import { environmentNames, isDeployed, readEnvironment, stackName } from './config/environments';

export interface ClevertapToHeapAppProps extends AppProps {
  /**
   * The environments to synthesize.
   *
   * @default - the one of the context `env`, and without it all that are deployed
   */
  readonly names?: readonly string[];
}

/**
 * The app with one stack for each environment, without the checks of what is deployed.
 *
 * @throws {EnvironmentConfigError} naming every mistake in a file of `config/`, or an unknown environment
 * @throws {ClevertapToHeapPropsError} naming every mistake in a file of rules
 */
export function createUncheckedApp({ names, ...props }: ClevertapToHeapAppProps = {}): App {
  const app = new App({
    ...props,
    // The CDK CLI passes cdk.json's feature flags by itself; a synthesis without it must come out the same.
    context: { ...context, ...props.context },
    // Not every synthesis needs it, and it takes seconds.
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
  return app;
}

/** The environment of `-c env=NAME`, whose mistakes alone count then, or all that are deployed. */
function namesOf(app: App): string[] {
  const name: unknown = app.node.tryGetContext('env');
  return typeof name === 'string' ? [name] : environmentNames().filter(isDeployed);
}
