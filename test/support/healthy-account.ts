import { ACMClient, DescribeCertificateCommand } from '@aws-sdk/client-acm';
import {
  APIGatewayClient,
  GetAccountCommand,
  GetApiKeyCommand,
  GetUsagePlanCommand,
  GetUsagePlanKeysCommand,
} from '@aws-sdk/client-api-gateway';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  GetFunctionConcurrencyCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetTopicAttributesCommand, ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import type { Template } from '../../relay/doctor/template';

export const accountId = '111122223333';
const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:eu-west-1:${accountId}:${resource}`;
const queueUrl = (name: string): string => `https://sqs.eu-west-1.amazonaws.com/${accountId}/${name}`;

export const topicArns = {
  page: arn('sns', 'pager'),
  ticket: arn('sns', 'ClevertapToHeapDev-Ticket'),
};
export const forwarderArn = arn('lambda', 'function:forwarder');
export const urls = { buffer: queueUrl('Buffer'), deadLetters: queueUrl('DeadLetters') };

/** An error of an AWS service. */
export const awsError = (name: string, message = 'AWS says so'): Error =>
  Object.assign(new Error(message), { name, $metadata: {} });

/** The SDK's error when a policy does not allow a call. */
export const accessDenied = (action: string): Error =>
  awsError('AccessDeniedException', `User: arn:aws:iam::1:user/x is not authorized to perform: ${action}`);

const outputs = {
  WebhookUrl: 'https://hooks.clevertap-to-heap.dev/webhook',
  ApiKeyIdblue: 'key-blue',
  ApiKeyIdgreen: 'key-green',
  UsagePlanId: 'plan-1',
  ApiId: 'api-1',
  StageName: 'v1',
  HeapTokensSecret: 'HeapTokens',
  ForwarderArn: forwarderArn,
  EventBufferUrl: urls.buffer,
  DeadLetterQueueUrl: urls.deadLetters,
  AlarmTopicPage: topicArns.page,
  AlarmTopicTicket: topicArns.ticket,
};

const tlsOnly = (name: string): string =>
  // As SQS stores it: on one line, with the keys in the given order.
  `{"Statement":[{"Action":"sqs:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","Principal":{"AWS":"*"},"Resource":"${arn('sqs', name)}"}],"Version":"2012-10-17"}`;

const queue = (name: string, attributes: Record<string, string>): Record<string, string> => ({
  QueueArn: arn('sqs', name),
  ApproximateNumberOfMessages: '0',
  ApproximateNumberOfMessagesNotVisible: '0',
  ApproximateNumberOfMessagesDelayed: '0',
  CreatedTimestamp: '1790000000',
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  Policy: tlsOnly(name),
  SqsManagedSseEnabled: 'true',
  ...attributes,
});

/**
 * A healthy account with the environment `dev`: AWS's responses by command. Tests change single responses. The
 * settings are `allSettings` of test/support/synth.ts.
 */
