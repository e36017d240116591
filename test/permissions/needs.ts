import { account, region, type DeployedStack } from '../support/iam/deployed-policies';
import { testStackName as stackName } from '../support/settings';

/** The policies of `lib/access`. Each one includes the permissions of those before it. */
export const levels = ['reader', 'smoke', 'operator'] as const;
export type Level = (typeof levels)[number];

/** What IAM checks: an action and an ARN, or `*` if the action has no resource. */
export type Need = readonly [action: string, resource: string];

/** The resources of a stack by their role in this app. */
export interface Names {
  readonly eventBuffer: string;
  readonly deadLetterQueue: string;
  readonly secret: string;
  /** ARNs that CloudWatch Logs checks for a group ("Overview of managing access permissions") and for its streams. */
  readonly accessLog: string;
  readonly forwarderLog: string;
  readonly forwarderLogStream: string;
  readonly stack: string;
  readonly apiKeys: readonly string[];
  readonly usagePlan: string;
  readonly function: string;
  readonly eventSourceMapping: string;
  readonly topics: readonly string[];
  readonly certificate: string;
}

const apiGateway = (path: string): string => `arn:aws:apigateway:${region}::/${path}`;
const logGroup = (name: string, stream = ''): string =>
  `arn:aws:logs:${region}:${account}:log-group:${name}:log-stream:${stream}`;

export function namesOf(stack: DeployedStack, certificate: string): Names {
  const log = (path: string): string => stack.attribute('AWS::Logs::LogGroup', path, 'Ref');
  const [usagePlan = ''] = stack.all('AWS::ApiGateway::UsagePlan');
  const [mapping = ''] = stack.all('AWS::Lambda::EventSourceMapping');
  return {
    eventBuffer: stack.attribute('AWS::SQS::Queue', 'EventBufferQueue'),
    deadLetterQueue: stack.attribute('AWS::SQS::Queue', 'EventBufferDeadLetterQueue'),
    secret: stack.attribute('AWS::SecretsManager::Secret', 'HeapTokens', 'Ref'),
    accessLog: logGroup(log('WebhookApiAccessLog')),
    forwarderLog: logGroup(log('HeapForwarderLogGroup')),
    forwarderLogStream: logGroup(log('HeapForwarderLogGroup'), '2026/11/28/[$LATEST]0f1e2d3c'),
    // The ARN that CloudFormation checks for an existing stack. Otherwise the id is `*`.
    stack: `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/0f1e2d3c-0000-4000-8000-000000000000`,
    apiKeys: stack.all('AWS::ApiGateway::ApiKey').map((id) => apiGateway(`apikeys/${id}`)),
    usagePlan: apiGateway(`usageplans/${usagePlan}`),
    function: stack.attribute('AWS::Lambda::Function', 'HeapForwarder'),
    eventSourceMapping: `arn:aws:lambda:${region}:${account}:event-source-mapping:${mapping}`,
    topics: [...stack.all('AWS::SNS::Topic'), `arn:aws:sns:${region}:${account}:pager`],
    certificate,
  };
}

const on = (action: string, ...resources: readonly string[]): Need[] =>
  resources.map((resource) => [action, resource]);

/**
 * What each SDK command sent by the function needs. The actions are from the Service Authorization Reference, which
 * lists the permissions of each operation.
 */
export const functionCommands: Readonly<Record<string, (names: Names) => Need[]>> = {
  'secrets-manager GetSecretValue': ({ secret }) => on('secretsmanager:GetSecretValue', secret),
  'sqs ChangeMessageVisibilityBatch': ({ eventBuffer }) => on('sqs:ChangeMessageVisibility', eventBuffer),
  'sqs SendMessageBatch': ({ deadLetterQueue, eventBuffer }) =>
    on('sqs:SendMessage', deadLetterQueue, eventBuffer),
};

/** What Lambda does with the function's role: poll the queue and write the log. */
export const lambdaNeeds = ({ eventBuffer, forwarderLogStream }: Names): Need[] => [
  ...on('sqs:ReceiveMessage', eventBuffer),
  ...on('sqs:DeleteMessage', eventBuffer),
  ...on('sqs:GetQueueAttributes', eventBuffer),
  ...on('logs:CreateLogStream', forwarderLogStream),
  ...on('logs:PutLogEvents', forwarderLogStream),
  // Not needed: CDK grants it for every queue that is consumed.
  ...on('sqs:GetQueueUrl', eventBuffer),
];

export const apiGatewayNeeds = ({ eventBuffer }: Names): Need[] => on('sqs:SendMessage', eventBuffer);

