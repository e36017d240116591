import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { App, Aws, CfnParameter, Duration, Lazy, NestedStack, Stack, Stage, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { createApp } from '../../bin/clevertap-to-heap';
import { ClevertapToHeap } from '../../lib/clevertap-to-heap';
import {
  checkProps,
  ClevertapToHeapPropsError,
  type ClevertapToHeapProps,
} from '../../lib/clevertap-to-heap-props';
import { environmentNames } from '../../lib/config/environments';
import { isAlarmOf } from '../../relay/environment/environment';
import { allSettings } from '../support/settings';
import { synthTemplate } from '../support/synth';
import { newApp, withoutBundling } from '../support/test-stack';
import { asText, outputs, resource, resources } from '../support/template';
import logicalIds from './logical-ids.json';

const heap = { region: 'us' } as const;

// Silences the warnings that CDK prints on every synthesis.
beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

const idsOf = (template: Template): string[] =>
  resources(template)
    .map(({ logicalId }) => logicalId)
    .sort();

/** Actions and resources that are allowed, regardless of how statements are merged. */
function permissions(template: Template): string[] {
  interface Statement {
    Action: string | string[];
    Resource: unknown;
  }
  return resources<{ PolicyDocument: { Statement: Statement[] } }>(template)
    .filter(({ Type }) => /^AWS::IAM::(?:Managed)?Policy$/.test(Type))
    .flatMap(({ logicalId, Properties }) =>
      Properties.PolicyDocument.Statement.flatMap(({ Action, Resource }) =>
        [Action]
          .flat()
          .flatMap((action) => [Resource].flat().map((each) => `${logicalId} ${action} ${String(each)}`)),
      ),
    )
    .sort();
}

describe('F70 logical ids', () => {
  it.each(environmentNames())('of %s are those of its first deployment', (name) => {
    const app = createApp({ names: [name], context: withoutBundling });
    const [stack] = app.node.children.filter((child) => Stack.isStack(child));
    expect(idsOf(Template.fromStack(stack!))).toEqual(logicalIds[name as keyof typeof logicalIds]);
  });

  it('and everything but the split of policies are the same without the feature flags of cdk.json', () => {
    const [withFlags, without] = [newApp(), new App({ context: withoutBundling })].map((app) => {
      const stack = new Stack(app, 'Team');
      new ClevertapToHeap(stack, 'Webhooks', { heap, apiGatewayLogRole: 'create' });
      return Template.fromStack(stack);
    });
    const withoutPolicies = (template: Template) =>
      resources(template).filter(({ Type }) => !/^AWS::IAM::(?:Managed)?Policy$/.test(Type));
    expect(idsOf(without!)).toEqual(idsOf(withFlags!));
    expect(withoutPolicies(without!)).toEqual(withoutPolicies(withFlags!));
    expect(outputs(without!)).toEqual(outputs(withFlags!));
    expect(permissions(without!)).toEqual(permissions(withFlags!));
    expect(permissions(without!).length).toBeGreaterThan(50);
  });
});

describe('a construct with the id Default', () => {
  const template = (props: (stack: Stack) => ClevertapToHeapProps, env = {}): object => {
    const stack = new Stack(newApp(), 'ClevertapToHeapTest', { env });
    new ClevertapToHeap(stack, 'Default', props(stack));
    return Template.fromStack(stack).toJSON();
  };

  it('equals the stack of an environment with the same settings, and requires only heap and alarms', () => {
    expect(template(() => ({ heap, alarms: 'none' }))).toEqual(synthTemplate().toJSON());
  });

  it('has alarms without recipients by default', () => {
    expect(template(() => ({ heap }))).toEqual(synthTemplate({ alarms: {} }).toJSON());
  });

  it('accepts every setting of an environment as a prop', () => {
    const { account, region, domain, alarms } = allSettings;
    if (alarms === 'none') throw new Error('no alarms among the settings');
    const fromProps = template(
      (stack): Required<ClevertapToHeapProps> => ({
        heap: { baseUrl: 'https://heap.clevertap-to-heap.dev' },
        apiKeys: allSettings.apiKeys,
        allowedCidrs: allSettings.allowedCidrs,
        domain: {
          name: domain.name,
          certificate: Certificate.fromCertificateArn(stack, 'TheCertificate', domain.certificateArn),
          hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
            hostedZoneId: domain.hostedZone!.id,
            zoneName: domain.hostedZone!.name,
          }),
          disableExecuteApiEndpoint: true,
        },
        apiGatewayLogRole: 'create',
        identityOrder: allSettings.identityOrder,
        mapping: {
          rules: [],
          campaigns: allSettings.campaigns,
          deniedIdentities: allSettings.deniedIdentities,
        },
        dedupeWindow: Duration.minutes(0),
        maxEventsPerMinute: 15_000,
        batchWindow: Duration.minutes(1),
        alarms: {
          page: { topic: Topic.fromTopicArn(stack, 'Pager', 'arn:aws:sns:eu-west-1:111122223333:pager') },
          ticket: { emails: ['ana@clevertap-to-heap.dev', 'ben@clevertap-to-heap.dev'] },
          expectedTraffic: alarms.expectedTraffic,
          docsUrl: alarms.docsUrl,
        },
        logRetention: RetentionDays.ONE_YEAR,
      }),
      { account, region },
    );
    expect(fromProps).toEqual(synthTemplate(allSettings).toJSON());
  });
});

