import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { metrics } from '../lambda/contract';
import { Reconciliation, type Happening, type MessageReader } from './account/reconciliation';
import type { Activity } from './activity';
import { startApiGateway } from './api-gateway/server';
import { startAwsEndpoint } from './aws/endpoint';
import { SecretsManagerService } from './aws/secrets-manager/service';
import { queueNameOfUrl } from './aws/sqs/actions';
import type { StoredMessage } from './aws/sqs/queue';
import { SqsService } from './aws/sqs/service';
import {
  createQueues,
  createSecret,
  heapVariable,
  interpretedTypes,
  only,
  startForwarder,
  type ForwarderOptions,
} from './deploy';
import { startFakeHeap, type RunningFakeHeap } from './heap/server';
import type { RunningServer } from './http-server';
import { Observations, settledIn } from './observations';
import { SkippingClock } from './skipping-clock';
import type { StackFile } from './stack-file';
import { readTemplate, resolveOutputs, uninterpretedTypes, type Deployment } from './template';

export interface LocalStackOptions extends ForwarderOptions {
  /** Port of the webhook; 0 picks a free one. Heap and AWS get the two ports after it, or free ones. */
  readonly port: number;
  /** A real Heap to deliver to; absent: a fake one is started. */
  readonly heapBaseUrl?: string;
  /** Stored in the secret. */
  readonly appId: string;
  /** Called with each line the function logs, and the instance of the function that wrote it. */
  readonly onFunctionLog: (line: string, instance: string) => void;
}

/** A stack that accepts webhooks. */
export interface LocalStack extends Omit<StackFile, 'pid'> {
  /** Types of resources in the template that have no counterpart here. */
  readonly uninterpretedTypes: readonly string[];
  /** Milliseconds by which the clock of the stack is ahead; 0 without chaos. */
  skippedMs(): number;
  /** Ends everything that was started; a running invocation is waited for, but not for ever. */
  stop(): Promise<void>;
  /** Follows every event that was accepted; each call begins with the first one. */
  reconciliation(reader: MessageReader): Reconciliation<StoredMessage>;
  /** Tells what happens from now on. @returns how to stop that */
  watch(watcher: (activity: Activity) => void): () => void;
  /** When a message of the buffer comes back, by this machine's clock; undefined for one that is visible or in work. */
  nextTryAt(message: StoredMessage): number | undefined;
  /** Messages in the dead-letter queue. */
  deadLetters(): number;
  /** Undefined where it delivers to a real one. */
  readonly fakeHeap: Omit<RunningFakeHeap, 'close'> | undefined;
}

const region = 'us-east-1';
const accountId = '000000000000';
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

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
  const document: unknown = JSON.parse(
    readFileSync(join(assemblyDirectory, `${stackName}.template.json`), 'utf8'),
  );
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
  const happenings: Happening<StoredMessage>[] = [];
  const watchers = new Set<(activity: Activity) => void>();
  const tell = (activity: Activity): void => {
    for (const watcher of watchers) watcher(activity);
  };
  const changed = (): void => {
    tell({ kind: 'changed' });
  };
  const names: { buffer?: string; deadLetters?: string } = {};
  const outputs: Record<string, string> = {};
  const observations = new Observations({ clock, keyName: (id) => keyName(id, outputs) });
  const services = {
    sqs: new SqsService({
      clock,
      accountId,
      region,
      onArrival: (queueName, message) => {
        const queue =
          queueName === names.buffer
            ? 'buffer'
            : queueName === names.deadLetters
              ? 'dead letters'
              : undefined;
        if (queue !== undefined) happenings.push({ kind: 'arrival', at: Date.now(), queue, message });
      },
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
          near(port, 1, (nearby) =>
            startFakeHeap({
              port: nearby,
              nextFault: options.chaos?.nextHeapFault,
              onRow: ({ id, appId }) => {
                if (id !== undefined) happenings.push({ kind: 'row', at: Date.now(), id, appId });
              },
              onRequest: changed,
            }),
          ),
        )
      : undefined;
  const heapUrl = heap?.origin ?? options.heapBaseUrl ?? '';

  const mapping = startForwarder(template, deployment, options, {
    sqs,
    queues: services.sqs,
    clock,
    onLog: (line, worker) => {
      const instance = `worker-${worker}`;
      const at = Date.now();
      observations.functionLog(line, instance);
      const requestIds = heap === undefined ? settledIn(line) : [];
      if (requestIds.length > 0) happenings.push({ kind: 'settled', at, requestIds });
      tell({ kind: 'logged', at, instance, line });
      options.onFunctionLog(line, instance);
    },
    onInvoke: (worker, messageIds) => {
      tell({ kind: 'invoked', at: Date.now(), instance: `worker-${worker}`, messageIds });
    },
    onReturn: (worker, failure) => {
      tell({ kind: 'returned', at: Date.now(), instance: `worker-${worker}`, failure });
    },
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
  const buffer = (names.buffer = queueNameOfUrl(mapping.queueUrl));
  const deadLetters = (names.deadLetters = queueNameOfUrl(mapping.deadLetterQueueUrl));
  for (const queue of [buffer, deadLetters]) services.sqs.subscribe(queue, changed);
  const gateway = await startApiGateway({
    port,
    template,
    deployment,
    sqsEndpoint: aws.origin,
    now: clock.now,
    onAnswer: (answer) => {
      observations.doorAnswered(answer);
      tell({ kind: 'answered', at: Date.now(), ...answer });
    },
    onExecutionLog: options.onNotice,
  });
  stopping.push(() => gateway.close());
  for (const [name, value] of Object.entries(resolveOutputs(document, gateway.deployment)))
    outputs[name] = value.replace(executeApiOrigin, gateway.origin);

  return {
    webhookUrl: `${gateway.origin}/${only(gateway.stages, 'stage')}/webhook`,
    apiKey: only([...gateway.apiKeys.values()].slice(0, 1), 'API key'),
    appId,
    heapUrl,
    awsUrl: aws.origin,
    queueUrl: mapping.queueUrl,
    deadLetterQueueUrl: mapping.deadLetterQueueUrl,
    stackName,
    outputs,
    uninterpretedTypes: uninterpretedTypes(template, interpretedTypes),
    skippedMs: () => clock.skippedMs,
    reconciliation: (reader) =>
      new Reconciliation(
        {
          happenings,
          buffer: () => services.sqs.messages(buffer),
          delivered: heap === undefined ? () => observations.total(metrics.eventsDelivered) : undefined,
          appId,
        },
        reader,
      ),
    watch: (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    nextTryAt: (message) => {
      if (mapping.holds(message.id)) return undefined;
      const hiddenUntil = services.sqs.hiddenUntil(buffer, message);
      return hiddenUntil === undefined ? undefined : hiddenUntil - clock.skippedMs;
    },
    deadLetters: () => services.sqs.messages(deadLetters).length,
    fakeHeap: heap,
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
export async function near<T>(
  port: number,
  offset: number,
  startOn: (port: number) => Promise<T>,
): Promise<T> {
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
