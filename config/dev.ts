import type { EnvironmentSettings } from '../lib/config/environment-config';

export const dev: EnvironmentSettings = {
  heap: { region: 'us' },
  apiKeys: ['k1'],
  // The first environment deployed to an account and region creates the role; the others use it.
  apiGatewayLogRole: 'create',
  // No alarm notifies anyone until page and ticket have recipients: { emails: ['…'] } or { topicArn: 'arn:aws:sns:…' }.
  alarms: {},
  // The only environment that a single command may delete.
  terminationProtection: false,
};
