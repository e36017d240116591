import { Annotations, App, CfnOutput, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { readAssembly } from '../../../relay/doctor/synthesis';
import { canonical, differences, parseTemplate, templateSchema } from '../../../relay/doctor/template';

const template = templateSchema.parse({
  Description: 'Café',
  Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: 1 } } },
});

describe('differences', () => {
  test("ignores CDK's own metadata and CloudFormation's question marks for accents", () => {
    const deployed = parseTemplate(
      JSON.stringify({
        ...template,
        Description: 'Caf?',
        Conditions: { CDKMetadataAvailable: {} },
        Resources: {
          Queue: { ...template.Resources['Queue'], Metadata: { 'aws:cdk:path': 'Stack/Queue' } },
          CDKMetadata: { Type: 'AWS::CDK::Metadata' },
        },
      }),
    );

    expect(differences(deployed, template)).toEqual([]);
  });

  test.each([
    [
      'a property',
      { Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: 2 } } } },
      'Queue',
    ],
    ['a missing resource', { Resources: {} }, 'Queue'],
    ['an output', { Outputs: { Url: { Value: 'x' } } }, 'Outputs'],
    ['a condition', { Conditions: { Mine: {} } }, 'Conditions'],
    ['a missing section', { Description: undefined }, 'Description'],
  ])('%s is one', (_, change, name) => {
    expect(differences(template, templateSchema.parse({ ...template, ...change }))).toEqual([name]);
  });

  test("another app's template is an explained error", () => {
    expect(() => parseTemplate('Resources: {}')).toThrow('the deployed template is not JSON');
    expect(() => parseTemplate('{}')).toThrow('the deployed template has no resources');
  });
});

test('an unknown reference is an error, never an equal value', () => {
  expect(() => canonical({ 'Fn::GetAtt': ['Other', 'Arn'] }, new Map([['Queue', 'arn']]))).toThrow(
    'cannot resolve Fn::GetAtt',
  );
});

test('an assembly has the template, the warnings and the required bootstrap version', () => {
  const app = new App();
  const stack = new Stack(app, 'Test');
  new CfnOutput(stack, 'Url', { value: new Queue(stack, 'Queue').queueUrl });
  Annotations.of(stack).addWarningV2('test:nobody', 'nobody is told');
  const { template: synthesized, warnings, bootstrap } = readAssembly(app.synth().directory, 'Test');

  expect(Object.values(synthesized.Resources).map(({ Type }) => Type)).toContain('AWS::SQS::Queue');
  expect(warnings).toEqual(['nobody is told']);
  expect(bootstrap).toEqual({ parameter: '/cdk-bootstrap/hnb659fds/version', version: 6 });
});
