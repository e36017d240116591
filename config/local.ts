import type { EnvironmentSettings } from '../lib/environment-config';

/** The environment of `npm start`: it runs on this machine and is never deployed. */
export const local: EnvironmentSettings = {
  // No account has this id, so that a `cdk deploy` of this stack fails.
  account: '000000000000',
  region: 'us-east-1',
  // `npm start` puts its own Heap in this place.
  heap: { region: 'us' },
  apiKeys: ['k1'],
  apiGatewayLogRole: 'exists',
  batchWindowSeconds: 1,
  logRetentionDays: 7,
};
