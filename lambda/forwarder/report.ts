import type { SQSRecord } from 'aws-lambda';
import type { Logger } from '../telemetry/logger';
import type { Metrics } from '../telemetry/metrics';
import { metrics, type RejectionReason } from '../contract';
import type { HeapCall, HeapSender } from '../heap/sender';
import { ledgerOf, sumOf } from './ledger';
import { Message } from './message';
import type { Settlement, SettledMessage } from './settle';

/** Where reports go. */
export interface ReportPorts {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Request ids per log line. */
const maxRequestIds = 500;

/** Requests per batch whose outcome is logged. */
const maxRequests = 20;

/** Reports the result of a batch: metrics, and log lines that name requests and reasons but no personal data. */
export function reportBatch(
  messages: readonly Message[],
  { settled, kept }: Settlement,
  sender: HeapSender,
  ports: ReportPorts,
): void {
  const { log, now } = ports;
  for (const one of settled) logRejections(one, log);
  logSettled(settled, ports);

  const campaigns = ledgerOf(messages, settled);
  const counts = {
    received: sumOf(campaigns, 'received'),
    delivered: sumOf(campaigns, 'delivered'),
    rejected: sumOf(campaigns, 'rejected'),
    ignored: sumOf(campaigns, 'ignored'),
    retried: countEntries(kept),
  };
  const rejected = sumsOf(campaigns.map(({ reason, events }) => [reason, events] as const));
  const changes = sumsOf(settled.flatMap(({ message }) => [...message.changes]));
  ports.metrics({
    ...nonZero({
      [metrics.eventsReceived]: counts.received,
      [metrics.eventsDelivered]: counts.delivered,
      [metrics.eventsRejected]: counts.rejected,
      [metrics.eventsIgnored]: counts.ignored,
      [metrics.eventsRetried]: counts.retried,
      [metrics.deliveryLag]: lagOf(settled, kept, now()),
      ...callMetrics(sender.calls),
      [metrics.truncated]: (changes.get('value_truncated') ?? 0) + (changes.get('event_name_truncated') ?? 0),
      [metrics.placeholderIdentity]: rejected.get('placeholder_identity') ?? 0,
      [metrics.encodingReplaced]: settled.filter(({ message: { record } }) => record.body.includes('\uFFFD'))
        .length,
    }),
    ...failingMetrics(sender),
  });
  for (const [reason, count] of rejected)
    if (reason !== undefined) ports.metrics({ [metrics.eventsRejected]: count }, reason);

  log('info', 'batch forwarded', {
    messages: messages.length,
    events: countEntries(messages),
    ...counts,
    messagesKept: kept.length,
    messagesContinued: settled.filter(({ isContinued }) => isContinued).length,
    heapRequests: sender.calls.length,
    ...Object.fromEntries(changes),
    campaigns,
  });
}

/** Reports that a batch waits because there is no usable Heap token. */
export function reportWaiting(records: readonly SQSRecord[], { log, metrics: measure }: ReportPorts): void {
  const campaigns = ledgerOf(messagesOf(records, log), []);
  log('error', 'no Heap app id; all messages wait', { messages: records.length, campaigns });
  measure(nonZero({ [metrics.eventsReceived]: sumOf(campaigns, 'received') }));
}

/** One at a time, so that not all of a batch is in memory at once. */
function* messagesOf(records: readonly SQSRecord[], log: Logger): Generator<Message> {
  for (const record of records) yield new Message(record, log);
}

/** A metric costs money in every hour in which it is written. Alarms and graphs treat missing data as zero. */
const nonZero = (values: Record<string, number | number[]>): Record<string, number | number[]> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));

function callMetrics(calls: readonly HeapCall[]): Record<string, number | number[]> {
  const count = (matches: (call: HeapCall) => boolean): number => calls.filter(matches).length;
  return {
    [metrics.heapCalls]: calls.length,
    [metrics.heapCallsThrottled]: count(({ answer }) => 'status' in answer && answer.status === 429),
    [metrics.heapCallsUnauthorized]: count(({ outcome }) => outcome === 'unauthorized'),
    [metrics.heapCallsRefused]: count(({ outcome }) => ['invalid', 'too_large', 'refused'].includes(outcome)),
    [metrics.heapLatency]: calls.map(({ latencyMs }) => latencyMs),
    [metrics.bulkSize]: calls.map(({ size }) => size),
  };
}

/** The metrics that HeapFailing reads together, zeros included: if one were missing, the alarm would see nothing. */
function failingMetrics({ calls, wasDown }: HeapSender): Record<string, number> {
  const failed = calls.filter(({ outcome }) => outcome === 'retry' || outcome === 'redirected').length;
  if (failed === 0 && !wasDown) return {};
  return {
    [metrics.heapCalls]: calls.length,
    [metrics.heapCallsRetryable]: failed,
    [metrics.breakerOpen]: wasDown ? 1 : 0,
  };
}

/** Milliseconds from acceptance to delivery for each delivered event, and to now for each event put back. */
const lagOf = (settled: readonly SettledMessage[], kept: readonly Message[], now: number): number[] =>
  [
    ...settled.flatMap(({ message: { ingress, entries } }) =>
      entries.filter(({ fate }) => fate?.kind === 'delivered').map(() => ingress),
    ),
    ...kept.flatMap(({ ingress, entries }) => entries.map(() => ingress)),
  ].flatMap((ingress) => (ingress === undefined ? [] : now - ingress.receivedAt));

const countEntries = (messages: readonly Message[]): number =>
  messages.reduce((sum, { entries }) => sum + entries.length, 0);

function sumsOf<K>(counts: readonly (readonly [K, number])[]): Map<K, number> {
  const sums = new Map<K, number>();
  for (const [key, count] of counts) sums.set(key, (sums.get(key) ?? 0) + count);
  return sums;
}

/** One line per message and reason: enough to find the message, without its content. */
function logRejections({ message, rejected }: SettledMessage, log: Logger): void {
  for (const reason of new Set<RejectionReason>(rejected.map((rejection) => rejection.reason))) {
    const alike = rejected.filter((rejection) => rejection.reason === reason);
    log('warn', 'rejected', {
      reason,
      detail: alike[0]?.detail,
      events: alike.length,
      requestId: message.ingress?.requestId,
      sqsMessageId: message.record.messageId,
    });
  }
}

/** Logs the requests that are done, so that each can be followed from the access log to its end. */
function logSettled(settled: readonly SettledMessage[], { log, now }: ReportPorts): void {
  const done = settled.filter(({ message, isContinued }) => !isContinued && message.ingress !== undefined);
  for (let start = 0; start < done.length; start += maxRequestIds) {
    const some = done.slice(start, start + maxRequestIds);
    log('info', 'settled', {
      requestIds: some.map(({ message }) => message.ingress?.requestId),
      requests:
        start > 0
          ? []
          : some.slice(0, maxRequests).map((one) => ({
              requestId: one.message.ingress?.requestId,
              lagMs: now() - (one.message.ingress?.receivedAt ?? now()),
              campaigns: ledgerOf([], [one]),
            })),
    });
  }
}