/**
 * The names that identify pipelines for AWS, CloudWatch and operators: one set per pipeline of a template.
 */
function namesIn(template: Template): Record<string, string[]> {
  const of = (type: string, property: string): string[] =>
    resources(template, type).map(({ Properties }) => String(Properties[property]));
  return {
    apis: of('AWS::ApiGateway::RestApi', 'Name'),
    dashboards: of('AWS::CloudWatch::Dashboard', 'DashboardName'),
    alarms: [...new Set(of('AWS::CloudWatch::Alarm', 'AlarmName').map((name) => name.replace(/\w+$/, '')))],
    dimensions: resources<{ Environment: { Variables: { STACK_NAME: string } } }>(
      template,
      'AWS::Lambda::Function',
    ).map(({ Properties }) => Properties.Environment.Variables.STACK_NAME),
    outputs: Object.entries(outputs(template))
      .filter(([id]) => id.endsWith('PipelineName'))
      .map(([, value]) => String(value)),
  };
}

const named = (...names: string[]): Record<string, string[]> => ({
  apis: names,
  dashboards: names,
  alarms: names.map((name) => `${name}-`),
  dimensions: names,
  outputs: names,
});

describe('names come from the path', () => {
  it('and differ for several pipelines in a stack', () => {
    const stack = new Stack(newApp(), 'Team');
    for (const id of ['Default', 'Shop', 'ShopEu']) new ClevertapToHeap(stack, id, { heap });
    const template = Template.fromStack(stack);
    expect(namesIn(template)).toEqual(named('Team', 'Team_Shop', 'Team_ShopEu'));
    const prefixes = namesIn(template)['alarms']!;
    // Topics select alarms by prefix.
    for (const prefix of prefixes) {
      expect(prefixes.filter((other) => other.startsWith(prefix))).toEqual([prefix]);
    }
    expect(Object.keys(outputs(template))).toEqual(
      expect.arrayContaining(['WebhookUrl', 'ShopWebhookUrl', 'ShopEuWebhookUrl', 'ShopApiKeyIdk1']),
    );
    expect(Object.keys(outputs(template)).filter((id) => /[0-9A-F]{8}$/.test(id))).toEqual([]);
  });

  it('and have only letters after the dash in the names of alarms, by which commands select them', () => {
    const stack = new Stack(newApp(), 'Team');
    new ClevertapToHeap(stack, 'Default', { heap, alarms: { expectedTraffic: { requests: 1, hours: 1 } } });
    const names = resources(Template.fromStack(stack))
      .filter(({ Type }) => /^AWS::CloudWatch::(?:Composite)?Alarm$/.test(Type))
      .map(({ Properties }) => String(Properties['AlarmName']));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !isAlarmOf('Team', name))).toEqual([]);
  });

  it('and differ for equal ids in different stacks or constructs', () => {
    const stack = new Stack(newApp(), 'Team');
    for (const parent of ['A', 'B']) {
      new ClevertapToHeap(new Construct(stack, parent), 'Webhooks', { heap, alarms: 'none' });
    }
    const { apis, outputs: pipelines } = namesIn(Template.fromStack(stack));
    expect([apis, pipelines]).toEqual([
      ['Team_A_Webhooks', 'Team_B_Webhooks'],
      ['Team_A_Webhooks', 'Team_B_Webhooks'],
    ]);
  });

  it('including the parent stack of a nested stack', () => {
    const nested = new NestedStack(new Stack(newApp(), 'Team'), 'Marketing');
    new ClevertapToHeap(nested, 'Webhooks', { heap });
    const template = Template.fromStack(nested);
    expect(namesIn(template)).toEqual(named('Team_Marketing_Webhooks'));
    // The commands look up the nested stack by the name that CloudFormation generates.
    expect(Object.keys(outputs(template))).toContain('WebhooksWebhookUrl');
    const reader = resource<{ PolicyDocument: unknown }>(
      template,
      'AWS::IAM::ManagedPolicy',
      'WebhooksOperatorPoliciesReader',
    );
    expect(JSON.stringify(reader.Properties.PolicyDocument)).toContain(':stack/${AWS::StackName}/*');
  });

  it('using the stack name in a stage', () => {
    const stack = new Stack(new Stage(newApp(), 'Prod'), 'Team');
    new ClevertapToHeap(stack, 'Webhooks', { heap });
    expect(namesIn(Template.fromStack(stack))).toEqual(named('Prod-Team_Webhooks'));
  });

  it('with a digest if ids have characters that dashboard names do not allow', () => {
    const stack = new Stack(newApp(), 'Team');
    for (const [id, child] of [
      ['Shop.eu', 'One'],
      ['Shop-eu', 'Two'],
    ] as const) {
      new ClevertapToHeap(new Construct(stack, id), child, { heap, alarms: 'none' });
    }
    const { apis } = namesIn(Template.fromStack(stack));
    expect(apis).toEqual([
      expect.stringMatching(/^Team_Shopeu_One_[0-9A-F]{8}$/),
      expect.stringMatching(/^Team_Shopeu_Two_[0-9A-F]{8}$/),
    ]);
  });

  it.each([
    ['A/B', 'AB'],
    ['Default', 'Ü'],
  ])('and CDK refuses two with the same outputs, such as %s and %s', (...paths) => {
    const app = newApp();
    const stack = new Stack(app, 'Team');
    for (const path of paths) {
      const ids = path.split('/');
      const parent = ids.slice(0, -1).reduce<Construct>((scope, id) => new Construct(scope, id), stack);
      new ClevertapToHeap(parent, ids.at(-1)!, { heap, alarms: 'none' });
    }
    expect(() => app.synth()).toThrow(/already contains/);
  });

  it('and fit within the limits of AWS', () => {
    let scope: Construct = new Stack(newApp(), 'T'.repeat(100));
    for (let depth = 0; depth < 5; depth += 1) scope = new Construct(scope, `Level${depth}${'x'.repeat(40)}`);
    new ClevertapToHeap(scope, 'Webhooks', { heap });
    const template = Template.fromStack(Stack.of(scope));
    for (const { Properties } of resources(template, 'AWS::CloudWatch::Alarm')) {
      expect(String(Properties['AlarmName']).length).toBeLessThanOrEqual(255);
    }
    for (const { Properties } of resources(template, 'AWS::SNS::Topic')) {
      expect(String(Properties['DisplayName']).length).toBeLessThanOrEqual(100);
    }
  });
});

describe('attributes', () => {
  const stack = new Stack(newApp(), 'Team');
  const webhooks = new ClevertapToHeap(stack, 'Webhooks', { heap, apiKeys: ['blue', 'green'] });
  const quiet = new ClevertapToHeap(stack, 'Quiet', { heap, alarms: 'none' });

  it('are the constructs of the pipeline', () => {
    const ids = Object.fromEntries(
      [
        webhooks.eventBuffer,
        webhooks.deadLetterQueue,
        webhooks.forwarder,
        webhooks.heapTokens,
        webhooks.dashboard,
        ...webhooks.apiKeys.values(),
        ...Object.values(webhooks.operatorPolicies).filter((policy) => Construct.isConstruct(policy)),
      ].map(({ node: { path } }) => [path.replace('Team/Webhooks/', ''), true]),
    );
    expect(Object.keys(ids)).toEqual([
      'EventBuffer/Queue',
      'EventBuffer/DeadLetterQueue',
      'HeapForwarder/Function',
      'HeapTokens/Secret',
      'Observability/Dashboard/Dashboard',
      'WebhookApi/ApiKey-blue',
      'WebhookApi/ApiKey-green',
      'OperatorPolicies/Reader',
      'OperatorPolicies/Smoke',
      'OperatorPolicies/Operator',
    ]);
    expect([...webhooks.apiKeys.keys()]).toEqual(['blue', 'green']);
    expect(asText(stack.resolve(webhooks.webhookUrl))).toBe(
      outputs(Template.fromStack(stack))['WebhooksWebhookUrl'],
    );
  });

  it('lists all alarms, or none if there are none', () => {
    expect(webhooks.alarms.length + quiet.alarms.length).toBe(
      ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm'].flatMap((type) =>
        resources(Template.fromStack(stack), type),
      ).length,
    );
    expect(quiet.alarms).toEqual([]);
  });

  it('gives metrics of this pipeline only', () => {
    const metric = webhooks.metrics.own('EventsDelivered', { statistic: 'Sum', period: Duration.hours(1) });
    expect(metric.toMetricConfig().metricStat).toMatchObject({
      namespace: 'ClevertapToHeap',
      metricName: 'EventsDelivered',
      dimensions: [{ name: 'Stack', value: 'Team_Webhooks' }],
      period: Duration.hours(1),
    });
    expect(webhooks.metrics.accepted().toMetricConfig().mathExpression).toBeDefined();
  });
});

