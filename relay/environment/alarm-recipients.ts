import { ListSubscriptionsByTopicCommand, type SNSClient, type Subscription } from '@aws-sdk/client-sns';
import type { EnvironmentConfig } from '../../lib/config/environment-config';

/** Who is notified of the alarms of one severity. */
export interface AlarmRecipients {
  readonly severity: 'page' | 'ticket';
  /** Null if the stack has no topic for them. */
  readonly topicArn: string | null;
  /** Confirmed subscriptions, e.g. `email …@shop.com`, without a person's name or a token. */
  readonly confirmed: readonly string[];
  /** Recipients who have not clicked the link in the email from AWS. SNS deletes their subscription after 48 hours. */
  readonly pending: readonly string[];
  /** Addresses in the settings without a subscription. CloudFormation does not recreate it. */
  readonly missing: readonly string[];
}

const outputs = [
  ['page', 'AlarmTopicPage'],
  ['ticket', 'AlarmTopicTicket'],
] as const;

/** The subscriptions of both topics, found by the outputs of the stack; empty with `alarms: 'none'`. */
export async function alarmRecipients(
  sns: SNSClient,
  { alarms }: Pick<EnvironmentConfig, 'alarms'>,
  stackOutputs: ReadonlyMap<string, string>,
): Promise<AlarmRecipients[]> {
  if (alarms === 'none') return [];
  return Promise.all(
    outputs.map(async ([severity, output]) => {
      const topicArn = stackOutputs.get(output) ?? null;
      const subscriptions = topicArn === null ? [] : await subscriptionsOf(sns, topicArn);
      const recipientsOf = (isOne: (arn: string) => boolean): string[] =>
        subscriptions
          .filter(({ SubscriptionArn = '' }) => isOne(SubscriptionArn))
          .map(({ Protocol = '', Endpoint = '' }) => nameOf(Protocol, Endpoint));
      return {
        severity,
        topicArn,
        // Any other value means a deleted subscription.
        confirmed: recipientsOf((arn) => arn.startsWith('arn:')),
        pending: recipientsOf((arn) => arn === 'PendingConfirmation'),
        missing: addressesOf(alarms[severity])
          .filter((email) => !subscriptions.some((of) => isOf(of, email)))
          .map((email) => nameOf('email', email)),
      };
    }),
  );
}

async function subscriptionsOf(sns: SNSClient, TopicArn: string): Promise<Subscription[]> {
  const all: Subscription[] = [];
  let NextToken: string | undefined;
  do {
    const page = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn, NextToken }));
    all.push(...(page.Subscriptions ?? []));
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  return all;
}

const isOf = ({ Endpoint = '', SubscriptionArn = '' }: Subscription, email: string): boolean =>
  SubscriptionArn !== 'Deleted' && Endpoint.toLowerCase() === email.toLowerCase();

/** The addresses in the settings. A topic that the settings name manages its own subscriptions. */
const addressesOf = (destination: object | undefined): string[] =>
  destination !== undefined && 'emails' in destination && Array.isArray(destination.emails)
    ? destination.emails.map(String)
    : [];

/** Names a subscription without the person in an address or the token in a pager's URL. */
function nameOf(protocol: string, endpoint: string): string {
  if (protocol.startsWith('email')) return `${protocol} …${/@.*$/.exec(endpoint)?.[0] ?? ''}`;
  if (URL.canParse(endpoint) && protocol.startsWith('http')) return `${protocol} ${new URL(endpoint).host}`;
  return protocol;
}

/** The recipients as text, e.g. `email …@shop.com; not confirmed: …`. */
export function describeRecipients({ confirmed, pending, missing, topicArn }: AlarmRecipients): string {
  if (topicArn === null) return 'nobody: the stack has no topic for them';
  return [
    confirmed.length === 0 ? 'nobody' : confirmed.join(', '),
    ...(pending.length === 0 ? [] : [`not confirmed: ${pending.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`no longer subscribed: ${missing.join(', ')}`]),
  ].join('; ');
}
