import { isDeployed, readEnvironment } from '../../lib/config/environments';
import type { Environment } from '../environment/environment';
import { openLocalEnvironment } from '../environment/local-environment';
import { OperatorError } from '../terminal/operator-error';

/** Which environment is meant: one of `config/`, or a pipeline of any stack. */
export interface EnvironmentChoice {
  readonly env: string;
  readonly stack?: string;
  readonly construct?: string;
}

export interface EnvironmentOptions extends EnvironmentChoice {
  readonly json?: boolean;
}

/**
 * Opens an environment: `local` is the stack that `npm start` runs, any other one is looked up on AWS, as is a stack of
 * another app.
 *
 * @throws {EnvironmentConfigError, OperatorError} naming an unknown environment, or why it cannot be reached
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
  // The clients of four more services take longer to load than a local command to run.
  const { openAwsEnvironment } = await import('../environment/aws-environment.js');
  return openAwsEnvironment(name, config);
}

/** Prints what a command found: one JSON document with moments in ISO 8601, or a report for a person. */
export function print({ json }: EnvironmentOptions, result: object, report: string): void {
  console.log(json === true ? JSON.stringify(result, withIsoMoments) : report);
}

const withIsoMoments = (key: string, value: unknown): unknown =>
  /[a-z]At$/.test(key) && typeof value === 'number' ? new Date(value).toISOString() : value;

/** Ends with 1 where something is not as it should be; an interrupted command keeps its own code. */
export function endWith(isAllRight: boolean): void {
  if (!isAllRight) process.exitCode ??= 1;
}