describe('warnings', () => {
  const warningsOf = (props: Partial<ClevertapToHeapProps>): unknown[] => {
    const stack = new Stack(newApp(), 'Team');
    new ClevertapToHeap(stack, 'Webhooks', { heap, ...props });
    return Annotations.fromStack(stack)
      .findWarning('*', Match.anyValue())
      .map(({ id, entry }) => [id, (entry.data as string).replace(/ \[ack: .*/, '')]);
  };

  it.each<[ClevertapToHeapProps['alarms'], string[]]>([
    [undefined, ['page', 'ticket']],
    [{ page: { emails: ['ana@clevertap-to-heap.dev'] } }, ['ticket']],
    ['none', []],
  ])('F72 with alarms %j are about %j', (alarms, severities) => {
    expect(warningsOf({ alarms })).toEqual(
      severities.map((severity) => ['/Team/Webhooks', `no recipients for notices: set alarms.${severity}`]),
    );
  });

  it('report types of a rule that never apply', () => {
    const rule = { when: { event: 'T' }, send: {}, types: { valeu: 'number' } } as const;
    expect(warningsOf({ alarms: 'none', mapping: { rules: [rule] } })).toEqual([
      [
        '/Team/Webhooks',
        expect.stringMatching(
          /^ClevertapToHeap Team\/Webhooks: mapping\.rules\.0: types\.valeu: no property/,
        ),
      ],
    ]);
  });
});

describe('rules', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rules-')));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const rule = (event: string) => ({ when: { event }, send: { event } });
  const [a, b, c] = [rule('A'), rule('B'), rule('C')] as const;

  it('are read from values and files, in order', () => {
    const path = file('purchase.json', JSON.stringify([a, b]));
    const { mapping } = checkProps('Team/Webhooks', { heap, mapping: { rules: [path, c] } });
    expect(mapping).toEqual({
      rules: [
        { ...a, name: 'purchase[0]' },
        { ...b, name: 'purchase[1]' },
        { ...c, name: 'rules[1]' },
      ],
      campaigns: {},
      deniedIdentities: [],
    });
  });

  it('report each mistake with the file, line and column, or with the prop and key', () => {
    const broken = file('broken.json', '{\n  "when": {}, "send": {} }');
    const none = join(folder, 'none.json');
    const rules = [broken, { when: { event: 'T' }, send: { event: '{{ Evnt.x }}' } }, none];
    expect(() => checkProps('Team/Webhooks', { heap, mapping: { rules } })).toThrow(
      new ClevertapToHeapPropsError(
        [
          `${relative(process.cwd(), broken)}:2:11: when: must name an event or a campaign`,
          'ClevertapToHeap Team/Webhooks: mapping.rules.1: send.event: unknown name Evnt, in the template "{{ Evnt.x }}"; did you mean Event?',
          `ClevertapToHeap Team/Webhooks: mapping.rules.2: must be a rule or the path of a readable file; got ${JSON.stringify(none)}, looked for at ${none}`,
        ].join('\n'),
      ),
    );
  });
});

