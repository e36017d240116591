import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { readGiven, storeToken } from '../../../relay/commands/token';
import { secretPlaceholder } from '../../../lambda/contract';
import { startAwsEndpoint } from '../../../local/aws/endpoint';
import type { RunningServer } from '../../../local/http-server';
import { SecretsManagerService } from '../../../local/aws/secrets-manager/service';
import { SqsService } from '../../../local/aws/sqs/service';
import { relayEnvironment } from '../../support/relay-environment';

/** Against a real Secrets Manager over the wire. */
let secrets: SecretsManagerService;
let server: RunningServer;
let secretsManager: SecretsManagerClient;

beforeEach(async () => {
  secrets = new SecretsManagerService();
  server = await startAwsEndpoint({ port: 0, sqs: new SqsService(), secrets });
  secretsManager = new SecretsManagerClient({
    endpoint: server.origin,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
});
afterEach(async () => {
  secretsManager.destroy();
  await server.close();
});

const header = { name: 'x-heap-token', value: 'a-secret' };

/** The secret after a value was given, starting from a former one. */
async function set(before: string, given: string) {
  secrets.createSecret({ Name: 'tokens', SecretString: before });
  const stored = await storeToken(
    relayEnvironment({ secretsManager, outputs: { HeapTokensSecret: 'tokens' } }),
    readGiven(given),
  );
  return { stored, secret: secrets.getSecretValue({ SecretId: 'tokens' }).SecretString };
}

test('replaces the placeholder with the trimmed app id, and shows only its end', async () => {
  const { stored, secret } = await set(secretPlaceholder, ' 1234567890\n');

  expect(secret).toBe('{"appId":"1234567890"}');
  expect(stored).toEqual({ secret: 'tokens', appId: '…890', header: false, changed: true });
});

test.each([
  ['beside an app id', { appId: '11', header }],
  ['beside the placeholder', { appId: 'REPLACE_ME', header }],
])('keeps a header stored %s', async (_, before) => {
  const { secret } = await set(JSON.stringify(before), '22');

  expect(JSON.parse(secret ?? '')).toEqual({ appId: '22', header });
});

test('takes app id and header together, as JSON', async () => {
  const { secret } = await set(
    '{"appId":"11","header":{"name":"old","value":"old"}}',
    JSON.stringify({ appId: 22, header }),
  );

  expect(JSON.parse(secret ?? '')).toEqual({ appId: '22', header });
});

test('writes nothing when nothing changes', async () => {
  const { stored, secret } = await set('{"appId":"11"}', '11');

  expect(stored.changed).toBe(false);
  expect(secret).toBe('{"appId":"11"}');
  expect(Object.keys(secrets.describeSecret({ SecretId: 'tokens' }).VersionIdsToStages)).toHaveLength(1);
});

test('replaces a secret that is invalid JSON', async () => {
  expect((await set('1234567890', '22')).secret).toBe('{"appId":"22"}');
});

test('does not store an app id beside a header that HTTP does not allow', async () => {
  const before = '{"appId":"11","header":{"name":"a b","value":"x"}}';

  await expect(set(before, '22')).rejects.toThrow(
    /Give the app id and header together, as JSON; nothing was stored/,
  );
  expect(secrets.getSecretValue({ SecretId: 'tokens' }).SecretString).toBe(before);
});

test.each([
  '',
  '  ',
  'abc',
  '12a',
  '<app id>',
  '{"appId":"x"}',
  '{"appId":"1","header":{"name":"a-secret"}}',
  '{',
])('%j is refused without being repeated (F46)', (given) => {
  const refuse = (): unknown => readGiven(given);

  expect(refuse).toThrow('nothing was stored');
  expect(refuse).not.toThrow(/a-secret|abc|12a/);
});
