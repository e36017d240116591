import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnResource, Stack, Validations, type App } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { createApp } from '../../bin/clevertap-to-heap';
import { environmentNames } from '../../lib/config/environments';
import { allSettings } from '../support/settings';
import { addStack } from '../support/test-stack';

process.env['CDK_VALIDATION'] = 'true';

/** As if the CDK CLI bundled another stack: these are not bundled, but all are checked. */
const withoutBundling = { 'aws:cdk:bundling-stacks': ['Another'] };

/** Every environment, and one that uses every setting. */
function everyStack(): App {
  const app = createApp({ names: environmentNames(), context: withoutBundling });
  addStack(app, allSettings);
  return app;
}

/** The plugins' findings, including warnings, but without this app's own warnings. */
function findings(app: App): object[] {
  const { directory } = app.synth();
  const report = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8')) as {
    pluginReports: { pluginName: string }[];
  };
  return report.pluginReports.filter(({ pluginName }) => pluginName !== 'Construct Annotations');
}

interface Acknowledgement {
  path: string;
  rule: string;
  reason: string;
}

function acknowledgements(app: App): Acknowledgement[] {
  return app.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) =>
        Object.entries(data as Record<string, string>).map(([id, reason]) => ({
          path: node.path,
          rule: id.replace(/^Annotation::/, ''),
          reason,
        })),
      ),
  );
}

it('cdk-nag and the CloudFormation validator find nothing in any environment', () => {
  expect(findings(everyStack())).toEqual([]);
});

describe('the checks find', () => {
  const changed = (change: (stack: Stack) => void) => () => {
    const app = createApp({ names: ['prod'], context: withoutBundling });
    app.node.children.filter((child) => Stack.isStack(child)).forEach(change);
    app.synth();
  };

  it('a queue without TLS', () => {
    expect(changed((stack) => new Queue(stack, 'Plain'))).toThrow('AwsSolutions-SQS4');
  });

  it('a property CloudFormation does not know, which cdk-nag lets pass', () => {
    const synth = changed(
      (stack) =>
        new CfnResource(stack, 'Misspelt', {
          type: 'AWS::ApiGateway::Account',
          properties: { CloudwatchRoleArn: 'arn:aws:iam::111122223333:role/logs' },
        }),
    );
    expect(synth).toThrow(
      /CloudwatchRoleArn: Additional properties are not allowed .*CloudFormation Validate/,
    );
    expect(synth).not.toThrow('AwsSolutions');
  });
});

describe('acknowledgements', () => {
  const app = everyStack();
  const given = acknowledgements(app);

  it('have a meaningful reason', () => {
    expect(given.length).toBeGreaterThan(0);
    for (const { rule, reason } of given) {
      expect([rule, reason]).toEqual([rule, expect.stringMatching(/^[A-Z].{40,}\.$/s)]);
    }
  });

  it('are these', () => {
    // The ARN of a stack differs between environments.
    const rules = given.map(({ rule }) =>
      rule.replace(/arn:.*:cloudformation:.*:stack\/.+(?=\/\*\])/, 'STACK'),
    );
    expect([...new Set(rules)].sort()).toEqual([
      'AwsSolutions-APIG2',
      'AwsSolutions-APIG3',
      'AwsSolutions-APIG4',
      'AwsSolutions-APIG6',
      'AwsSolutions-COG4',
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      'AwsSolutions-IAM5[Resource::*]',
      'AwsSolutions-IAM5[Resource::STACK/*]',
      'AwsSolutions-SMG4',
    ]);
  });

  it('each suppress a finding that exists without them', () => {
    const checks = new AwsSolutionsChecks(app);
    jest
      .spyOn(checks as unknown as { isAcknowledged: () => boolean }, 'isAcknowledged')
      .mockReturnValue(false);
    const { violations } = checks.validateScope(app);
    const found = violations.map(({ ruleName, violatingResources }) => ({
      ruleName,
      paths: violatingResources.map(({ constructPath = '' }) => constructPath),
    }));
    // The policy of the log role is also acknowledged in stacks that do not create the role.
    const perStack = given.filter(({ rule }) => !rule.startsWith('AwsSolutions-IAM4'));
    for (const { rule, path } of perStack) {
      const paths = found.find(({ ruleName }) => ruleName === rule)?.paths ?? [];
      expect([rule, path, paths.filter((each) => each.startsWith(`${path}/`))]).not.toEqual([rule, path, []]);
    }
    expect(found.map(({ ruleName }) => ruleName).sort()).toEqual(
      [...new Set(given.map(({ rule }) => rule))].sort(),
    );
  });

  it('are on the construct itself, not on a stack or the app', () => {
    expect([...new Set(given.map(({ path }) => path.split('/').slice(1).join('/')))].sort()).toEqual([
      'Default/HeapTokens/Secret',
      'Default/OperatorPolicies',
      'Default/WebhookApi/RestApi',
    ]);
  });
});
