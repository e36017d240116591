import { Annotations, CfnOutput, Duration } from 'aws-cdk-lib';
import type { IApiKey } from 'aws-cdk-lib/aws-apigateway';
import type { Dashboard, IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { OperatorPolicies } from './access/operator-policies';
import { EventBuffer } from './buffer/event-buffer';
import { checkProps, type CheckedProps, type ClevertapToHeapProps } from './clevertap-to-heap-props';
import { HeapForwarder } from './forward/heap-forwarder';
import { HeapTokensSecret } from './forward/heap-tokens-secret';
import { WebhookApi } from './ingest/webhook-api';
import { Observability } from './observe/observability';
import { PipelineMetrics } from './observe/pipeline-metrics';
import { pipelineName } from './pipeline-name';

// All that a consumer names; nothing else is public.
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
 * CleverTap → API Gateway → SQS → Lambda → Heap, with its alarms, its dashboard, and the policies of those who operate
 * it. After the deployment the Heap app id is stored in the secret, and the URL and a key are pasted into CleverTap.
 *
 * @throws {ClevertapToHeapPropsError} naming every mistake in the props and in files of rules
 */
export class ClevertapToHeap extends Construct {
  /** The URL to paste into CleverTap, ending in `/webhook`. */
  readonly webhookUrl: string;
  /** The API keys by their names; the value of one goes into CleverTap as the header `x-api-key`. */
  readonly apiKeys: ReadonlyMap<string, IApiKey>;
  /** The queue in which every accepted webhook is durable; it outlives the stack. */
  readonly eventBuffer: IQueue;
  /** The queue of what could not be delivered, each message with a reason; it outlives the stack. */
  readonly deadLetterQueue: IQueue;
  /** The function that delivers to Heap. */
  readonly forwarder: IFunction;
  /** The secret in which the Heap app id is stored as `{"appId":"<digits>"}`; it outlives the stack. */
  readonly heapTokens: ISecret;
  /** Metrics of every part, for graphs and alarms of yours. */
  readonly metrics: PipelineMetrics;
  /** The alarms, those that notify somebody first; none with `alarms: 'none'`. */
  readonly alarms: readonly IAlarm[];
  /** The page that shows what happens to the events. */
  readonly dashboard: Dashboard;
  /** Policies to attach to roles of people and pipelines, each of which allows all that the one before it allows. */
  readonly operatorPolicies: {
    readonly reader: IManagedPolicy;
    readonly smoke: IManagedPolicy;
    readonly operator: IManagedPolicy;
  };

  constructor(scope: Construct, id: string, props: ClevertapToHeapProps) {
    super(scope, id);
    const checked = checkProps(this.node.path, props);
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
        'Topic of the notices about what loses or delays events now',
      ],
      [
        'AlarmTopicTicket',
        observability.topics?.ticket.topicArn,
        'Topic of the notices about what can wait for the next working day',
      ],
      // What the operator's commands look things up by.
      [
        'PipelineName',
        name,
        'Name of the dashboard, the REST API and the metrics; those of alarms begin with it',
      ],
      ['ApiId', webhookApi.api.restApiId],
      ['StageName', webhookApi.stage.stageName],
      ['UsagePlanId', webhookApi.usagePlan.usagePlanId],
      ['AccessLogGroup', webhookApi.accessLog.logGroupName],
      ['ForwarderArn', forwarder.function.functionArn],
      ['ForwarderLogGroup', forwarder.log.logGroupName],
      // What to attach to the roles and groups of people and pipelines.
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

  /** By the id of the construct and without a digest, so that commands find those of each. */
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
        `nobody is told: set alarms.${severity}`,
      );
    }
  }
}

/** What an output is called in a stack around one pipeline, its value, and what it is for. */
type Output = readonly [id: string, value: string | undefined, description?: string];
