import { DeployedStack, account, region, type DeployedPolicy } from '../support/iam/deployed-policies';
import { testStackName as stackName } from '../support/settings';
import { decide, type PolicyDocument, type Principal } from '../support/iam/evaluate-policy';
import { allSettings } from '../support/settings';
import { synthesizedTemplate } from '../support/synthesized';
import {
  apiGatewayNeeds,
  forbiddenActions,
  foreignResources,
  functionCommands,
  lambdaNeeds,
  levels,
  namesOf,
  operatorCommands,
  runbookCommands,
  type Need,
} from './needs';

// Two topics, one of them the stack's own, and a custom domain.
const stack = new DeployedStack(synthesizedTemplate('allSettings'));
const names = namesOf(stack, allSettings.domain.certificateArn);
export const deployed = stack.policies();

const administrator: PolicyDocument = {
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};

/** Callers, each with only these policies of the stack, by the logical id or role that has the policies. */
interface Actor {
  readonly name: string;
  readonly principal: Principal;
  readonly has: (policy: DeployedPolicy) => boolean;
  /** Policies from elsewhere. */
  readonly others?: readonly PolicyDocument[];
}

const roleActor = (name: string, path: string): Actor => {
  const role = stack.attribute('AWS::IAM::Role', path, 'Ref');
  return {
    name,
    principal: { identity: role },
    has: ({ kind, of }) => kind === 'identity' && of.includes(role),
  };
};

const policyActor = (name: string, path: string): Actor => ({
  name,
  principal: { identity: name },
  has: ({ kind, logicalId }) => kind === 'identity' && logicalId.startsWith(`OperatorPolicies${path}`),
});

const apiGateway = roleActor('the role of API Gateway', 'WebhookApiSendMessageRole');
const forwarder = roleActor('the role of the function', 'HeapForwarderRole');
const people = {
  reader: policyActor('reader', 'Reader'),
  smoke: policyActor('smoke', 'Smoke'),
  operator: policyActor('operator', 'Operator'),
};
const stranger: Actor = {
  name: 'somebody of the account',
  principal: { identity: 'nobody' },
  has: () => false,
};
const admin: Actor = { ...stranger, name: 'an administrator', others: [administrator] };
const service = (name: string): Actor => ({ name, principal: { service: name }, has: () => false });

/** One line of the table. */
interface Row {
  readonly actor: Actor;
  readonly need: Need;
  readonly context: Readonly<Record<string, string>>;
  readonly expected: 'allowed' | 'denied';
}

const https = { 'aws:SecureTransport': 'true' };
const http = { 'aws:SecureTransport': 'false' };
const row = (
  expected: Row['expected'],
  actor: Actor,
  action: string,
  resource: string,
  context: Row['context'] = https,
): Row => ({ actor, need: [action, resource], context, expected });

/** What each identity needs. Nothing else may be allowed. */
const needsOf: readonly [Actor, readonly Need[]][] = [
  [apiGateway, apiGatewayNeeds(names)],
  [forwarder, [...Object.values(functionCommands).flatMap((needs) => needs(names)), ...lambdaNeeds(names)]],
  ...levels.map((level): [Actor, Need[]] => [
    people[level],
    [...Object.values(operatorCommands), ...Object.values(runbookCommands)]
      .filter(({ from }) => levels.indexOf(from) <= levels.indexOf(level))
      .flatMap(({ needs }) => needs(names)),
  ]),
  [stranger, []],
];

export const serviceOf = (arnOrAction: string): string =>
  arnOrAction.startsWith('arn:') ? (arnOrAction.split(':')[2] ?? '') : (arnOrAction.split(':')[0] ?? '');

/** Every meaningful pair of an action and a resource: all needs, and the worst cases. */
const universe: readonly Need[] = (() => {
  const needed = needsOf.flatMap(([, needs]) => needs);
  const accountWide = new Set(needed.filter(([, resource]) => resource === '*').map(([action]) => action));
  const actions = new Set([...needed.map(([action]) => action), ...forbiddenActions]);
  const resources = new Set([...needed.map(([, resource]) => resource), ...foreignResources, names.stack]);
  return [...actions].flatMap((action): Need[] =>
    accountWide.has(action)
      ? [[action, '*']]
      : [...resources]
          .filter((resource) => resource !== '*' && belongsTo(action, resource))
          .map((resource): Need => [action, resource]),
  );
})();

function belongsTo(action: string, resource: string): boolean {
  // A role is assumed by a call to STS.
  if (action === 'sts:AssumeRole') return resource.includes(':role/');
  // CloudWatch Logs checks each action on groups or streams, and a group's policy also applies to its streams.
  const isOfStreams = ['logs:CreateLogStream', 'logs:PutLogEvents'].includes(action);
  return (
    serviceOf(action) === serviceOf(resource) &&
    (serviceOf(action) !== 'logs' || isOfStreams === !resource.endsWith(':log-stream:'))
  );
}

const key = ([action, resource]: Need): string => `${action} ${resource}`;

const identities: readonly Row[] = needsOf.flatMap(([actor, needs]) => {
  const needed = new Set(needs.map(key));
  return universe.map((need) => row(needed.has(key(need)) ? 'allowed' : 'denied', actor, ...need));
});

