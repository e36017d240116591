import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { FeatureFlags, Stack, type App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { createApp } from '../../bin/clevertap-to-heap';
import { context } from '../../cdk.json';
import { EnvironmentConfigError } from '../../lib/config/environment-config';
import { environmentNames, readEnvironment, stackName } from '../../lib/config/environments';
import { withoutBundling } from '../support/synth';
import { resource, resources } from '../support/template';

const app = createApp({ context: withoutBundling });
const names = environmentNames();
const stacksOf = (from: App): Stack[] => from.node.children.filter((child) => Stack.isStack(child));
const stackOf = (name: string): Stack => stacksOf(app).find((stack) => stack.stackName === stackName(name))!;
const templateOf = (name: string): Template => Template.fromStack(stackOf(name));

it('has one stack for every environment', () => {
  const stackNames = stacksOf(app).map((stack) => stack.stackName);
  expect(stackNames).toEqual(names.map(stackName));
  expect(stackNames).toEqual(expect.arrayContaining(['ClevertapToHeapProd', 'ClevertapToHeapLocal']));
});

it('has only the stacks asked for', () => {
  const prod = createApp({ names: ['prod'], context: withoutBundling });
  expect(stacksOf(prod).map((stack) => stack.stackName)).toEqual(['ClevertapToHeapProd']);
});

it.each(['staging', 'Dev', 'toString', ''])('refuses the unknown environment "%s"', (name) => {
  const create = () => createApp({ names: [name], context: withoutBundling });
  expect(create).toThrow(EnvironmentConfigError);
  expect(create).toThrow(`unknown environment "${name}"; known: ${names.join(', ')}`);
});

it.each(['prod', 'local'])('%s synthesizes to the template of the snapshot', (name) => {
  expect(templateOf(name).toJSON()).toMatchSnapshot();
});

/** Every value of a template by its path, without what only says which environment it is. */
function valuesOf(name: string): Map<string, unknown> {
  const capitalized = stackName(name).slice('ClevertapToHeap'.length);
  const text = JSON.stringify(templateOf(name).toJSON())
    .replace(new RegExp(`"${name}"|(?<=, )${name}(?=")`, 'g'), (found) => found.replace(name, 'NAME'))
    .replace(new RegExp(`(ClevertapToHeap)${capitalized}`, 'g'), '$1NAME')
    // Ids that hold the name, or a digest of what differs, end with a digest.
    .replace(/(ClevertapToHeapNAME\w+?)(?:[0-9A-F]{8})+(?=")/g, '$1')
    .replace(/(RestApiDeployment\w{8})[0-9a-f]{32}/g, '$1');
  const values = new Map<string, unknown>();
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) values.set(path, value);
    else for (const [key, child] of Object.entries(value)) visit(child, path === '' ? key : `${path} ${key}`);
  };
  visit(JSON.parse(text), '');
  return values;
}

it('differs in dev from prod by what their files in config/ say, and by nothing else', () => {
  const [dev, prod] = [valuesOf('dev'), valuesOf('prod')];
  const differing = [...new Set([...dev.keys(), ...prod.keys()])].filter(
    (key) => dev.get(key) !== prod.get(key),
  );
  // Only the first environment of an account and region creates the log role of API Gateway.
  const ofLogRole = (path: string): boolean =>
    /^Resources WebhookApiRestApi(CloudWatchRole|Account|DeploymentStagev\w+ DependsOn)/.test(path);
  expect(differing.filter(ofLogRole).length).toBeGreaterThan(5);
  expect(differing.filter(ofLogRole).filter((path) => prod.has(path))).toEqual([]);
  const ofSubscription = (path: string): boolean => /^Resources ObservabilityTopics\w+shoptest/.test(path);
  const addressesOf = (values: Map<string, unknown>): unknown[] =>
    differing
      .filter((path) => ofSubscription(path) && path.endsWith(' Endpoint') && values.has(path))
      .map((path) => values.get(path));
  expect([addressesOf(dev), addressesOf(prod)]).toEqual([
    ['clevertap-to-heap-dev@shop.test', 'clevertap-to-heap-dev@shop.test'],
    ['oncall@shop.test', 'clevertap-to-heap@shop.test'],
  ]);
  const others = differing.filter((path) => !ofLogRole(path) && !ofSubscription(path));
  expect(others.map((path) => [path.replace(/[0-9A-F]{8} /, ' '), dev.get(path), prod.get(path)])).toEqual([
    ['Resources WebhookApiAccessLog Properties RetentionInDays', 30, 90],
    ['Resources HeapForwarderLogGroup Properties RetentionInDays', 30, 90],
  ]);
});

describe.each(names)('%s', (name) => {
  it('says what it is', () => {
    expect(templateOf(name).toJSON()).toMatchObject({
      Description: `CleverTap webhooks to Heap, ${name}`,
    });
  });

  it('tags everything that can be tagged', () => {
    const taggable = new Set([
      'AWS::ApiGateway::ApiKey',
      'AWS::ApiGateway::RestApi',
      'AWS::ApiGateway::Stage',
      'AWS::ApiGateway::UsagePlan',
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::CompositeAlarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::IAM::Role',
      'AWS::Lambda::EventSourceMapping',
      'AWS::Lambda::Function',
      'AWS::Logs::LogGroup',
      'AWS::SNS::Topic',
      'AWS::SQS::Queue',
      'AWS::SecretsManager::Secret',
    ]);
    const all = resources<{ Tags?: object[] }>(templateOf(name));
    const tagged = all.filter(({ Properties }) => Properties.Tags !== undefined);
    expect(tagged.map(({ Type }) => Type)).toEqual(
      all.filter(({ Type }) => taggable.has(Type)).map(({ Type }) => Type),
    );
    for (const { Properties } of tagged) {
      expect(Properties.Tags).toEqual([
        { Key: 'application', Value: 'clevertap-to-heap' },
        { Key: 'environment', Value: name },
      ]);
    }
  });
});

it('deploys an environment where its settings or the credentials lead, and local nowhere', () => {
  for (const name of names) {
    const { account = 'unknown-account', region = 'unknown-region' } = readEnvironment(name);
    expect(stackOf(name).environment).toBe(`aws://${account}/${region}`);
  }
  expect(stackOf('local').environment).toBe('aws://000000000000/us-east-1');
});

it('creates the log role of API Gateway in one environment alone of an account and region', () => {
  const creating = names.filter((name) => resources(templateOf(name), 'AWS::ApiGateway::Account').length > 0);
  expect(creating).toEqual(names.filter((name) => readEnvironment(name).apiGatewayLogRole === 'create'));
  expect(new Set(creating.map((name) => stackOf(name).environment)).size).toBe(creating.length);
});

it('gives each API a name of its own: its metrics go by name', () => {
  const apis = names.map((name) => resource(templateOf(name), 'AWS::ApiGateway::RestApi').Properties['Name']);
  expect(new Set(apis).size).toBe(names.length);
});

it('calls people about every environment but one that wants none, such as local', () => {
  const called = names.filter((name) => resources(templateOf(name), 'AWS::CloudWatch::Alarm').length > 0);
  expect(called).toEqual(names.filter((name) => readEnvironment(name).alarms !== 'none'));
  expect(called).not.toContain('local');
  expect(called).toContain('prod');
});

it('tags the stacks themselves', () => {
  for (const name of names) {
    expect(stackOf(name).tags.tagValues()).toEqual({ application: 'clevertap-to-heap', environment: name });
  }
});

describe('without the CDK CLI', () => {
  it('has every feature flag of cdk.json', () => {
    const flags = Object.entries(context).filter(([, value]) => typeof value === 'boolean');
    expect(flags.length).toBeGreaterThan(50);
    const differing = flags.filter(([flag, value]) => FeatureFlags.of(app).isEnabled(flag) !== value);
    expect(differing).toEqual([]);
  });

  it('synthesizes by them', () => {
    const { AccessLogSetting } = resource<{ AccessLogSetting: { DestinationArn: string } }>(
      templateOf('dev'),
      'AWS::ApiGateway::Stage',
    ).Properties;
    // @aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard
    expect(AccessLogSetting.DestinationArn).toMatch(/:log-group:\$\{\w+\}$/);
  });

  it('lets the caller add context and change a flag', () => {
    const changed = createApp({
      names: [],
      context: { mine: 1, '@aws-cdk/core:explicitStackTags': false },
    });
    expect(changed.node.tryGetContext('mine')).toBe(1);
    expect(FeatureFlags.of(changed).isEnabled('@aws-cdk/core:explicitStackTags')).toBe(false);
    expect(FeatureFlags.of(changed).isEnabled('@aws-cdk/aws-iam:minimizePolicies')).toBe(true);
  });
});
