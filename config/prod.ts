import type { EnvironmentSettings } from '../lib/config/environment-config';

export const prod: EnvironmentSettings = {
  heap: { region: 'us' },
  apiKeys: ['k1'],
  // Correct next to dev. Use 'create' in an account and region without that role: otherwise the deployment fails halfway
  // and rolls back. `npm run relay -- doctor --env prod` warns you beforehand.
  apiGatewayLogRole: 'exists',
  // No alarm notifies anyone until page and ticket have recipients: { emails: ['…'] } or { topicArn: 'arn:aws:sns:…' }.
  alarms: {},
  logRetentionDays: 90,
};
