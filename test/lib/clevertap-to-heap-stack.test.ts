import type { Template } from 'aws-cdk-lib/assertions';
import type { EnvironmentSettings } from '../../lib/config/environment-config';
import { allSettings } from '../support/settings';
import { synthTemplate } from '../support/synth';
import { outputs, resource, resources } from '../support/template';

interface Statement {
  Effect: string;
  Action: string | string[];
  Resource: string | string[];
  Principal?: unknown;
}

interface Document {
  Statement: Statement[];
}

// Silences the warnings that CDK prints on every synthesis.
beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

const template = synthTemplate();
const everything = synthTemplate(allSettings);

const variants: [string, Partial<EnvironmentSettings>][] = [
  ['the least', {}],
  ['all', allSettings],
  ['another window', { batchWindowSeconds: 300 }],
  ['other keys', { apiKeys: ['green'] }],
  [
    'alarm addresses',
    {
      alarms: {
        page: { emails: ['a@clevertap-to-heap.dev'] },
        ticket: { emails: ['a@clevertap-to-heap.dev'] },
      },
    },
  ],
  ['the log role', { apiGatewayLogRole: 'create' }],
];

describe.each(variants)('F70 F18 with %s of the settings', (_, overrides) => {
  const varied = synthTemplate(overrides);

  it.each([
    ['AWS::ApiGateway::RestApi', 'WebhookApiRestApiF01EE63D'],
    ['AWS::ApiGateway::Stage', 'WebhookApiRestApiDeploymentStagev176743630'],
    ['AWS::SQS::Queue', 'EventBufferQueueA241C490'],
    ['AWS::SQS::Queue', 'EventBufferDeadLetterQueue575AE14F'],
    ['AWS::SecretsManager::Secret', 'HeapTokensSecret6DBA69BB'],
  ])('%s keeps its logical id %s: another one is another URL, queue or secret', (type, logicalId) => {
    expect(resources(varied, type).map((each) => each.logicalId)).toContain(logicalId);
  });

  it('the stage keeps its name, which is part of the URL', () => {
    varied.hasResourceProperties('AWS::ApiGateway::Stage', { StageName: 'v1' });
  });
});

it('F70 an API key keeps its logical id: another id is another key', () => {
  expect(resource(template, 'AWS::ApiGateway::ApiKey').logicalId).toBe('WebhookApiApiKeyk169E18A3F');
});

describe('outputs', () => {
  it('are exactly what an operator needs', () => {
    expect(outputs(template)).toEqual({
      WebhookUrl:
        'https://${WebhookApiRestApiF01EE63D}.execute-api.${AWS::Region}.${AWS::URLSuffix}/' +
        '${WebhookApiRestApiDeploymentStagev176743630}/webhook',
      ApiKeyIdk1: '${WebhookApiApiKeyk169E18A3F}',
      EventBufferUrl: '${EventBufferQueueA241C490}',
      DeadLetterQueueUrl: '${EventBufferDeadLetterQueue575AE14F}',
      HeapTokensSecret: '${HeapTokensSecret6DBA69BB.6.0}-${HeapTokensSecret6DBA69BB.6.1}',
      DashboardUrl:
        'https://console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/ClevertapToHeapTest',
      PipelineName: 'ClevertapToHeapTest',
      ApiId: '${WebhookApiRestApiF01EE63D}',
      StageName: '${WebhookApiRestApiDeploymentStagev176743630}',
      UsagePlanId: '${WebhookApiRestApiUsagePlanD4F2848F}',
      AccessLogGroup: `\${${resource(template, 'AWS::Logs::LogGroup', 'WebhookApiAccessLog').logicalId}}`,
      ForwarderArn: `\${${resource(template, 'AWS::Lambda::Function', 'HeapForwarder').logicalId}.Arn}`,
      ForwarderLogGroup: `\${${resource(template, 'AWS::Logs::LogGroup', 'HeapForwarderLogGroup').logicalId}}`,
      ReaderPolicyArn: '${OperatorPoliciesReaderABD3D3DC}',
      SmokePolicyArn: '${OperatorPoliciesSmoke27DB96D0}',
      OperatorPolicyArn: '${OperatorPoliciesOperator0A5E6B4A}',
    });
  });

  it('keep their names with every setting', () => {
    expect(Object.keys(outputs(everything)).sort()).toEqual(
      [
        'WebhookUrl',
        'WebhookDomainTarget',
        'ApiKeyIdblue',
        'ApiKeyIdgreen',
        'HeapTokensSecret',
        'EventBufferUrl',
        'DeadLetterQueueUrl',
        'DashboardUrl',
        'AlarmTopicPage',
        'AlarmTopicTicket',
        'PipelineName',
        'ApiId',
        'StageName',
        'UsagePlanId',
        'AccessLogGroup',
        'ForwarderArn',
        'ForwarderLogGroup',
        'ReaderPolicyArn',
        'SmokePolicyArn',
        'OperatorPolicyArn',
      ].sort(),
    );
  });
});

