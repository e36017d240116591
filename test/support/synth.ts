import 'aws-cdk-lib/testhelpers/jest-autoclean';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { context } from '../../cdk.json';
import { ClevertapToHeapStack } from '../../lib/clevertap-to-heap-stack';
import { parseEnvironment, type EnvironmentSettings } from '../../lib/config/environment-config';

/** Context that disables bundling: esbuild takes seconds, and only its own tests need it. */
export const withoutBundling = { 'aws:cdk:bundling-stacks': [] };

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

const templates = new Map<string, Template>();

/** The template of a stack with `settings` and the given changes. Each one is synthesized once per test file. */
export function synthTemplate(overrides: Partial<EnvironmentSettings> = {}): Template {
  const key = JSON.stringify(overrides);
  const template = templates.get(key) ?? Template.fromStack(addStack(newApp(), overrides));
  templates.set(key, template);
  return template;
}

/** An app with the feature flags of `cdk.json` and no stacks. */
export const newApp = (): App => new App({ context: { ...context, ...withoutBundling } });

/** Adds a stack with `settings` and the given changes. */
export function addStack(app: App, overrides: Partial<EnvironmentSettings> = {}): ClevertapToHeapStack {
  const config = parseEnvironment('config/test.ts', { ...settings, ...overrides });
  const env = { account: config.account, region: config.region };
  return new ClevertapToHeapStack(app, 'ClevertapToHeapTest', { config, env });
}
