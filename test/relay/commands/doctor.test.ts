import { DescribeCertificateCommand } from '@aws-sdk/client-acm';
import {
  GetAccountCommand,
  GetApiKeyCommand,
  GetUsagePlanCommand,
  GetUsagePlanKeysCommand,
} from '@aws-sdk/client-api-gateway';
import { DescribeStacksCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { GetFunctionConcurrencyCommand, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetTopicAttributesCommand, ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { parseEnvironment, type EnvironmentConfig } from '../../../lib/config/environment-config';
import { diagnose, diagnoseStack, report } from '../../../relay/commands/doctor';
import type { Means } from '../../../relay/doctor/check';
import { templateSchema, type Template } from '../../../relay/doctor/template';
import { OperatorError } from '../../../relay/terminal/operator-error';
import {
  accessDenied,
  alarmsOf,
  awsError,
  bufferAttributes,
  deadLetterAttributes,
  forwarderArn,
  healthyAccount,
  stack,
  topicArns,
  urls,
} from '../../support/healthy-account';
import { allSettings, testStackName } from '../../support/settings';
import { synthesizedTemplate } from '../../support/synthesized';

const now = Date.parse('2026-11-28T12:30:00Z');
const hour = 3_600_000;
// Named like the stack of the environment, as its alarms are.
const template = templateSchema.parse(
  JSON.parse(
    JSON.stringify(synthesizedTemplate('allSettings').toJSON()).replaceAll(
      testStackName,
      'ClevertapToHeapDev',
    ),
  ),
);

type Account = ReturnType<typeof healthyAccount>;
let account: Account;
beforeEach(() => {
  account = healthyAccount(now);
  account.deploy(template);
});
afterEach(() => {
  account.restore();
});

interface Case {
  readonly settings?: Partial<typeof allSettings>;
  readonly means?: Partial<Means>;
  readonly preflight?: boolean;
}

function run({ settings = {}, means = {}, preflight = false }: Case = {}) {
  const config: EnvironmentConfig = parseEnvironment('config/dev.ts', { ...allSettings, ...settings });
  return diagnose('dev', preflight, {
    config,
    synthesize: () =>
      Promise.resolve({
        template,
        warnings: [],
        bootstrap: { parameter: '/cdk-bootstrap/hnb659fds/version', version: 6 },
      }),
    now: () => now,
    timeoutMs: 20_000,
    ...means,
  });
}

const notOk = ({ checks }: Awaited<ReturnType<typeof run>>): string[] =>
  checks
    .filter(({ outcome }) => outcome !== 'ok')
    .map(({ name, outcome, found }) => `${outcome}, ${name}: ${found}`);

const checkNames = [
  'credentials',
  'settings',
  'bootstrap',
  'log role',
  'certificate',
  'alarm topics',
  'stack',
  'code',
  'event source mapping',
  'secret',
  'API keys',
  'queues',
  'dead letters',
  'alarms',
  'page recipients',
  'ticket recipients',
];

test('a healthy environment passes every check, and no line holds a secret or an address', async () => {
  const diagnosis = await run();

  expect(notOk(diagnosis)).toEqual([]);
  expect(diagnosis.passed).toBe(true);
  expect(diagnosis.checks.map(({ name }) => name)).toEqual(checkNames);
  expect(report(diagnosis)).not.toMatch(/pii|77777|ana@|ben@/);
});

describe('a stack of another app', () => {
  const pipeline = 'ClevertapToHeapDev';
  const of = { stack: 'Team', construct: undefined };

  beforeEach(() => {
    const { Outputs = [] } = stack();
    account.cloudFormation.on(DescribeStacksCommand).resolves({
      Stacks: [
        stack({
          StackName: 'Team',
          Outputs: [
            ...Outputs,
            {
              OutputKey: 'PipelineName',
              OutputValue: pipeline,
              Description: 'Name; clevertap-to-heap 1.2.3',
            },
          ],
        }),
      ],
    });
    // The app's own alarm is none of ours.
    const Alarm = { Type: 'AWS::CloudWatch::Alarm', Properties: { AlarmName: 'Disk' } };
    account.deploy({ ...template, Resources: { ...template.Resources, Alarm } });
    account.cloudWatch.on(DescribeAlarmsCommand).resolves(alarmsOf(template));
  });

  test('is looked at as it is deployed, without settings', async () => {
    const diagnosis = await diagnoseStack(of, false);

    expect(notOk(diagnosis)).toEqual([]);
    expect(diagnosis).toMatchObject({ environment: pipeline, stackName: 'Team', passed: true });
    expect(diagnosis.checks.map(({ name }) => name)).toEqual([
      'version',
      ...checkNames.slice(checkNames.indexOf('code') + 1),
    ]);
    expect(diagnosis.checks[0]?.found).toBe('clevertap-to-heap 1.2.3');
  });

  test('is told what to do in its own words', async () => {
    account.secrets.on(GetSecretValueCommand).resolves({ SecretString: '{"appId":"REPLACE_ME"}' });
    account.sns.on(ListSubscriptionsByTopicCommand).resolves({});

    const { checks } = await diagnoseStack(of, false);

    const remedies = checks.map(({ remedy }) => remedy ?? '').join('\n');
    expect(remedies).toContain('token set --stack Team');
    expect(remedies).toContain('Set alarms.page in the props of ClevertapToHeap and deploy');
  });

  test('has no settings to look at before a deployment', async () => {
    await expect(diagnoseStack(of, true)).rejects.toThrow(
      '--preflight checks settings, and --stack has none',
    );
  });
});

test('it only reads', async () => {
  await run();

  const { deploy: _, restore: __, ...clients } = account;
  const sent = Object.values(clients).flatMap((client) =>
    client.calls().map(({ args: [command] }) => command.constructor.name),
  );
  expect(sent.filter((name) => !/^(?:Get|List|Describe)/.test(name))).toEqual([]);
  expect(sent).not.toContain('ReceiveMessageCommand');
});

/** Hours before now in which CloudWatch counted dead letters. */
const lettersIn = (hours: readonly number[], letters = 1) => ({
  MetricDataResults: [
    {
      Id: 'letters',
      Timestamps: hours.map((ago) => new Date(Math.floor(now / hour) * hour - ago * hour)),
      Values: hours.map(() => letters),
    },
  ],
});
const since = (days: number): number[] => Array.from({ length: days * 24 + 1 }, (_, ago) => ago);

const changed: Template = {
  ...template,
  Resources: { ...template.Resources, Extra: { Type: 'AWS::SNS::Topic' } },
};

const mapping = (changes: object) => ({
  EventSourceMappings: [
    {
      UUID: 'm',
      State: 'Enabled',
      FunctionArn: forwarderArn,
      FunctionResponseTypes: ['ReportBatchItemFailures' as const],
      ...changes,
    },
  ],
});

const subscription = (name: string, SubscriptionArn = `${topicArns.ticket}:${name}`) => ({
  SubscriptionArn,
  Protocol: 'email',
  Endpoint: `${name}@clevertap-to-heap.dev`,
});

describe('each wrong fact fails its own check', () => {
  test.each<[string, () => unknown, RegExp, Case?]>([
    [
      'an old bootstrap',
      () => account.ssm.on(GetParameterCommand).resolves({ Parameter: { Value: '5' } }),
      /^failed, bootstrap: version 5; at least 6 is needed$/,
    ],
    [
      'no bootstrap',
      () => account.ssm.on(GetParameterCommand).rejects(awsError('ParameterNotFound')),
      /^failed, bootstrap: there is no parameter \/cdk-bootstrap/,
    ],
    [
      'a warning of the synth',
      () => undefined,
      /^failed, settings: nobody is told$/,
      {
        means: {
          synthesize: () =>
            Promise.resolve({
              template,
              warnings: ['nobody is told'],
              bootstrap: { parameter: '/cdk-bootstrap/hnb659fds/version', version: 6 },
            }),
        },
      },
    ],
    [
      'no log role where one must exist',
      () => account.apiGateway.on(GetAccountCommand).resolves({}),
      /^failed, log role: .* the deployment would fail$/,
      { settings: { apiGatewayLogRole: 'exists' } },
    ],
    [
      'a log role that is missing after the deployment',
      () => account.apiGateway.on(GetAccountCommand).resolves({}),
      /^failed, log role: API Gateway no longer has a role .*: there is no access log$/,
    ],
    [
      'a certificate that waits for its DNS record',
      () =>
        account.acm.on(DescribeCertificateCommand).resolves({
          Certificate: { Status: 'PENDING_VALIDATION', DomainName: 'hooks.clevertap-to-heap.dev' },
        }),
      /^failed, certificate: .* is PENDING_VALIDATION$/,
    ],
    [
      'a certificate for another name',
      () =>
        account.acm.on(DescribeCertificateCommand).resolves({
          Certificate: {
            Status: 'ISSUED',
            DomainName: 'clevertap-to-heap.dev',
            SubjectAlternativeNames: ['*.a.clevertap-to-heap.dev'],
          },
        }),
      /^failed, certificate: the certificate is for clevertap-to-heap.dev, \*.a.clevertap-to-heap.dev, not for hooks.clevertap-to-heap.dev$/,
    ],
    [
      'a certificate that is about to expire',
      () =>
        account.acm.on(DescribeCertificateCommand).resolves({
          Certificate: {
            Status: 'ISSUED',
            DomainName: '*.clevertap-to-heap.dev',
            NotAfter: new Date(now + 3 * 24 * hour),
          },
        }),
      /^failed, certificate: the certificate expires in 3 d$/,
    ],
    [
      'a certificate in another region',
      () => account.acm.on(DescribeCertificateCommand).rejects(awsError('ResourceNotFoundException')),
      /^failed, certificate: there is no certificate/,
    ],
    [
      'no topic',
      () => account.sns.on(GetTopicAttributesCommand).rejects(awsError('NotFoundException')),
      /^failed, alarm topics: there is no topic arn:aws:sns/,
    ],
    [
      'a topic that CloudWatch cannot publish to (F72)',
      () =>
        account.sns
          .on(GetTopicAttributesCommand)
          .resolves({ Attributes: { KmsMasterKeyId: 'alias/aws/sns' } }),
      /^failed, alarm topics: .*no notification arrives$/,
    ],
    [
      'a deployment that was rolled back',
      () =>
        account.cloudFormation
          .on(DescribeStacksCommand)
          .resolves({ Stacks: [stack({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' })] }),
      /^failed, stack: UPDATE_ROLLBACK_COMPLETE$/,
    ],
    [
      'a running deployment',
      () =>
        account.cloudFormation
          .on(DescribeStacksCommand)
          .resolves({ Stacks: [stack({ StackStatus: 'UPDATE_IN_PROGRESS' })] }),
      /^failed, stack: UPDATE_IN_PROGRESS: a deployment is running$/,
    ],
    [
      'a template that differs from the code',
      () => {
        account.deploy(changed);
      },
      /^failed, code: .*; different: Extra$/,
    ],
    [
      'termination protection switched off by hand',
      () => undefined,
      /^failed, stack: UPDATE_COMPLETE, but termination protection is off and the settings say on$/,
      { settings: { terminationProtection: true } },
    ],
    [
      'termination protection that the settings do not want',
      () =>
        account.cloudFormation
          .on(DescribeStacksCommand)
          .resolves({ Stacks: [stack({ EnableTerminationProtection: true })] }),
      /^failed, stack: UPDATE_COMPLETE, but termination protection is on and the settings say off$/,
    ],
    [
      'a mapping of another function (F71)',
      () =>
        account.lambda
          .on(ListEventSourceMappingsCommand)
          .resolves(mapping({ FunctionArn: `${forwarderArn}2` })),
      /^failed, event source mapping: another function consumes the event buffer: .*:forwarder2$/,
    ],
    [
      'a function that is never invoked (F71)',
      () => account.lambda.on(GetFunctionConcurrencyCommand).resolves({ ReservedConcurrentExecutions: 0 }),
      /^failed, event source mapping: the reserved concurrency of the function is 0/,
    ],
    [
      'a disabled event source mapping (F71)',
      () => account.lambda.on(ListEventSourceMappingsCommand).resolves(mapping({ State: 'Disabled' })),
      /^failed, event source mapping: the mapping m is Disabled: nothing is delivered$/,
    ],
    [
      'no event source mapping (F71)',
      () => account.lambda.on(ListEventSourceMappingsCommand).resolves({ EventSourceMappings: [] }),
      /^failed, event source mapping: nothing consumes the event buffer$/,
    ],
    [
      'a second consumer',
      () =>
        account.lambda.on(ListEventSourceMappingsCommand).resolves({
          EventSourceMappings: [{ FunctionArn: 'a:b:one' }, { FunctionArn: 'a:b:two' }],
        }),
      /^failed, event source mapping: 2 functions consume the event buffer .*: one, two$/,
    ],
    [
      'an event filter (F22)',
      () =>
        account.lambda
          .on(ListEventSourceMappingsCommand)
          .resolves(mapping({ FilterCriteria: { Filters: [{ Pattern: '{}' }] } })),
      /^failed, event source mapping: the mapping has a filter/,
    ],
    [
      'a mapping that does not report batch item failures (F24)',
      () =>
        account.lambda.on(ListEventSourceMappingsCommand).resolves(mapping({ FunctionResponseTypes: [] })),
      /^failed, event source mapping: the mapping does not report batch item failures/,
    ],
    [
      'the placeholder in the secret (F44)',
      () => account.secrets.on(GetSecretValueCommand).resolves({ SecretString: '{"appId":"REPLACE_ME"}' }),
      /^failed, secret: it holds the placeholder/,
    ],
    [
      'a malformed secret, which is not printed (F46)',
      () => account.secrets.on(GetSecretValueCommand).resolves({ SecretString: 'pii-77777' }),
      /^failed, secret: the secret is not JSON; store \{"appId":"<digits>"\}$/,
    ],
    [
      'a secret that is marked for deletion (F44)',
      () => account.secrets.on(GetSecretValueCommand).rejects(awsError('InvalidRequestException')),
      /^failed, secret: the secret HeapTokens is marked for deletion$/,
    ],
    [
      'a disabled API key',
      () => account.apiGateway.on(GetApiKeyCommand, { apiKey: 'key-green' }).resolves({ enabled: false }),
      /^failed, API keys: the key green \(key-green\) is disabled/,
    ],
    [
      'an API key without a usage plan',
      () => account.apiGateway.on(GetUsagePlanKeysCommand).resolves({ items: [{ id: 'key-green' }] }),
      /^failed, API keys: the key blue \(key-blue\) is not in the usage plan/,
    ],
    [
      'a usage plan for another stage',
      () =>
        account.apiGateway.on(GetUsagePlanCommand).resolves({ apiStages: [{ apiId: 'api-1', stage: 'v2' }] }),
      /^failed, API keys: the usage plan is not that of the stage/,
    ],
    [
      'a deleted API key',
      () => account.apiGateway.on(GetApiKeyCommand).rejects(awsError('NotFoundException')),
      /^failed, API keys: a key or the usage plan of the stack no longer exists$/,
    ],
    [
      'a shorter retention (F17)',
      () =>
        account.sqs
          .on(GetQueueAttributesCommand, { QueueUrl: urls.buffer })
          .resolves({ Attributes: bufferAttributes({ MessageRetentionPeriod: '3600' }) }),
      /^failed, queues: not as deployed: MessageRetentionPeriod of the EventBuffer$/,
    ],
    [
      'another redrive policy',
      () =>
        account.sqs.on(GetQueueAttributesCommand, { QueueUrl: urls.buffer }).resolves({
          Attributes: bufferAttributes({ RedrivePolicy: '{"deadLetterTargetArn":"x","maxReceiveCount":3}' }),
        }),
      /^failed, queues: not as deployed: RedrivePolicy of the EventBuffer$/,
    ],
    [
      'no queue policy (F20, F73)',
      () => {
        const { Policy: _, ...rest } = deadLetterAttributes();
        account.sqs
          .on(GetQueueAttributesCommand, { QueueUrl: urls.deadLetters })
          .resolves({ Attributes: rest });
      },
      /^failed, queues: not as deployed: Policy of the DeadLetterQueue$/,
    ],
    [
      'a queue policy that admits another principal (F73)',
      () =>
        account.sqs.on(GetQueueAttributesCommand, { QueueUrl: urls.deadLetters }).resolves({
          Attributes: deadLetterAttributes({
            Policy: deadLetterAttributes()['Policy']!.replace('"Deny"', '"Allow"'),
          }),
        }),
      /^failed, queues: not as deployed: Policy of the DeadLetterQueue$/,
    ],
    [
      'forgotten dead letters (F63)',
      () => {
        account.sqs
          .on(GetQueueAttributesCommand, { QueueUrl: urls.deadLetters })
          .resolves({ Attributes: deadLetterAttributes({ ApproximateNumberOfMessages: '4' }) });
        account.cloudWatch.on(GetMetricDataCommand).resolves(lettersIn(since(4)));
      },
      /^failed, dead letters: 4 dead letters; the queue has not been empty for 4 d, so the oldest is at most that old$/,
    ],
    [
      'no alarms',
      () => account.cloudWatch.on(DescribeAlarmsCommand).resolves({}),
      /^failed, alarms: missing: ClevertapToHeapDev-/,
    ],
    [
      'one deleted alarm (F72)',
      () => {
        const { MetricAlarms, CompositeAlarms } = alarmsOf(template);
        account.cloudWatch
          .on(DescribeAlarmsCommand)
          .resolves({ MetricAlarms: MetricAlarms.slice(1), CompositeAlarms });
      },
      new RegExp(`^failed, alarms: missing: ${alarmsOf(template).MetricAlarms[0]!.AlarmName}$`),
    ],
    [
      'an alarm in ALARM',
      () =>
        account.cloudWatch.on(DescribeAlarmsCommand).resolves({
          ...alarmsOf(template),
          CompositeAlarms: [
            ...alarmsOf(template).CompositeAlarms,
            { AlarmName: 'ClevertapToHeapDev-A', StateValue: 'ALARM', StateUpdatedTimestamp: new Date(0) },
          ],
        }),
      /^failed, alarms: in ALARM: ClevertapToHeapDev-A since 1970-01-01T00:00:00.000Z$/,
    ],
    [
      'an alarm on the second page',
      () =>
        account.cloudWatch
          .on(DescribeAlarmsCommand)
          .callsFake(({ NextToken }: { NextToken?: string }) =>
            NextToken === undefined
              ? { ...alarmsOf(template), NextToken: 'two' }
              : { MetricAlarms: [{ AlarmName: 'ClevertapToHeapDev-B', StateValue: 'ALARM' }] },
          ),
      /^failed, alarms: in ALARM: ClevertapToHeapDev-B since $/,
    ],
    [
      'an alarm with its actions disabled (F72)',
      () =>
        account.cloudWatch.on(DescribeAlarmsCommand).resolves({
          MetricAlarms: alarmsOf(template).MetricAlarms,
          CompositeAlarms: alarmsOf(template).CompositeAlarms.map((alarm) => ({
            ...alarm,
            ActionsEnabled: false,
          })),
        }),
      /^failed, alarms: actions disabled: ClevertapToHeapDev-/,
    ],
    [
      'a page topic without a recipient (F72)',
      () =>
        account.sns
          .on(ListSubscriptionsByTopicCommand, { TopicArn: topicArns.page })
          .resolves({ Subscriptions: [] }),
      /^failed, page recipients: nobody$/,
    ],
    [
      'an address that has not confirmed (F72)',
      () =>
        account.sns.on(ListSubscriptionsByTopicCommand, { TopicArn: topicArns.ticket }).resolves({
          Subscriptions: [subscription('ana'), subscription('ben', 'PendingConfirmation')],
        }),
      /^failed, ticket recipients: email …@clevertap-to-heap.dev; not confirmed: email …@clevertap-to-heap.dev$/,
    ],
    [
      'an unconfirmed address that SNS deleted after 48 hours (F72)',
      () =>
        account.sns
          .on(ListSubscriptionsByTopicCommand, { TopicArn: topicArns.ticket })
          .resolves({ Subscriptions: [subscription('ana')] }),
      /^failed, ticket recipients: email …@clevertap-to-heap.dev; no longer subscribed: email …@clevertap-to-heap.dev/,
    ],
    [
      'a deleted address on the second page (F72)',
      () =>
        account.sns
          .on(ListSubscriptionsByTopicCommand, { TopicArn: topicArns.ticket })
          .callsFake(({ NextToken }: { NextToken?: string }) =>
            NextToken === undefined
              ? { Subscriptions: [subscription('ana')], NextToken: 'two' }
              : { Subscriptions: [subscription('ben', 'Deleted')] },
          ),
      /^failed, ticket recipients: email …@clevertap-to-heap.dev; no longer subscribed/,
    ],
    [
      'a stack without the topic',
      () => {
        const { Outputs = [], ...rest } = stack();
        const without = Outputs.filter(({ OutputKey }) => OutputKey !== 'AlarmTopicPage');
        account.cloudFormation
          .on(DescribeStacksCommand)
          .resolves({ Stacks: [{ ...rest, Outputs: without }] });
      },
      /^failed, page recipients: nobody: the stack has no topic for them$/,
    ],
  ])('%s', async (...[, breakIt, line, how]) => {
    breakIt();
    const diagnosis = await run(how);

    expect(notOk(diagnosis)).toEqual([expect.stringMatching(line)]);
    expect(diagnosis.passed).toBe(false);
    expect(diagnosis.checks.find(({ outcome }) => outcome === 'failed')?.remedy).toMatch(/\w/);
    expect(report(diagnosis)).not.toMatch(/pii|77777|ana@|ben@/);
  });
});

describe('a check that cannot be made never passes', () => {
  const calls: [check: string, action: string, deny: (error: Error) => unknown][] = [
    ['bootstrap', 'ssm:GetParameter', (error) => account.ssm.on(GetParameterCommand).rejects(error)],
    ['log role', 'apigateway:GET', (error) => account.apiGateway.on(GetAccountCommand).rejects(error)],
    [
      'certificate',
      'acm:DescribeCertificate',
      (error) => account.acm.on(DescribeCertificateCommand).rejects(error),
    ],
    [
      'alarm topics',
      'sns:GetTopicAttributes',
      (error) => account.sns.on(GetTopicAttributesCommand).rejects(error),
    ],
    [
      'event source mapping',
      'lambda:ListEventSourceMappings',
      (error) => account.lambda.on(ListEventSourceMappingsCommand).rejects(error),
    ],
    [
      'event source mapping',
      'lambda:GetFunctionConcurrency',
      (error) => account.lambda.on(GetFunctionConcurrencyCommand).rejects(error),
    ],
    [
      'secret',
      'secretsmanager:GetSecretValue',
      (error) => account.secrets.on(GetSecretValueCommand).rejects(error),
    ],
    ['API keys', 'apigateway:GET', (error) => account.apiGateway.on(GetApiKeyCommand).rejects(error)],
    [
      'alarms',
      'cloudwatch:DescribeAlarms',
      (error) => account.cloudWatch.on(DescribeAlarmsCommand).rejects(error),
    ],
  ];

  test.each(calls)('%s without %s', async (name, action, deny) => {
    deny(accessDenied(action));
    const diagnosis = await run();

    expect(notOk(diagnosis)).toEqual([
      expect.stringMatching(
        `^could not check, ${name}: your AWS user or role lacks the permission ${action}`,
      ),
    ]);
    expect(diagnosis.passed).toBe(false);
  });

  test('every call is tested without its permission', async () => {
    account.cloudFormation.on(GetTemplateCommand).rejects(accessDenied('cloudformation:GetTemplate'));
    account.sns.on(ListSubscriptionsByTopicCommand).rejects(accessDenied('sns:ListSubscriptionsByTopic'));
    account.cloudWatch.on(GetMetricDataCommand).rejects(accessDenied('cloudwatch:GetMetricData'));
    account.sqs
      .on(GetQueueAttributesCommand, { QueueUrl: urls.deadLetters })
      .resolves({ Attributes: deadLetterAttributes({ ApproximateNumberOfMessagesNotVisible: '1' }) });

    expect(notOk(await run()).map((line) => line.slice(0, line.indexOf(':')))).toEqual(
      ['code', 'queues', 'dead letters', 'alarms', 'page recipients', 'ticket recipients'].map(
        (name) => `could not check, ${name}`,
      ),
    );
  });

  test.each([
    ['no count at all', []],
    ['no count of the last two hours', since(4).slice(3)],
  ])('how long dead letters wait, with %s', async (_, hours) => {
    account.sqs
      .on(GetQueueAttributesCommand, { QueueUrl: urls.deadLetters })
      .resolves({ Attributes: deadLetterAttributes({ ApproximateNumberOfMessages: '2' }) });
    account.cloudWatch.on(GetMetricDataCommand).resolves(lettersIn(hours));

    expect(notOk(await run())).toEqual([
      expect.stringMatching(/^could not check, dead letters: 2 dead letters of unknown age: CloudWatch/),
    ]);
  });

  test('a call without a response', async () => {
    jest.useFakeTimers();
    try {
      account.lambda.on(ListEventSourceMappingsCommand).callsFake(() => new Promise(() => undefined));
      let diagnosis: Awaited<ReturnType<typeof run>> | undefined;
      void run().then((done) => (diagnosis = done));
      for (let second = 0; second < 60 && diagnosis === undefined; second += 1) {
        await jest.advanceTimersByTimeAsync(1000);
      }

      expect(diagnosis && notOk(diagnosis)).toEqual([
        'could not check, event source mapping: no answer in 20 s',
      ]);
    } finally {
      jest.useRealTimers();
    }
  });

  test('a stack that may not be described, so nothing in it is checked', async () => {
    account.cloudFormation.on(DescribeStacksCommand).rejects(accessDenied('cloudformation:DescribeStacks'));

    expect(notOk(await run())).toEqual([
      expect.stringMatching(/^could not check, stack: .*cloudformation:DescribeStacks/),
      'not made, what is deployed: needs the stack',
    ]);
  });

  test('a failed synthesis is reported once, and the checks that need it are not made', async () => {
    const diagnosis = await run({
      means: { synthesize: () => Promise.reject(new OperatorError('config/dev.ts: heap: must be …')) },
    });

    expect(notOk(diagnosis)).toEqual(
      ['settings', 'bootstrap', 'code'].map(
        (name) => `could not check, ${name}: config/dev.ts: heap: must be …`,
      ),
    );
  });

  test('no credentials, so nothing on AWS is checked', async () => {
    account.sts
      .on(GetCallerIdentityCommand)
      .rejects(Object.assign(new Error('none found'), { name: 'CredentialsProviderError' }));

    expect(notOk(await run())).toEqual([
      expect.stringMatching(/^could not check, credentials: there are no usable AWS credentials/),
      'not made, account and stack: needs credentials of the right account',
    ]);
  });
});

test('credentials of another account are not used for anything', async () => {
  account.sts.on(GetCallerIdentityCommand).resolves({ Account: '999999999999', Arn: 'arn:…' });

  expect(notOk(await run())).toEqual([
    expect.stringMatching(/^failed, credentials: account 999999999999.*names the account 111122223333$/),
    'not made, account and stack: needs credentials of the right account',
  ]);
  expect(account.cloudFormation.calls()).toEqual([]);
});

describe('before the first deployment', () => {
  const absent = awsError('ValidationError', 'Stack with id ClevertapToHeapDev does not exist');
  beforeEach(() => {
    account.cloudFormation.on(DescribeStacksCommand).rejects(absent);
  });

  test('a missing stack is a failure', async () => {
    const diagnosis = await run();

    expect(notOk(diagnosis)).toEqual([
      'failed, stack: there is no stack ClevertapToHeapDev yet',
      'not made, what is deployed: needs the stack',
    ]);
  });

  test('--preflight checks what the deployment needs, and passes', async () => {
    account.apiGateway.on(GetAccountCommand).resolves({});
    const diagnosis = await run({ preflight: true });

    expect(notOk(diagnosis)).toEqual([]);
    expect(diagnosis.checks.map(({ name }) => name)).toEqual(checkNames.slice(0, 7));
    expect(diagnosis.passed).toBe(true);
  });

  describe.each(['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED'] as const)(
    'a first deployment that failed, %s',
    (status) => {
      test('is replaced by the next one', async () => {
        account.cloudFormation
          .on(DescribeStacksCommand)
          .resolves({ Stacks: [stack({ StackStatus: status, Outputs: [] })] });

        expect(notOk(await run({ preflight: true }))).toEqual([]);
        expect(notOk(await run())[0]).toBe(`failed, stack: ${status}`);
      });

      test.each([true, false])(
        'stops the next one if CDK has protected it, preflight: %s',
        async (preflight) => {
          account.cloudFormation.on(DescribeStacksCommand).resolves({
            Stacks: [stack({ StackStatus: status, EnableTerminationProtection: true, Outputs: [] })],
          });
          const diagnosis = await run({ preflight, settings: { terminationProtection: true } });

          expect(notOk(diagnosis)[0]).toMatch(
            `failed, stack: ${status}: the first deployment failed, and the next`,
          );
          expect(diagnosis.checks.find(({ name }) => name === 'stack')?.remedy).toContain(
            'aws cloudformation update-termination-protection --stack-name ClevertapToHeapDev --no-enable-termination-protection',
          );
        },
      );
    },
  );

  test('--preflight ignores termination protection, which the deployment sets', async () => {
    account.cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [stack()] });

    expect(notOk(await run({ preflight: true, settings: { terminationProtection: true } }))).toEqual([]);
  });

  test('--preflight finds a missing log role before the deployment fails', async () => {
    account.apiGateway.on(GetAccountCommand).resolves({});
    const diagnosis = await run({ preflight: true, settings: { apiGatewayLogRole: 'exists' } });

    expect(notOk(diagnosis)).toEqual([expect.stringMatching(/^failed, log role: /)]);
  });

  test('a change set that was never executed is no stack', async () => {
    account.cloudFormation
      .on(DescribeStacksCommand)
      .resolves({ Stacks: [stack({ StackStatus: 'REVIEW_IN_PROGRESS', Outputs: [] })] });

    expect(notOk(await run())[0]).toBe('failed, stack: there is no stack ClevertapToHeapDev yet');
    expect((await run({ preflight: true })).passed).toBe(true);
  });
});

test('dead letters younger than three days are reported and are no failure; an empty hour resets the age', async () => {
  account.sqs
    .on(GetQueueAttributesCommand, { QueueUrl: urls.deadLetters })
    .resolves({ Attributes: deadLetterAttributes({ ApproximateNumberOfMessages: '1' }) });
  account.cloudWatch.on(GetMetricDataCommand).resolves(lettersIn([...since(1), ...since(5).slice(30)]));
  const diagnosis = await run();

  expect(notOk(diagnosis)).toEqual([]);
  expect(diagnosis.checks.find(({ name }) => name === 'dead letters')?.found).toMatch(
    /^1 dead letter; the queue has not been empty for 1 d/,
  );
});

test('dead letters of only this hour are reported and are no failure', async () => {
  account.sqs
    .on(GetQueueAttributesCommand, { QueueUrl: urls.deadLetters })
    .resolves({ Attributes: deadLetterAttributes({ ApproximateNumberOfMessages: '1' }) });
  account.cloudWatch.on(GetMetricDataCommand).resolves(lettersIn(since(4), 0));
  const diagnosis = await run();

  expect(notOk(diagnosis)).toEqual([]);
  expect(diagnosis.checks.find(({ name }) => name === 'dead letters')?.found).toMatch(
    /^1 dead letter; the queue has not been empty for 30 min/,
  );
});

test("with alarms: 'none' a missing recipient is no failure", async () => {
  const diagnosis = await run({ settings: { alarms: 'none' } });

  expect(notOk(diagnosis)).toEqual([]);
  expect(account.sns.calls()).toEqual([]);
});