describe('the mapping must be known at synthesis and be JSON', () => {
  const stack = new Stack(newApp(), 'Team');
  const parameter = new CfnParameter(stack, 'Parameter');
  const token = parameter.valueAsString;
  const rule = (member: object): object => ({ when: { event: 'A' }, send: {}, ...member });
  const of = (value: unknown): object => ({ rules: [rule({ send: { properties: { value } } })] });
  const known = 'must be known at synthesis: a token would become data in Heap';
  const json = 'must be JSON: a string, a finite number, true, false, null, a list or a plain object';
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;

  it.each<[string, object, string, string]>([
    ['a string with a token', of(`Bought ${token}`), 'rules.0.send.properties.value', known],
    ['a number', of(Token.asNumber(parameter.value)), 'rules.0.send.properties.value', known],
    ['a reference', of(parameter.value), 'rules.0.send.properties.value', known],
    ['a list', of(Token.asList(parameter.value)), 'rules.0.send.properties.value', known],
    ['a part of a list', of(['a', ...Token.asList(token)]), 'rules.0.send.properties.value.1', known],
    ['a key', of({ [token]: 1 }), 'rules.0.send.properties.value', `the name of a key ${known}`],
    ['an event name', { rules: [rule({ when: { event: token } })] }, 'rules.0.when.event', known],
    ['a path', { rules: [token] }, 'rules.0', known],
    ['all rules', { rules: Token.asList(parameter.value) }, 'rules.0', known],
    ['a campaign', { campaigns: { 1: token } }, 'campaigns.1', known],
    ['all campaigns', { campaigns: Lazy.any({ produce: () => ({}) }) }, 'campaigns', known],
    ['an identity', { deniedIdentities: [`*@${token}`] }, 'deniedIdentities.0', known],
    ['all identities', { deniedIdentities: Token.asList(parameter.value) }, 'deniedIdentities', known],
    ['no rule', { rules: [undefined] }, 'rules.0', json],
    ['undefined', of(undefined), 'rules.0.send.properties.value', json],
    ['a function', of(() => 1), 'rules.0.send.properties.value', json],
    ['a function for a rule', { rules: [() => 1] }, 'rules.0', json],
    ['a BigInt', of(5n), 'rules.0.send.properties.value', json],
    ['NaN', of(NaN), 'rules.0.send.properties.value', json],
    ['Infinity', of(Infinity), 'rules.0.send.properties.value', json],
    ['a Date', of(new Date(0)), 'rules.0.send.properties.value', json],
    ['a Map', of(new Map()), 'rules.0.send.properties.value', json],
    ['a symbol', of(Symbol('a')), 'rules.0.send.properties.value', json],
    ['a circle', of(circular), 'rules.0.send.properties.value.self', 'must not contain itself'],
    ['campaigns of BigInts', { campaigns: { 1: 5n } }, 'campaigns.1', json],
  ])('%s', (_, mapping, path, message) => {
    const props = { heap, mapping } as ClevertapToHeapProps;
    const lines = messageOf(() => checkProps('Team/Webhooks', props)).split('\n');
    expect(lines).toEqual([
      expect.stringContaining(`ClevertapToHeap Team/Webhooks: mapping.${path}: ${message}`),
    ]);
    expect(lines[0]).toContain('; got ');
  });

  it('but optional keys of a rule may be undefined, and a value may occur twice', () => {
    const tags = ['a'];
    const given = {
      when: { event: 'A', campaign: undefined },
      send: { event: undefined, properties: { one: tags, two: tags } },
      types: undefined,
    };
    const { mapping } = checkProps('Team/Webhooks', { heap, mapping: { rules: [given] } });
    expect(mapping.rules).toEqual([
      { name: 'rules[0]', when: { event: 'A' }, send: { properties: { one: tags, two: tags } } },
    ]);
  });

  it('and so must times', () => {
    const props = {
      heap,
      dedupeWindow: Duration.seconds(Lazy.number({ produce: () => 60 })),
      batchWindow: Duration.seconds(Lazy.number({ produce: () => 5 })),
    };
    expect(messageOf(() => checkProps('Team/Webhooks', props)).split('\n')).toEqual([
      expect.stringContaining('dedupeWindow: must be known at synthesis, such as Duration.minutes(10)'),
      expect.stringContaining('batchWindow: must be known at synthesis, such as Duration.seconds(5)'),
    ]);
  });
});

