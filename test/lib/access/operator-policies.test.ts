import { allSettings } from '../../support/settings';
import { synthTemplate } from '../../support/synth';
import { addStack, newApp } from '../../support/test-stack';
import { Template } from 'aws-cdk-lib/assertions';
import { resource, resources } from '../../support/template';

interface ManagedPolicy {
  Description: string;
  ManagedPolicyName?: string;
  Path: string;
  Roles?: unknown;
  PolicyDocument: { Statement: { Action: string | string[]; Resource: string | string[] }[] };
}

const template = synthTemplate();
const everything = synthTemplate(allSettings);
const policyOf = (from: Template, path: string) =>
  resource<ManagedPolicy>(from, 'AWS::IAM::ManagedPolicy', `OperatorPolicies${path}`);

/** Every action paired with each of its resources. */
const grants = (from: Template, path: string): string[] =>
  policyOf(from, path).Properties.PolicyDocument.Statement.flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap((action) => [Resource].flat().map((on) => `${action} ${on}`)),
  );

it.each(['ReaderABD3D3DC', 'Smoke27DB96D0', 'Operator0A5E6B4A'])(
  '%s keeps its logical id and is never replaced: an attached policy cannot be deleted',
  (id) => {
    for (const each of [template, everything]) {
      const { logicalId, Properties } = policyOf(each, id);
      expect(logicalId).toBe(`OperatorPolicies${id}`);
      expect(Properties).toMatchObject({ Description: '', Path: '/' });
      expect(Properties).not.toHaveProperty('ManagedPolicyName');
      // Roles are assigned outside the stack, where operators and pipelines are known.
      for (const holders of ['Roles', 'Users', 'Groups']) expect(Properties).not.toHaveProperty(holders);
    }
  },
);

it('F73 each policy includes the one before it', () => {
  const [reader, smoke, operator] = ['Reader', 'Smoke', 'Operator'].map((path) => grants(everything, path));
  expect(smoke).toEqual(expect.arrayContaining(reader!));
  expect(operator).toEqual(expect.arrayContaining(smoke!));
  expect([reader, smoke, operator].map((each) => each!.length)).toEqual(
    [...new Set([reader!.length, smoke!.length, operator!.length])].sort((one, other) => one - other),
  );
});

it('F66 F46 the reader cannot read events, keys or the secret', () => {
  expect(grants(everything, 'Reader').filter((grant) => /sqs:(?!GetQueueAttributes)/.test(grant))).toEqual(
    [],
  );
  expect(
    grants(everything, 'Reader').filter((grant) => /\/(apikeys|keys)|GetSecretValue/.test(grant)),
  ).toEqual([]);
  expect(
    grants(everything, 'Smoke').filter((grant) => /\/(apikeys|keys)|GetSecretValue/.test(grant)),
  ).toHaveLength(4);
});

it('allows reading the alarm topics, own or imported, and no topic without alarms', () => {
  const topics = (from: Template) =>
    grants(from, 'Reader').flatMap((grant) => /^sns:ListSubscriptionsByTopic (.*)/.exec(grant)?.[1] ?? []);
  const own = resource(everything, 'AWS::SNS::Topic').logicalId;
  expect(topics(everything).sort()).toEqual([`\${${own}}`, 'arn:aws:sns:eu-west-1:111122223333:pager']);
  expect(topics(template)).toEqual([]);
});

it('allows reading the certificate if there is a domain', () => {
  const ofCertificates = (from: Template) =>
    grants(from, 'Reader').filter((grant) => grant.startsWith('acm:'));
  expect(ofCertificates(everything)).toEqual([
    `acm:DescribeCertificate ${allSettings.domain.certificateArn}`,
  ]);
  expect(ofCertificates(template)).toEqual([]);
});

it("allows reading the version of the stack's bootstrap", () => {
  const app = newApp();
  app.node.setContext('@aws-cdk/core:bootstrapQualifier', 'mine');
  const grant = grants(Template.fromStack(addStack(app)), 'Reader').find((each) => each.startsWith('ssm:'));
  expect(grant).toMatch(/:parameter\/cdk-bootstrap\/mine\/version$/);
});

it('fits into a managed policy: 6144 characters without white space', () => {
  const apiKeys = ['a', 'b', 'c', 'd', 'e'];
  const large = synthTemplate({ ...allSettings, apiKeys });
  for (const { Properties } of resources<ManagedPolicy>(large, 'AWS::IAM::ManagedPolicy')) {
    // A logical id may expand to a name three times as long.
    const text = JSON.stringify(Properties.PolicyDocument).replace(/\$\{[\w.:]+\}/g, '$&$&$&');
    expect(text.length).toBeLessThan(6144);
  }
});
