import { App, Tags, Validations, type AppProps } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { context } from '../cdk.json';
import { dev } from '../config/dev';
import { local } from '../config/local';
import { prod } from '../config/prod';
import { ClevertapToHeapStack } from '../lib/clevertap-to-heap-stack';
import type { MappingSettings } from '../lambda/mapping/rule-format';
import {
  EnvironmentConfigError,
  parseEnvironment,
  type EnvironmentConfig,
} from '../lib/config/environment-config';
import { readMappingRules } from '../lib/config/mapping-rules';

/** Every environment, by the name of its file in `config/`. */
const environments = new Map(Object.entries({ dev, prod, local }));

/** The stack of an environment, e.g. `ClevertapToHeapDev`. */
export const stackName = (environment: string): string =>
  `ClevertapToHeap${environment.charAt(0).toUpperCase()}${environment.slice(1)}`;

/**
 * The checked settings of an environment, and what the function needs of them to map events.
 *
 * @throws {EnvironmentConfigError} naming every mistake in `config/`, or an unknown environment
 */
export function environmentOf(name: string): { config: EnvironmentConfig; mapping: MappingSettings } {
  const settings = environments.get(name);
  if (settings === undefined) {
    const known = [...environments.keys()].join(', ');
    throw new EnvironmentConfigError(`unknown environment "${name}"; known: ${known}`);
  }
  const config = parseEnvironment(`config/${name}.ts`, settings);
  const { campaigns, deniedIdentities } = config;
  return { config, mapping: { rules: readMappingRules(config.mappings), campaigns, deniedIdentities } };
}

/**
 * The app with one stack for each environment.
 *
 * @param names the environments to synthesize; all of them when absent
 * @throws {EnvironmentConfigError} naming every mistake in `config/`, or an unknown environment
 */
export function createApp({
  names = [...environments.keys()],
  ...props
}: AppProps & { names?: readonly string[] } = {}): App {
  // The CDK CLI passes cdk.json's feature flags by itself; a synthesis without it must come out the same.
  const app = new App({ ...props, context: { ...context, ...props.context } });
  for (const name of names) {
    const { config, mapping } = environmentOf(name);
    const tags = { application: 'clevertap-to-heap', environment: name };
    const stack = new ClevertapToHeapStack(app, stackName(name), {
      description: `CleverTap webhooks to Heap, ${name}`,
      config,
      mapping,
      // The stack's own tags; those of its resources are another matter to CDK.
      tags,
      env: { account: config.account, region: config.region },
    });
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
