import type { EnvironmentSettings } from '../lib/config/environment-config';

export const prod: EnvironmentSettings = {
  heap: { region: 'us' },
  apiKeys: ['k1'],
  // Right beside dev. In an account and region without that role the deployment fails half-way and is rolled back:
  // `npm run relay -- doctor --env prod` says so before. There it is 'create'.
  apiGatewayLogRole: 'exists',
  // Nobody is told until page and ticket name somebody: { emails: ['…'] } or { topicArn: 'arn:aws:sns:…' }.
  alarms: {},
  logRetentionDays: 90,
};
