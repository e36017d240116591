import { InvalidArgumentError, type Command } from 'commander';
import { isDeployed, readEnvironment } from '../../lib/config/environments';
import type { Environment } from '../environment/environment';
import { openLocalEnvironment } from '../environment/local-environment';

export interface EnvironmentOptions {
  readonly env: string;
  readonly json?: boolean;
}

/** Adds a command that works on an environment, with the options every one of them has. */
export const environmentCommand = (parent: Command, name: string): Command =>
  parent
    .command(name)
    .option('--env <name>', 'the environment: the name of a file in config/', 'local')
    .option('--json', 'print one JSON document, for scripts; run it with npm run --silent');

/**
 * Opens an environment: `local` is the stack that `npm start` runs, any other one is looked up on AWS.
 *
 * @throws {EnvironmentConfigError, OperatorError} naming an unknown environment, or why it cannot be reached
 */
export async function openEnvironment(name: string): Promise<Environment> {
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

/** The text at the end of a command's help. */
export const exitCodes = (zero: string, one: string): string =>
  `\nExit code: 0 ${zero}, 1 ${one}, 2 wrong usage or no access, 130 interrupted.`;

/** Reads a whole number within limits. */
export const toNumber =
  (from: number, to: number) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() !== '' && Number.isInteger(number) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };
