import type { EnvironmentConfig } from '../../lib/config/environment-config';
import { explain } from '../terminal/operator-error';
import { duration } from '../terminal/terminal-text';
import type { Synthesis } from './synthesis';

/** What the checks need besides AWS. */
export interface Means {
  readonly config: EnvironmentConfig;
  readonly synthesize: (environment: string) => Promise<Synthesis>;
  readonly now: () => number;
  /** Per check. */
  readonly timeoutMs: number;
}

/** Bundling and synthesis take seconds, and many on a busy machine. */
export const synthesisTimeoutMs = 120_000;

/** What a check found. */
export interface Finding {
  readonly isAllRight: boolean;
  /** What was found, as a sentence without a full stop; never a secret or a person's address. */
  readonly found: string;
  /** What to do; absent if all is right. */
  readonly remedy?: string;
}

/** One check. It changes nothing. */
export interface Check {
  readonly name: string;
  /** Rejects when it cannot tell, e.g. without a permission. */
  readonly look: () => Promise<Finding>;
}

/**
 * `failed`: something is wrong. `could not check`: the check itself failed, which is no success either. `not made`: an
 * earlier check that it needs did not pass.
 */
export type Outcome = 'ok' | 'failed' | 'could not check' | 'not made';

/** A check and its outcome. */
export interface Examined {
  readonly name: string;
  readonly outcome: Outcome;
  readonly found: string;
  readonly remedy: string | null;
}

export const allRight = (found: string): Finding => ({ isAllRight: true, found });

export const fault = (found: string, remedy: string): Finding => ({ isAllRight: false, found, remedy });

/** The remedy for a resource that was changed or deleted by hand, which a usual deployment does not notice. */
export const deployAnew = ({ stackName }: { readonly stackName: string }): string =>
  `Restore it from the template: npx cdk deploy ${stackName} --revert-drift`;

/**
 * Makes a check. Never rejects: `could not check` is an outcome, too.
 *
 * @param timeoutMs after which the outcome is `could not check`
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

/** Checks that are skipped because another one did not pass. */
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
    return { found: error.message, remedy: 'Retry; check the network and the AWS Health Dashboard.' };
  }
  const explanation = explain(error);
  if (explanation !== undefined) return { found: explanation, remedy: null };
  return {
    found: error instanceof Error ? `unexpected ${error.name}: ${error.message}` : 'unexpected error',
    remedy: 'This is a bug in the command.',
  };
}

/** Whether the error of an AWS service says that a resource does not exist. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  /^(?:NotFound|NotFoundException|ParameterNotFound|ResourceNotFoundException)$/.test(error.name);
