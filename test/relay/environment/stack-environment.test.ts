import 'aws-cdk-lib/testhelpers/jest-autoclean';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { CfnOutput, NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { version } from '../../../package.json';
import { ClevertapToHeap } from '../../../lib/clevertap-to-heap';
import type { ClevertapToHeapProps } from '../../../lib/clevertap-to-heap-props';
import { openEnvironment } from '../../../relay/commands/environment-command';
import { findPipeline } from '../../../relay/environment/stack-environment';
import { newApp } from '../../support/test-stack';

const cloudFormation = mockClient(CloudFormationClient);
const cloudWatch = mockClient(CloudWatchClient);

beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
  process.env['AWS_REGION'] = 'eu-west-1';
});

/** A stack as CloudFormation knows it, whose outputs have their own names as values, but those that are no reference. */
function deployed(ids: readonly string[], props: Partial<ClevertapToHeapProps> = {}): void {
  const stack = new Stack(newApp(), 'Team');
  for (const id of ids) new ClevertapToHeap(stack, id, { heap: { region: 'us' }, ...props });
  answer(Template.fromStack(stack).toJSON());
}

function answer(template: { Outputs?: Record<string, { Value: unknown; Description?: string }> }): void {
  cloudFormation.reset();
  cloudFormation.on(DescribeStacksCommand, { StackName: 'Team' }).resolves({
    Stacks: [
      {
        StackName: 'Team',
        CreationTime: new Date(),
        StackStatus: 'CREATE_COMPLETE',
        Outputs: Object.entries(template.Outputs ?? {}).map(([OutputKey, { Value, Description }]) => ({
          OutputKey,
          Description,
          OutputValue: typeof Value === 'string' ? Value : `value of ${OutputKey}`,
        })),
      },
    ],
  });
  cloudFormation
    .on(GetTemplateCommand, { StackName: 'Team' })
    .resolves({ TemplateBody: JSON.stringify(template) });
}

const find = (construct?: string) => findPipeline({ stack: 'Team', construct });

it.each([
  [['Default'], undefined, 'Team', ''],
  [['Webhooks'], undefined, 'Team_Webhooks', 'Webhooks'],
  [['Default', 'Shop', 'ShopEu'], 'Default', 'Team', ''],
  [['Default', 'Shop', 'ShopEu'], 'Shop', 'Team_Shop', 'Shop'],
  [['Default', 'Shop', 'ShopEu'], 'ShopEu', 'Team_ShopEu', 'ShopEu'],
])('of the constructs %j finds %p: %s', async (ids, construct, name, prefix) => {
  deployed(ids);
  const { environment } = await find(construct);
  expect(environment.name).toBe(name);
  expect(environment.stackName).toBe('Team');
  expect(environment.outputs.get('EventBufferUrl')).toBe(`value of ${prefix}EventBufferUrl`);
  expect(environment.outputs.get('ApiKeyIdk1')).toBe(`value of ${prefix}ApiKeyIdk1`);
  expect(environment.options).toBe(
    `--stack Team${construct === undefined ? '' : ` --construct ${construct}`}`,
  );
});

it('finds those below other constructs by the ids on the way', async () => {
  const stack = new Stack(newApp(), 'Team');
  for (const id of ['Blog', 'Shop']) {
    new ClevertapToHeap(new Construct(stack, id), 'Webhooks', { heap: { region: 'us' } });
  }
  answer(Template.fromStack(stack).toJSON());
  expect((await find('Shop/Webhooks')).environment.name).toBe('Team_Shop_Webhooks');
});

it('takes no output of another construct for a pipeline', async () => {
  const stack = new Stack(newApp(), 'Team');
  new ClevertapToHeap(stack, 'Webhooks', { heap: { region: 'us' } });
  new CfnOutput(stack, 'CodePipelineName', { value: 'release' });
  new CfnOutput(stack, 'CodeForwarderArn', { value: 'arn' });
  answer(Template.fromStack(stack).toJSON());
  expect((await find()).environment.name).toBe('Team_Webhooks');
  await expect(find('Code')).rejects.toThrow('the stack Team has no pipeline Code; it has: Webhooks.');
});

