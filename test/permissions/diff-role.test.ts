import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { account, DeployedStack, region } from '../support/iam/deployed-policies';
import { testStackName as stackName } from '../support/settings';
import { decide } from '../support/iam/evaluate-policy';
import { allSettings } from '../support/settings';
import { synthesizedTemplate } from '../support/synthesized';
import { diffPolicy } from './diff-policy';
import { forbiddenActions, foreignResources, namesOf } from './needs';

const stack = new DeployedStack(synthesizedTemplate('allSettings'));
const { stack: stackArn, ...others } = namesOf(stack, allSettings.domain.certificateArn);
const decision = (action: string, resource: string): string =>
  decide({ principal: { identity: 'diff' }, action, resource, context: {} }, [diffPolicy()]);

const reads = ['cloudformation:DescribeStacks', 'cloudformation:GetTemplate'];
const own = [stackArn, `arn:aws:cloudformation:${region}:${account}:stack/${stackName}/*`];

it.each(reads)('F73 the diff role may %s, whether the stack exists or not', (action) => {
  expect(own.map((arn) => decision(action, arn))).toEqual(['allowed', 'allowed']);
});

it('F73 the diff role may do nothing else: code from pull requests runs with it', () => {
  const actions = [
    ...reads,
    ...forbiddenActions,
    'apigateway:GET',
    'cloudformation:CreateChangeSet',
    'cloudformation:ListStacks',
    'logs:FilterLogEvents',
    'secretsmanager:GetSecretValue',
    'sqs:GetQueueAttributes',
    'sqs:ReceiveMessage',
    'sts:AssumeRole',
  ];
  const resources = [...own, ...Object.values(others).flat(), ...foreignResources, '*'];
  const allowed = actions.flatMap((action) =>
    resources.filter((arn) => decision(action, arn) === 'allowed').map((arn) => `${action} ${arn}`),
  );
  expect(allowed.sort()).toEqual(reads.flatMap((action) => own.map((arn) => `${action} ${arn}`)).sort());
});

it('F73 the workflow compares templates, which needs no other role', () => {
  const workflow = readFileSync(join(__dirname, '../../.github/workflows/deploy.yml'), 'utf8');
  const diffs = workflow.split('\n').filter((line) => /\bcdk diff\b/.test(line));
  expect(diffs).not.toEqual([]);
  for (const line of diffs) expect(line).toContain('--method template');
});