/** The least policy that allows a command, and what the command needs. */
interface CommandNeeds {
  readonly from: Level;
  readonly needs: (names: Names) => Need[];
}

const from = (level: Level, needs: (names: Names) => Need[]): CommandNeeds => ({ from: level, needs });

/** What each SDK command sent by the operator's commands needs. A new command gets its line here. */
export const operatorCommands: Readonly<Record<string, CommandNeeds>> = {
  'acm DescribeCertificate': from('reader', ({ certificate }) => on('acm:DescribeCertificate', certificate)),
  'api-gateway GetAccount': from('reader', () => on('apigateway:GET', apiGateway('account'))),
  'api-gateway GetApiKey': from('smoke', ({ apiKeys }) => on('apigateway:GET', ...apiKeys)),
  'api-gateway GetUsagePlan': from('reader', ({ usagePlan }) => on('apigateway:GET', usagePlan)),
  // Its response contains the keys' values.
  'api-gateway GetUsagePlanKeys': from('smoke', ({ usagePlan }) => on('apigateway:GET', `${usagePlan}/keys`)),
  'cloudformation DescribeStacks': from('reader', ({ stack }) => on('cloudformation:DescribeStacks', stack)),
  'cloudformation GetTemplate': from('reader', ({ stack }) => on('cloudformation:GetTemplate', stack)),
  'cloudwatch DescribeAlarms': from('reader', () => on('cloudwatch:DescribeAlarms', '*')),
  'cloudwatch GetMetricData': from('reader', () => on('cloudwatch:GetMetricData', '*')),
  'cloudwatch-logs FilterLogEvents': from('reader', ({ accessLog, forwarderLog }) =>
    on('logs:FilterLogEvents', accessLog, forwarderLog),
  ),
  'lambda GetFunctionConcurrency': from('reader', (names) =>
    on('lambda:GetFunctionConcurrency', names.function),
  ),
  'lambda ListEventSourceMappings': from('reader', () => on('lambda:ListEventSourceMappings', '*')),
  'cloudwatch-logs GetQueryResults': from('reader', () => on('logs:GetQueryResults', '*')),
  'cloudwatch-logs StartQuery': from('reader', ({ accessLog, forwarderLog }) =>
    on('logs:StartQuery', accessLog, forwarderLog),
  ),
  'secrets-manager GetSecretValue': from('smoke', ({ secret }) =>
    on('secretsmanager:GetSecretValue', secret),
  ),
  'secrets-manager PutSecretValue': from('operator', ({ secret }) =>
    on('secretsmanager:PutSecretValue', secret),
  ),
  'sns GetTopicAttributes': from('reader', ({ topics }) => on('sns:GetTopicAttributes', ...topics)),
  'sns ListSubscriptionsByTopic': from('reader', ({ topics }) =>
    on('sns:ListSubscriptionsByTopic', ...topics),
  ),
  'sqs CancelMessageMoveTask': from('operator', ({ deadLetterQueue }) => [
    ...on('sqs:CancelMessageMoveTask', deadLetterQueue),
    ...takenFrom(deadLetterQueue),
  ]),
  'sqs ChangeMessageVisibilityBatch': from('operator', ({ deadLetterQueue }) =>
    on('sqs:ChangeMessageVisibility', deadLetterQueue),
  ),
  'sqs DeleteMessageBatch': from('operator', ({ deadLetterQueue }) =>
    on('sqs:DeleteMessage', deadLetterQueue),
  ),
  'sqs GetQueueAttributes': from('reader', ({ eventBuffer, deadLetterQueue }) =>
    on('sqs:GetQueueAttributes', eventBuffer, deadLetterQueue),
  ),
  'sqs ListMessageMoveTasks': from('operator', ({ deadLetterQueue }) => [
    ...on('sqs:ListMessageMoveTasks', deadLetterQueue),
    ...on('sqs:GetQueueAttributes', deadLetterQueue),
  ]),
  'sqs ReceiveMessage': from('operator', ({ deadLetterQueue }) => on('sqs:ReceiveMessage', deadLetterQueue)),
  // To the buffer for a redrive, to the dead-letter queue when one person's events are removed from a dead letter.
  'sqs SendMessage': from('operator', ({ eventBuffer, deadLetterQueue }) =>
    on('sqs:SendMessage', eventBuffer, deadLetterQueue),
  ),
  'sqs StartMessageMoveTask': from('operator', ({ eventBuffer, deadLetterQueue }) => [
    ...on('sqs:StartMessageMoveTask', deadLetterQueue),
    ...takenFrom(deadLetterQueue),
    ...on('sqs:SendMessage', eventBuffer),
  ]),
  'ssm GetParameter': from('reader', () =>
    on('ssm:GetParameter', `arn:aws:ssm:${region}:${account}:parameter/cdk-bootstrap/hnb659fds/version`),
  ),
  // AWS lets every identity ask who it is.
  'sts GetCallerIdentity': from('reader', () => []),
};

