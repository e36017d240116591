import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { secretPlaceholder } from '../../lambda/contract';
import { parseHeapToken } from '../../lambda/heap/heap-tokens';
import { countsOf } from '../dead-letters/visit-dead-letters';
import { describeRecipients, type AlarmRecipients } from '../environment/alarm-recipients';
import { outputOf, relayCommand, type Environment } from '../environment/environment';
import { OperatorError } from '../terminal/operator-error';
import { count, duration } from '../terminal/terminal-text';
import { allRight, deployAnew, fault, isMissing, type Check } from './check';
import { canonical, resourceOf, type Template } from './template';

/** Whether the secret holds an app id that the function can use. */
export const secret = (environment: Environment): Check => ({
  name: 'secret',
  look: async () => {
    const id = outputOf(environment, 'HeapTokensSecret');
    const remedy = `Run: ${relayCommand(environment, 'token set')}`;
    try {
      const { SecretString } = await environment.secretsManager.send(
        new GetSecretValueCommand({ SecretId: id }),
      );
      if (SecretString === secretPlaceholder) {
        return fault('it holds the placeholder: accepted events wait until the app id is stored', remedy);
      }
      const token = parseHeapToken(SecretString);
      return typeof token === 'string'
        ? fault(token, remedy)
        : allRight(token.header === undefined ? 'an app id' : 'an app id and a header');
    } catch (error) {
      // Secrets Manager's error for a secret that is marked for deletion.
      const isDeleted = error instanceof Error && error.name === 'InvalidRequestException';
      if (!isMissing(error) && !isDeleted) throw error;
      return fault(
        isDeleted ? `the secret ${id} is marked for deletion` : `there is no secret ${id}`,
        'Restore it: aws secretsmanager restore-secret --secret-id SECRET (needs administrator rights).',
      );
    }
  },
});

/**
 * Whether the settings and policies of both queues are those of the template.
 *
 * @param hasPolicies false on this machine, where queue policies have no effect
 */
export const queues = (
  environment: Environment,
  template: Promise<Template>,
  { hasPolicies }: { readonly hasPolicies: boolean },
): Check => ({
  name: 'queues',
  look: async () => {
    const outputs = ['EventBufferUrl', 'DeadLetterQueueUrl'];
    const { Resources, ...rest } = await template;
    const found = await Promise.all(
      outputs.map(async (output) => {
        const id = resourceOf({ Resources, ...rest }, output);
        if (id === undefined) throw new OperatorError(`the template has no output ${output} of a queue`);
        const { Attributes = {} } = await environment.sqs.send(
          new GetQueueAttributesCommand({
            QueueUrl: outputOf(environment, output),
            AttributeNames: ['All'],
          }),
        );
        return { id, name: output.replace(/Url$/, ''), attributes: new Map(Object.entries(Attributes)) };
      }),
    );
    const arns = new Map(found.map(({ id, attributes }) => [id, attributes.get('QueueArn') ?? '']));
    const wrong = found.flatMap(({ id, name, attributes }) => {
      const properties = Object.entries(Resources[id]?.Properties ?? {}).filter(([key]) => key !== 'Tags');
      const policy = hasPolicies ? policyOf(Resources, id) : undefined;
      return [...properties, ...(policy === undefined ? [] : [['Policy', policy] as const])]
        .filter(
          ([key, value]) =>
            JSON.stringify(canonical(value, arns)) !== JSON.stringify(actual(attributes.get(key))),
        )
        .map(([key]) => `${key} of the ${name}`);
    });
    return wrong.length === 0
      ? allRight(hasPolicies ? 'settings and policies as deployed' : 'settings as in the template')
      : fault(`not as deployed: ${wrong.join(', ')}`, `This was changed by hand. ${deployAnew(environment)}`);
  },
});

/** SQS returns numbers as strings and objects as JSON. */
const actual = (attribute: string | undefined): unknown => {
  if (attribute === undefined) return undefined;
  const { Id: _, ...rest } = asObject(attribute) ?? {};
  return Object.keys(rest).length === 0 ? attribute : canonical(rest);
};

function asObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function policyOf(resources: Template['Resources'], queue: string): unknown {
  return Object.values(resources).find(
    ({ Type, Properties = {} }) =>
      Type === 'AWS::SQS::QueuePolicy' &&
      JSON.stringify(Properties['Queues'] ?? []).includes(`"Ref":"${queue}"`),
  )?.Properties?.['PolicyDocument'];
}

/** As in the alarm DlqAgeing: a dead letter that waits this long has been forgotten. */
const patienceMs = 3 * 86_400_000;

/** How many dead letters there are, and the maximum age of the oldest. */
export const deadLetters = (environment: Environment, now: () => number): Check => ({
  name: 'dead letters',
  look: async () => {
    const { visible, inFlight } = await countsOf({
      sqs: environment.sqs,
      url: outputOf(environment, 'DeadLetterQueueUrl'),
    });
    const letters = visible + inFlight;
    if (letters === 0) return allRight('none');
    // There is no CloudWatch on this machine.
    if (environment.isSandbox) return allRight(count(letters, 'dead letter'));
    const since = await environment.deadLettersSince(now());
    if (since === undefined) {
      throw new OperatorError(
        `${count(letters, 'dead letter')} of unknown age: CloudWatch has no count of the last two hours. After a queue was idle, its count takes up to 15 minutes; run this again then.`,
      );
    }
    const age = `the queue has not been empty for ${duration(now() - since)}, so the oldest is at most that old`;
    const found = `${count(letters, 'dead letter')}; ${age}`;
    return now() - since >= patienceMs
      ? fault(found, `SQS deletes them after 14 days. Run: ${relayCommand(environment, 'dlq list')}`)
      : allRight(found);
  },
});

/** Whether an alarm of the deployed template is missing, in ALARM, or has its actions disabled. */
export const alarms = (environment: Environment, template: Promise<Template>): Check => ({
  name: 'alarms',
  look: async () => {
    if (environment.config.alarms === 'none') return allRight("none: the settings say alarms: 'none'");
    const { names, ringing, muted } = await environment.alarms();
    if (ringing.length > 0) {
      return fault(
        `in ALARM: ${ringing.map(({ name, since }) => `${name} since ${since}`).join(', ')}`,
        'See docs/runbook.md, which has a section for each.',
      );
    }
    const missing = alarmNamesOf(await template).filter((name) => !names.includes(name));
    if (missing.length > 0) {
      return fault(`missing: ${missing.join(', ')}`, deployAnew(environment));
    }
    return muted.length === 0
      ? allRight(`${names.length}, none in ALARM`)
      : fault(
          `actions disabled: ${muted.join(', ')}`,
          'Enable them: aws cloudwatch enable-alarm-actions --alarm-names NAME (needs administrator rights).',
        );
  },
});

const alarmNamesOf = ({ Resources }: Template): string[] =>
  Object.values(Resources)
    .filter(({ Type }) => /^AWS::CloudWatch::(?:Composite)?Alarm$/.test(Type))
    .map(({ Properties = {} }) => String(Properties['AlarmName']));

/** Whether the alarms of a severity reach a confirmed recipient. */
export const recipients = (
  environment: Environment,
  severity: AlarmRecipients['severity'],
  all: Promise<readonly AlarmRecipients[]>,
): Check => ({
  name: `${severity} recipients`,
  look: async () => {
    const { config } = environment;
    if (config.alarms === 'none') return allRight("nobody: the settings say alarms: 'none'");
    const notified = (await all).find((of) => of.severity === severity);
    const remedy = `Set alarms.${severity} in ${environment.settingsPlace} and deploy; an unconfirmed recipient must click the link in the email from AWS.`;
    if (notified === undefined) return fault('nobody', remedy);
    const found = describeRecipients(notified);
    const { confirmed, pending, missing } = notified;
    if (missing.length > 0) {
      return fault(
        `${found} (SNS deletes a subscription that is not confirmed within 48 hours)`,
        'Subscribe it again: aws sns subscribe --topic-arn ARN --protocol email --notification-endpoint ADDRESS (needs administrator rights). CloudFormation does not.',
      );
    }
    return confirmed.length > 0 && pending.length === 0 ? allRight(found) : fault(found, remedy);
  },
});
