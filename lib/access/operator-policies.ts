import { ArnFormat, Aws, Stack, Token, Validations } from 'aws-cdk-lib';
import type { IApiKey, IUsagePlan } from 'aws-cdk-lib/aws-apigateway';
import { ManagedPolicy, PolicyStatement, type IManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

export interface OperatorPoliciesProps {
  /** The queues of accepted webhooks and of dead letters. */
  readonly eventBuffer: IQueue;
  readonly deadLetterQueue: IQueue;
  /** The secret with the Heap app id. */
  readonly heapTokens: ISecret;
  readonly apiKeys: readonly IApiKey[];
  readonly usagePlan: IUsagePlan;
  readonly accessLog: ILogGroup;
  readonly forwarder: IFunction;
  readonly forwarderLog: ILogGroup;
  /** UUID of the event source mapping between the buffer and the forwarder. */
  readonly eventSourceMappingId: string;
  /** ARNs of the topics that alarms notify. */
  readonly alarmTopicArns: readonly string[];
  /** ARN of the custom domain's certificate, if there is a domain. */
  readonly certificateArn: string | undefined;
}

/**
 * Three policies for operators and pipelines of one environment. Each includes the one before it.
 *
 * They have no name and no description: changing either replaces the policy, and IAM refuses to delete an
 * attached one. The old policy would stay attached and never be updated again.
 */
export class OperatorPolicies extends Construct {
  /** Reads counts, logs and settings; no events, keys or secret. */
  readonly reader: IManagedPolicy;
  /** Also reads API key values and the secret, to send test events and run checks after a deployment. */
  readonly smoke: IManagedPolicy;
  /** Also writes the secret, handles dead letters, and stops and starts delivery. */
  readonly operator: IManagedPolicy;

  constructor(scope: Construct, id: string, props: OperatorPoliciesProps) {
    super(scope, id);

    const usagePlan = this.apiGatewayArn(`/usageplans/${props.usagePlan.usagePlanId}`);
    const reading = this.reading(props, usagePlan);
    const credentials = [
      // Listing the keys of a plan returns their values.
      allow(['apigateway:GET'], [...props.apiKeys.map(({ keyArn }) => keyArn), `${usagePlan}/keys`]),
      allow(['secretsmanager:GetSecretValue'], [props.heapTokens.secretArn]),
    ];
    this.reader = this.policy('Reader', reading);
    this.smoke = this.policy('Smoke', [...reading, ...credentials]);
    this.operator = this.policy('Operator', [...reading, ...credentials, ...this.operating(props)]);

    Validations.of(this).acknowledge(
      {
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason: `No resource-level permissions exist for ${accountWide.join(', ')}; all of them only read.`,
      },
      {
        id: `AwsSolutions-IAM5[Resource::${this.stackArn('<AWS::Partition>', '<AWS::Region>', '<AWS::AccountId>', '<AWS::StackName>')}]`,
        reason: 'The wildcard covers the unique id after this stack name; no other stack matches.',
      },
    );
  }

  private reading(props: OperatorPoliciesProps, usagePlan: string): PolicyStatement[] {
    const stack = Stack.of(this);
    const { bootstrapQualifier = '' } = stack.synthesizer;
    return [
      allow(['cloudformation:DescribeStacks', 'cloudformation:GetTemplate'], [this.stackArn(Aws.PARTITION)]),
      allow(
        ['ssm:GetParameter'],
        [
          stack.formatArn({
            service: 'ssm',
            resource: 'parameter',
            resourceName: `cdk-bootstrap/${bootstrapQualifier}/version`,
          }),
        ],
      ),
      allow(['sqs:GetQueueAttributes'], [props.eventBuffer.queueArn, props.deadLetterQueue.queueArn]),
      allow(['apigateway:GET'], [this.apiGatewayArn('/account'), usagePlan]),
      allow(
        ['logs:FilterLogEvents', 'logs:StartQuery'],
        [props.accessLog.logGroupArn, props.forwarderLog.logGroupArn],
      ),
      allow(
        ['lambda:GetFunctionConcurrency', 'lambda:GetFunctionRecursionConfig'],
        [props.forwarder.functionArn],
      ),
      allow(['secretsmanager:DescribeSecret'], [props.heapTokens.secretArn]),
      ...(props.alarmTopicArns.length === 0
        ? []
        : [allow(['sns:GetTopicAttributes', 'sns:ListSubscriptionsByTopic'], props.alarmTopicArns)]),
      ...(props.certificateArn === undefined
        ? []
        : [allow(['acm:DescribeCertificate'], [props.certificateArn])]),
      allow(accountWide, ['*']),
    ];
  }

  private operating(props: OperatorPoliciesProps): PolicyStatement[] {
    return [
      allow(['secretsmanager:PutSecretValue'], [props.heapTokens.secretArn]),
      allow(
        [
          'sqs:ReceiveMessage',
          'sqs:ChangeMessageVisibility',
          'sqs:DeleteMessage',
          // Sends back the rest of a dead letter after the events of one person are removed.
          'sqs:SendMessage',
          'sqs:StartMessageMoveTask',
          'sqs:ListMessageMoveTasks',
          'sqs:CancelMessageMoveTask',
        ],
        [props.deadLetterQueue.queueArn],
      ),
      allow(['sqs:SendMessage'], [props.eventBuffer.queueArn]),
      allow(['lambda:PutFunctionRecursionConfig'], [props.forwarder.functionArn]),
      allow(
        ['lambda:UpdateEventSourceMapping'],
        [
          Stack.of(this).formatArn({
            service: 'lambda',
            resource: 'event-source-mapping',
            resourceName: props.eventSourceMappingId,
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        ],
      ),
    ];
  }

  private policy(id: string, statements: PolicyStatement[]): ManagedPolicy {
    return new ManagedPolicy(this, id, { statements });
  }

  /** The name of a nested stack is known only at deployment. */
  private stackArn(
    partition: string,
    unknownRegion = Aws.REGION,
    unknownAccount = Aws.ACCOUNT_ID,
    unknownStack = Aws.STACK_NAME,
  ): string {
    const { region, account, stackName } = Stack.of(this);
    const known = (value: string, unknown: string): string => (Token.isUnresolved(value) ? unknown : value);
    return `arn:${partition}:cloudformation:${known(region, unknownRegion)}:${known(account, unknownAccount)}:stack/${known(stackName, unknownStack)}/*`;
  }

  /** ARNs of API Gateway's own resources have no account. */
  private apiGatewayArn(path: string): string {
    return Stack.of(this).formatArn({
      service: 'apigateway',
      account: '',
      resource: path,
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    });
  }
}

/** Actions without resource-level permissions, or that hide composite alarms when limited to a resource. */
const accountWide = [
  'cloudwatch:DescribeAlarms',
  'cloudwatch:GetMetricData',
  'lambda:GetAccountSettings',
  'lambda:ListEventSourceMappings',
  'logs:GetQueryResults',
];

const allow = (actions: string[], resources: readonly string[]): PolicyStatement =>
  new PolicyStatement({ actions, resources: [...resources] });
