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
  supportedTypes,
  only,
  startForwarder,
  type ForwarderOptions,
} from './deploy';
import { startFakeHeap, type RunningFakeHeap } from './heap/server';
import type { RunningServer } from './http-server';
import { Observations, settledIn } from './observations';
import { bindPorts, type LocalPorts } from './ports';
import { SkippingClock } from './skipping-clock';
import type { StackFile } from './stack-file';
import { readTemplate, resolveOutputs, unsupportedTypes, type Deployment } from './template';

export interface LocalStackOptions extends ForwarderOptions {
  /** The webhook's port, see `bindPorts`, or ports already bound, which `stop` then frees. */
  readonly port: number | LocalPorts;
  /** The origin of a real Heap. @default - a fake Heap is started */
  readonly heapBaseUrl?: string;
  /** Stored in the secret. */
  readonly appId: string;
  /** Called with each line the function logs and the instance that wrote it. */
  readonly onFunctionLog: (line: string, instance: string) => void;
}

/** A stack that accepts webhooks. */
export interface LocalStack extends Omit<StackFile, 'pid'> {
  /** Resource types in the template that have no local counterpart. */
  readonly unsupportedTypes: readonly string[];
  /** How many milliseconds the stack's clock is ahead; 0 without chaos. */
  skippedMs(): number;
  /** Stops everything. Waits a limited time for a running invocation. */
  stop(): Promise<void>;
  /** Follows every accepted event. Each call starts from the first one. */
  reconciliation(reader: MessageReader): Reconciliation<StoredMessage>;
  /** Calls the watcher with everything that happens from now on. @returns a function that stops this */
  watch(watcher: (activity: Activity) => void): () => void;
  /**
   * When a buffered message is received again, by this machine's clock; undefined if it is visible or being
   * processed.
   */
  nextTryAt(message: StoredMessage): number | undefined;
  /** The number of messages in the dead-letter queue. */
  deadLetters(): number;
  /** Undefined when delivering to a real Heap. */
  readonly fakeHeap: Omit<RunningFakeHeap, 'close'> | undefined;
}

const region = 'us-east-1';
const accountId = '000000000000';
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/**
 * Runs a synthesized stack on this machine: its API Gateway, queues, secret, function and event source mapping as the
 * template describes them, and a fake Heap behind them.
 *
 * @throws if the template uses a feature that is not supported
 * @throws {PortTakenError} if the port is taken
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const stopping: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stopping.splice(0).reverse()) await end();
  };
  const ports = typeof options.port === 'number' ? await bindPorts(options.port) : options.port;
  stopping.push(ports.close);
  try {
    return { ...(await start(options, ports, stopping)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: LocalStackOptions,
  ports: LocalPorts,
  stopping: (() => Promise<void>)[],
): Promise<Omit<LocalStack, 'stop'>> {
  const { assemblyDirectory, stackName, appId } = options;
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
      onDeparture: (queueName, message) => {
        if (queueName === names.buffer) happenings.push({ kind: 'departure', message });
      },
    }),
    secrets: new SecretsManagerService({ accountId, region }),
  };
  const aws = await running(startAwsEndpoint({ port: ports.aws, ...services, local: observations.answer }));
  const client = { endpoint: aws.origin, region, credentials };
  const sqs = new SQSClient(client);
  await createQueues(template, deployment, physical, sqs);
  await createSecret(template, deployment, physical, new SecretsManagerClient(client), appId);
  const heap =
    options.heapBaseUrl === undefined
      ? await running(
          startFakeHeap({
            port: ports.heap,
            nextFault: options.chaos?.nextHeapFault,
            onRow: ({ id, appId, event: { timestamp } }) => {
              if (id !== undefined) happenings.push({ kind: 'row', at: Date.now(), id, appId, timestamp });
            },
            onReset: () => {
              happenings.push({ kind: 'reset', at: Date.now() });
            },
            onRequest: changed,
          }),
        )
      : undefined;
  if (options.heapBaseUrl !== undefined) await ports.heap.close();
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
      // This machine's Node may be older than the deployed one.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  });
  stopping.push(mapping.stop);
  const buffer = (names.buffer = queueNameOfUrl(mapping.queueUrl));
  const deadLetters = (names.deadLetters = queueNameOfUrl(mapping.deadLetterQueueUrl));
  for (const queue of [buffer, deadLetters]) services.sqs.subscribe(queue, changed);
  const gateway = await startApiGateway({
    port: ports.webhook,
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

  const webhookUrl = `${gateway.origin}/${only(gateway.stages, 'stage')}/webhook`;
  ports.announce(webhookUrl);
  return {
    webhookUrl,
    apiKey: only([...gateway.apiKeys.values()].slice(0, 1), 'API key'),
    appId,
    heapUrl,
    awsUrl: aws.origin,
    queueUrl: mapping.queueUrl,
    deadLetterQueueUrl: mapping.deadLetterQueueUrl,
    stackName,
    outputs,
    unsupportedTypes: unsupportedTypes(template, supportedTypes),
    skippedMs: () => clock.skippedMs,
    reconciliation: (reader) =>
      new Reconciliation(
        {
          happenings,
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

/** The origin of the API on AWS, which the local one replaces in every output. */
const executeApiOrigin = /^https:\/\/[^./]+\.execute-api\.[^/]+/;

/** The configured name of a key: the suffix of the output that holds its id. */
function keyName(apiKeyId: string, outputs: Readonly<Record<string, string>>): string {
  const output = Object.entries(outputs).find(
    ([name, value]) => name.startsWith('ApiKeyId') && value === apiKeyId,
  );
  return output === undefined ? apiKeyId : output[0].slice('ApiKeyId'.length);
}
