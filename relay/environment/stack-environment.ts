import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { environmentVariables } from '../../lambda/contract';
import { deployedTemplate } from '../doctor/stack-checks';
import type { Template } from '../doctor/template';
import { OperatorError } from '../terminal/operator-error';
import { describeStack, environmentOfOutputs, regionOf } from './aws-environment';
import { isAlarmOf, type DeployedSettings, type Environment } from './environment';

/** Selects a pipeline: a stack and one of its constructs. */
export interface PipelineOfStack {
  /** The name of the stack in CloudFormation; for a nested stack, its generated name. */
  readonly stack: string;
  /** The id of the construct, or its path of ids separated by slashes; undefined for the only one. */
  readonly construct: string | undefined;
}

/** A pipeline that was found, and its part of the stack's template. */
export interface FoundPipeline {
  readonly environment: Environment;
  readonly template: Template;
  /** The version of clevertap-to-heap that it was deployed with; undefined before 0.2.0. */
  readonly version: string | undefined;
}

/** The output by which a pipeline is found. Its name is prefixed with the id of the construct. */
const nameOutput = 'PipelineName';

/** Outputs of every pipeline: another construct may have an output such as `CodePipelineName`. */
const otherOutputs = ['EventBufferUrl', 'DeadLetterQueueUrl', 'ForwarderArn'];

/**
 * Finds a pipeline of any CDK app by the outputs of its stack, without settings files.
 *
 * @throws {OperatorError} naming the stack's pipelines when none matches or the choice is ambiguous
 */
export async function findPipeline({ stack: stackName, construct }: PipelineOfStack): Promise<FoundPipeline> {
  const region = regionOf({});
  const stack = await describeStack(new CloudFormationClient({ region }), stackName);
  if (stack === undefined) {
    throw new OperatorError(
      `there is no stack ${stackName} in ${region ?? 'the region'} of the account of these credentials; check AWS_PROFILE and AWS_REGION.`,
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
  const { Description: description } =
    stack.Outputs?.find(({ OutputKey }) => OutputKey === `${prefix}${nameOutput}`) ?? {};
  const [, version] = /; clevertap-to-heap (\S+)$/.exec(description ?? '') ?? [];
  return { environment, template, version };
}

/** The prefix of the selected pipeline's output names. */
function prefixOf(stackName: string, outputs: readonly string[], construct: string | undefined): string {
  const prefixes = outputs
    .filter((output) => output.endsWith(nameOutput))
    .map((output) => output.slice(0, -nameOutput.length))
    .filter((prefix) => otherOutputs.every((output) => outputs.includes(`${prefix}${output}`)));
  const known = prefixes.map((prefix) => prefix || 'Default').join(', ');
  if (prefixes.length === 0) {
    throw new OperatorError(
      `the stack ${stackName} has no output ...${nameOutput}: it has no ClevertapToHeap, or one of an earlier version. Deploy it again, or choose another --stack.`,
    );
  }
  if (construct === undefined) {
    const [only = '', ...others] = prefixes;
    if (others.length === 0) return only;
    throw new OperatorError(
      `the stack ${stackName} has ${prefixes.length} pipelines: ${known}. Choose one with --construct.`,
    );
  }
  // The construct derives the prefix from its ids in the same way.
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

/** The template reduced to one pipeline's alarms and outputs, which are named as in a stack of its own. */
const partOf = (template: Template, prefix: string, name: string): Template => ({
  ...template,
  Resources: Object.fromEntries(
    Object.entries(template.Resources).filter(
      ([, { Type, Properties = {} }]) =>
        !/^AWS::CloudWatch::(?:Composite)?Alarm$/.test(Type) ||
        isAlarmOf(name, String(Properties['AlarmName'])),
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

/** Reads the settings that commands need from the template. */
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