it('finds the one of a nested stack', async () => {
  const nested = new NestedStack(new Stack(newApp(), 'Around'), 'Nested');
  new ClevertapToHeap(nested, 'Webhooks', { heap: { region: 'us' } });
  answer(Template.fromStack(nested).toJSON());
  expect((await find()).environment.name).toBe('Around_Nested_Webhooks');
});

describe('says which there are', () => {
  it.each([
    [
      ['Shop', 'Default'],
      undefined,
      'the stack Team has 2 pipelines: Shop, Default. Choose one with --construct.',
    ],
    [['Shop', 'Blog'], 'Sop', 'the stack Team has no pipeline Sop; it has: Shop, Blog.'],
    [['Shop'], 'Default', 'the stack Team has no pipeline Default; it has: Shop.'],
  ])('where of %j %p is asked for', async (ids, construct, message) => {
    deployed(ids);
    await expect(find(construct)).rejects.toThrow(message);
  });

  it('where there is none', async () => {
    answer({ Outputs: { Url: { Value: 'x' } } });
    await expect(find()).rejects.toThrow(
      'the stack Team has no output ...PipelineName: it has no ClevertapToHeap, or one of an earlier version',
    );
  });

  it('where there is no such stack', async () => {
    const error = Object.assign(new Error('Stack with id Team does not exist'), { name: 'ValidationError' });
    cloudFormation.reset();
    cloudFormation.on(DescribeStacksCommand).rejects(error);
    await expect(find()).rejects.toThrow(
      'there is no stack Team in eu-west-1 of the account of these credentials',
    );
  });

  it('where a construct is named without its stack', async () => {
    await expect(openEnvironment({ env: 'local', construct: 'Shop' })).rejects.toThrow(
      '--construct needs --stack',
    );
  });
});

it('reads the version that was deployed', async () => {
  deployed(['Shop', 'Blog']);
  expect((await find('Shop')).version).toBe(version);
});

it('reads settings from the template', async () => {
  deployed(['Shop'], { alarms: 'none' });
  expect((await find()).environment.config).toEqual({
    alarms: 'none',
    dedupeWindowMinutes: 10,
    logRetentionDays: 30,
  });
  deployed(['Shop']);
  expect((await find()).environment.config.alarms).toEqual({});
});

it('leaves out the alarms of a stack whose name only starts alike', async () => {
  deployed(['Default']);
  const { environment } = await find();
  cloudWatch.on(DescribeAlarmsCommand).resolves({
    MetricAlarms: ['Team-HeapDown', 'Team-Shop-HeapDown', 'Team-Shop_Webhooks-HeapDown'].map((AlarmName) => ({
      AlarmName,
      StateValue: 'ALARM',
      ActionsEnabled: false,
    })),
  });
  const { names, ringing, muted } = await environment.alarms();
  expect([names, ringing.map(({ name }) => name), muted]).toEqual(Array(3).fill(['Team-HeapDown']));
});

it('asks for metrics and alarms by the name of the pipeline', async () => {
  cloudWatch.reset();
  deployed(['Default', 'Shop']);
  const { environment, template } = await find('Shop');
  cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [] });
  cloudWatch.on(DescribeAlarmsCommand).resolves({});
  await environment.doorCounts(0, 60_000);
  await environment.forwarderCounts(0, 60_000);
  await environment.alarms();
  const dimensions = cloudWatch
    .commandCalls(GetMetricDataCommand)
    .flatMap(({ args }) => args[0].input.MetricDataQueries ?? [])
    .map(({ MetricStat }) => MetricStat?.Metric?.Dimensions?.[0]?.Value);
  expect(new Set(dimensions)).toEqual(new Set(['Team_Shop']));
  expect(
    cloudWatch.commandCalls(DescribeAlarmsCommand).map(({ args }) => args[0].input.AlarmNamePrefix),
  ).toEqual(['Team_Shop-']);
  const alarms = Object.values(template.Resources).filter(({ Type }) =>
    Type.startsWith('AWS::CloudWatch::Alarm'),
  );
  expect(alarms.length).toBeGreaterThan(10);
  for (const { Properties } of alarms) expect(Properties?.['AlarmName']).toMatch(/^Team_Shop-/);
});
