import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { account, region } from '../support/iam/deployed-policies';
import { testStackName as stackName } from '../support/settings';
import { decide } from '../support/iam/evaluate-policy';
import { allSettings } from '../support/settings';
import { addStack, newApp } from '../support/test-stack';
import { diffPolicy } from './diff-policy';

const root = join(__dirname, '../..');
const app = newApp();
addStack(app, allSettings);
const assembly = app.synth();
const template = JSON.stringify(assembly.getStackByName(stackName).template);
const deployedTemplate = template.replace(
  '"MessageRetentionPeriod":604800',
  '"MessageRetentionPeriod":345600',
);

let isDeployed = true;
/** A stack's ARN as CloudFormation checks it with IAM. */
const arnOf = (stack: string | null): string =>
  `arn:aws:cloudformation:${region}:${account}:stack/${stack ?? '?'}/${isDeployed ? '0f1e2d3c' : '*'}`;

/** The requests to IAM and its decisions. */
const decisions: string[] = [];

interface Answer {
  readonly status: number;
  readonly body: string;
}

const done = (operation: string, result: string): Answer => ({
  status: 200,
  body: `<${operation}Response><${operation}Result>${result}</${operation}Result></${operation}Response>`,
});
const refused = (status: number, code: string, message: string): Answer => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});

/** STS and CloudFormation for a caller with only the policy from the docs. Every identity may ask who it is. */
async function answer(request: IncomingMessage): Promise<Answer> {
  const parameters = new URLSearchParams(await text(request));
  const [, service = ''] = /\/(\w+)\/aws4_request/.exec(request.headers.authorization ?? '') ?? [];
  const operation = parameters.get('Action') ?? 'unknown';
  if (operation === 'GetCallerIdentity') {
    const identity = `<Arn>arn:aws:sts::${account}:assumed-role/diff/session</Arn><Account>${account}</Account>`;
    return done(operation, identity);
  }
  const action = `${service}:${operation}`;
  const resource = parameters.get('RoleArn') ?? arnOf(parameters.get('StackName'));
  const decision = decide({ principal: { identity: 'diff' }, action, resource, context: {} }, [diffPolicy()]);
  decisions.push(`${decision} ${action} ${resource}`);
  if (decision !== 'allowed') return refused(403, 'AccessDenied', `not authorized to perform: ${action}`);
  if (!isDeployed) return refused(400, 'ValidationError', `Stack with id ${stackName} does not exist`);
  return operation === 'DescribeStacks'
    ? done(
        operation,
        `<Stacks><member><StackName>${stackName}</StackName><StackId>${arnOf(stackName)}</StackId>` +
          '<StackStatus>UPDATE_COMPLETE</StackStatus><CreationTime>2026-11-28T00:00:00Z</CreationTime></member></Stacks>',
      )
    : done(
        operation,
        `<TemplateBody>${deployedTemplate.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</TemplateBody>`,
      );
}

const server = createServer((request, response) => {
  void answer(request).then(({ status, body }) => {
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  });
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());
beforeEach(() => decisions.splice(0));

/** Runs the CLI against the server above. */
function diff(...options: readonly string[]): Promise<{ code: unknown; output: string }> {
  const { port } = server.address() as AddressInfo;
  const cli = join(root, 'node_modules/aws-cdk/bin/cdk');
  const env = {
    PATH: process.env['PATH'],
    // Where the CLI caches account information.
    HOME: assembly.directory,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [cli, 'diff', stackName, '--app', assembly.directory, '--no-notices', ...options],
      { cwd: root, env },
      (error, stdout, stderr) => {
        resolve({ code: error?.code ?? 0, output: stdout + stderr });
      },
    );
  });
}

const lookupRole = `arn:aws:iam::${account}:role/cdk-hnb659fds-lookup-role-${account}-${region}`;

describe('with the permissions that docs/deploy.md gives the diff role', () => {
  it("F73 the CDK CLI shows what would change, and needs only the stack's status and template", async () => {
    isDeployed = true;
    const { code, output } = await diff('--method', 'template');
    expect(output).toMatch(/MessageRetentionPeriod\n.*345600\n.*604800/);
    expect(output).toContain('Number of stacks with differences: 1');
    expect(code).toBe(0);
    expect(decisions).toEqual([
      `denied sts:AssumeRole ${lookupRole}`,
      `allowed cloudformation:DescribeStacks ${arnOf(stackName)}`,
      `allowed cloudformation:GetTemplate ${arnOf(stackName)}`,
    ]);
    // As docs/deploy.md explains.
    expect(output).toContain('could not be used to assume');
  });

  it('F73 it shows all of a stack that does not exist yet', async () => {
    isDeployed = false;
    const { code, output } = await diff('--method', 'template');
    expect(output).toContain('[+] AWS::SQS::Queue');
    expect(code).toBe(0);
    expect(decisions.at(-1)).toBe(`allowed cloudformation:DescribeStacks ${arnOf(stackName)}`);
  });

  it('F73 without --method template it asks for the deployment role, too', async () => {
    isDeployed = true;
    await diff();
    expect(decisions.join('\n')).toMatch(/^denied sts:AssumeRole \S+cdk-hnb659fds-deploy-role/m);
  });
});