/** What SQS checks in addition for a task that moves messages. */
const takenFrom = (queue: string): Need[] => [
  ...on('sqs:ReceiveMessage', queue),
  ...on('sqs:DeleteMessage', queue),
  ...on('sqs:GetQueueAttributes', queue),
];

/** What the AWS CLI commands in docs/runbook.md need. */
export const runbookCommands: Readonly<Record<string, CommandNeeds>> = {
  'cloudformation describe-stacks': from('reader', ({ stack }) => on('cloudformation:DescribeStacks', stack)),
  'lambda get-account-settings': from('reader', () => on('lambda:GetAccountSettings', '*')),
  'lambda get-function-concurrency': from('reader', (names) =>
    on('lambda:GetFunctionConcurrency', names.function),
  ),
  'lambda get-function-recursion-config': from('reader', (names) =>
    on('lambda:GetFunctionRecursionConfig', names.function),
  ),
  'lambda list-event-source-mappings': from('reader', () => on('lambda:ListEventSourceMappings', '*')),
  'lambda put-function-recursion-config': from('operator', (names) =>
    on('lambda:PutFunctionRecursionConfig', names.function),
  ),
  'lambda update-event-source-mapping': from('operator', ({ eventSourceMapping }) =>
    on('lambda:UpdateEventSourceMapping', eventSourceMapping),
  ),
  'secretsmanager describe-secret': from('reader', ({ secret }) =>
    on('secretsmanager:DescribeSecret', secret),
  ),
};

/**
 * The most dangerous actions of each service in use, which no identity may perform on any resource. The needs
 * themselves ensure that all other actions are allowed only to identities that need them.
 */
export const forbiddenActions: readonly string[] = [
  'acm:DeleteCertificate',
  'apigateway:DELETE',
  'apigateway:PATCH',
  'cloudformation:DeleteStack',
  'cloudformation:UpdateStack',
  'cloudwatch:DeleteAlarms',
  'cloudwatch:SetAlarmState',
  'lambda:DeleteEventSourceMapping',
  'lambda:InvokeFunction',
  'lambda:UpdateFunctionCode',
  'logs:DeleteLogGroup',
  'secretsmanager:DeleteSecret',
  'secretsmanager:PutResourcePolicy',
  'sns:Publish',
  'sns:Subscribe',
  'sqs:DeleteQueue',
  'sqs:PurgeQueue',
  'sqs:SetQueueAttributes',
  'ssm:PutParameter',
  'sts:AssumeRole',
  'iam:AttachRolePolicy',
];

/** Resources in the same account that belong to other stacks, at least one of each kind. */
export const foreignResources: readonly string[] = [
  `arn:aws:acm:${region}:${account}:certificate/ffffffff-0000-4000-8000-000000000000`,
  apiGateway('apikeys/another'),
  apiGateway('apikeys'),
  apiGateway('usageplans/another/usage'),
  apiGateway('usageplans/another'),
  apiGateway('usageplans/another/keys'),
  `arn:aws:cloudformation:${region}:${account}:stack/${stackName}2/0f1e2d3c-0000-4000-8000-000000000000`,
  `arn:aws:cloudformation:${region}:${account}:stack/CDKToolkit/0f1e2d3c-0000-4000-8000-000000000000`,
  `arn:aws:cloudwatch:${region}:${account}:alarm:another`,
  `arn:aws:iam::${account}:role/cdk-hnb659fds-lookup-role-${account}-${region}`,
  `arn:aws:iam::${account}:role/cdk-hnb659fds-deploy-role-${account}-${region}`,
  `arn:aws:sts::${account}:assumed-role/another/session`,
  `arn:aws:lambda:${region}:${account}:function:another`,
  `arn:aws:lambda:${region}:${account}:event-source-mapping:another`,
  logGroup('another'),
  logGroup('another', 'stream'),
  `arn:aws:secretsmanager:${region}:${account}:secret:another-Ab12Cd`,
  `arn:aws:sns:${region}:${account}:another`,
  `arn:aws:sqs:${region}:${account}:another`,
  `arn:aws:ssm:${region}:${account}:parameter/another`,
];
