import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { startApiGateway } from './api-gateway/server';
import { startAwsEndpoint } from './aws/endpoint';
import type { Chaos } from './chaos';
import { EventSourceMapping } from './lambda/event-source-mapping';
import { startFakeHeap } from './heap';
import { FunctionProcess } from './lambda/function-process';
import type { RunningServer } from './http-server';
import { interpretedTypes as apiGatewayTypes } from './api-gateway/rest-api';
import { Observations } from './observations';
import { reconcile, type Account, type Arrival, type MessageReader } from './account/reconciliation';
import { SecretsManagerService } from './aws/secrets-manager/service';
import { SkippingClock } from './skipping-clock';
import { queueNameOfUrl } from './aws/sqs/actions';
import { SqsService } from './aws/sqs/service';
import type { StackFile } from './stack-file';
import {
  readTemplate,
  resolveOutputs,
  resolveProperties,
  resourcesOfType,
  uninterpretedTypes,
  type Deployment,
  type Resource,
  type Template,
} from './template';

export interface LocalStackOptions {
  /** Directory a CDK app was synthesized to. */
  readonly assemblyDirectory: string;
  readonly stackName: string;
  /** Port of the webhook; 0 picks a free one. Heap and AWS get the two ports after it, or free ones. */
  readonly port: number;
  /** A real Heap to deliver to; absent: a fake one is started. */
  readonly heapBaseUrl?: string;
  /** Stored in the secret. */
  readonly appId: string;
  /** Called with each line the function logs. */
  readonly onFunctionLog: (line: string) => void;
  /** Called with what a person should know that stands in no log of the function. */
  readonly onNotice: (notice: string) => void;
  /**
   * Plays faults. Then nobody waits: as soon as all that is left to do is to wait for hidden messages, the clock that
   * door, queues and function share jumps to the moment at which the next one comes back, and the function's own long
   * waits are skipped likewise. So back-off, time limits and event times are what they would be, while the clock may
   * soon be hours ahead of this machine's.
   *
   * @default - no faults, and the machine's clock
   */
  readonly chaos?: Chaos;
  /**
   * Milliseconds for which `stop` waits for running invocations before it ends them.
   *
   * @default - 12 seconds, somewhat more than the function waits for an answer of Heap
   */
  readonly stopPatienceMs?: number;
}

/** A stack that accepts webhooks. */
export interface LocalStack extends Omit<StackFile, 'pid'> {
  /** Types of resources in the template that have no counterpart here. */
  readonly uninterpretedTypes: readonly string[];
  /** Milliseconds by which the clock of the stack is ahead; 0 without chaos. */
  skippedMs(): number;
  /** Ends everything that was started; a running invocation is waited for, but not for ever. */
  stop(): Promise<void>;
  /** Accounts for every event that was accepted; exact once it is stopped. */
  account(reader: MessageReader): Promise<Account>;
}

const region = 'us-east-1';
const accountId = '000000000000';
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

const interpretedTypes: ReadonlySet<string> = new Set([
  ...apiGatewayTypes,
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
]);

const STOP_PATIENCE_MS = 12_000;

/** How often chaos looks whether there is nothing to do but wait. */
const IDLE_CHECK_MS = 100;
/** So long after a receive its messages have surely reached whoever received them. */
const RECEIVE_SETTLED_MS = 500;

/** What stands in the place of Heap's URL in the function's environment. */
const heapVariable = 'HEAP_BASE_URL';

