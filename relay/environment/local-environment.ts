import { readFileSync } from 'node:fs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { metrics } from '../../lambda/contract';
import type { EnvironmentConfig } from '../../lib/config/environment-config';
import { newestRunning, stackFilePath, stackFileSchema, type StackFile } from '../../local/stack-file';
import { ledgerRow } from '../ledger/ledger';
import { apiKeyNames, percentilesOf, type Environment } from './environment';
import { OperatorError } from '../terminal/operator-error';

const ledger = z.object({ rows: z.array(ledgerRow) });
const metric = z.object({ sum: z.number(), values: z.array(z.number()) });
const happenings = z.object({
  metrics: z.record(z.string(), metric),
  byReason: z.record(z.string(), z.number()),
  door: z.object({ count: z.number(), '4XXError': z.number(), '5XXError': z.number() }),
  requestsByKey: z.record(z.string(), z.number()),
});
const log = z.object({ lines: z.array(z.string()) });
const lines = z.object({
  lines: z.array(
    z.object({ id: z.number().transform(String), at: z.number(), stream: z.string(), line: z.string() }),
  ),
});

/**
 * Opens the stack that `npm start` runs on this machine.
 *
 * @throws {OperatorError} when none is running
 */
export function openLocalEnvironment(config: EnvironmentConfig): Environment {
  const stack = findStack();
  const client = {
    endpoint: stack.awsUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
  const outputs = new Map(Object.entries(stack.outputs));
  const happenedSince = (from: number, to?: number): Promise<z.output<typeof happenings>> =>
    ask(`${stack.awsUrl}/_local/metrics?from=${from}${to === undefined ? '' : `&to=${to}`}`, happenings);
  return {
    name: 'local',
    options: '--env local',
    settingsPlace: 'config/local.ts',
    stackName: stack.stackName,
    config,
    outputs,
    sqs: new SQSClient(client),
    secretsManager: new SecretsManagerClient(client),
    isSandbox: new URL(stack.heapUrl).hostname === '127.0.0.1',
    metricDelayMs: 0,
    apiKey: (name) => {
      const [first] = apiKeyNames({ outputs });
      if (name === first) return Promise.resolve(stack.apiKey);
      return Promise.reject(new OperatorError(`npm start has only the value of the key ${first ?? 'k1'}`));
    },
    requestsByKey: async (since) =>
      new Map(Object.entries((await happenedSince(since.getTime())).requestsByKey)),
    doorCounts: async (from, to) => {
      const { door } = await happenedSince(from, to);
      return { requests: door.count, refused: door['4XXError'], failed: door['5XXError'] };
    },
    forwarderCounts: async (from) => {
      const happened = await happenedSince(from);
      const lags = happened.metrics[metrics.deliveryLag]?.values ?? [];
      return {
        sums: Object.fromEntries(
          Object.values(metrics).map((name) => [name, happened.metrics[name]?.sum ?? 0]),
        ),
        rejectedByReason: happened.byReason,
        lag: lags.length === 0 ? undefined : percentilesOf(lags),
      };
    },
    ledger: async (from, to) => ({
      ...(await ask(`${stack.awsUrl}/_local/ledger?from=${from}&to=${to}`, ledger)),
      gaps: [],
    }),
    alarms: () => Promise.resolve({ names: [], ringing: [], muted: [] }),
    alarmRecipients: () => Promise.resolve([]),
    deadLettersSince: () => Promise.resolve(undefined),
    forwarderLog: async (from, contains) => {
      const query = new URLSearchParams({ from: String(from), contains });
      return (await ask(`${stack.awsUrl}/_local/log?${query.toString()}`, log)).lines;
    },
    forwarderLines: async (from) => (await ask(`${stack.awsUrl}/_local/lines?from=${from}`, lines)).lines,
  };
}

function findStack(): StackFile {
  const file = stackFilePath();
  const none = new OperatorError(
    'no local stack is running; start one with npm start, or name another environment with --env',
  );
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw none;
  }
  const stack = stackFileSchema.safeParse(content);
  if (!stack.success) throw new OperatorError(`${file} was written by another version; restart npm start`);
  const running = newestRunning(stack.data);
  if (running === undefined) throw none;
  return running;
}

async function ask<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetch(url).catch(() => undefined);
  if (response === undefined) throw new OperatorError('the local stack does not answer; restart npm start');
  const answer = schema.safeParse(response.ok ? await response.json() : undefined);
  if (answer.success) return answer.data;
  throw new OperatorError(`the local stack sent an unknown response to ${url}; restart npm start`);
}
