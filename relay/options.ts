import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { receivesExhausted, rejectionReasons } from '../lambda/contract';
import { describeSamples, sampleOf, type Sample } from './samples';

/** Adds a command that works on an environment, with the options that all such commands share. */
export const environmentCommand = (parent: Command, name: string, json = jsonHelp): Command => {
  const command = parent.command(name);
  if (hasEnvironments) {
    command.option('--env <name>', 'the environment: the name of a file in config/', 'local');
  }
  return command
    .addOption(new Option('--stack <name>', stackHelp).conflicts('env').makeOptionMandatory(!hasEnvironments))
    .option('--construct <id>', 'the id of its ClevertapToHeap, if it has more than one')
    .option('--json', json);
};

/** False in the npm package, which has no settings files: the user names a stack, or the defaults apply. */
export const hasEnvironments = existsSync(join(__dirname, '../config'));

/** npm prints a heading of its own before what a script prints. */
export const jsonHelp = `print one JSON document, for scripts${hasEnvironments ? '; run it with npm run --silent' : ''}`;

const stackHelp = `CloudFormation name of ${hasEnvironments ? "another app's stack, instead of --env" : 'the stack'}`;

/** The end of a command's help: the meaning of each exit code. */
export const exitCodes = (meanings: Readonly<Record<number, string>>): string =>
  ['\nExit codes:', ...Object.entries(meanings).map(([code, what]) => `  ${code.padEnd(5)}${what}`)].join(
    '\n',
  );

const everywhere = { 2: 'wrong usage or no access', 130: 'interrupted' };

/** The exit codes of a command that ends with 0 or 1, and those that every command has. */
export const exitCodesOf = (zero: string, one: string): string =>
  exitCodes({ 0: zero, 1: one, ...everywhere });

/** Collects the values of a repeatable option, in order. */
export const eachOf = (value: string, others: readonly string[] = []): readonly string[] => [
  ...others,
  value,
];

/** Parses a whole number within limits. */
export const toNumber =
  (from: number, to: number) =>
  (text: string): number => {
    const number = Number(text);
    if (text.trim() !== '' && Number.isInteger(number) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`);
  };

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const dayMs = 86_400_000;

/** Parses a time span such as `15m` into milliseconds, up to a maximum number of days. */
const toWindowOf =
  (maxDays: number) =>
  (text: string): number => {
    const [, number = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
    const window = Number(number) * (units[unit] ?? 0);
    if (window > 0 && window <= maxDays * dayMs) return window;
    throw new InvalidArgumentError(
      `It must be minutes, hours or days up to ${maxDays}d, such as 15m, 1h or 7d.`,
    );
  };

/** CloudWatch keeps one-minute metrics for 15 days (docs.aws.amazon.com, "GetMetricStatistics"). */
export const toWindow = toWindowOf(14);

/** CloudWatch keeps five-minute metrics for 63 days, and the log for as long as the settings say. */
export const toLongWindow = toWindowOf(60);

/**
 * Parses a past time in ISO 8601, such as `2026-11-28T12:00`, or a day, which means its start, into milliseconds since
 * 1970. A time without an offset is in UTC.
 */
export function toInstant(text: string): number {
  const [, day = '', time = 'T00:00', offset = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(?:(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?)?$/.exec(text) ?? [];
  const instant = Date.parse(day + time + offset);
  // JavaScript reads 30 February as 2 March.
  if (Number.isNaN(instant) || new Date(`${day}T00:00Z`).toISOString().slice(0, 10) !== day) {
    throw new InvalidArgumentError(
      'It must be a day or a time in UTC or with an offset, such as 2026-11-28, 2026-11-28T12:00 or 2026-11-28T12:00+01:00.',
    );
  }
  if (instant <= Date.now()) return instant;
  throw new InvalidArgumentError(`It must be in the past; it is ${new Date().toISOString()} now.`);
}

/** Accepts a reason code of docs/reasons.md. */
export function toReason(code: string): string {
  const known = [...rejectionReasons, receivesExhausted];
  if (known.some((reason) => reason === code)) return code;
  throw new InvalidArgumentError(`Known reasons: ${known.join(', ')}.`);
}

/** Finds a sample by its name. */
export function toSample(name: string): Sample {
  const sample = sampleOf(name);
  if (sample !== undefined) return sample;
  throw new InvalidArgumentError(`Samples:\n\n${describeSamples()}`);
}

export function toAppId(digits: string): string {
  if (/^\d+$/.test(digits)) return digits;
  throw new InvalidArgumentError('A Heap app id consists of digits.');
}

/** Accepts an event name as written in a URL, the last part of `/webhook/{event}`. */
export function toPathSegment(segment: string): string {
  if (!/[/?#]/.test(segment)) return segment;
  throw new InvalidArgumentError('In a URL write "/" as %2F, "?" as %3F and "#" as %23.');
}
