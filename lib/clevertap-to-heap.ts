import { Annotations, CfnOutput, Duration, Stack, Token } from 'aws-cdk-lib';
import type { IApiKey } from 'aws-cdk-lib/aws-apigateway';
import type { Dashboard, IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { version } from '../package.json';
import { OperatorPolicies } from './access/operator-policies';
import { EventBuffer } from './buffer/event-buffer';
import { checkProps, type CheckedProps, type ClevertapToHeapProps } from './clevertap-to-heap-props';
import { HeapForwarder } from './forward/heap-forwarder';
import { HeapTokensSecret } from './forward/heap-tokens-secret';
import { WebhookApi } from './ingest/webhook-api';
import { Observability } from './observe/observability';
import { PipelineMetrics } from './observe/pipeline-metrics';
import { pipelineName } from './pipeline-name';

// The whole public API.
export { ClevertapToHeapPropsError } from './clevertap-to-heap-props';
export type {
  AlarmProps,
  AlarmRecipients,
  ClevertapToHeapProps,
  HeapLocation,
  MappingProps,
  MappingRuleProps,
  WebhookDomainProps,
} from './clevertap-to-heap-props';
export type { IdentityField, MetricName, RejectionReason } from '../lambda/contract';
export type { MappingRule, PropertyType, SpreadGroup, TemplateJson } from '../lambda/mapping/rule-format';
export type { ExpectedTraffic } from './observe/pipeline-alarms';
export { PipelineMetrics };
export type {
  DoorMetric,
  EventSourceMetric,
  FunctionMetric,
  MetricReading,
  QueueMetric,
  RefusalStatus,
} from './observe/pipeline-metrics';

/**
 * CleverTap → API Gateway → SQS → Lambda → Heap, with alarms, a dashboard and operator policies. After the
 * deployment, store the Heap app id in the secret, and paste the URL and a key into CleverTap.
 *
 * @throws {ClevertapToHeapPropsError} listing every mistake in the props and in rule files
 */
export class ClevertapToHeap extends Construct {
  /** The URL to paste into CleverTap, ending in `/webhook`. */
  readonly webhookUrl: string;
  /** API keys by name. CleverTap sends a key's value in the header `x-api-key`. */
  readonly apiKeys: ReadonlyMap<string, IApiKey>;
  /** The queue that stores every accepted webhook durably. It outlives the stack. */
  readonly eventBuffer: IQueue;
  /** The dead-letter queue. Each message has a reason. It outlives the stack. */
  readonly deadLetterQueue: IQueue;
  /** The function that delivers to Heap. */
  readonly forwarder: IFunction;
  /** The secret that holds the Heap app id, as `{"appId":"<digits>"}`. It outlives the stack. */
  readonly heapTokens: ISecret;
  /** Metrics of every part, for your own graphs and alarms. */
  readonly metrics: PipelineMetrics;
  /** The alarms, those with a recipient first; empty with `alarms: 'none'`. */
  readonly alarms: readonly IAlarm[];
  /** The dashboard: what happens to the events, from top to bottom. */
  readonly dashboard: Dashboard;
  /** Policies to attach to the roles of operators and pipelines. Each includes the one before it. */
  readonly operatorPolicies: {
    readonly reader: IManagedPolicy;
    readonly smoke: IManagedPolicy;
    readonly operator: IManagedPolicy;
  };

  constructor(scope: Construct, id: string, props: ClevertapToHeapProps) {
    super(scope, id);
    const { account, region } = Stack.of(this);
    const checked = checkProps(this.node.path, props, { account: known(account), region: known(region) });
    this.warn(checked);
    const { name, outputPrefix } = pipelineName(this);
    const batchWindow = Duration.seconds(checked.batchWindow);

    const eventBuffer = new EventBuffer(this, 'EventBuffer', {
      visibilityTimeout: HeapForwarder.visibilityTimeout(batchWindow),
    });

    const webhookApi = new WebhookApi(this, 'WebhookApi', {
      name,
      eventBuffer: eventBuffer.queue,
      apiKeys: checked.apiKeys,
      apiGatewayLogRole: checked.apiGatewayLogRole,
      logRetention: checked.logRetention,
      allowedCidrs: checked.allowedCidrs,
      domain: checked.domain,
    });

    const heapTokens = new HeapTokensSecret(this, 'HeapTokens', { name });

    const forwarder = new HeapForwarder(this, 'HeapForwarder', {
      name,
      eventBuffer: eventBuffer.queue,
      deadLetterQueue: eventBuffer.deadLetterQueue,
      heapTokens: heapTokens.secret,
      heapBaseUrl: checked.heap.baseUrl,
      mapping: checked.mapping,
      identityOrder: checked.identityOrder,
      dedupeWindow: Duration.minutes(checked.dedupeWindow),
      maxEventsPerMinute: checked.maxEventsPerMinute,
      batchWindow,
      logRetention: checked.logRetention,
    });

    const observability = new Observability(this, 'Observability', {
      name,
      pipeline: {
        api: webhookApi.api,
        stage: webhookApi.stage,
        accessLog: webhookApi.accessLog,
        eventBuffer: eventBuffer.queue,
        deadLetterQueue: eventBuffer.deadLetterQueue,
        forwarder: forwarder.function,
        forwarderLog: forwarder.log,
        eventSourceMappingId: forwarder.eventSourceMappingId,
        heapTokens: heapTokens.secret,
        forwarderTimeout: HeapForwarder.timeout,
        batchWindow,
      },
      alarms: checked.alarms,
    });

    const policies = new OperatorPolicies(this, 'OperatorPolicies', {
      eventBuffer: eventBuffer.queue,
      deadLetterQueue: eventBuffer.deadLetterQueue,
      heapTokens: heapTokens.secret,
      apiKeys: [...webhookApi.apiKeys.values()],
      usagePlan: webhookApi.usagePlan,
      accessLog: webhookApi.accessLog,
      forwarder: forwarder.function,
      forwarderLog: forwarder.log,
      eventSourceMappingId: forwarder.eventSourceMappingId,
      alarmTopicArns: Object.values(observability.topics ?? {}).map(({ topicArn }) => topicArn),
      certificateArn: checked.domain?.certificate.certificateArn,
    });

    this.webhookUrl = webhookApi.webhookUrl;
    this.apiKeys = webhookApi.apiKeys;
    this.eventBuffer = eventBuffer.queue;
    this.deadLetterQueue = eventBuffer.deadLetterQueue;
    this.forwarder = forwarder.function;
    this.heapTokens = heapTokens.secret;
    this.metrics = observability.metrics;
    this.alarms = observability.alarms;
    this.dashboard = observability.dashboard;
    this.operatorPolicies = policies;

    this.addOutputs(outputPrefix, [
      ['WebhookUrl', webhookApi.webhookUrl, 'Paste this into CleverTap as the Destination URL'],
      ...[...webhookApi.apiKeys].map(([key, { keyId }]): Output => [
        `ApiKeyId${key}`,
        keyId,
        `Id of API key ${key}; its value goes into CleverTap as the header x-api-key`,
      ]),
      [
        'HeapTokensSecret',
        heapTokens.secret.secretName,
        'Secret to store the Heap app id in: {"appId":"<digits>"}',
      ],
      ['EventBufferUrl', eventBuffer.queue.queueUrl],
      ['DeadLetterQueueUrl', eventBuffer.deadLetterQueue.queueUrl],
      ['DashboardUrl', observability.dashboardUrl, 'What happens to the events, from top to bottom'],
      [
        'AlarmTopicPage',
        observability.topics?.page.topicArn,
        'Topic of notices that events are being lost or delayed',
      ],
      [
        'AlarmTopicTicket',
        observability.topics?.ticket.topicArn,
        'Topic of notices that can wait for the next working day',
      ],
      // Looked up by the operator's commands.
      [
        'PipelineName',
        name,
        `Name of the dashboard, the REST API and the metrics, and prefix of the alarm names; clevertap-to-heap ${version}`,
      ],
      ['ApiId', webhookApi.api.restApiId],
      ['StageName', webhookApi.stage.stageName],
      ['UsagePlanId', webhookApi.usagePlan.usagePlanId],
      ['AccessLogGroup', webhookApi.accessLog.logGroupName],
      ['ForwarderArn', forwarder.function.functionArn],
      ['ForwarderLogGroup', forwarder.log.logGroupName],
      // To attach to the roles and groups of operators and pipelines.
      ['ReaderPolicyArn', policies.reader.managedPolicyArn],
      ['SmokePolicyArn', policies.smoke.managedPolicyArn],
      ['OperatorPolicyArn', policies.operator.managedPolicyArn],
      [
        'WebhookDomainTarget',
        webhookApi.domainTarget,
        "Point the custom domain's CNAME or alias record here",
      ],
    ]);
  }

  /** Named by the construct's id, without a digest: the commands find them by name. */
  private addOutputs(prefix: string, outputs: readonly Output[]): void {
    for (const [id, value, description] of outputs) {
      if (value === undefined) continue;
      new CfnOutput(this, id, { value, description }).overrideLogicalId(`${prefix}${id}`);
    }
  }

  private warn({ alarms, warnings }: CheckedProps): void {
    warnings.forEach((warning, index) => {
      Annotations.of(this).addWarningV2(`clevertap-to-heap:mapping-${index}`, warning);
    });
    if (alarms === 'none') return;
    for (const severity of ['page', 'ticket'] as const) {
      if (alarms[severity] !== undefined) continue;
      Annotations.of(this).addWarningV2(
        'clevertap-to-heap:nobody-is-told',
        `no recipients for notices: set alarms.${severity}`,
      );
    }
  }
}

/** An output's name in a stack with one pipeline, its value and its description. */
type Output = readonly [id: string, value: string | undefined, description?: string];

/** Undefined for a token. */
const known = (value: string): string | undefined => (Token.isUnresolved(value) ? undefined : value);
