import { readTemplate, resolveProperties, type Resource } from '../../../local/template';
import { testStackName } from '../settings';
import type { SynthesizedTemplate } from '../synthesized';
import type { PolicyDocument, Statement } from './evaluate-policy';

export const region = 'eu-west-1';
export const account = '111122223333';

/** A policy of a deployed stack. */
export interface DeployedPolicy {
  /** The logical id of the resource that contains it. */
  readonly logicalId: string;
  /** `identity` policies belong to a role or managed policy. The others are attached to a resource. */
  readonly kind: 'identity' | 'resource' | 'trust';
  /** The owner: the role or managed policy, or the ARN of the protected resource. */
  readonly of: readonly string[];
  readonly document: PolicyDocument;
}

const arn = (service: string, resource: string, in_ = account): string =>
  `arn:aws:${service}:${service === 'iam' ? '' : region}:${in_}:${resource}`;

/** CloudFormation's values of `Ref` and `Fn::GetAtt` by resource type (see "Return values" of each). */
const attributes: Readonly<Record<string, (name: string) => Readonly<Record<string, string>>>> = {
  'AWS::SQS::Queue': (name) => ({
    Ref: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
    Arn: arn('sqs', name),
    QueueName: name,
  }),
  'AWS::SecretsManager::Secret': (name) => ({ Ref: arn('secretsmanager', `secret:${name}-Ab12Cd`) }),
  'AWS::IAM::Role': (name) => ({ Ref: name, Arn: arn('iam', `role/${name}`) }),
  'AWS::IAM::ManagedPolicy': (name) => ({ Ref: arn('iam', `policy/${name}`) }),
  'AWS::Logs::LogGroup': (name) => ({ Ref: name, Arn: arn('logs', `log-group:${name}:*`) }),
  'AWS::Lambda::Function': (name) => ({ Ref: name, Arn: arn('lambda', `function:${name}`) }),
  'AWS::Lambda::EventSourceMapping': (name) => ({ Ref: `uuid-of-${name}` }),
  'AWS::ApiGateway::RestApi': (name) => ({ Ref: `id-of-${name}` }),
  'AWS::ApiGateway::ApiKey': (name) => ({ Ref: `id-of-${name}` }),
  'AWS::ApiGateway::UsagePlan': (name) => ({ Ref: `id-of-${name}` }),
  'AWS::SNS::Topic': (name) => ({ Ref: arn('sns', name) }),
};

/** A stack as in an account: the names of its resources, and its policies. */
export class DeployedStack {
  private readonly resources: readonly Resource[];

  constructor(template: SynthesizedTemplate) {
    this.resources = readTemplate(template.toJSON());
  }

  /** The value of an attribute of the only resource of a type whose logical id starts with a path. */
  attribute(type: string, path: string, attribute = 'Arn'): string {
    const found = this.resources.filter(
      (resource) => resource.type === type && resource.logicalId.startsWith(path),
    );
    const [resource] = found;
    if (resource === undefined || found.length > 1) throw new Error(`${found.length} ${type} are ${path}`);
    return this.valueOf(resource.logicalId, attribute) ?? missing(`${resource.logicalId}.${attribute}`);
  }

  /** The `Ref` of every resource of a type. */
  all(type: string): string[] {
    return this.resources
      .filter((resource) => resource.type === type)
      .map(({ logicalId }) => this.valueOf(logicalId, 'Ref') ?? missing(logicalId));
  }

  /** Every policy in the template. */
  policies(): DeployedPolicy[] {
    return this.resources.flatMap((resource) => this.policiesIn(resource));
  }

  private policiesIn(resource: Resource): DeployedPolicy[] {
    const { logicalId, type } = resource;
    if (!typesWithPolicies.has(type)) {
      const element = Object.keys(resource.properties).find((name) => name.includes('Policy'));
      if (element !== undefined && !noPolicies.has(`${type} ${element}`)) {
        throw new Error(`${logicalId} (${type}) has a policy that is not read here: ${element}`);
      }
      return [];
    }
    const properties = resolveProperties(resource, this.deployment, type === restApi ? ['Body'] : []);
    const document = (name: string): PolicyDocument => properties[name] as PolicyDocument;
    const list = (name: string): string[] => properties[name] as string[];
    switch (type) {
      case 'AWS::IAM::Policy':
        return [{ logicalId, kind: 'identity', of: list('Roles'), document: document('PolicyDocument') }];
      case 'AWS::IAM::ManagedPolicy':
        return [{ logicalId, kind: 'identity', of: [logicalId], document: document('PolicyDocument') }];
      case 'AWS::IAM::Role':
        if ('Policies' in properties)
          throw new Error(`${logicalId} has inline policies that are not read here`);
        return [
          {
            logicalId,
            kind: 'trust',
            of: [this.valueOf(logicalId, 'Arn') ?? missing(logicalId)],
            document: document('AssumeRolePolicyDocument'),
          },
        ];
      case 'AWS::SQS::QueuePolicy': {
        const urls = list('Queues');
        const of = urls.map((url) => arn('sqs', url.split('/').at(-1) ?? ''));
        return [{ logicalId, kind: 'resource', of, document: document('PolicyDocument') }];
      }
      case 'AWS::SNS::TopicPolicy':
        return [{ logicalId, kind: 'resource', of: list('Topics'), document: document('PolicyDocument') }];
      default: {
        if (properties['Policy'] === undefined) return [];
        const api = arn('execute-api', `${this.valueOf(logicalId, 'Ref') ?? missing(logicalId)}/*`);
        const { Statement: statements } = document('Policy');
        return [
          { logicalId, kind: 'resource', of: [api], document: { Statement: statements.map(ofThisApi(api)) } },
        ];
      }
    }
  }

  private readonly deployment = {
    region,
    accountId: account,
    stackName: testStackName,
    attributes: (logicalId: string, attribute: string) => this.valueOf(logicalId, attribute),
  };

  private valueOf(logicalId: string, attribute: string): string | undefined {
    const type = this.resources.find((resource) => resource.logicalId === logicalId)?.type ?? '';
    return attributes[type]?.(`${testStackName}-${logicalId}`)[attribute];
  }
}

const restApi = 'AWS::ApiGateway::RestApi';
const typesWithPolicies = new Set([
  'AWS::IAM::Policy',
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Role',
  'AWS::SQS::QueuePolicy',
  'AWS::SNS::TopicPolicy',
  restApi,
]);
/** Properties that are called policies but grant nothing. */
const noPolicies = new Set(['AWS::SQS::Queue RedrivePolicy', 'AWS::ApiGateway::DomainName SecurityPolicy']);

/** API Gateway expands a resource without an ARN to the API's ARN ("API Gateway resource policy examples"). */
const ofThisApi =
  (api: string) =>
  (statement: Statement): Statement => ({
    ...statement,
    Resource: statement.Resource === 'execute-api:/*' ? api : statement.Resource,
  });

function missing(what: string): never {
  throw new Error(`${what} is unknown`);
}
