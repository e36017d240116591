import type { EnvironmentSettings } from '../lib/config/environment-config';

/** The environment of `npm start`: it runs on this machine and is never deployed. */
export const local: EnvironmentSettings = {
  // No account has this id, so a `cdk deploy` of this stack fails.
  account: '000000000000',
  region: 'us-east-1',
  // `npm start` replaces this with its own Heap.
  heap: { region: 'us' },
  apiKeys: ['k1'],
  apiGatewayLogRole: 'exists',
  // The fake Heap has no limit.
  maxEventsPerMinute: 0,
  batchWindowSeconds: 1,
  // There is no CloudWatch on this machine, and the developer sees the log.
  alarms: 'none',
  logRetentionDays: 7,
};
