import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { FeatureFlags, Stack, type App } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { BUNDLING_STACKS } from 'aws-cdk-lib/cx-api';
import { createApp } from '../../bin/clevertap-to-heap';
import { context } from '../../cdk.json';
// The app loads them by name. Named here, jest runs this test after a change of one.
import '../../config/dev';
import '../../config/local';
import '../../config/prod';
import { version } from '../../package.json';
import { EnvironmentConfigError } from '../../lib/config/environment-config';
import { environmentNames, isDeployed, readEnvironment, stackName } from '../../lib/config/environments';
import { settings } from '../support/settings';
import { withoutBundling } from '../support/test-stack';
import { resource, resources } from '../support/template';

// CDK prints the warnings of every synthesis.
beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

const names = environmentNames();
const deployed = names.filter(isDeployed);
const app = createApp({ names, context: withoutBundling });
const stacksOf = (from: App): Stack[] => from.node.children.filter((child) => Stack.isStack(child));
const stackOf = (name: string): Stack => stacksOf(app).find((stack) => stack.stackName === stackName(name))!;
const templateOf = (name: string): Template => Template.fromStack(stackOf(name));

/** Runs with other settings in config/dev.ts. */
function withDev(dev: object, run: (create: typeof createApp) => void): void {
  jest.isolateModules(() => {
    jest.doMock('../../config/dev.ts', (): object => ({ dev }));
    run(jest.requireActual<{ createApp: typeof createApp }>('../../bin/clevertap-to-heap').createApp);
    jest.dontMock('../../config/dev.ts');
  });
}

const stackNamesOf = (from: App): string[] => stacksOf(from).map((stack) => stack.stackName);

it('has one stack per deployed environment; local is only for npm start', () => {
  const stackNames = stackNamesOf(createApp({ context: withoutBundling }));
  expect(stackNames).toEqual(deployed.map(stackName));
  expect(stackNames).toContain('ClevertapToHeapProd');
  expect(stackNames).not.toContain('ClevertapToHeapLocal');
});

it('has only the stacks asked for', () => {
  expect(stackNamesOf(createApp({ names: ['prod'], context: withoutBundling }))).toEqual([
    'ClevertapToHeapProd',
  ]);
});

describe('-c env=NAME', () => {
  const asked = (env: string): App => createApp({ context: { ...withoutBundling, env } });

  it.each(['prod', 'local'])('synthesizes only %s', (name) => {
    expect(stackNamesOf(asked(name))).toEqual([stackName(name)]);
  });

  it("ignores a mistake in another environment's file", () => {
    withDev({ heap: 1 }, (create) => {
      expect(() => create({ context: withoutBundling })).toThrow('config/dev.ts: heap: must say');
      const prod = create({ context: { ...withoutBundling, env: 'prod' } });
      expect(prod.node.children.map(({ node }) => node.id)).toContain('ClevertapToHeapProd');
    });
  });

  it('names the existing environments if the name is unknown', () => {
    expect(() => asked('staging')).toThrow(`unknown environment "staging"; known: ${names.join(', ')}`);
  });
});

describe('the checks', () => {
  const pluginsOf = (bundlingStacks?: string[]): string[] =>
    createApp({
      names: [],
      context: { ...(bundlingStacks && { [BUNDLING_STACKS]: bundlingStacks }) },
    })._validationPlugins.map(({ name }) => name);

  afterEach(() => {
    process.env['CDK_VALIDATION'] = 'false';
  });

  it.each([[undefined], [['ClevertapToHeapProd']], [['**']]])('run when the CDK CLI bundles %j', (stacks) => {
    process.env['CDK_VALIDATION'] = 'true';
    expect(pluginsOf(stacks)).toEqual(['AwsSolutions', 'CloudFormation Validate']);
    process.env['CDK_VALIDATION'] = 'false';
    expect(pluginsOf(stacks)).toEqual(['AwsSolutions']);
  });

  it('do not run for cdk list, which bundles nothing and must be fast', () => {
    process.env['CDK_VALIDATION'] = 'true';
    expect(pluginsOf([])).toEqual([]);
  });
});

it.each(['staging', 'Dev', 'toString', ''])('refuses the unknown environment "%s"', (name) => {
  const create = () => createApp({ names: [name], context: withoutBundling });
  expect(create).toThrow(EnvironmentConfigError);
  expect(create).toThrow(`unknown environment "${name}"; known: ${names.join(', ')}`);
});

it.each(['prod', 'local'])('%s synthesizes to the template of the snapshot', (name) => {
  // Two descriptions have the version, and each release another.
  const { Description: _, ...template } = templateOf(name).toJSON();
  const text = JSON.stringify(template).replace(`clevertap-to-heap ${version}`, 'clevertap-to-heap VERSION');
  expect(JSON.parse(text)).toMatchSnapshot();
});

