import type { EnvironmentSettings } from '../../lib/config/environment-config';

/** The stack of tests that need no environment of config/. */
export const testStackName = 'ClevertapToHeapTest';

/** The minimal settings of an environment. */
export const settings: EnvironmentSettings = {
  heap: { region: 'us' },
  apiKeys: ['k1'],
  apiGatewayLogRole: 'exists',
  alarms: 'none',
};

/** Every setting an environment may have, with no default values. */
export const allSettings: Required<EnvironmentSettings> = {
  account: '111122223333',
  region: 'eu-west-1',
  heap: { baseUrl: 'https://heap.clevertap-to-heap.dev' },
  apiKeys: ['blue', 'green'],
  allowedCidrs: ['52.94.76.0/24', '2600:1f00::/24'],
  domain: {
    name: 'hooks.clevertap-to-heap.dev',
    certificateArn: 'arn:aws:acm:eu-west-1:111122223333:certificate/0f1e2d3c-0000-4000-8000-000000000000',
    hostedZone: { id: 'Z0123456789ABCDEFGHIJ', name: 'clevertap-to-heap.dev' },
    disableExecuteApiEndpoint: true,
  },
  tags: { 'cost-center': 'marketing' },
  terminationProtection: false,
  apiGatewayLogRole: 'create',
  identityOrder: ['objectId', 'phone'],
  mappings: [],
  campaigns: { '1650000001': 'Reminder Sent' },
  deniedIdentities: ['*@test.shop.test'],
  dedupeWindowMinutes: 0,
  maxEventsPerMinute: 15_000,
  batchWindowSeconds: 60,
  alarms: {
    page: { topicArn: 'arn:aws:sns:eu-west-1:111122223333:pager' },
    ticket: { emails: ['ana@clevertap-to-heap.dev', 'ben@clevertap-to-heap.dev'] },
    expectedTraffic: { requests: 100, hours: 6 },
    docsUrl: 'https://git.shop.test/clevertap-to-heap/docs',
  },
  logRetentionDays: 365,
};
