import { isDeployed, readEnvironment } from '../../lib/config/environments';
import type { Environment } from '../environment/environment';
import { openLocalEnvironment } from '../environment/local-environment';
import { OperatorError } from '../terminal/operator-error';

/** The environment to work on: one of `config/`, or a pipeline in any stack. */
export interface EnvironmentChoice {
  readonly env: string;
  readonly stack?: string;
  readonly construct?: string;
}

export interface EnvironmentOptions extends EnvironmentChoice {
  readonly json?: boolean;
}

/**
 * Opens an environment. `local` is the stack that `npm start` runs; any other environment, and a stack of another app, is
 * looked up on AWS.
 *
 * @throws {EnvironmentConfigError} for an unknown environment or a mistake in its settings
 * @throws {OperatorError} saying why the environment cannot be reached
 */
export async function openEnvironment({
  env: name,
  stack,
  construct,
}: EnvironmentChoice): Promise<Environment> {
  if (stack === undefined && construct !== undefined) {
    throw new OperatorError('--construct needs --stack, the name of the stack that has it');
  }
  if (stack !== undefined) {
    const { findPipeline } = await import('../environment/stack-environment.js');
    return (await findPipeline({ stack, construct })).environment;
  }
  const config = readEnvironment(name);
  if (!isDeployed(name)) return openLocalEnvironment(config);
  // The clients of four more services take longer to load than a local command takes to run.
  const { openAwsEnvironment } = await import('../environment/aws-environment.js');
  return openAwsEnvironment(name, config);
}

/** Prints a command's result as one JSON document with instants in ISO 8601, or as a report. */
export function print({ json }: EnvironmentOptions, result: object, report: string): void {
  console.log(json === true ? JSON.stringify(result, withIsoInstants) : report);
}

const withIsoInstants = (key: string, value: unknown): unknown =>
  /[a-z]At$/.test(key) && typeof value === 'number' ? new Date(value).toISOString() : value;

/** Sets the exit code to 1 if something is wrong; an interrupted command keeps its own code. */
export function endWith(isAllRight: boolean): void {
  if (!isAllRight) process.exitCode ??= 1;
}
