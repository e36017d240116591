import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { readEnvironment } from '../../lib/config/environments';
import type { Environment } from '../../relay/environment/environment';

const unexpected = (call: string) => (): never => {
  throw new Error(`unexpected call: ${call}`);
};

/** An environment with only what a test provides. Using anything else fails the test. */
export const relayEnvironment = (
  parts: Partial<Omit<Environment, 'outputs'>> & { outputs?: Record<string, string> },
): Environment => ({
  name: 'dev',
  stackName: 'ClevertapToHeapDev',
  options: '--env local',
  settingsPlace: 'config/local.ts',
  config: readEnvironment('local'),
  sqs: undefined as unknown as SQSClient,
  secretsManager: undefined as unknown as SecretsManagerClient,
  isSandbox: true,
  metricDelayMs: 0,
  apiKey: unexpected('apiKey'),
  requestsByKey: unexpected('requestsByKey'),
  doorCounts: unexpected('doorCounts'),
  forwarderCounts: unexpected('forwarderCounts'),
  alarms: unexpected('alarms'),
  alarmRecipients: unexpected('alarmRecipients'),
  deadLettersSince: unexpected('deadLettersSince'),
  ledger: unexpected('ledger'),
  forwarderLog: unexpected('forwarderLog'),
  forwarderLines: unexpected('forwarderLines'),
  ...parts,
  outputs: new Map(Object.entries(parts.outputs ?? {})),
});
