import type { EnvironmentSettings } from '../lib/environment-config';

export const prod: EnvironmentSettings = {
  heap: { region: 'us' },
  apiKeys: ['k1'],
  apiGatewayLogRole: 'exists',
  logRetentionDays: 90,
};
