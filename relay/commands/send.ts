import {
  apiKeyNames,
  outputOf,
  percentilesOf,
  type Environment,
  type Percentiles,
} from '../environment/environment';
import { endWith, openEnvironment, print, type EnvironmentOptions } from './environment-command';
import { interruptible, RateLimit } from '../terminal/interruption';
import { OperatorError } from '../terminal/operator-error';
import type { Sample } from '../samples';
import { readPayload } from '../terminal/payload';
import { noProgress, progressBar, type Progress } from '../terminal/progress-bar';
import { confirm } from '../terminal/question';
import { count, duration, visibleText } from '../terminal/terminal-text';
import { WebhookClient, type WebhookAnswer } from '../environment/webhook-client';

/** How a payload is sent. */
interface Load {
  /** Last part of the path, as written in a URL. */
  readonly event?: string;
  readonly repeat: number;
  /** Maximum requests per second. */
  readonly rate?: number;
  readonly concurrency: number;
}

interface Options extends EnvironmentOptions, Load {
  readonly yes?: boolean;
  readonly sample?: Sample;
}

interface Sent {
  readonly requests: number;
  /** Number of requests by status, or by error such as `ECONNRESET`. */
  readonly answers: Readonly<Record<string, number>>;
  readonly latencyMs: Percentiles;
  readonly perSecond: number;
  /** Of the last request that was stored. */
  readonly requestId: string | null;
  /** The endpoint's message for the last request that was not stored. */
  readonly message: string | null;
}

/** Posts a payload as CleverTap would. */
export async function send(file: string | undefined, options: Options): Promise<void> {
  const environment = await openEnvironment(options);
  const payload = await readPayload(file, options.sample);
  if (!environment.isSandbox && options.yes !== true) {
    await confirm(
      `This posts ${count(options.repeat, 'webhook')} to ${environment.name}. The events reach Heap and stay there.`,
    );
  }
  const [key] = apiKeyNames(environment);
  if (key === undefined) throw new OperatorError(`the stack ${environment.stackName} has no API key`);
  const target = { url: outputOf(environment, 'WebhookUrl'), apiKey: await environment.apiKey(key) };
  const sent = await interruptible((signal) =>
    sendAll(payload, target, options, signal, options.repeat > 1 ? progressBar('requests sent') : noProgress),
  );
  print(options, sent, report(sent, environment, options));
  endWith(sent.requests === options.repeat && sent.answers['200'] === sent.requests);
}

/** Posts the payload repeatedly and counts the responses. */
export async function sendAll(
  payload: string | Uint8Array,
  { url, apiKey }: { readonly url: string; readonly apiKey: string },
  { event, repeat, rate, concurrency }: Load,
  signal: AbortSignal,
  progress: Progress,
): Promise<Sent> {
  const client = new WebhookClient(url, concurrency);
  const rateLimit = new RateLimit(rate);
  const headers = { 'content-type': 'application/json', 'x-api-key': apiKey };
  const answers: WebhookAnswer[] = [];
  let started = 0;
  progress.total(repeat);
  const startedAt = performance.now();
  const sender = async (): Promise<void> => {
    while (started < repeat) {
      started += 1;
      await rateLimit.turn(signal);
      if (signal.aborted) return;
      answers.push(await client.post(payload, headers, event));
      progress.done(answers.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, repeat) }, sender));
  const seconds = (performance.now() - startedAt) / 1000;
  progress.end();
  client.close();

  const counts: Record<string, number> = {};
  for (const { status, fault } of answers) {
    const name = status === undefined ? (fault ?? 'no answer') : String(status);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  const latencies = answers.map(({ milliseconds }) => Math.round(milliseconds));
  return {
    requests: answers.length,
    answers: counts,
    latencyMs: percentilesOf(latencies),
    perSecond: Math.round(answers.length / seconds),
    requestId: answers.findLast(({ requestId }) => requestId !== undefined)?.requestId ?? null,
    message:
      answers.findLast(({ status, message }) => status !== 200 && message !== undefined)?.message ?? null,
  };
}

function report(sent: Sent, { name, config }: Environment, { repeat }: Options): string {
  const { p50, p95, max } = sent.latencyMs;
  const statuses = Object.entries(sent.answers).map(([status, times]) => `${status}: ${times}`);
  return [
    `Sent ${count(sent.requests, 'request')} to ${name}. Answers: ${statuses.join(', ') || 'none'}.`,
    `Latency p50 ${duration(p50)}, p95 ${duration(p95)}, max ${duration(max)}` +
      (repeat > 1 ? `; ${sent.perSecond} requests per second.` : '.'),
    ...(sent.requestId === null ? [] : [`Last request id: ${visibleText(sent.requestId)}`]),
    ...(sent.message === null ? [] : [`The endpoint says: ${visibleText(sent.message)}`]),
    ...(repeat > 1 && config.dedupeWindowMinutes > 0
      ? [
          `Equal events within ${count(config.dedupeWindowMinutes, 'minute')} count once in Heap, unless each has its own id in the payload.`,
        ]
      : []),
  ].join('\n');
}