/**
 * Runs a synthesized stack on this machine: its API Gateway, queues, secret, function and event source mapping,
 * as the template describes them, and a fake Heap behind them.
 *
 * @throws when the template holds something these parts do not understand, or the port is taken
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const stopping: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stopping.splice(0).reverse()) await end();
  };
  try {
    return { ...(await start(options, stopping)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: LocalStackOptions,
  stopping: (() => Promise<void>)[],
): Promise<Omit<LocalStack, 'stop'>> {
  const { assemblyDirectory, stackName, port, appId } = options;
  const document = readJson(join(assemblyDirectory, `${stackName}.template.json`));
  const template = readTemplate(document);
  const physical = new Map<string, unknown>();
  const deployment: Deployment = {
    region,
    accountId,
    stackName,
    attributes: (logicalId, attribute) => physical.get(`${logicalId}.${attribute}`),
  };
  const running = async <T extends RunningServer>(server: Promise<T>): Promise<T> => {
    const started = await server;
    stopping.push(() => started.close());
    return started;
  };

  const clock = new SkippingClock();
  const arrivals: { queueName: string; message: Arrival['message'] }[] = [];
  const outputs: Record<string, string> = {};
  const observations = new Observations({ clock, keyName: (id) => keyName(id, outputs) });
  const services = {
    sqs: new SqsService({
      clock,
      accountId,
      region,
      onArrival: (queueName, message) => arrivals.push({ queueName, message }),
    }),
    secrets: new SecretsManagerService({ accountId, region }),
  };
  const aws = await running(
    near(port, 2, (nearby) => startAwsEndpoint({ port: nearby, ...services, local: observations.answer })),
  );
  const client = { endpoint: aws.origin, region, credentials };
  const sqs = new SQSClient(client);
  await createQueues(template, deployment, physical, sqs);
  await createSecret(template, deployment, physical, new SecretsManagerClient(client), appId);
  const heap =
    options.heapBaseUrl === undefined
      ? await running(
          near(port, 1, (nearby) => startFakeHeap({ port: nearby, nextFault: options.chaos?.nextHeapFault })),
        )
      : { origin: options.heapBaseUrl, stored: undefined };

  const mapping = startForwarder(template, deployment, options, {
    sqs,
    queues: services.sqs,
    clock,
    onLog: (line) => {
      observations.functionLog(line);
      options.onFunctionLog(line);
    },
    environment: {
      [heapVariable]: heap.origin,
      AWS_ENDPOINT_URL: aws.origin,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      // This machine's Node may be older than the one that is deployed to.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  });
  stopping.push(mapping.stop);

  const gateway = await startApiGateway({
    port,
    template,
    deployment,
    sqsEndpoint: aws.origin,
    now: clock.now,
    onAnswer: observations.doorAnswered,
    onExecutionLog: options.onNotice,
  });
  stopping.push(() => gateway.close());
  for (const [name, value] of Object.entries(resolveOutputs(document, gateway.deployment)))
    outputs[name] = value.replace(executeApiOrigin, gateway.origin);

  const [buffer, deadLetters] = [mapping.queueUrl, mapping.deadLetterQueueUrl].map(queueNameOfUrl);
  return {
    webhookUrl: `${gateway.origin}/${only(gateway.stages, 'stage')}/webhook`,
    apiKey: only([...gateway.apiKeys.values()].slice(0, 1), 'API key'),
    appId,
    heapUrl: heap.origin,
    awsUrl: aws.origin,
    queueUrl: mapping.queueUrl,
    deadLetterQueueUrl: mapping.deadLetterQueueUrl,
    stackName,
    outputs,
    uninterpretedTypes: uninterpretedTypes(template, interpretedTypes),
    skippedMs: () => clock.skippedMs,
    account: (reader) =>
      reconcile(
        {
          arrivals: arrivals.flatMap(({ queueName, message }): Arrival[] => {
            if (queueName === buffer) return [{ queue: 'buffer', message }];
            return queueName === deadLetters ? [{ queue: 'dead letters', message }] : [];
          }),
          buffer: buffer === undefined ? [] : services.sqs.messages(buffer),
          heap: heap.stored ?? observations.metrics(0).metrics['EventsDelivered']?.sum ?? 0,
        },
        reader,
      ),
  };
}

/** Where AWS would have the API: the place of the local one in every output. */
const executeApiOrigin = /^https:\/\/[^./]+\.execute-api\.[^/]+/;

/** What the configuration calls a key: what follows in the name of the output that holds its id. */
function keyName(apiKeyId: string, outputs: Readonly<Record<string, string>>): string {
  const output = Object.entries(outputs).find(
    ([name, value]) => name.startsWith('ApiKeyId') && value === apiKeyId,
  );
  return output === undefined ? apiKeyId : output[0].slice('ApiKeyId'.length);
}

/** Starts a server on a port close to the webhook's, so that the URLs are the same every time, or on a free one. */
async function near<T>(port: number, offset: number, startOn: (port: number) => Promise<T>): Promise<T> {
  if (port === 0 || port + offset > 65_535) return startOn(0);
  try {
    return await startOn(port + offset);
  } catch (error) {
    if (isPortTaken(error)) return startOn(0);
    throw error;
  }
}

