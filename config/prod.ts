import type { EnvironmentSettings } from '../lib/config/environment-config';

export const prod: EnvironmentSettings = {
  heap: { region: 'us' },
  apiKeys: ['k1'],
  apiGatewayLogRole: 'exists',
  // Put your own addresses here before the first deployment, or the ARN of your pager's topic: nobody reads these.
  alarms: {
    page: { emails: ['oncall@shop.test'] },
    ticket: { emails: ['clevertap-to-heap@shop.test'] },
  },
  logRetentionDays: 90,
};
