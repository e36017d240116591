import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { ClevertapToHeap } from './clevertap-to-heap';
import type { AlarmRecipients, ClevertapToHeapProps } from './clevertap-to-heap-props';
import type { EnvironmentConfig } from './config/environment-config';
import { ruleFile } from './config/rule-files';

export interface ClevertapToHeapStackProps extends StackProps {
  /** The checked settings of the environment. */
  readonly config: EnvironmentConfig;
}

/** CDK's names for the retention periods of the settings. */
const retentions: Record<EnvironmentConfig['logRetentionDays'], RetentionDays> = {
  7: RetentionDays.ONE_WEEK,
  14: RetentionDays.TWO_WEEKS,
  30: RetentionDays.ONE_MONTH,
  60: RetentionDays.TWO_MONTHS,
  90: RetentionDays.THREE_MONTHS,
  180: RetentionDays.SIX_MONTHS,
  365: RetentionDays.ONE_YEAR,
};

/** One environment: a stack with one pipeline, built from the environment's settings. */
export class ClevertapToHeapStack extends Stack {
  constructor(scope: Construct, id: string, { config, ...props }: ClevertapToHeapStackProps) {
    super(scope, id, props);

    // CDK leaves the id `Default` out of logical ids.
    new ClevertapToHeap(this, 'Default', {
      heap: config.heap,
      apiKeys: config.apiKeys,
      allowedCidrs: config.allowedCidrs,
      domain: this.domain(config),
      apiGatewayLogRole: config.apiGatewayLogRole,
      identityOrder: config.identityOrder,
      mapping: {
        rules: config.mappings.map(ruleFile),
        campaigns: config.campaigns,
        deniedIdentities: config.deniedIdentities,
      },
      dedupeWindow: Duration.minutes(config.dedupeWindowMinutes),
      maxEventsPerMinute: config.maxEventsPerMinute,
      batchWindow: Duration.seconds(config.batchWindowSeconds),
      alarms: this.alarms(config),
      logRetention: retentions[config.logRetentionDays],
    });
  }

  private domain({ domain }: EnvironmentConfig): ClevertapToHeapProps['domain'] {
    if (domain === undefined) return undefined;
    const { name, certificateArn, hostedZone, disableExecuteApiEndpoint } = domain;
    return {
      name,
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      hostedZone:
        hostedZone &&
        HostedZone.fromHostedZoneAttributes(this, 'HostedZone', {
          hostedZoneId: hostedZone.id,
          zoneName: hostedZone.name,
        }),
      disableExecuteApiEndpoint,
    };
  }

  private alarms({ alarms }: EnvironmentConfig): ClevertapToHeapProps['alarms'] {
    if (alarms === 'none') return alarms;
    const { page, ticket, expectedTraffic, docsUrl } = alarms;
    return {
      page: this.recipients('PageTopic', page),
      ticket: this.recipients('TicketTopic', ticket),
      expectedTraffic,
      docsUrl,
    };
  }

  private recipients(
    topicId: string,
    destination: { emails: string[] } | { topicArn: string } | undefined,
  ): AlarmRecipients | undefined {
    return destination !== undefined && 'topicArn' in destination
      ? { topic: Topic.fromTopicArn(this, topicId, destination.topicArn) }
      : destination;
  }
}
