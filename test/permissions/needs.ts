import { account, region, stackName, type DeployedStack } from '../support/iam/deployed-policies';

/** The policies of `lib/access`, each of which allows all that those before it allow. */
export const levels = ['reader', 'smoke', 'operator'] as const;
export type Level = (typeof levels)[number];

/** What IAM checks a call on: an action, and one ARN or `*` where the action knows no resource. */
export type Need = readonly [action: string, resource: string];

/** The resources of a stack by what they are here. */
export interface Names {
  readonly eventBuffer: string;
  readonly deadLetterQueue: string;
  readonly secret: string;
  /** As CloudWatch Logs asks for a group ("Overview of managing access permissions"), and for a stream of one. */
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
    // As CloudFormation asks for a stack that is there; for one that is not, the id is `*`.
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
 * What each command of the SDK needs that the function sends. The actions are those of the Service Authorization
 * Reference, which says of each operation what it authorizes.
 */
export const functionCommands: Readonly<Record<string, (names: Names) => Need[]>> = {
  'secrets-manager GetSecretValue': ({ secret }) => on('secretsmanager:GetSecretValue', secret),
  'sqs ChangeMessageVisibilityBatch': ({ eventBuffer }) => on('sqs:ChangeMessageVisibility', eventBuffer),
  'sqs SendMessageBatch': ({ deadLetterQueue, eventBuffer }) =>
    on('sqs:SendMessage', deadLetterQueue, eventBuffer),
};

/** What Lambda does with the function's role: it polls the queue, and writes the log. */
export const lambdaNeeds = ({ eventBuffer, forwarderLogStream }: Names): Need[] => [
  ...on('sqs:ReceiveMessage', eventBuffer),
  ...on('sqs:DeleteMessage', eventBuffer),
  ...on('sqs:GetQueueAttributes', eventBuffer),
  ...on('logs:CreateLogStream', forwarderLogStream),
  ...on('logs:PutLogEvents', forwarderLogStream),
  // Nobody needs this one: CDK grants it with every queue that is consumed.
  ...on('sqs:GetQueueUrl', eventBuffer),
];

export const apiGatewayNeeds = ({ eventBuffer }: Names): Need[] => on('sqs:SendMessage', eventBuffer);

/** From which policy on a command is allowed, and what it needs. */
interface CommandNeeds {
  readonly from: Level;
  readonly needs: (names: Names) => Need[];
}

const from = (level: Level, needs: (names: Names) => Need[]): CommandNeeds => ({ from: level, needs });

/** What each command of the SDK needs that the operator's commands send; a new command gets its line here. */
export const operatorCommands: Readonly<Record<string, CommandNeeds>> = {
  'acm DescribeCertificate': from('reader', ({ certificate }) => on('acm:DescribeCertificate', certificate)),
  'api-gateway GetAccount': from('reader', () => on('apigateway:GET', apiGateway('account'))),
  'api-gateway GetApiKey': from('smoke', ({ apiKeys }) => on('apigateway:GET', ...apiKeys)),
  'api-gateway GetUsagePlan': from('reader', ({ usagePlan }) => on('apigateway:GET', usagePlan)),
  // Its answer holds the values of the keys.
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
  // To the buffer when letters are redriven, to the dead letters when the events of one person are taken out of one.
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

/** What SQS checks besides for a task that moves messages. */
const takenFrom = (queue: string): Need[] => [
  ...on('sqs:ReceiveMessage', queue),
  ...on('sqs:DeleteMessage', queue),
  ...on('sqs:GetQueueAttributes', queue),
];

/** What the commands of the AWS CLI need that docs/runbook.md tells people to type. */
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
 * What nobody here may do with anything, of each service that something is allowed of: the worst that it knows. That
 * what is allowed is allowed to those alone who need it follows from the needs themselves.
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

/** Resources of the same account that are not this stack's, one of each kind at least. */
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