it('outputs the topic of each severity, whether created, imported or without recipients', () => {
  const ofOutputs = (from: Template): unknown[] => {
    const { AlarmTopicPage, AlarmTopicTicket } = outputs(from);
    return [AlarmTopicPage, AlarmTopicTicket];
  };
  const own = (from: Template, id: string): string =>
    `\${${resource(from, 'AWS::SNS::Topic', `ObservabilityTopics${id}`).logicalId}}`;
  expect(ofOutputs(template)).toEqual([undefined, undefined]);
  expect(ofOutputs(everything)).toEqual([
    'arn:aws:sns:eu-west-1:111122223333:pager',
    own(everything, 'Ticket'),
  ]);
  const silent = synthTemplate({ alarms: {} });
  expect(ofOutputs(silent)).toEqual([own(silent, 'Page'), own(silent, 'Ticket')]);
});

it('uses the account and region of the settings', () => {
  const [method] = resources<{ Integration: { Uri: string } }>(everything, 'AWS::ApiGateway::Method');
  expect(method?.Properties.Integration.Uri).toContain(':apigateway:eu-west-1:sqs:path/111122223333/');
});

it.each([
  ['AWS::SQS::Queue', 'QueueName'],
  ['AWS::Lambda::Function', 'FunctionName'],
  ['AWS::Logs::LogGroup', 'LogGroupName'],
  ['AWS::IAM::Role', 'RoleName'],
  ['AWS::SecretsManager::Secret', 'Name'],
  ['AWS::ApiGateway::ApiKey', 'Name'],
  ['AWS::ApiGateway::UsagePlan', 'UsagePlanName'],
  ['AWS::SNS::Topic', 'TopicName'],
])('gives no %s a %s: it can be replaced and deployed twice', (type, property) => {
  expect(resources(everything, type)).not.toEqual([]);
  for (const { Properties } of resources(everything, type)) expect(Properties).not.toHaveProperty(property);
});

