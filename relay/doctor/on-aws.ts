import { CloudFormationClient, type Stack } from '@aws-sdk/client-cloudformation';
import { stackName as stackNameOf } from '../../lib/config/environments';
import { describeStack, environmentOf, regionOf } from '../environment/aws-environment';
import { bootstrap, certificate, credentials, logRole, topics } from './account-checks';
import { examine, notMade, synthesisTimeoutMs, type Check, type Examined, type Means } from './check';
import { alarms, deadLetters, queues, recipients, secret } from './environment-checks';
import { settings } from './settings-check';
import type { Environment } from '../environment/environment';
import type { Template } from './template';
import { apiKeys, code, deployedTemplate, eventSource, stackState } from './stack-checks';

/**
 * Makes the checks of an environment on AWS: of the account, then of the stack, then of what is deployed. They only read.
 *
 * @param isPreflight whether a deployment comes next: what is deployed is not checked, and may not exist
 */
export async function examineOnAws(
  name: string,
  isPreflight: boolean,
  { config, synthesize, now, timeoutMs }: Means,
): Promise<Examined[]> {
  const region = regionOf(config);
  const stackName = stackNameOf(name);
  const all = (checks: readonly Check[]): Promise<Examined[]> =>
    Promise.all(checks.map((check) => examine(check, timeoutMs)));

  const synthesis = awaitedLater(synthesize(name));
  const [identity, checkedSettings] = await Promise.all([
    examine(credentials(name, config, region), timeoutMs),
    examine(settings(name, synthesis), synthesisTimeoutMs),
  ]);
  const first = [identity, checkedSettings];
  if (identity.outcome !== 'ok') {
    return [...first, notMade('account and stack', 'needs credentials of the right account')];
  }

  const seen: { stack?: Stack } = {};
  const stackCheck: Check = {
    name: 'stack',
    look: async () => {
      seen.stack = await describeStack(new CloudFormationClient({ region }), stackName);
      return stackState(stackName, seen.stack, config.terminationProtection, isPreflight);
    },
  };
  const stack = await examine(stackCheck, timeoutMs);
  // A stack whose first change set was never executed has no resources.
  const deployed = seen.stack?.StackStatus === 'REVIEW_IN_PROGRESS' ? undefined : seen.stack;
  const account = await all([
    bootstrap(region, synthesis),
    logRole(name, config, region, deployed !== undefined),
    certificate(config, region, now),
    topics(name, config, region),
  ]);
  const before = [...first, ...account, stack];
  if (isPreflight) return before;
  if (deployed === undefined) return [...before, notMade('what is deployed', 'needs the stack')];

  const environment = environmentOf(name, config, deployed);
  const template = awaitedLater(deployedTemplate(region, stackName));
  const [ofCode, after] = await Promise.all([
    all([code(stackName, template, synthesis)]),
    examineDeployed(environment, template, { now, timeoutMs, region }),
  ]);
  return [...before, ...ofCode, ...after];
}

/**
 * Makes the checks of what is deployed, which need no settings.
 *
 * @param template the deployed template, with the pipeline's outputs named as in a stack of its own
 */
export async function examineDeployed(
  environment: Environment,
  template: Promise<Template>,
  { now, timeoutMs, region = regionOf({}) }: Pick<Means, 'now' | 'timeoutMs'> & { readonly region?: string },
): Promise<Examined[]> {
  const notified = awaitedLater(environment.alarmRecipients());
  const checks = [
    eventSource(environment, region),
    secret(environment),
    apiKeys(environment, region),
    queues(environment, template, { hasPolicies: true }),
    deadLetters(environment, now),
    alarms(environment, template),
    recipients(environment, 'page', notified),
    recipients(environment, 'ticket', notified),
  ];
  return Promise.all(checks.map((check) => examine(check, timeoutMs)));
}

/** Marks a promise as handled, because it may reject before it is awaited. */
function awaitedLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
