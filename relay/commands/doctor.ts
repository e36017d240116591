import { isDeployed, readEnvironment, stackName as stackNameOf } from '../../lib/config/environments';
import type { Examined, Means } from '../doctor/check';
import { examineLocally } from '../doctor/on-this-machine';
import { synthesize } from '../doctor/synthesis';
import type { PipelineOfStack } from '../environment/stack-environment';
import { interruptible } from '../terminal/interruption';
import { OperatorError } from '../terminal/operator-error';
import { labelled, visibleText } from '../terminal/terminal-text';
import { endWith, print, type EnvironmentOptions } from './environment-command';

/** Per check. */
const timeoutMs = 20_000;

interface Options extends EnvironmentOptions {
  readonly preflight?: boolean;
}

/** The result of all checks, in order. */
export interface Diagnosis {
  readonly environment: string;
  readonly stackName: string;
  /** Whether every check was made and passed. */
  readonly passed: boolean;
  readonly checks: readonly Examined[];
}

/** Checks an environment before or after a deployment, and changes nothing. */
export async function doctor(options: Options): Promise<void> {
  const isPreflight = options.preflight === true;
  const diagnosis = await interruptible(() =>
    options.stack === undefined
      ? diagnose(options.env, isPreflight)
      : diagnoseStack({ stack: options.stack, construct: options.construct }, isPreflight),
  );
  print(options, diagnosis, report(diagnosis));
  endWith(diagnosis.passed);
  // Otherwise a call without an answer would keep the process alive until the network times out.
  process.stdout.write('', () => process.exit());
}

/**
 * Makes every check that can be made.
 *
 * @throws {EnvironmentConfigError} for an unknown environment or a mistake in its settings
 */
export async function diagnose(
  name: string,
  isPreflight: boolean,
  means: Means = { config: readEnvironment(name), synthesize, now: Date.now, timeoutMs },
): Promise<Diagnosis> {
  const checks = isDeployed(name)
    ? // The clients of nine services take longer to load than a local command takes to run.
      await (await import('../doctor/on-aws.js')).examineOnAws(name, isPreflight, means)
    : await examineLocally(name, means);
  return {
    environment: name,
    stackName: stackNameOf(name),
    passed: checks.every(({ outcome }) => outcome === 'ok'),
    checks,
  };
}

/**
 * Makes the checks of what is deployed for a pipeline in another app's stack, whose settings are not here.
 *
 * @throws {OperatorError} when the pipeline is not found, or with --preflight, which checks settings
 */
export async function diagnoseStack(of: PipelineOfStack, isPreflight: boolean): Promise<Diagnosis> {
  if (isPreflight)
    throw new OperatorError('--preflight checks settings, and --stack has none; leave one of them out');
  const [{ findPipeline }, { examineDeployed }] = await Promise.all([
    import('../environment/stack-environment.js'),
    import('../doctor/on-aws.js'),
  ]);
  const found = await findPipeline(of);
  const checks = await examineDeployed(found.environment, Promise.resolve(found.template), {
    now: Date.now,
    timeoutMs,
  });
  const { name, stackName } = found.environment;
  const deployed: Examined = {
    name: 'version',
    outcome: 'ok',
    found: found.version === undefined ? 'unknown' : `clevertap-to-heap ${found.version}`,
    remedy: null,
  };
  return {
    environment: name,
    stackName,
    passed: checks.every(({ outcome }) => outcome === 'ok'),
    checks: [deployed, ...checks],
  };
}

const width = { labelColumns: 19 };

/** The diagnosis as text, one or more lines per check. */
export function report({ stackName, passed, checks }: Diagnosis): string {
  return [
    stackName,
    '',
    ...checks.flatMap(({ name, outcome, found, remedy }) => [
      ...`${name}: ${found}`
        .split('\n')
        .map((line, index) =>
          labelled(index > 0 ? '' : outcome === 'failed' ? 'FAILED' : outcome, visibleText(line), width),
        ),
      ...(remedy === null ? [] : [labelled('', visibleText(remedy), width)]),
    ]),
    '',
    passed ? 'Every check passed.' : 'Not every check passed.',
  ].join('\n');
}
