import { decide, type PolicyDocument, type Request, type Statement } from '../support/iam/evaluate-policy';

const queue = 'arn:aws:sqs:eu-west-1:111122223333:mine';
const request: Request = {
  principal: { identity: 'ana' },
  action: 'sqs:SendMessage',
  resource: queue,
  context: { 'aws:SecureTransport': 'true', 'aws:SourceIp': '203.0.113.7' },
};
const allow = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: queue };
const deny = { ...allow, Effect: 'Deny' };
const policy = (...statements: readonly Statement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
});
const decided = (...statements: readonly Statement[]): string => decide(request, [policy(...statements)]);

it('denies what nothing allows', () => {
  expect(decide(request, [])).toBe('denied');
});

it('lets a deny win, whichever policy contains it', () => {
  expect(decided(allow)).toBe('allowed');
  expect(decided(deny, allow)).toBe('explicitly denied');
  expect(decide(request, [policy(allow), policy(deny)])).toBe('explicitly denied');
});

it.each<[string, Partial<Statement>, string]>([
  ['one of several actions', { Action: ['sqs:ReceiveMessage', 'sqs:SendMessage'] }, 'allowed'],
  ['another action', { Action: 'sqs:ReceiveMessage' }, 'denied'],
  ['an action with the same prefix', { Action: 'sqs:SendMessageBatch' }, 'denied'],
  ['an action in another case', { Action: 'SQS:sendmessage'.replace('SQS', 'sqs') }, 'allowed'],
  ['all actions of the service', { Action: 'sqs:*' }, 'allowed'],
  ['all actions of another service', { Action: 'sns:*' }, 'denied'],
  ['all actions', { Action: '*' }, 'allowed'],
  ['another resource', { Resource: `${queue}2` }, 'denied'],
  ['one of several resources', { Resource: [`${queue}2`, queue] }, 'allowed'],
  ['resources with the same prefix', { Resource: 'arn:aws:sqs:eu-west-1:111122223333:m*' }, 'allowed'],
  ['resources with another prefix', { Resource: 'arn:aws:sqs:eu-west-1:111122223333:mines*' }, 'denied'],
  ['all resources', { Resource: '*' }, 'allowed'],
  ['everybody', { Principal: { AWS: '*' } }, 'allowed'],
  ['a service', { Principal: { Service: 'lambda.amazonaws.com' } }, 'denied'],
  ['a condition that holds', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }, 'allowed'],
  ['a condition that does not', { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }, 'denied'],
  [
    'one of several values',
    { Condition: { StringEquals: { 'aws:SecureTransport': ['x', 'true'] } } },
    'allowed',
  ],
  [
    'two conditions, one of which holds',
    { Condition: { Bool: { 'aws:SecureTransport': 'true' }, StringEquals: { 'aws:SourceIp': 'x' } } },
    'denied',
  ],
  ['a key that the request lacks', { Condition: { StringEquals: { 'aws:SourceAccount': '1' } } }, 'denied'],
  [
    'an address in a range',
    { Condition: { NotIpAddress: { 'aws:SourceIp': ['203.0.113.0/24'] } } },
    'denied',
  ],
  [
    'an address outside',
    { Condition: { NotIpAddress: { 'aws:SourceIp': ['203.0.114.0/24', '2001:db8::/32'] } } },
    'allowed',
  ],
  [
    'an address of another kind',
    { Condition: { NotIpAddress: { 'aws:SourceIp': '2001:db8::/32' } } },
    'allowed',
  ],
  [
    'an address that is not known',
    { Condition: { NotIpAddress: { 'aws:VpcSourceIp': '10.0.0.0/8' } } },
    'allowed',
  ],
])('decides on %s', (_, change, expected) => {
  expect(decided({ ...allow, ...change })).toBe(expected);
});

it('compares the ARN of a condition, by prefix if it ends with a wildcard', () => {
  const like = (pattern: string, value?: string) =>
    decide({ ...request, context: value === undefined ? {} : { 'aws:SourceArn': value } }, [
      policy({ ...allow, Condition: { ArnLike: { 'aws:SourceArn': pattern } } }),
    ]);
  const alarm = 'arn:aws:cloudwatch:eu-west-1:111122223333:alarm:Mine-';
  expect(like(`${alarm}*`, `${alarm}HeapFailing`)).toBe('allowed');
  expect(like(`${alarm}*`, alarm.replace('Mine', 'Other'))).toBe('denied');
  expect(like(`${alarm}*`)).toBe('denied');
});

it('allows a service by its name', () => {
  const asking = { ...request, principal: { service: 'lambda.amazonaws.com' } };
  const to = (Service: string | string[]) => policy({ ...allow, Principal: { Service } });
  expect(decide(asking, [to('lambda.amazonaws.com')])).toBe('allowed');
  expect(decide(asking, [to(['sns.amazonaws.com', 'lambda.amazonaws.com'])])).toBe('allowed');
  expect(decide(asking, [to('sns.amazonaws.com')])).toBe('denied');
});

it.each<[string, object]>([
  ['an element', { NotAction: 'sqs:SendMessage' }],
  ['an element', { NotResource: queue }],
  ['an element', { NotPrincipal: '*' }],
  ['an effect', { Effect: 'allow' }],
  ['an action', { Action: 'sqs:Send*' }],
  ['an action', { Action: 'sqs:Send?essage' }],
  ['an action', { Action: 's*:SendMessage' }],
  ['an ARN', { Resource: 'arn:aws:sqs:*:111122223333:mine' }],
  ['an ARN', { Resource: 'arn:aws:sqs:eu-west-1:111122223333:*mine' }],
  ['an ARN', { Resource: 'arn:aws:sqs:eu-west-1:111122223333:min?' }],
  ['an ARN', { Resource: 'arn:aws:sqs:eu-west-1:111122223333:${aws:username}' }],
  ['an ARN', { Resource: 'mine' }],
  ['a principal', { Principal: { AWS: 'arn:aws:iam::111122223333:root' } }],
  ['a principal', { Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/x' } }],
  ['a condition operator', { Condition: { StringLike: { 'aws:PrincipalArn': '*' } } }],
  ['a condition operator', { Condition: { BoolIfExists: { 'aws:SecureTransport': 'false' } } }],
  ['a condition operator', { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'x' } } }],
  ['an ARN of a condition', { Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:sqs:*:*:mine' } } }],
])('rejects %s it does not know: %j', (_, change) => {
  // It must also be found next to elements that do not match.
  const elsewhere = 'Action' in change ? { Resource: `${queue}2` } : { Action: 'sqs:DeleteQueue' };
  for (const statement of [
    { ...allow, ...change },
    { ...allow, ...elsewhere, ...change },
  ]) {
    expect(() => decided(statement)).toThrow('this evaluator does not support the');
  }
});

it('rejects an unknown version of the policy language', () => {
  expect(() => decide(request, [{ Version: '2008-10-17', Statement: [allow] }])).toThrow('2008-10-17');
});
