import { ListSubscriptionsByTopicCommand, type SNSClient, type Subscription } from '@aws-sdk/client-sns';
import type { EnvironmentConfig } from '../../lib/config/environment-config';

/** Who is told of the alarms of one severity. */
export interface AlarmRecipients {
  readonly severity: 'page' | 'ticket';
  /** Null for a stack that has no topic for them. */
  readonly topicArn: string | null;
  /** Who gets notices, e.g. `email …@shop.com`: whoever can be named without naming a person or a token. */
  readonly confirmed: readonly string[];
  /** Who has not clicked on the link in the mail from AWS. SNS forgets them after 48 hours. */
  readonly pending: readonly string[];
  /** Addresses of the settings that have no subscription any more. CloudFormation does not make it again. */
  readonly missing: readonly string[];
}

const outputs = [
  ['page', 'AlarmTopicPage'],
  ['ticket', 'AlarmTopicTicket'],
] as const;

/**
 * The subscriptions of both topics, by the outputs of the stack; none where the settings say `alarms: 'none'`.
 */
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
        // What is neither is deleted.
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

/** The addresses that the settings name; a topic has subscriptions of its own. */
const addressesOf = (destination: object | undefined): string[] =>
  destination !== undefined && 'emails' in destination && Array.isArray(destination.emails)
    ? destination.emails.map(String)
    : [];

/** Without the person in an address, and without the token that stands in the URL of a pager. */
function nameOf(protocol: string, endpoint: string): string {
  if (protocol.startsWith('email')) return `${protocol} …${/@.*$/.exec(endpoint)?.[0] ?? ''}`;
  if (URL.canParse(endpoint) && protocol.startsWith('http')) return `${protocol} ${new URL(endpoint).host}`;
  return protocol;
}

/** `email …@shop.com`, and who is not told. */
export function describeRecipients({ confirmed, pending, missing, topicArn }: AlarmRecipients): string {
  if (topicArn === null) return 'nobody: the stack has no topic for them';
  return [
    confirmed.length === 0 ? 'nobody' : confirmed.join(', '),
    ...(pending.length === 0 ? [] : [`not confirmed: ${pending.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`not subscribed any more: ${missing.join(', ')}`]),
  ].join('; ');
}
