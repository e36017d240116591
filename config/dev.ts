import type { EnvironmentSettings } from '../lib/config/environment-config';

export const dev: EnvironmentSettings = {
  heap: { region: 'us' },
  apiKeys: ['k1'],
  // The first environment deployed to an account and region creates the role; the others use it.
  apiGatewayLogRole: 'create',
  // Put your own addresses here before the first deployment: nobody reads these.
  alarms: {
    page: { emails: ['clevertap-to-heap-dev@shop.test'] },
    ticket: { emails: ['clevertap-to-heap-dev@shop.test'] },
  },
};
