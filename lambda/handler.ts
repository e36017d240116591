import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { join } from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { Breaker } from './heap/breaker';
import { HeapClient } from './heap/heap-client';
import { Pace } from './heap/pace';
import { compileMapping, readMapping, unexpectedTemplate, type Mapping } from './mapping/mapping';
import { HeapTokens } from './heap/heap-tokens';
import { createLogger } from './telemetry/logger';
import { createMetrics } from './telemetry/metrics';
import { mappingFileName, metrics as metricNames } from './contract';
import { forwardBatch, type Ports } from './forwarder/forward-batch';
import { Queues, type SqsCalls } from './forwarder/queues';
import { readSettings } from './settings';

/** Time limit for one bulk request to Heap, from connecting to the end of the answer. */
const heapTimeoutMs = 10_000;

const settings = readSettings(process.env);
const write = (line: string): void => void process.stdout.write(`${line}\n`);
const log = createLogger(write);
const metrics = createMetrics(write, settings.stackName, Date.now);

/** By default the SDK waits forever, and the whole batch with it. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };

const secretsManager = new SecretsManagerClient({ requestHandler });

let sqs: Promise<SqsCalls> | undefined;

const ports: Omit<Ports, 'remainingTime'> = {
  heap: new HeapClient({
    baseUrl: settings.heapBaseUrl,
    // Plain HTTP is only for a Heap on this machine; the settings allow nothing else.
    ...(settings.heapBaseUrl.startsWith('https:')
      ? { request: https.request, agent: new https.Agent({ keepAlive: true }) }
      : { request: http.request, agent: new http.Agent({ keepAlive: true }) }),
    timeoutMs: heapTimeoutMs,
    now: Date.now,
  }),
  heapTokens: new HeapTokens({
    fetchSecret: async () => {
      const command = new GetSecretValueCommand({ SecretId: settings.heapTokensArn });
      return (await secretsManager.send(command)).SecretString;
    },
    now: Date.now,
    onProblem: (problem) => {
      log('error', 'Heap token not usable', { problem });
      metrics({ [metricNames.secretError]: 1 });
    },
  }),
  queues: new Queues({
    // Loaded only when a batch has failures: otherwise it would slow down every cold start.
    sqs: () => (sqs ??= import('@aws-sdk/client-sqs').then(({ SQS }) => new SQS({ requestHandler }))),
    eventBufferUrl: settings.eventBufferUrl,
    deadLetterQueueUrl: settings.deadLetterQueueUrl,
    onProblem: (problem) => {
      log('error', 'SQS call failed', { problem });
    },
  }),
  breaker: new Breaker(),
  pace: new Pace(settings.maxEventsPerMinute),
  log,
  metrics,
  sha256: (value) => hash('sha256', value),
  now: Date.now,
  random: Math.random,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** The environment's mapping, compiled once. The template engine is loaded only if there are rules. */
async function loadMapping(): Promise<Mapping> {
  const mapping = readMapping(readFileSync(join(__dirname, mappingFileName), 'utf8'));
  if (mapping.rules.length === 0) return compileMapping(mapping, unexpectedTemplate);
  const { createLiquid } = await import('./mapping/liquid.js');
  return compileMapping(mapping, createLiquid().parse);
}

let mapping: Promise<Mapping> | undefined;

/** Consumes a batch from the event buffer. The response names the messages SQS must keep. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  forwardBatch(
    event.Records,
    { ...settings, mapping: await (mapping ??= loadMapping()) },
    { ...ports, remainingTime: () => context.getRemainingTimeInMillis() },
  );
