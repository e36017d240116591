import { openLocalEnvironment } from '../environment/local-environment';
import type { Environment } from '../environment/environment';
import { OperatorError } from '../terminal/operator-error';
import { allRight, examine, fault, notMade, synthesisTimeoutMs, type Examined, type Means } from './check';
import { settings } from './settings-check';
import { deadLetters, queues, secret } from './environment-checks';

/** Makes the checks that apply to the stack of `npm start`. */
export async function examineLocally(
  name: string,
  { config, synthesize, now, timeoutMs }: Means,
): Promise<Examined[]> {
  const synthesis = synthesize(name);
  const checkedSettings = await examine(settings(name, synthesis), synthesisTimeoutMs);
  const seen: { environment?: Environment } = {};
  const stack = await examine(
    {
      name: 'stack',
      look: () => {
        try {
          seen.environment = openLocalEnvironment(config);
          return Promise.resolve(allRight('npm start runs it'));
        } catch (error) {
          if (!(error instanceof OperatorError)) throw error;
          return Promise.resolve(fault(error.message, 'Run: npm start'));
        }
      },
    },
    timeoutMs,
  );
  const { environment } = seen;
  const before = [checkedSettings, stack];
  if (environment === undefined) return [...before, notMade('what is running', 'needs the stack')];
  const template = synthesis.then((synthesized) => synthesized.template);
  template.catch(() => undefined);
  const after = [
    secret(environment),
    queues(environment, template, { hasPolicies: false }),
    deadLetters(environment, now),
  ];
  return [...before, ...(await Promise.all(after.map((check) => examine(check, timeoutMs))))];
}
