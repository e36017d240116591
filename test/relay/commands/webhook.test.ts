import { describeWebhook } from '../../../relay/commands/webhook';
import { relayEnvironment } from '../../support/relay-environment';

const key = 'v'.repeat(40);
const environment = relayEnvironment({
  outputs: { WebhookUrl: 'https://x.test/v1/webhook', ApiKeyIdk1: 'id-1', ApiKeyIdk2: 'id-2' },
  apiKey: (name) => Promise.resolve(`${key}-${name}`),
  requestsByKey: (since) =>
    Promise.resolve(new Map([['k2', Date.now() - since.getTime() > 86_400_000 ? 70 : 7]])),
});

test('shows no key unless asked (F46)', async () => {
  expect(JSON.stringify(await describeWebhook(environment, false))).not.toContain('vvvv');
});

test('gives URL, headers and traffic by key', async () => {
  expect(await describeWebhook(environment, true)).toEqual({
    url: 'https://x.test/v1/webhook',
    headers: { 'Content-Type': 'application/json', 'x-api-key': `${key}-k1` },
    keys: [
      { name: 'k1', value: `${key}-k1`, requestsToday: 0, requestsInSevenDays: 0 },
      { name: 'k2', value: `${key}-k2`, requestsToday: 7, requestsInSevenDays: 70 },
    ],
  });
});
