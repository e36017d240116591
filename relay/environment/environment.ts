import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { MetricName } from '../../lambda/contract';
import type { EnvironmentConfig } from '../../lib/config/environment-config';
import type { Ledger } from '../ledger/ledger';
import { hasEnvironments } from '../options';
import { OperatorError } from '../terminal/operator-error';
import type { LogLine } from '../feed/feed';
import type { AlarmRecipients } from './alarm-recipients';

/** The settings of a deployed pipeline that commands need. */
export interface DeployedSettings extends Pick<EnvironmentConfig, 'alarms' | 'dedupeWindowMinutes'> {
  /** Infinity if the log never expires. */
  readonly logRetentionDays: number;
}

/** What commands need from a deployed environment, on AWS or on this machine. */
export interface Environment {
  /** As in `config/`, e.g. `prod`; for a stack of another app, the name of its pipeline. */
  readonly name: string;
  /** The options that select it, e.g. `--env prod`. */
  readonly options: string;
  /** Where its settings are, e.g. `config/prod.ts`. */
  readonly settingsPlace: string;
  readonly stackName: string;
  readonly config: DeployedSettings;
  readonly outputs: ReadonlyMap<string, string>;
  readonly sqs: SQSClient;
  readonly secretsManager: SecretsManagerClient;
  /** Whether deliveries stay on this machine. */
  readonly isSandbox: boolean;
  /** Milliseconds after which the metrics surely include a request or event. */
  readonly metricDelayMs: number;
  /** The value of an API key, by its name in `apiKeys`. */
  apiKey(name: string): Promise<string>;
  /** Requests by the name of the key, since the start of that day (UTC). */
  requestsByKey(since: Date): Promise<ReadonlyMap<string, number>>;
  /** What the endpoint and the function counted. Instants are milliseconds since 1970. */
  doorCounts(from: number, to: number): Promise<DoorCounts>;
  forwarderCounts(from: number, to: number): Promise<ForwarderCounts>;
  alarms(): Promise<Alarms>;
  /** Who is notified of alarms, for each severity; empty with `alarms: 'none'`. */
  alarmRecipients(): Promise<readonly AlarmRecipients[]>;
  /** The earliest time since which the dead-letter queue has not been empty, to the hour; undefined without a metric. */
  deadLettersSince(now: number): Promise<number | undefined>;
  /** The outcome of events by campaign. Instants are milliseconds since 1970. */
  ledger(from: number, to: number): Promise<Ledger>;
  /** Lines of the function's log that contain the string. */
  forwarderLog(from: number, contains: string): Promise<readonly string[]>;
  /** All lines of the function's log, oldest first; after the signal, those read so far. */
  forwarderLines(from: number, signal?: AbortSignal): Promise<readonly IdentifiedLine[]>;
}

/** A line with an id that distinguishes it from equal lines. */
export interface IdentifiedLine extends LogLine {
  readonly id: string;
}

export interface DoorCounts {
  readonly requests: number;
  /** Answered with 4xx. */
  readonly refused: number;
  /** Answered with 5xx. */
  readonly failed: number;
}

export interface ForwarderCounts {
  readonly sums: Readonly<Partial<Record<MetricName, number>>>;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  /** Milliseconds; undefined without a delivery. */
  readonly lag: Percentiles | undefined;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface Alarms {
  /** Names of all alarms. */
  readonly names: readonly string[];
  readonly ringing: readonly {
    readonly name: string;
    readonly description: string;
    readonly since: string;
  }[];
  /** Names of alarms whose actions are disabled, so that they notify no one. */
  readonly muted: readonly string[];
}

/** The command line of another command on the same environment, e.g. `npm run relay -- token set --env prod`. */
export const relayCommand = ({ options }: Pick<Environment, 'options'>, command: string): string =>
  `${hasEnvironments ? 'npm run relay --' : 'npx relay'} ${command} ${options}`;

/** @throws {OperatorError} when the deployed stack lacks the output, as one of an earlier version does */
export function outputOf({ outputs, stackName, name }: Environment, output: string): string {
  const value = outputs.get(output);
  if (value !== undefined) return value;
  throw new OperatorError(
    `the stack ${stackName} has no output ${output}. Deploy it again: npx cdk deploy ${stackName} (environment ${name})`,
  );
}

/**
 * Whether an alarm belongs to a pipeline: its name is that of the pipeline, a dash and letters. The alarms of a stack
 * `Prod-Team` also start with `Prod-`.
 */
export const isAlarmOf = (pipelineName: string, alarmName: string): boolean =>
  alarmName.startsWith(`${pipelineName}-`) && /^[A-Za-z]+$/.test(alarmName.slice(pipelineName.length + 1));

/** The names of the stack's API keys. */
export const apiKeyNames = ({ outputs }: Pick<Environment, 'outputs'>): string[] =>
  [...outputs.keys()].flatMap((output) =>
    output.startsWith('ApiKeyId') ? output.slice('ApiKeyId'.length) : [],
  );

/** Percentiles by nearest rank; 0 without values. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((one, other) => one - other);
  const percentile = (percent: number): number =>
    sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
  return { p50: percentile(50), p95: percentile(95), max: percentile(100) };
}
