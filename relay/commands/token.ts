import { GetSecretValueCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { isJsonObject, own } from '../../lambda/json';
import { parseHeapToken, type HeapToken } from '../../lambda/heap/heap-tokens';
import { outputOf, type Environment } from '../environment/environment';
import { openEnvironment, print, type EnvironmentOptions } from './environment-command';
import { OperatorError } from '../terminal/operator-error';
import { readValue } from '../terminal/question';

/** What was stored, without anything secret. */
interface Stored {
  readonly secret: string;
  /** The end of the app id. */
  readonly appId: string;
  readonly header: boolean;
  readonly changed: boolean;
}

/** Stores the Heap app id, which never appears on a command line. */
export async function setToken(options: EnvironmentOptions): Promise<void> {
  const environment = await openEnvironment(options);
  const given = readGiven(await readValue(`Heap app id of ${environment.name}: `));
  const stored = await storeToken(environment, given);
  print(options, stored, report(stored));
}

/**
 * Parses what was typed or piped: digits, or the whole secret as JSON.
 *
 * @throws {OperatorError} saying what is wrong, without the value
 */
export function readGiven(text: string): HeapToken {
  const trimmed = text.trim();
  if (trimmed === '') throw new OperatorError('no app id was given; nothing was stored');
  const secret = trimmed.startsWith('{') ? trimmed : JSON.stringify({ appId: trimmed });
  const token = parseHeapToken(secret);
  if (typeof token !== 'string') return token;
  throw new OperatorError(
    trimmed.startsWith('{')
      ? `${token.replaceAll('the secret', 'the JSON')}; nothing was stored`
      : 'a Heap app id consists of digits; nothing was stored',
  );
}

/** Stores the token. A stored header stays unless another one is given. */
export async function storeToken(environment: Environment, given: HeapToken): Promise<Stored> {
  const secret = outputOf(environment, 'HeapTokensSecret');
  const { SecretString = '' } = await environment.secretsManager.send(
    new GetSecretValueCommand({ SecretId: secret }),
  );
  const next = parseHeapToken(JSON.stringify({ header: formerHeader(SecretString), ...given }));
  if (typeof next === 'string') {
    throw new OperatorError(`${next}. Give the app id and header together, as JSON; nothing was stored`);
  }
  const changed = JSON.stringify(parseHeapToken(SecretString)) !== JSON.stringify(next);
  if (changed) {
    await environment.secretsManager.send(
      new PutSecretValueCommand({ SecretId: secret, SecretString: JSON.stringify(next) }),
    );
  }
  return { secret, appId: ending(next.appId), header: next.header !== undefined, changed };
}

/** The stored header, even if the app id is still the placeholder. */
function formerHeader(secret: string): unknown {
  try {
    const former: unknown = JSON.parse(secret);
    return isJsonObject(former) ? own(former, 'header') : undefined;
  } catch {
    return undefined;
  }
}

/** Enough digits to tell two app ids apart, but none of a short one. */
const ending = (appId: string): string => `…${appId.length > 6 ? appId.slice(-3) : ''}`;

function report({ secret, appId, header, changed }: Stored): string {
  const what = `the app id ${appId}${header ? ', with the header' : ''}`;
  return changed
    ? `Stored ${what} in the secret ${secret}. The forwarder uses it within five minutes; "relay smoke" shows whether Heap gets events.`
    : `The secret ${secret} already holds ${what}. Nothing was changed.`;
}