/** The message of the error that a function throws, which must be ours. */
function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(ClevertapToHeapPropsError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('topics, certificate and hosted zone must fit the stack', () => {
  const app = newApp();
  const env = { account: '111122223333', region: 'eu-west-1' };
  const stack = new Stack(app, 'Team', { env });
  const elsewhere = new Stack(app, 'Elsewhere', { env: { account: '444455556666', region: 'us-east-1' } });
  const unknown = new Stack(app, 'Unknown');
  const topicOf = (id: string, arn: string) => Topic.fromTopicArn(stack, id, arn);
  const certificateOf = (id: string, arn: string) => Certificate.fromCertificateArn(stack, id, arn);
  const zoneOf = (id: string, zoneName: string) =>
    HostedZone.fromHostedZoneAttributes(stack, id, { hostedZoneId: 'Z123', zoneName });
  const name = 'hooks.clevertap-to-heap.dev';
  const here = certificateOf('Here', 'arn:aws:acm:eu-west-1:111122223333:certificate/c1');
  const standard = 'must be a standard topic: CloudWatch cannot publish to a FIFO topic';
  const zone = (of: string) =>
    `must be the zone of ${name} or of a parent domain of it, and this one is of ${of}`;

  it.each<[string, object, string[]]>([
    [
      'a topic of another region',
      { alarms: { page: { topic: topicOf('T1', 'arn:aws:sns:us-east-1:111122223333:pager') } } },
      [`alarms.page.topic: must be in the stack's region, "eu-west-1"; got "us-east-1"`],
    ],
    [
      'a topic of another account',
      { alarms: { ticket: { topic: topicOf('T2', 'arn:aws:sns:eu-west-1:444455556666:pager') } } },
      [`alarms.ticket.topic: must be in the stack's account, "111122223333"; got "444455556666"`],
    ],
    [
      "another stack's topic",
      { alarms: { page: { topic: new Topic(elsewhere, 'Topic') } } },
      [
        `alarms.page.topic: must be in the stack's account, "111122223333"; got "444455556666"`,
        `alarms.page.topic: must be in the stack's region, "eu-west-1"; got "us-east-1"`,
      ],
    ],
    [
      'a certificate for CloudFront',
      {
        domain: {
          name,
          certificate: certificateOf('C1', 'arn:aws:acm:us-east-1:111122223333:certificate/c1'),
        },
      },
      [`domain.certificate: must be in the stack's region, "eu-west-1"; got "us-east-1"`],
    ],
    [
      'a FIFO topic',
      { alarms: { page: { topic: new Topic(stack, 'Fifo', { fifo: true }) } } },
      [`alarms.page.topic: ${standard}`],
    ],
    [
      'an imported FIFO topic',
      { alarms: { ticket: { topic: topicOf('T3', 'arn:aws:sns:eu-west-1:111122223333:pager.fifo') } } },
      [`alarms.ticket.topic: ${standard}`],
    ],
    [
      'the zone of another domain',
      { domain: { name, certificate: here, hostedZone: zoneOf('Z1', 'other.dev') } },
      [`domain.hostedZone: ${zone('other.dev')}`],
    ],
    [
      'a zone whose name only ends alike',
      { domain: { name, certificate: here, hostedZone: zoneOf('Z2', 'to-heap.dev') } },
      [`domain.hostedZone: ${zone('to-heap.dev')}`],
    ],
    [
      'a zone without a name',
      { domain: { name, certificate: here, hostedZone: HostedZone.fromHostedZoneId(stack, 'Z3', 'Z123') } },
      [
        'domain.hostedZone: must have a name: import it with HostedZone.fromHostedZoneAttributes or fromLookup',
      ],
    ],
  ])('%s', (id, props, mistakes) => {
    const lines = messageOf(
      () => new ClevertapToHeap(new Construct(stack, id), 'W', { heap, ...props }),
    ).split('\n');
    expect(lines).toEqual(mistakes.map((mistake): unknown => expect.stringContaining(`/W: ${mistake}`)));
  });

  it.each<[string, Stack, object]>([
    ['of the same account and region', stack, { domain: { name, certificate: here } }],
    [
      'of a region that is a token',
      stack,
      { alarms: { page: { topic: topicOf('T4', `arn:aws:sns:${Aws.REGION}:111122223333:pager`) } } },
    ],
    [
      'of a stack whose account and region are unknown',
      stack,
      { alarms: { page: { topic: new Topic(unknown, 'T') } } },
    ],
    [
      'for a stack whose account and region are unknown',
      unknown,
      { alarms: { page: { topic: topicOf('T5', 'arn:aws:sns:us-east-1:111122223333:pager') } } },
    ],
    [
      'the domain itself',
      stack,
      { domain: { name, certificate: here, hostedZone: zoneOf('Z4', `${name}.`) } },
    ],
    [
      'a parent domain',
      stack,
      { domain: { name, certificate: here, hostedZone: zoneOf('Z5', 'clevertap-to-heap.dev') } },
    ],
    [
      'a zone whose name is a token',
      stack,
      { domain: { name, certificate: here, hostedZone: zoneOf('Z6', Aws.STACK_NAME) } },
    ],
  ])('accepts those %s', (_, { account, region }, props) => {
    const target = [account, region].some((value) => Token.isUnresolved(value)) ? {} : { account, region };
    expect(() => checkProps('Team/W', { heap, ...props }, target)).not.toThrow();
  });
});

describe('construction throws on a mistake, with prop, value and what is allowed', () => {
  const stack = new Stack(newApp(), 'Team');
  const topic = new Topic(stack, 'Topic');

  it.each<[object, string]>([
    [{}, 'heap: must say where Heap receives events, e.g. { region: "us" }; got nothing'],
    [{ heap: { region: 'fr' } }, 'heap.region: must be "us" or "eu"; got "fr"'],
    [
      { heap: { baseUrl: 'https://user:secret@heap.io' } },
      'heap.baseUrl: must not have credentials; store them in the secret; got "https://…@heap.io"',
    ],
    [
      { apikeys: ['k1'] },
      'apikeys: unknown key; known here: heap, apiKeys, allowedCidrs, apiGatewayLogRole, identityOrder, maxEventsPerMinute, domain, mapping, dedupeWindow, batchWindow, alarms, logRetention',
    ],
    [{ apiKeys: ['K 1'] }, 'apiKeys.0: must be a name such as "k1": up to 32 of a-z and 0-9; got "K 1"'],
    [{ apiKeys: [] }, 'apiKeys: must have at least one key: every call needs one; got []'],
    [
      { allowedCidrs: ['10.0.0.0/8'] },
      'allowedCidrs.0: must be public addresses: these are private, reserved or for documentation; got "10.0.0.0/8"',
    ],
    [
      { apiGatewayLogRole: true },
      'apiGatewayLogRole: must be "create" (once in an account and region) or "exists"; got true',
    ],
    [
      { identityOrder: ['name'] },
      'identityOrder.0: must be one of "identity", "email", "phone", "objectId"; got "name"',
    ],
    [{ dedupeWindow: 10 }, 'dedupeWindow: must be a Duration, such as Duration.minutes(10); got 10'],
    [
      { dedupeWindow: Duration.seconds(30) },
      'dedupeWindow: must be a whole number of minutes from 0 to 1440; got "Duration.seconds(30)"',
    ],
    [
      { batchWindow: Duration.minutes(6) },
      'batchWindow: must be a whole number of seconds from 1 to 300; got "Duration.minutes(6)"',
    ],
    [
      { maxEventsPerMinute: 20_000 },
      'maxEventsPerMinute: must be 0 (no limit) or a whole number from 600 to 15000, the limit of Heap; got 20000',
    ],
    [
      { logRetention: 31 },
      'logRetention: must be one of RetentionDays, such as RetentionDays.ONE_MONTH; got 31',
    ],
    [
      { domain: { name: 'hooks.clevertap-to-heap.dev', certificate: 'arn:aws:acm:…' } },
      'domain.certificate: must be a certificate, such as Certificate.fromCertificateArn(this, "Certificate", "arn:…"); got "arn:aws:acm:…"',
    ],
    [{ alarms: 'off' }, 'alarms: must be { page, ticket }, or "none"; got "off"'],
    [
      { alarms: { page: { topic: 'arn:aws:sns:eu-west-1:111122223333:pager' } } },
      'alarms.page.topic: must be a topic, such as Topic.fromTopicArn(this, "Pager", "arn:…"); got "arn:aws:sns:eu-west-1:111122223333:pager"',
    ],
    [
      { alarms: { ticket: { topic, emails: ['ana@clevertap-to-heap.dev'] } } },
      'alarms.ticket: must have either emails or topic, not both; got {"topic":"Team/Topic","emails":["…@clevertap-to-heap.dev"]}',
    ],
    [
      { alarms: { page: { emails: ['nobody@shop.test'] } } },
      'alarms.page.emails.0: must be at a domain that receives mail: this one is reserved or private; got "…@shop.test"',
    ],
    [{ mapping: [] }, 'mapping: must be { rules, campaigns, deniedIdentities }; got []'],
    [{ mapping: { rules: [5] } }, 'mapping.rules.0: rule: must be a rule: an object with when and send'],
    [
      { mapping: { campaigns: { one: 'Sent' } } },
      'mapping.campaigns.one: must have a campaign id as its key: the targetId of its webhooks, in digits; got "Sent"',
    ],
  ])('%p', (props, message) => {
    const given = { ...('heap' in props || Object.keys(props).length === 0 ? {} : { heap }), ...props };
    expect(
      () => new ClevertapToHeap(new Construct(stack, message), 'Webhooks', given as ClevertapToHeapProps),
    ).toThrow(
      new ClevertapToHeapPropsError(
        `ClevertapToHeap Team/${message.replaceAll('/', '--')}/Webhooks: ${message}`,
      ),
    );
  });

  it('all at once, one line each', () => {
    const props = { heap: { region: 'fr' }, apiKeys: [], alarms: 'off' } as unknown as ClevertapToHeapProps;
    expect(() => checkProps('Team/Webhooks', props)).toThrow(
      new ClevertapToHeapPropsError(
        [
          'ClevertapToHeap Team/Webhooks: heap.region: must be "us" or "eu"; got "fr"',
          'ClevertapToHeap Team/Webhooks: apiKeys: must have at least one key: every call needs one; got []',
          'ClevertapToHeap Team/Webhooks: alarms: must be { page, ticket }, or "none"; got "off"',
        ].join('\n'),
      ),
    );
  });

  it('those of props, of the stack and of rules together', () => {
    const rules = [{ when: {}, send: {} }, undefined, 'none.json'];
    const page = {
      topic: Topic.fromTopicArn(stack, 'Elsewhere', 'arn:aws:sns:eu-west-1:111122223333:pager'),
    };
    const props = {
      heap: { region: 'fr' },
      alarms: { page },
      mapping: { rules },
    } as unknown as ClevertapToHeapProps;
    const lines = messageOf(() =>
      checkProps('Team/W', props, { account: '111122223333', region: 'us-east-1' }),
    ).split('\n');
    expect(lines).toEqual(
      [
        'heap.region: must be "us" or "eu"; got "fr"',
        'mapping.rules.1: must be JSON',
        'alarms.page.topic: must be in the stack\'s region, "us-east-1"; got "eu-west-1"',
        'mapping.rules.0: when: must name an event or a campaign',
        `mapping.rules.2: must be a rule or the path of a readable file; got "none.json", looked for at ${join(process.cwd(), 'none.json')}`,
      ].map((mistake): unknown => expect.stringContaining(`ClevertapToHeap Team/W: ${mistake}`)),
    );
  });

  it.each([
    ['apiKeys', () => 1, 'got "function"'],
    ['apiKeys', 5n, 'got 5'],
    ['heap', [5n], 'got ["5"]'],
  ])('shows any value of %s', (prop, value, shown) => {
    const props = { heap, [prop]: value } as unknown as ClevertapToHeapProps;
    expect(messageOf(() => checkProps('Team/W', props))).toContain(shown);
  });

  it('shows a value that contains itself', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const props = { heap, apiKeys: circular } as unknown as ClevertapToHeapProps;
    expect(messageOf(() => checkProps('Team/W', props))).toContain('apiKeys: must be a list');
  });
});