describe('F73 least privilege', () => {
  /** Which principals may do what with which resource, over all granting policies. */
  const grants = (from: Template): [role: string, actions: string[], resources: string[]][] =>
    resources<{ Roles: string[]; PolicyDocument: Document }>(from, 'AWS::IAM::Policy').flatMap(
      ({ Properties }) =>
        Properties.PolicyDocument.Statement.map(({ Effect, Action, Resource, ...others }) => {
          expect([Effect, others]).toEqual(['Allow', {}]);
          return [Properties.Roles.join(), [Action].flat().sort(), [Resource].flat()] as [
            string,
            string[],
            string[],
          ];
        }),
    );

  it('is exactly this', () => {
    const endpoint = `\${${resource(template, 'AWS::IAM::Role', 'WebhookApiSendMessageRole').logicalId}}`;
    const forwarder = `\${${resource(template, 'AWS::IAM::Role', 'HeapForwarderRole').logicalId}}`;
    const log = resource(template, 'AWS::Logs::LogGroup', 'HeapForwarderLogGroup').logicalId;
    expect(grants(template)).toEqual([
      [endpoint, ['sqs:SendMessage'], ['${EventBufferQueueA241C490.Arn}']],
      [forwarder, ['logs:CreateLogStream', 'logs:PutLogEvents'], [`\${${log}.Arn}`]],
      [
        forwarder,
        [
          'sqs:ChangeMessageVisibility',
          'sqs:DeleteMessage',
          'sqs:GetQueueAttributes',
          'sqs:GetQueueUrl',
          'sqs:ReceiveMessage',
        ],
        ['${EventBufferQueueA241C490.Arn}'],
      ],
      [forwarder, ['secretsmanager:GetSecretValue'], ['${HeapTokensSecret6DBA69BB}']],
      // For dead letters and for the unfinished work of a batch.
      [
        forwarder,
        ['sqs:SendMessage'],
        ['${EventBufferDeadLetterQueue575AE14F.Arn}', '${EventBufferQueueA241C490.Arn}'],
      ],
    ]);
  });

  it.each(variants)('grants no wildcard with %s of the settings', (_, overrides) => {
    for (const grant of grants(synthTemplate(overrides))) expect(JSON.stringify(grant)).not.toContain('*');
  });

  it('has wildcards only in statements that grant nothing', () => {
    const statements = resources(everything).flatMap(({ Type, Properties }) =>
      ['PolicyDocument', 'Policy', 'AssumeRolePolicyDocument'].flatMap((property) =>
        ((Properties[property] as Document | undefined)?.Statement ?? []).map((statement) => ({
          Type,
          ...statement,
        })),
      ),
    );
    // test/permissions covers the operator policies.
    const ofTheStack = statements.filter(({ Type }) => Type !== 'AWS::IAM::ManagedPolicy');
    const wild = ofTheStack.filter((statement) => JSON.stringify(statement).includes('*'));
    expect(wild.map(({ Type, Effect, Action }) => [Type, Effect, Action])).toEqual([
      // Denies everything without TLS.
      ['AWS::SQS::QueuePolicy', 'Deny', 'sqs:*'],
      ['AWS::SQS::QueuePolicy', 'Deny', 'sqs:*'],
      // Lets any caller call this API, within the address list and with an API key.
      ['AWS::ApiGateway::RestApi', 'Allow', 'execute-api:Invoke'],
      ['AWS::ApiGateway::RestApi', 'Deny', 'execute-api:Invoke'],
      // Denies access without TLS; lets CloudWatch publish for alarms with the stack's prefix.
      ['AWS::SNS::TopicPolicy', 'Deny', 'sns:Publish'],
      ['AWS::SNS::TopicPolicy', 'Allow', 'sns:Publish'],
    ]);
  });

  it('lets only services assume roles, each its own', () => {
    const assumed = resources<{ AssumeRolePolicyDocument: Document }>(everything, 'AWS::IAM::Role').map(
      ({ logicalId, Properties }) => [
        logicalId.slice(0, -8),
        Properties.AssumeRolePolicyDocument.Statement.map(({ Principal }) => Principal),
      ],
    );
    expect(Object.fromEntries(assumed)).toEqual({
      WebhookApiRestApiCloudWatchRole: [{ Service: 'apigateway.amazonaws.com' }],
      WebhookApiSendMessageRole: [{ Service: 'apigateway.amazonaws.com' }],
      HeapForwarderRole: [{ Service: 'lambda.amazonaws.com' }],
    });
  });

  it('uses one managed policy: the one AWS documents for the account-wide logging role', () => {
    const managed = resources<{ ManagedPolicyArns?: string[] }>(everything, 'AWS::IAM::Role').flatMap(
      ({ Properties }) => Properties.ManagedPolicyArns ?? [],
    );
    expect(managed).toEqual([
      'arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs',
    ]);
  });

  it('gives other accounts no access, and nothing outside the stack access to the function', () => {
    everything.resourceCountIs('AWS::Lambda::Permission', 0);
    everything.resourceCountIs('AWS::Lambda::Url', 0);
    everything.resourceCountIs('AWS::SecretsManager::ResourcePolicy', 0);
  });
});