const isPortTaken = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';

/** As `CreateQueue` takes them: every attribute is a text. */
const text = z.union([z.int(), z.boolean()]).transform(String).optional();
const queueAttributes = z.strictObject({
  MessageRetentionPeriod: text,
  VisibilityTimeout: text,
  SqsManagedSseEnabled: text,
  RedrivePolicy: z
    .strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.int() })
    .transform((policy) => JSON.stringify(policy))
    .optional(),
});

async function createQueues(
  template: Template,
  deployment: Deployment,
  physical: Map<string, unknown>,
  sqs: SQSClient,
): Promise<void> {
  const queues = resourcesOfType(template, 'AWS::SQS::Queue');
  // A queue names its dead-letter queue, which must be there first.
  const [deadLetterQueues, others] = partition(queues, ({ properties }) => !('RedrivePolicy' in properties));
  for (const queue of [...deadLetterQueues, ...others]) {
    const attributes = read(queue, deployment, queueAttributes, ['Tags']);
    const name = `${deployment.stackName}-${queue.logicalId}`;
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    const { Attributes = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    physical.set(`${queue.logicalId}.Ref`, QueueUrl);
    physical.set(`${queue.logicalId}.QueueUrl`, QueueUrl);
    physical.set(`${queue.logicalId}.QueueName`, name);
    physical.set(`${queue.logicalId}.Arn`, Attributes.QueueArn);
  }
}

const secretProperties = z.strictObject({
  Description: z.string().optional(),
  SecretString: z.string(),
  Tags: z.unknown(),
});

async function createSecret(
  template: Template,
  deployment: Deployment,
  physical: Map<string, unknown>,
  secretsManager: SecretsManagerClient,
  appId: string,
): Promise<void> {
  const secret = only(resourcesOfType(template, 'AWS::SecretsManager::Secret'), 'secret');
  const { SecretString } = read(secret, deployment, secretProperties);
  const { ARN } = await secretsManager.send(
    new CreateSecretCommand({ Name: `${deployment.stackName}-${secret.logicalId}`, SecretString }),
  );
  physical.set(`${secret.logicalId}.Ref`, ARN);
  // What a person does once after the first deployment.
  await secretsManager.send(
    new PutSecretValueCommand({ SecretId: ARN, SecretString: JSON.stringify({ appId }) }),
  );
}

const functionProperties = z.looseObject({
  Code: z.object({ S3Key: z.string() }),
  Handler: z.string(),
  Timeout: z.number(),
  MemorySize: z.number(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
});

const mappingProperties = z.strictObject({
  BatchSize: z.int(),
  EventSourceArn: z.string(),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).optional(),
  MaximumBatchingWindowInSeconds: z.int(),
  ScalingConfig: z.strictObject({ MaximumConcurrency: z.int() }),
  MetricsConfig: z.unknown(),
  Tags: z.unknown(),
});

function startForwarder(
  template: Template,
  deployment: Deployment,
  options: LocalStackOptions,
  world: {
    readonly sqs: SQSClient;
    readonly queues: SqsService;
    readonly clock: SkippingClock;
    readonly onLog: (line: string) => void;
    readonly environment: Readonly<Record<string, string>>;
  },
): { queueUrl: string; deadLetterQueueUrl: string; stop: () => Promise<void> } {
  const { sqs, queues, clock, onLog, environment } = world;
  const { chaos } = options;
  const lambda = only(resourcesOfType(template, 'AWS::Lambda::Function'), 'function');
  const { Code, Handler, Timeout, MemorySize, Environment } = read(lambda, deployment, functionProperties, [
    'Role',
    'LoggingConfig',
    'Code.S3Bucket',
  ]);
  if (!(heapVariable in Environment.Variables)) {
    throw new Error(`${lambda.logicalId}: no environment variable ${heapVariable} to put the local Heap in`);
  }
  const mapping = read(
    only(resourcesOfType(template, 'AWS::Lambda::EventSourceMapping'), 'event source mapping'),
    deployment,
    mappingProperties,
    ['FunctionName'],
  );
  const urlOf = (queue: Resource): string => z.string().parse(deployment.attributes(queue.logicalId, 'Ref'));
  const arnOf = (queue: Resource): unknown => deployment.attributes(queue.logicalId, 'Arn');
  const [sources, others] = partition(
    resourcesOfType(template, 'AWS::SQS::Queue'),
    (queue) => arnOf(queue) === mapping.EventSourceArn,
  );
  const queueUrl = urlOf(only(sources, 'queue of the event source mapping'));

  const processes = Array.from(
    { length: mapping.ScalingConfig.MaximumConcurrency },
    () =>
      new FunctionProcess({
        assetDirectory: assetDirectory(options, Code.S3Key),
        handler: Handler,
        environment: {
          AWS_LAMBDA_FUNCTION_NAME: lambda.logicalId,
          ...Environment.Variables,
          ...environment,
        },
        timeoutMs: Timeout * 1000,
        memoryMb: MemorySize,
        onLog,
        clock: chaos && clock,
      }),
  );
  const eventSource = new EventSourceMapping({
    sqs,
    queueUrl,
    queueArn: mapping.EventSourceArn,
    region,
    batchSize: mapping.BatchSize,
    maximumBatchingWindowSeconds: mapping.MaximumBatchingWindowInSeconds,
    maximumConcurrency: mapping.ScalingConfig.MaximumConcurrency,
    reportBatchItemFailures: mapping.FunctionResponseTypes !== undefined,
    invoke: (event, worker) => {
      const process = processes[worker];
      if (process === undefined) throw new Error(`no process for worker ${worker}`);
      return chaos === undefined ? process.invoke(event) : chaos.invoke(event, process);
    },
    losesDelete: chaos?.losesDelete,
    onError: options.onNotice,
  });
  eventSource.start();
  const skipping =
    chaos &&
    setInterval(() => {
      if (eventSource.isIdle) skipToNextMessage(queues, queueNameOfUrl(queueUrl), clock);
    }, IDLE_CHECK_MS);
  return {
    queueUrl,
    deadLetterQueueUrl: urlOf(only(others, 'dead-letter queue')),
    stop: async () => {
      clearInterval(skipping);
      const stopped = eventSource.stop();
      await Promise.race([
        stopped,
        pause(options.stopPatienceMs ?? STOP_PATIENCE_MS, undefined, { ref: false }),
      ]);
      await Promise.all(processes.map((process) => process.stop()));
      await stopped;
    },
  };
}

/** Has the clock jump to the moment at which the next message comes back, if there is one to wait for. */
function skipToNextMessage(queues: SqsService, queueName: string, clock: SkippingClock): void {
  if (clock.now() - queues.lastReceivedAt(queueName) < RECEIVE_SETTLED_MS) return;
  const waitMs = (queues.nextVisibleAt(queueName) ?? 0) - clock.now();
  if (waitMs <= 0) return;
  clock.skip(waitMs);
  queues.wake();
}

const assetManifest = z.object({
  files: z.record(z.string(), z.object({ source: z.object({ path: z.string().optional() }) })),
});

/** Where the bundled code of a function stands, by the key it would have in the bootstrap bucket. */
function assetDirectory({ assemblyDirectory, stackName }: LocalStackOptions, s3Key: string): string {
  const manifest = assetManifest.parse(readJson(join(assemblyDirectory, `${stackName}.assets.json`)));
  const path = manifest.files[s3Key.replace(/\.zip$/, '')]?.source.path;
  if (path === undefined) throw new Error(`no asset in ${assemblyDirectory} for ${s3Key}`);
  return join(assemblyDirectory, path);
}

function read<T>(
  resource: Resource,
  deployment: Deployment,
  schema: z.ZodType<T>,
  except: readonly string[] = [],
): T {
  const properties = schema.safeParse(resolveProperties(resource, deployment, except));
  if (properties.success) return properties.data;
  throw new Error(
    `${resource.logicalId} (${resource.type}) is not interpreted: ${z.prettifyError(properties.error)}`,
  );
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

function only<T>(items: readonly T[], what: string): T {
  const [first] = items;
  if (first === undefined || items.length > 1) {
    throw new Error(`the template must have exactly one ${what}, and it has ${items.length}`);
  }
  return first;
}

function partition<T>(items: readonly T[], predicate: (item: T) => boolean): [T[], T[]] {
  return [items.filter(predicate), items.filter((item) => !predicate(item))];
}
