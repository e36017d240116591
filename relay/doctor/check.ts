import type { EnvironmentConfig } from '../../lib/config/environment-config';
import { explain } from '../terminal/operator-error';
import { duration } from '../terminal/terminal-text';
import type { Synthesis } from './synthesis';

/** What the checks need besides AWS. */
export interface Means {
  readonly config: EnvironmentConfig;
  readonly synthesize: (environment: string) => Promise<Synthesis>;
  readonly now: () => number;
  /** For each check. */
  readonly timeoutMs: number;
}

/** A bundle and a template take seconds, on a busy machine many. */
export const synthesisTimeoutMs = 120_000;

/** What a check saw. */
export interface Finding {
  readonly isAllRight: boolean;
  /** What there is, as a sentence without a full stop; never a secret or an address of a person. */
  readonly found: string;
  /** What to do; absent where all is right. */
  readonly remedy?: string;
}

/** One thing that is looked at. It changes nothing. */
export interface Check {
  readonly name: string;
  /** Rejects when it cannot tell, e.g. without a permission. */
  readonly look: () => Promise<Finding>;
}

/**
 * `failed`: it was seen and is wrong. `could not check`: it was not seen, which is no better. `not made`: another
 * check that did not pass comes before it.
 */
export type Outcome = 'ok' | 'failed' | 'could not check' | 'not made';

/** A check and what came of it. */
export interface Examined {
  readonly name: string;
  readonly outcome: Outcome;
  readonly found: string;
  readonly remedy: string | null;
}

export const allRight = (found: string): Finding => ({ isAllRight: true, found });

export const fault = (found: string, remedy: string): Finding => ({ isAllRight: false, found, remedy });

/** What to do about a resource that somebody has changed or deleted: a usual deployment sees no change there. */
export const deployAnew = ({ stackName }: { readonly stackName: string }): string =>
  `Deploy it as in the template: npx cdk deploy ${stackName} --revert-drift`;

/**
 * Makes a check. Never rejects: what cannot be seen is an outcome as well.
 *
 * @param timeoutMs after which it counts as one that could not be made
 */
export async function examine({ name, look }: Check, timeoutMs: number): Promise<Examined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new CheckTimeout(timeoutMs));
    }, timeoutMs);
  });
  try {
    const { isAllRight, found, remedy = null } = await Promise.race([look(), timeout]);
    return { name, outcome: isAllRight ? 'ok' : 'failed', found, remedy };
  } catch (error) {
    return { name, outcome: 'could not check', ...causeOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Checks that another one has made pointless. */
export const notMade = (name: string, because: string): Examined => ({
  name,
  outcome: 'not made',
  found: because,
  remedy: null,
});

class CheckTimeout extends Error {
  override readonly name = 'CheckTimeout';

  constructor(timeoutMs: number) {
    super(`no answer in ${duration(timeoutMs)}`);
  }
}

function causeOf(error: unknown): Pick<Examined, 'found' | 'remedy'> {
  if (error instanceof CheckTimeout) {
    return { found: error.message, remedy: 'Run it again; see the network and the AWS Health Dashboard.' };
  }
  const explanation = explain(error);
  if (explanation !== undefined) return { found: explanation, remedy: null };
  return {
    found: error instanceof Error ? `unexpected ${error.name}: ${error.message}` : 'unexpected error',
    remedy: 'This is a mistake in the command itself.',
  };
}

/** Whether AWS said that the thing asked for does not exist, in the words of its services. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  /^(?:NotFound|NotFoundException|ParameterNotFound|ResourceNotFoundException)$/.test(error.name);