/** Every value of a template by its path, without those that only name the environment. */
function valuesOf(name: string): Map<string, unknown> {
  const capitalized = stackName(name).slice('ClevertapToHeap'.length);
  const text = JSON.stringify(templateOf(name).toJSON())
    .replace(new RegExp(`"${name}"|(?<=, )${name}(?=[",])`, 'g'), (found) => found.replace(name, 'NAME'))
    .replace(new RegExp(`(ClevertapToHeap)${capitalized}`, 'g'), '$1NAME')
    // Ids that contain the name or a hash of what differs end with a hash.
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

it('differs between dev and prod only by the settings in config/', () => {
  const [dev, prod] = [valuesOf('dev'), valuesOf('prod')];
  const differing = [...new Set([...dev.keys(), ...prod.keys()])].filter(
    (key) => dev.get(key) !== prod.get(key),
  );
  // Only the first environment of an account and region creates the log role of API Gateway.
  const ofLogRole = (path: string): boolean =>
    /^Resources WebhookApiRestApi(CloudWatchRole|Account|DeploymentStagev\w+ DependsOn)/.test(path);
  expect(differing.filter(ofLogRole).length).toBeGreaterThan(5);
  expect(differing.filter(ofLogRole).filter((path) => prod.has(path))).toEqual([]);
  const others = differing.filter((path) => !ofLogRole(path));
  expect(others.map((path) => [path.replace(/[0-9A-F]{8} /, ' '), dev.get(path), prod.get(path)])).toEqual([
    ['Resources WebhookApiAccessLog Properties RetentionInDays', 30, 90],
    ['Resources HeapForwarderLogGroup Properties RetentionInDays', 30, 90],
  ]);
});

describe.each(names)('%s', (name) => {
  it('warns for each severity without recipients', () => {
    const { alarms } = readEnvironment(name);
    const missing = (['page', 'ticket'] as const).filter(
      (severity) => alarms !== 'none' && alarms[severity] === undefined,
    );
    const warnings = Annotations.fromStack(stackOf(name)).findWarning('*', Match.anyValue());
    expect(warnings.map(({ entry }) => entry.data)).toEqual(
      missing.map(
        (severity) => expect.stringContaining(`no recipients for notices: set alarms.${severity}`) as string,
      ),
    );
  });

  it('cannot be deleted by mistake, except for dev', () => {
    expect(stackOf(name).terminationProtection).toBe(name !== 'dev');
  });

  it('has a description', () => {
    expect(templateOf(name).toJSON()).toMatchObject({
      Description: `CleverTap webhooks to Heap, ${name}, version ${version}`,
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

it('deploys an environment to the account and region of its settings or credentials, and local nowhere', () => {
  for (const name of names) {
    const { account = 'unknown-account', region = 'unknown-region' } = readEnvironment(name);
    expect(stackOf(name).environment).toBe(`aws://${account}/${region}`);
  }
  expect(stackOf('local').environment).toBe('aws://000000000000/us-east-1');
});

it('creates the log role of API Gateway in only one environment per account and region', () => {
  const creating = names.filter((name) => resources(templateOf(name), 'AWS::ApiGateway::Account').length > 0);
  expect(creating).toEqual(names.filter((name) => readEnvironment(name).apiGatewayLogRole === 'create'));
  expect(new Set(creating.map((name) => stackOf(name).environment)).size).toBe(creating.length);
});

it('gives each API its own name, because its metrics go by name', () => {
  const apis = names.map((name) => resource(templateOf(name), 'AWS::ApiGateway::RestApi').Properties['Name']);
  expect(new Set(apis).size).toBe(names.length);
});

it("has alarm actions in every environment except those with alarms: 'none', such as local", () => {
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

  it('synthesizes with them', () => {
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

describe('what a company adds', () => {
  it('its own tags are on the stack and everything that can be tagged', () => {
    withDev({ ...settings, tags: { 'cost-center': 'marketing' } }, (create) => {
      const { artifacts } = create({ names: ['dev'], context: withoutBundling }).synth().manifest;
      expect(artifacts?.['ClevertapToHeapDev']?.properties).toMatchObject({
        tags: { application: 'clevertap-to-heap', 'cost-center': 'marketing', environment: 'dev' },
      });
    });
    withDev({ ...settings, tags: { 'cost-center': 'marketing' } }, (create) => {
      const [stack] = stacksOf(create({ names: ['dev'], context: withoutBundling }));
      const tagged = resources<{ Tags?: object[] }>(Template.fromStack(stack!)).filter(
        ({ Properties }) => Properties.Tags !== undefined,
      );
      expect(tagged.length).toBeGreaterThan(10);
      for (const { Properties } of tagged) {
        expect(Properties.Tags).toContainEqual({ Key: 'cost-center', Value: 'marketing' });
      }
    });
  });

  const synthesize = (context: Record<string, unknown>): App =>
    createApp({ names: ['prod'], context: { ...withoutBundling, ...context } });

  it('a permissions boundary is on every role', () => {
    const bounded = synthesize({ '@aws-cdk/core:permissionsBoundary': { name: 'boundary' } });
    const roles = resources(Template.fromStack(stacksOf(bounded)[0]!), 'AWS::IAM::Role');
    expect(roles.length).toBeGreaterThan(1);
    for (const { Properties } of roles) {
      expect(Properties['PermissionsBoundary']).toBe(
        'arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/boundary',
      );
    }
  });

  it('a bootstrap qualifier is in the roles with which CDK deploys', () => {
    const { artifacts } = synthesize({ '@aws-cdk/core:bootstrapQualifier': 'shop' }).synth().manifest;
    const properties = JSON.stringify(artifacts?.['ClevertapToHeapProd']?.properties);
    expect(properties).toContain(':role/cdk-shop-deploy-role-');
    expect(properties).not.toContain('hnb659fds');
  });
});
