import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { secretPlaceholder } from '../../lambda/contract';
import { parseHeapToken } from '../../lambda/heap/heap-tokens';
import { countsOf } from '../dead-letters/visit-letters';
import { describeRecipients, type AlarmRecipients } from '../environment/alarm-recipients';
import { outputOf, relayCommand, type Environment } from '../environment/environment';
import { OperatorError } from '../terminal/operator-error';
import { count, duration } from '../terminal/terminal-text';
import { allRight, deployAnew, fault, isMissing, type Check } from './check';
import { canonical, resourceOf, type Template } from './template';

/** Whether there is an app id that the function can send with. */
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
      // Secrets Manager's word for a secret that is marked for deletion.
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
 * Whether both queues keep what they hold for as long, and let in whom, the template says.
 *
 * @param hasPolicies false where queue policies have no meaning, on this machine
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
      : fault(
          `not as deployed: ${wrong.join(', ')}`,
          `Somebody has changed it by hand. ${deployAnew(environment)}`,
        );
  },
});

/** SQS gives numbers as text, and what is an object as JSON. */
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

/** As DlqAgeing: a letter that waits so long is one that nobody looks after. */
const patienceMs = 3 * 86_400_000;

/** How many dead letters there are, and for how long at most. */
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
    if (environment.isSandbox) return allRight(count(letters, 'letter'));
    const since = await environment.deadLettersSince(now());
    if (since === undefined) {
      throw new OperatorError(
        `${count(letters, 'letter')}, for how long is unknown: CloudWatch has no count of the last two hours. Of a queue that was idle it comes within 15 minutes; run it again then.`,
      );
    }
    const age = `the queue has not been empty for ${duration(now() - since)}, so the oldest is at most that old`;
    const found = `${count(letters, 'letter')}; ${age}`;
    return now() - since >= patienceMs
      ? fault(found, `SQS deletes them after 14 days. See ${relayCommand(environment, 'dlq list')}`)
      : allRight(found);
  },
});

/** Whether an alarm of the deployed template is missing, rings, or tells nobody. */
export const alarms = (environment: Environment, template: Promise<Template>): Check => ({
  name: 'alarms',
  look: async () => {
    if (environment.config.alarms === 'none') return allRight("none, as alarms: 'none' says");
    const { names, ringing, muted } = await environment.alarms();
    if (ringing.length > 0) {
      return fault(
        `in ALARM: ${ringing.map(({ name, since }) => `${name} since ${since}`).join(', ')}`,
        'See docs/runbook.md, which has a heading for each.',
      );
    }
    const missing = alarmNamesOf(await template).filter((name) => !names.includes(name));
    if (missing.length > 0) {
      return fault(`not there any more: ${missing.join(', ')}`, deployAnew(environment));
    }
    return muted.length === 0
      ? allRight(`${names.length}, none in ALARM`)
      : fault(
          `their actions are switched off: ${muted.join(', ')}`,
          'Switch them on: aws cloudwatch enable-alarm-actions --alarm-names NAME (needs administrator rights).',
        );
  },
});

const alarmNamesOf = ({ Resources }: Template): string[] =>
  Object.values(Resources)
    .filter(({ Type }) => /^AWS::CloudWatch::(?:Composite)?Alarm$/.test(Type))
    .map(({ Properties = {} }) => String(Properties['AlarmName']));

/** Whether anybody is told of the alarms of a severity. */
export const recipients = (
  environment: Environment,
  severity: AlarmRecipients['severity'],
  all: Promise<readonly AlarmRecipients[]>,
): Check => ({
  name: `${severity} recipients`,
  look: async () => {
    const { config } = environment;
    if (config.alarms === 'none') return allRight("nobody, as alarms: 'none' says");
    const told = (await all).find((of) => of.severity === severity);
    const remedy = `Set alarms.${severity} in ${environment.settingsPlace} and deploy; whoever is not confirmed clicks on the link in the mail from AWS.`;
    if (told === undefined) return fault('nobody', remedy);
    const found = describeRecipients(told);
    const { confirmed, pending, missing } = told;
    if (missing.length > 0) {
      return fault(
        `${found} (SNS forgets whoever has not confirmed in 48 hours)`,
        'Subscribe it again: aws sns subscribe --topic-arn ARN --protocol email --notification-endpoint ADDRESS (needs administrator rights). CloudFormation does not.',
      );
    }
    return confirmed.length > 0 && pending.length === 0 ? allRight(found) : fault(found, remedy);
  },
});
