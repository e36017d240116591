import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { noMapping, type MappingSettings } from '../lambda/mapping/rule-format';
import { OperatorPolicies } from './access/operator-policies';
import { EventBuffer } from './buffer/event-buffer';
import type { EnvironmentConfig } from './config/environment-config';
import { HeapForwarder } from './forward/heap-forwarder';
import { HeapTokensSecret } from './forward/heap-tokens-secret';
import { WebhookApi } from './ingest/webhook-api';
import { Observability } from './observe/observability';

export interface ClevertapToHeapStackProps extends StackProps {
  /** The checked settings of the environment. */
  readonly config: EnvironmentConfig;
  /**
   * Rules, campaigns and denied identities of the environment.
   *
   * @default - the default mapping alone
   */
  readonly mapping?: MappingSettings;
}

/** What CDK calls the periods that the settings know. */
const retentions: Record<EnvironmentConfig['logRetentionDays'], RetentionDays> = {
  7: RetentionDays.ONE_WEEK,
  14: RetentionDays.TWO_WEEKS,
  30: RetentionDays.ONE_MONTH,
  60: RetentionDays.TWO_MONTHS,
  90: RetentionDays.THREE_MONTHS,
  180: RetentionDays.SIX_MONTHS,
  365: RetentionDays.ONE_YEAR,
};

/** One environment: CleverTap → API Gateway → SQS → Lambda → Heap. */
export class ClevertapToHeapStack extends Stack {
  constructor(scope: Construct, id: string, props: ClevertapToHeapStackProps) {
    super(scope, id, props);
    const { config } = props;
    const batchWindow = Duration.seconds(config.batchWindowSeconds);

    const eventBuffer = new EventBuffer(this, 'EventBuffer', {
      visibilityTimeout: HeapForwarder.visibilityTimeout(batchWindow),
    });

    const webhookApi = new WebhookApi(this, 'WebhookApi', {
      eventBuffer: eventBuffer.queue,
      apiKeys: config.apiKeys,
      apiGatewayLogRole: config.apiGatewayLogRole,
      logRetention: retentions[config.logRetentionDays],
      allowedCidrs: config.allowedCidrs,
      domain: config.domain,
    });

    const heapTokens = new HeapTokensSecret(this, 'HeapTokens');

    const forwarder = new HeapForwarder(this, 'HeapForwarder', {
      eventBuffer: eventBuffer.queue,
      deadLetterQueue: eventBuffer.deadLetterQueue,
      heapTokens: heapTokens.secret,
      heapBaseUrl: config.heap.baseUrl,
      mapping: props.mapping ?? noMapping,
      identityOrder: config.identityOrder,
      dedupeWindow: Duration.minutes(config.dedupeWindowMinutes),
      maxEventsPerMinute: config.maxEventsPerMinute,
      batchWindow,
      logRetention: retentions[config.logRetentionDays],
    });

    const observability = new Observability(this, 'Observability', {
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
      alarms: config.alarms,
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
      certificateArn: config.domain?.certificateArn,
    });

    new CfnOutput(this, 'WebhookUrl', {
      value: webhookApi.webhookUrl,
      description: 'Paste this into CleverTap as the Destination URL',
    });
    for (const [name, key] of webhookApi.apiKeys) {
      new CfnOutput(this, `ApiKeyId-${name}`, {
        value: key.keyId,
        description: `Id of API key ${name}; its value goes into CleverTap as the header x-api-key`,
      });
    }
    new CfnOutput(this, 'HeapTokensSecret', {
      value: heapTokens.secret.secretName,
      description: 'Secret to store the Heap app id in: {"appId":"<digits>"}',
    });
    new CfnOutput(this, 'EventBufferUrl', { value: eventBuffer.queue.queueUrl });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: eventBuffer.deadLetterQueue.queueUrl });
    new CfnOutput(this, 'DashboardUrl', {
      value: observability.dashboardUrl,
      description: 'What happens to the events, from top to bottom',
    });
    if (observability.topics !== undefined) {
      new CfnOutput(this, 'AlarmTopicPage', {
        value: observability.topics.page.topicArn,
        description: 'Topic of the notices about what loses or delays events now',
      });
      new CfnOutput(this, 'AlarmTopicTicket', {
        value: observability.topics.ticket.topicArn,
        description: 'Topic of the notices about what can wait for the next working day',
      });
    }
    // What the operator's commands look things up by.
    new CfnOutput(this, 'ApiId', { value: webhookApi.api.restApiId });
    new CfnOutput(this, 'StageName', { value: webhookApi.stage.stageName });
    new CfnOutput(this, 'UsagePlanId', { value: webhookApi.usagePlan.usagePlanId });
    new CfnOutput(this, 'AccessLogGroup', { value: webhookApi.accessLog.logGroupName });
    new CfnOutput(this, 'ForwarderArn', { value: forwarder.function.functionArn });
    new CfnOutput(this, 'ForwarderLogGroup', { value: forwarder.log.logGroupName });
    // What to attach to the roles and groups of people and pipelines.
    new CfnOutput(this, 'ReaderPolicyArn', { value: policies.reader.managedPolicyArn });
    new CfnOutput(this, 'SmokePolicyArn', { value: policies.smoke.managedPolicyArn });
    new CfnOutput(this, 'OperatorPolicyArn', { value: policies.operator.managedPolicyArn });
    if (webhookApi.domainTarget !== undefined) {
      new CfnOutput(this, 'WebhookDomainTarget', {
        value: webhookApi.domainTarget,
        description: "Point the custom domain's CNAME or alias record here",
      });
    }
  }
}
