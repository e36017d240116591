import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { broadcastWebhook, simpleRule, singleEventWebhooks, variedWebhooks } from '../../bench/payloads';
import { sqsRecords } from '../../bench/sqs-record';
import { mappingFileName } from '../../lambda/contract';
import { noMapping, type MappingRule } from '../../lambda/mapping/rule-format';
import { startAwsEndpoint } from '../../local/aws/endpoint';
import { startFakeHeap, type RunningFakeHeap } from '../../local/heap/server';
import type { RunningServer } from '../../local/http-server';
import { FunctionProcess } from '../../local/lambda/function-process';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { SqsService } from '../../local/aws/sqs/service';
import { functionAsset } from '../support/function-asset';
import { functionEnvironment } from '../support/function-environment';

/**
 * Limits for a cold start and a batch that do not depend on the machine: bytes, modules and requests. `npm run bench`
 * measures their time.
 */
const outdir = realpathSync(mkdtempSync(join(tmpdir(), 'budget-')));
const asset = functionAsset();
let aws: RunningServer;
let heap: RunningFakeHeap;
let environment: Record<string, string>;

beforeAll(async () => {
  aws = await startAwsEndpoint({ port: 0, sqs: new SqsService(), secrets: new SecretsManagerService() });
  heap = await startFakeHeap({ port: 0 });
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const client = new SecretsManagerClient({ endpoint: aws.origin, region: 'us-east-1', credentials });
  const { ARN } = await client.send(
    new CreateSecretCommand({ Name: 'heap-tokens', SecretString: '{"appId":"1234567890"}' }),
  );
  client.destroy();
  const queueUrl = `${aws.origin}/000000000000/queue`;
  environment = {
    ...functionEnvironment({
      ...{ heap: heap.origin, secret: ARN!, aws: aws.origin },
      ...{ buffer: queueUrl, deadLetters: queueUrl },
    }),
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
  };
});

afterAll(async () => {
  await Promise.all([aws.close(), heap.close()]);
  rmSync(outdir, { recursive: true, force: true });
});

it.each([
  ['index.js', 270_000],
  ['sqs.js', 230_000],
  ['liquidjs.js', 90_000],
])('%s has at most %d bytes', (file, bytes) => {
  expect(statSync(join(asset, file)).size).toBeLessThanOrEqual(bytes);
});

/** The result of `loaded-sources.cjs` for a function with these rules, after an event if one is given. */
async function loaded(
  rules: MappingRule[],
  event?: object,
): Promise<{ files: string[]; sources: string[]; modules: string[] }> {
  const directory = mkdtempSync(join(outdir, 'function-'));
  cpSync(asset, directory, { recursive: true });
  writeFileSync(join(directory, mappingFileName), JSON.stringify({ ...noMapping, rules }));
  const args = [join(__dirname, 'loaded-sources.cjs'), join(directory, 'index.js')];
  if (event !== undefined) {
    writeFileSync(join(directory, 'event.json'), JSON.stringify(event));
    args.push(join(directory, 'event.json'));
  }
  const { stderr } = await promisify(execFile)(process.execPath, args, { env: environment });
  return JSON.parse(stderr) as { files: string[]; sources: string[]; modules: string[] };
}

/** The sources from a package. */
const of = (name: string, sources: readonly string[]): string[] =>
  sources.filter((source) => source.startsWith(`node_modules/${name}/`));

describe('a cold start', () => {
  it('loads the client for secrets, but neither the SQS client nor a template engine', async () => {
    const { files, sources } = await loaded([simpleRule]);
    expect(files).toEqual(['index.js']);
    expect(of('@aws-sdk/client-secrets-manager', sources)).not.toEqual([]);
    expect(sources).toContain('lambda/settings.ts');
    expect(of('@aws-sdk/client-sqs', sources)).toEqual([]);
    expect(of('liquidjs', sources)).toEqual([]);
  });

  it('loads no fetch', async () => {
    const { modules } = await loaded([]);
    expect(modules).toContain('NativeModule https');
    expect(modules.filter((name) => name.includes('undici'))).toEqual([]);
  });

  it('and a first batch without rules and failures load neither of them', async () => {
    const { files, sources } = await loaded([], { Records: sqsRecords(singleEventWebhooks(2)) });
    expect(files).toEqual(['index.js']);
    expect(sources).toContain('lambda/mapping/map-event.ts');
    expect([...of('@aws-sdk/client-sqs', sources), ...of('liquidjs', sources)]).toEqual([]);
  });

  it('loads the template engine when a rule needs it, and the SQS client when messages are put back', async () => {
    const withRule = await loaded([simpleRule], { Records: sqsRecords(singleEventWebhooks(2)) });
    expect(withRule.files).toEqual(['index.js', 'liquidjs.js']);
    expect(of('liquidjs', withRule.sources)).not.toEqual([]);
    expect(of('@aws-sdk/client-sqs', withRule.sources)).toEqual([]);

    const withDeadLetter = await loaded([], { Records: sqsRecords(['not JSON']) });
    expect(withDeadLetter.files).toEqual(['index.js', 'sqs.js']);
    expect(of('@aws-sdk/client-sqs', withDeadLetter.sources)).not.toEqual([]);
    expect(of('liquidjs', withDeadLetter.sources)).toEqual([]);
  });
});

describe('requests to Heap', () => {
  it.each([
    ['1000 webhooks of one event', singleEventWebhooks(1000), 1000, 1],
    ['1000 webhooks of as many shapes', variedWebhooks(1000), 1000, 1],
    ['1001 webhooks of one event', singleEventWebhooks(1001), 1001, 2],
    ['one webhook of 1000 profiles', [broadcastWebhook(1000)], 1000, 1],
    ['five webhooks of 1000 profiles', [1, 2, 3, 4, 5].map((seed) => broadcastWebhook(1000, seed)), 5000, 5],
  ])('for %s are as few as possible', async (_, webhooks, events, requests) => {
    await fetch(`${heap.origin}/reset`, { method: 'POST' });
    const forwarder = new FunctionProcess({
      assetDirectory: asset,
      handler: 'index.handler',
      environment,
      timeoutMs: 60_000,
      onLog: () => undefined,
    });
    await forwarder.invoke({ Records: sqsRecords(webhooks) });
    await forwarder.stop();
    const received = (await (await fetch(`${heap.origin}/received`)).json()) as {
      requests: number;
      events: unknown[];
    };
    expect(received.requests).toBe(requests);
    expect(received.events).toHaveLength(events);
  });
});
