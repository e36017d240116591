import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic, type ITopic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Severity } from './alarm-definition';

/** Recipients of notices: addresses, each of which must confirm a mail from AWS, or an existing topic. */
export type Destination = { readonly emails: readonly string[] } | { readonly topic: ITopic };

export interface AlarmTopicsProps {
  /** Recipients of the notices of each severity, if there are any. */
  readonly destinations: Record<Severity, Destination | undefined>;
  /** Prefix of all alarm names, before a dash: only alarms of this account with that prefix may publish. */
  readonly name: string;
}

/** The limit of SNS (docs.aws.amazon.com, "CreateTopic"). */
const longestDisplayName = 100;

/**
 * A topic for each severity.
 *
 * They are not encrypted with a key: a notice holds an alarm's name, description and state, and no event.
 * CloudWatch cannot use the AWS-managed key of SNS ("Troubleshooting alarms"), and losing a key of ours would
 * silence every alarm.
 */
export class AlarmTopics extends Construct {
  readonly topics: Record<Severity, ITopic>;

  constructor(scope: Construct, id: string, props: AlarmTopicsProps) {
    super(scope, id);

    const topicFor = (topicId: string, destination: Destination = { emails: [] }): ITopic =>
      'topic' in destination ? destination.topic : this.createTopic(topicId, destination.emails, props.name);
    this.topics = {
      page: topicFor('Page', props.destinations.page),
      ticket: topicFor('Ticket', props.destinations.ticket),
    };
  }

  private createTopic(id: string, emails: readonly string[], name: string): Topic {
    const stack = Stack.of(this);
    const topic = new Topic(this, id, {
      // The sender's name in the mails.
      displayName: `${name.slice(0, longestDisplayName - id.length - 1)} ${id.toLowerCase()}`,
      enforceSSL: true,
    });
    // The policy that enforces TLS replaces the default policy, which lets the account's alarms publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          ArnLike: {
            'aws:SourceArn': stack.formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: `${name}-*`,
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
          StringEquals: { 'aws:SourceAccount': stack.account },
        },
      }),
    );
    for (const email of emails) topic.addSubscription(new EmailSubscription(email));
    return topic;
  }
}
