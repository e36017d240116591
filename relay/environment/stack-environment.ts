import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { environmentVariables } from '../../lambda/contract';
import { deployedTemplate } from '../doctor/stack-checks';
import type { Template } from '../doctor/template';
import { OperatorError } from '../terminal/operator-error';
import { describeStack, environmentOfOutputs, regionOf } from './aws-environment';
import type { DeployedSettings, Environment } from './environment';

/** Which pipeline is meant: a stack, and one of its constructs. */
export interface PipelineOfStack {
  /** The stack by its name in CloudFormation; of a nested one that which CloudFormation has given it. */
  readonly stack: string;
  /** The id of the construct, or the ids on the way to it with slashes; undefined for the only one there is. */
  readonly construct: string | undefined;
}

/** A pipeline that was found, and its part of the stack's template. */
export interface FoundPipeline {
  readonly environment: Environment;
  readonly template: Template;
}

/** The output by which a pipeline is found; what stands before it in the name is the id of the construct. */
const nameOutput = 'PipelineName';

/**
 * Finds a pipeline of any CDK app by what its stack puts out, without files of settings.
 *
 * @throws {OperatorError} naming the pipelines there are, where none or more than one is meant
 */
export async function findPipeline({ stack: stackName, construct }: PipelineOfStack): Promise<FoundPipeline> {
  const region = regionOf({});
  const stack = await describeStack(new CloudFormationClient({ region }), stackName);
  if (stack === undefined) {
    throw new OperatorError(
      `there is no stack ${stackName} in ${region ?? 'the region'} of the account of these credentials; see AWS_PROFILE and AWS_REGION.`,
    );
  }
  const outputs = new Map(
    (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
  );
  const prefix = prefixOf(stackName, [...outputs.keys()], construct);
  const name = outputs.get(`${prefix}${nameOutput}`) ?? '';
  const template = partOf(await deployedTemplate(region, stackName), prefix, name);
  const environment = environmentOfOutputs(
    {
      name,
      options: `--stack ${stackName}${construct === undefined ? '' : ` --construct ${construct}`}`,
      settingsPlace: 'the props of ClevertapToHeap',
      stackName,
      pipelineName: name,
      region,
      settings: settingsOf(stackName, template),
    },
    withoutPrefix(outputs, prefix),
  );
  return { environment, template };
}

/** What the names of the outputs of the pipeline that is meant begin with. */
function prefixOf(stackName: string, outputs: readonly string[], construct: string | undefined): string {
  const prefixes = outputs
    .filter((output) => output.endsWith(nameOutput))
    .map((output) => output.slice(0, -nameOutput.length));
  const known = prefixes.map((prefix) => prefix || 'Default').join(', ');
  if (prefixes.length === 0) {
    throw new OperatorError(
      `the stack ${stackName} has no output ...${nameOutput}: it has no ClevertapToHeap, or one of an earlier version. Deploy it again, or name another --stack.`,
    );
  }
  if (construct === undefined) {
    const [only = '', ...others] = prefixes;
    if (others.length === 0) return only;
    throw new OperatorError(
      `the stack ${stackName} has ${prefixes.length} pipelines: ${known}. Name one with --construct.`,
    );
  }
  // As the construct makes it of the ids.
  const asked = construct
    .split('/')
    .filter((id) => id !== 'Default')
    .map((id) => id.replace(/[^A-Za-z0-9]/g, ''))
    .join('');
  if (prefixes.includes(asked)) return asked;
  throw new OperatorError(`the stack ${stackName} has no pipeline ${construct}; it has: ${known}.`);
}

const withoutPrefix = <T>(outputs: ReadonlyMap<string, T>, prefix: string): Map<string, T> =>
  new Map(
    [...outputs]
      .filter(([output]) => output.startsWith(prefix))
      .map(([output, value]) => [output.slice(prefix.length), value]),
  );

/** The template with the outputs of one pipeline, under the names they have in a stack of its own, and its alarms alone. */
const partOf = (template: Template, prefix: string, name: string): Template => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(
      ([, { Type, Properties = {} }]) =>
        !/^AWS::CloudWatch::(?:Composite)?Alarm$/.test(Type) ||
        String(Properties['AlarmName']).startsWith(`${name}-`),
    ),
  ),
  Outputs: Object.fromEntries(withoutPrefix(new Map(Object.entries(template.Outputs)), prefix)),
});

const reference = z.union([
  z.object({ Ref: z.string() }).transform(({ Ref }) => Ref),
  z.object({ 'Fn::GetAtt': z.tuple([z.string(), z.string()]) }).transform((value) => value['Fn::GetAtt'][0]),
]);

const forwarderProperties = z.object({
  Environment: z.object({
    Variables: z.object({ [environmentVariables.dedupeWindowMinutes]: z.coerce.number() }),
  }),
});

const logProperties = z.object({ RetentionInDays: z.number().optional() });

/** What of the settings the commands need, as the template says it. */
function settingsOf(stackName: string, { Resources, Outputs }: Template): DeployedSettings {
  const propertiesOf = <T>(output: string, schema: z.ZodType<T>): T => {
    const id = reference.safeParse(Outputs[output]?.Value);
    const properties = schema.safeParse(id.success ? Resources[id.data]?.Properties : undefined);
    if (properties.success) return properties.data;
    throw new OperatorError(
      `the template of the stack ${stackName} does not say what its output ${output} refers to. Deploy it again.`,
    );
  };
  const { Environment: environment } = propertiesOf('ForwarderArn', forwarderProperties);
  return {
    alarms: Object.hasOwn(Outputs, 'AlarmTopicPage') ? {} : 'none',
    dedupeWindowMinutes: environment.Variables[environmentVariables.dedupeWindowMinutes],
    logRetentionDays: propertiesOf('ForwarderLogGroup', logProperties).RetentionInDays ?? Infinity,
  };
}