export function healthyAccount(now: number) {
  const account = {
    sts: mockClient(STSClient),
    ssm: mockClient(SSMClient),
    acm: mockClient(ACMClient),
    sns: mockClient(SNSClient),
    lambda: mockClient(LambdaClient),
    cloudFormation: mockClient(CloudFormationClient),
    cloudWatch: mockClient(CloudWatchClient),
    apiGateway: mockClient(APIGatewayClient),
    secrets: mockClient(SecretsManagerClient),
    sqs: mockClient(SQSClient),
  };
  account.sts
    .on(GetCallerIdentityCommand)
    .resolves({ Account: accountId, Arn: `arn:aws:iam::${accountId}:user/ana` });
  account.ssm
    .on(GetParameterCommand, { Name: '/cdk-bootstrap/hnb659fds/version' })
    .resolves({ Parameter: { Value: '21' } });
  account.acm.on(DescribeCertificateCommand).resolves({
    Certificate: {
      Status: 'ISSUED',
      DomainName: 'clevertap-to-heap.dev',
      SubjectAlternativeNames: ['clevertap-to-heap.dev', '*.clevertap-to-heap.dev'],
      NotAfter: new Date(now + 90 * 86_400_000),
    },
  });
  account.sns
    .on(GetTopicAttributesCommand, { TopicArn: topicArns.page })
    .resolves({ Attributes: { TopicArn: topicArns.page } })
    .on(ListSubscriptionsByTopicCommand, { TopicArn: topicArns.page })
    .resolves({
      Subscriptions: [
        {
          SubscriptionArn: `${topicArns.page}:1`,
          Protocol: 'https',
          Endpoint: 'https://events.pager.test/integration/token-pii',
        },
      ],
    })
    .on(ListSubscriptionsByTopicCommand, { TopicArn: topicArns.ticket })
    .resolves({
      Subscriptions: ['ana', 'ben'].map((name) => ({
        SubscriptionArn: `${topicArns.ticket}:${name}`,
        Protocol: 'email',
        Endpoint: `${name}@clevertap-to-heap.dev`,
      })),
    });
  account.lambda.on(ListEventSourceMappingsCommand, { EventSourceArn: arn('sqs', 'Buffer') }).resolves({
    EventSourceMappings: [
      {
        UUID: 'mapping-1',
        State: 'Enabled',
        FunctionArn: forwarderArn,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      },
    ],
  });
  account.lambda.on(GetFunctionConcurrencyCommand, { FunctionName: forwarderArn }).resolves({});
  account.cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [stack()] });
  account.apiGateway
    .on(GetAccountCommand)
    .resolves({ cloudwatchRoleArn: `arn:aws:iam::${accountId}:role/api-gateway-logs` })
    .on(GetUsagePlanCommand)
    .resolves({ apiStages: [{ apiId: 'api-1', stage: 'v1' }] })
    .on(GetUsagePlanKeysCommand)
    .resolves({ items: [{ id: 'key-blue' }, { id: 'key-green' }] })
    .on(GetApiKeyCommand)
    .resolves({ enabled: true });
  account.secrets
    .on(GetSecretValueCommand, { SecretId: 'HeapTokens' })
    .resolves({ SecretString: '{"appId":"77777"}' });
  account.cloudWatch.on(GetMetricDataCommand).resolves({ MetricDataResults: [] });
  account.sqs
    .on(GetQueueAttributesCommand, { QueueUrl: urls.buffer })
    .resolves({ Attributes: bufferAttributes() })
    .on(GetQueueAttributesCommand, { QueueUrl: urls.deadLetters })
    .resolves({ Attributes: deadLetterAttributes() });
  return {
    ...account,
    /** The stack's template, as `GetTemplate` returns it, and its alarms. */
    deploy: (template: Template): void => {
      account.cloudWatch.on(DescribeAlarmsCommand).resolves(alarmsOf(template));
      account.cloudFormation
        .on(GetTemplateCommand)
        .resolves({ TemplateBody: JSON.stringify(template, null, 1).replace(/[^\u0000-\u007F]/g, '?') });
    },
    restore: (): void => {
      for (const client of Object.values(account)) client.restore();
    },
  };
}

/** The `DescribeAlarms` response for the alarms in a template. */
export function alarmsOf({ Resources }: Template) {
  const alarms = (type: string) =>
    Object.values(Resources)
      .filter(({ Type }) => Type === `AWS::CloudWatch::${type}`)
      .map(({ Properties = {} }) => ({
        AlarmName: String(Properties['AlarmName']),
        StateValue: 'OK' as const,
        ActionsEnabled: true,
      }));
  return { MetricAlarms: alarms('Alarm'), CompositeAlarms: alarms('CompositeAlarm') };
}

export const bufferAttributes = (changes: Record<string, string> = {}): Record<string, string> =>
  queue('Buffer', {
    MessageRetentionPeriod: '604800',
    VisibilityTimeout: '780',
    RedrivePolicy: `{"deadLetterTargetArn":"${arn('sqs', 'DeadLetters')}","maxReceiveCount":60}`,
    ...changes,
  });

export const deadLetterAttributes = (changes: Record<string, string> = {}): Record<string, string> =>
  queue('DeadLetters', { MessageRetentionPeriod: '1209600', VisibilityTimeout: '30', ...changes });

export const stack = (changes: Partial<Stack> = {}): Stack => ({
  StackName: 'ClevertapToHeapDev',
  StackId: arn('cloudformation', 'stack/ClevertapToHeapDev/1'),
  CreationTime: new Date(0),
  StackStatus: 'UPDATE_COMPLETE',
  Outputs: Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
  ...changes,
});
