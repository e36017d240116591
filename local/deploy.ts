import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { supportedTypes as apiGatewayTypes } from './api-gateway/rest-api';
import { queueNameOfUrl } from './aws/sqs/actions';
import type { SqsService } from './aws/sqs/service';
import type { Chaos } from './chaos';
import { EventSourceMapping, type EventSourceMappingOptions } from './lambda/event-source-mapping';
import { FunctionProcess } from './lambda/function-process';
import type { SkippingClock } from './skipping-clock';
import {
  resolveProperties,
  resourcesOfType,
  type Deployment,
  type Resource,
  type Template,
} from './template';

// The resources of a template other than the API, and their local counterparts.

export interface ForwarderOptions {
  /** The directory a CDK app was synthesized to. */
  readonly assemblyDirectory: string;
  readonly stackName: string;
  /** Receives notices for the user that are not in the function's log. */
  readonly onNotice: (notice: string) => void;
  /**
   * Injects faults and skips waits. When only hidden messages are left, the clock shared by door, queues and function
   * jumps to the time the next message becomes visible; long waits inside the function are skipped too. Back-off,
   * time limits and event times stay realistic, but the clock may soon be hours ahead of this machine's.
   *
   * @default - no faults, and the machine's clock
   */
  readonly chaos?: Chaos;
  /**
   * How many milliseconds `stop` waits for running invocations before it kills them.
   *
   * @default - 12 seconds, slightly longer than the function waits for a response from Heap
   */
  readonly stopPatienceMs?: number;
}

/** The resource types that have a local counterpart. */
export const supportedTypes: ReadonlySet<string> = new Set([
  ...apiGatewayTypes,
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
]);

const STOP_PATIENCE_MS = 12_000;

/** How often chaos checks whether there is nothing left to do but wait. */
const IDLE_CHECK_MS = 100;
/** After this time, received messages have surely reached their receiver. */
const RECEIVE_SETTLED_MS = 500;

/** The variable of the function's environment that holds Heap's URL. */
export const heapVariable = 'HEAP_BASE_URL';

/** As `CreateQueue` expects them: every attribute is a string. */
const attribute = z.union([z.int(), z.boolean()]).transform(String).optional();
const queueAttributes = z.strictObject({
  MessageRetentionPeriod: attribute,
  VisibilityTimeout: attribute,
  SqsManagedSseEnabled: attribute,
  RedrivePolicy: z
    .strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.int() })
    .transform((policy) => JSON.stringify(policy))
    .optional(),
});

/** Creates the queues and records the values by which the rest of the template refers to them. */
export async function createQueues(
  template: Template,
  deployment: Deployment,
  physical: Map<string, unknown>,
  sqs: SQSClient,
): Promise<void> {
  const queues = resourcesOfType(template, 'AWS::SQS::Queue');
  // A queue's dead-letter queue must exist first.
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
  // An app need not tag anything.
  Tags: z.unknown().optional(),
});

/** Creates the secret and stores the app id in it. */
export async function createSecret(
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
  // The operator does this once after the first deployment.
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
  Tags: z.unknown().optional(),
});

/** The function and its event source mapping. */
export interface RunningForwarder {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Whether a message was received and is waiting for the function or being processed. */
  readonly holds: (messageId: string) => boolean;
  readonly stop: () => Promise<void>;
}

/** Starts the processes of the function and the event source mapping that feeds them from the queue. */
export function startForwarder(
  template: Template,
  deployment: Deployment,
  options: ForwarderOptions,
  world: {
    readonly sqs: SQSClient;
    readonly queues: SqsService;
    readonly clock: SkippingClock;
    /** Receives each log line with the number of the worker whose process wrote it. */
    readonly onLog: (line: string, worker: number) => void;
    readonly onInvoke: EventSourceMappingOptions['onInvoke'];
    readonly onReturn: EventSourceMappingOptions['onReturn'];
    readonly environment: Readonly<Record<string, string>>;
  },
): RunningForwarder {
  const { sqs, queues, clock, onLog, onInvoke, onReturn, environment } = world;
  const { chaos } = options;
  const lambda = only(resourcesOfType(template, 'AWS::Lambda::Function'), 'function');
  const { Code, Handler, Timeout, MemorySize, Environment } = read(lambda, deployment, functionProperties, [
    'Role',
    'LoggingConfig',
    'Code.S3Bucket',
  ]);
  if (!(heapVariable in Environment.Variables)) {
    throw new Error(
      `${lambda.logicalId}: the function has no environment variable ${heapVariable} for the URL of the local Heap`,
    );
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
    (_, worker) =>
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
        onLog: (line) => {
          onLog(line, worker);
        },
        clock: chaos && clock,
      }),
  );
  const eventSource = new EventSourceMapping({
    sqs,
    queueUrl,
    queueArn: mapping.EventSourceArn,
    region: deployment.region,
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
    onInvoke,
    onReturn,
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
    holds: (messageId) => eventSource.holds(messageId),
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

/** Advances the clock to the time the next message becomes visible, if there is one. */
function skipToNextMessage(queues: SqsService, queueName: string, clock: SkippingClock): void {
  if (clock.now() - queues.lastReceivedAt(queueName) < RECEIVE_SETTLED_MS) return;
  if (clock.skipTo(queues.nextVisibleAt(queueName) ?? 0)) queues.wake();
}

const assetManifest = z.object({
  files: z.record(z.string(), z.object({ source: z.object({ path: z.string().optional() }) })),
});

/** The directory of a function's bundled code, by its key in the bootstrap bucket. */
function assetDirectory({ assemblyDirectory, stackName }: ForwarderOptions, s3Key: string): string {
  const manifest = assetManifest.parse(
    JSON.parse(readFileSync(join(assemblyDirectory, `${stackName}.assets.json`), 'utf8')),
  );
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
    `${resource.logicalId} (${resource.type}) is not supported: ${z.prettifyError(properties.error)}`,
  );
}

/** The only item of a list. @throws an error if there is not exactly one */
export function only<T>(items: readonly T[], what: string): T {
  const [first] = items;
  if (first === undefined || items.length > 1) {
    throw new Error(`the template must have exactly one ${what}, got ${items.length}`);
  }
  return first;
}

function partition<T>(items: readonly T[], predicate: (item: T) => boolean): [T[], T[]] {
  return [items.filter(predicate), items.filter((item) => !predicate(item))];
}
