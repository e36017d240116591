import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { startApiGateway } from './api-gateway/server';
import { startAwsEndpoint } from './aws/endpoint';
import { EventSourceMapping } from './lambda/event-source-mapping';
import { startFakeHeap } from './fake-heap';
import { FunctionProcess } from './lambda/function-process';
import type { RunningServer } from './http-server';
import { interpretedTypes as apiGatewayTypes } from './api-gateway/rest-api';
import { SecretsManagerService } from './secrets-manager/service';
import { SqsService } from './sqs/service';
import {
  readTemplate,
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
}

/** A stack that accepts webhooks. URLs have no trailing slash. */
export interface LocalStack {
  /** Ends in `/webhook`. */
  readonly webhookUrl: string;
  readonly apiKey: string;
  readonly appId: string;
  readonly heapUrl: string;
  /** SQS and Secrets Manager. */
  readonly awsUrl: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Types of resources in the template that have no counterpart here. */
  readonly uninterpretedTypes: readonly string[];
  /** Ends everything that was started; a running invocation is waited for. */
  stop(): Promise<void>;
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
  const template = readTemplate(readJson(join(assemblyDirectory, `${stackName}.template.json`)));
  const physical = new Map<string, unknown>();
  const deployment: Deployment = {
    region,
    accountId,
    stackName,
    attributes: (logicalId, attribute) => physical.get(`${logicalId}.${attribute}`),
  };
  const running = async (server: Promise<RunningServer>): Promise<RunningServer> => {
    const started = await server;
    stopping.push(() => started.close());
    return started;
  };

  const services = {
    sqs: new SqsService({ accountId, region }),
    secrets: new SecretsManagerService({ accountId, region }),
  };
  const aws = await running(near(port, 2, (nearby) => startAwsEndpoint({ port: nearby, ...services })));
  const client = { endpoint: aws.origin, region, credentials };
  const sqs = new SQSClient(client);
  await createQueues(template, deployment, physical, sqs);
  await createSecret(template, deployment, physical, new SecretsManagerClient(client), appId);
  const heapUrl =
    options.heapBaseUrl ?? (await running(near(port, 1, (nearby) => startFakeHeap({ port: nearby })))).origin;

  const mapping = startForwarder(template, deployment, options, {
    sqs,
    environment: {
      [heapVariable]: heapUrl,
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
    onExecutionLog: options.onNotice,
  });
  stopping.push(() => gateway.close());

  return {
    webhookUrl: `${gateway.origin}/${only(gateway.stages, 'stage')}/webhook`,
    apiKey: only([...gateway.apiKeys.values()].slice(0, 1), 'API key'),
    appId,
    heapUrl,
    awsUrl: aws.origin,
    queueUrl: mapping.queueUrl,
    deadLetterQueueUrl: mapping.deadLetterQueueUrl,
    uninterpretedTypes: uninterpretedTypes(template, interpretedTypes),
  };
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
  { sqs, environment }: { sqs: SQSClient; environment: Readonly<Record<string, string>> },
): { queueUrl: string; deadLetterQueueUrl: string; stop: () => Promise<void> } {
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
  const queues = resourcesOfType(template, 'AWS::SQS::Queue');
  const urlOf = (queue: Resource): string => z.string().parse(deployment.attributes(queue.logicalId, 'Ref'));
  const arnOf = (queue: Resource): unknown => deployment.attributes(queue.logicalId, 'Arn');
  const [sources, others] = partition(queues, (queue) => arnOf(queue) === mapping.EventSourceArn);
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
        onLog: options.onFunctionLog,
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
      return process.invoke(event);
    },
    onError: options.onNotice,
  });
  eventSource.start();
  return {
    queueUrl,
    deadLetterQueueUrl: urlOf(only(others, 'dead-letter queue')),
    stop: async () => {
      await eventSource.stop();
      await Promise.all(processes.map((process) => process.stop()));
    },
  };
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