const alarm = (name: string, owner = account): Record<string, string> => ({
  ...https,
  'aws:SourceArn': `arn:aws:cloudwatch:${region}:${owner}:alarm:${name}`,
  'aws:SourceAccount': owner,
});
const [ownTopic = ''] = stack.all('AWS::SNS::Topic');
const cloudWatch = service('cloudwatch.amazonaws.com');
const role = (path: string): string => stack.attribute('AWS::IAM::Role', path);
const apiGatewayService = service('apigateway.amazonaws.com');
const lambdaService = service('lambda.amazonaws.com');
const anybody = service('a caller from the internet');
const webhook = `arn:aws:execute-api:${region}:${account}:${stack.all('AWS::ApiGateway::RestApi').join()}/v1/POST/webhook`;

/** What AWS services do, and what is denied even to callers with permission. */
const services: readonly Row[] = [
  row('allowed', cloudWatch, 'sns:Publish', ownTopic, alarm(`${stackName}-HeapFailing`)),
  row('denied', cloudWatch, 'sns:Publish', ownTopic, alarm('Another-HeapFailing')),
  row('denied', cloudWatch, 'sns:Publish', ownTopic, alarm(`${stackName}-HeapFailing`, '999999999999')),
  row('denied', cloudWatch, 'sns:Publish', ownTopic, {
    ...alarm(`${stackName}-HeapFailing`),
    'aws:SourceAccount': '999999999999',
  }),
  row('denied', cloudWatch, 'sns:Publish', ownTopic, { ...alarm(`${stackName}-HeapFailing`), ...http }),
  row('denied', cloudWatch, 'sns:Subscribe', ownTopic, alarm(`${stackName}-HeapFailing`)),
  row('denied', service('events.amazonaws.com'), 'sns:Publish', ownTopic, alarm(`${stackName}-HeapFailing`)),

  row('allowed', apiGatewayService, 'sts:AssumeRole', role('WebhookApiSendMessageRole')),
  row('allowed', apiGatewayService, 'sts:AssumeRole', role('WebhookApiRestApiCloudWatchRole')),
  row('allowed', lambdaService, 'sts:AssumeRole', role('HeapForwarderRole')),
  ...[stranger, service('ec2.amazonaws.com')].flatMap((actor) =>
    ['WebhookApiSendMessageRole', 'WebhookApiRestApiCloudWatchRole', 'HeapForwarderRole'].map((path) =>
      row('denied', actor, 'sts:AssumeRole', role(path)),
    ),
  ),
  row('denied', lambdaService, 'sts:AssumeRole', role('WebhookApiSendMessageRole')),
  row('denied', apiGatewayService, 'sts:AssumeRole', role('HeapForwarderRole')),

  row('allowed', anybody, 'execute-api:Invoke', webhook, { 'aws:SourceIp': '52.94.76.7' }),
  row('allowed', anybody, 'execute-api:Invoke', webhook, { 'aws:SourceIp': '2600:1f00::1' }),
  row('denied', anybody, 'execute-api:Invoke', webhook, { 'aws:SourceIp': '198.51.100.7' }),
  row('denied', anybody, 'execute-api:Invoke', webhook, { 'aws:SourceIp': '2001:db9::1' }),
  row('denied', anybody, 'execute-api:ManageConnections', webhook, { 'aws:SourceIp': '52.94.76.7' }),

  // Plain HTTP is always denied, whatever else allows it.
  ...[names.eventBuffer, names.deadLetterQueue].flatMap((queue) =>
    ['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteQueue'].flatMap((action) => [
      row('allowed', admin, action, queue),
      row('denied', admin, action, queue, http),
    ]),
  ),
  row('allowed', admin, 'sns:Publish', ownTopic),
  row('denied', admin, 'sns:Publish', ownTopic, http),
  ...[apiGateway, forwarder].map((actor) => row('denied', actor, 'sqs:SendMessage', names.eventBuffer, http)),
  row('denied', people.operator, 'sqs:DeleteMessage', names.deadLetterQueue, http),
];

export const table = [...identities, ...services];

/** The lines whose result differs from the table. For a change: only lines that its policy affects. */
export const failing = (policies: readonly DeployedPolicy[], changedPolicy?: DeployedPolicy): string[] =>
  table
    .filter(
      ({ actor, need: [, resource] }) =>
        changedPolicy === undefined ||
        (changedPolicy.kind === 'identity' ? actor.has(changedPolicy) : isOn(changedPolicy, resource)),
    )
    .filter(({ actor, need: [action, resource], context, expected }) => {
      const applying = policies
        .filter((policy) => (policy.kind === 'identity' ? actor.has(policy) : isOn(policy, resource)))
        .map(({ document }) => document);
      const request = { principal: actor.principal, action, resource, context };
      const isAllowed = decide(request, [...applying, ...(actor.others ?? [])]) === 'allowed';
      return isAllowed !== (expected === 'allowed');
    })
    .map(({ actor, need, context, expected }) =>
      [expected, actor.name, ...need, ...(context === https ? [] : [JSON.stringify(context)])].join(' '),
    );

const isOn = ({ of }: DeployedPolicy, resource: string): boolean =>
  of.some((arn) => arn === resource || (arn.endsWith('/*') && resource.startsWith(arn.slice(0, -1))));
