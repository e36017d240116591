import type { SQSRecord } from 'aws-lambda';
import type { Change } from '../mapping/findings';
import type { Logger } from '../telemetry/logger';
import type { Metrics } from '../telemetry/metrics';
import { metrics, type RejectionReason } from '../contract';
import type { HeapCall, HeapSender } from '../heap/sender';
import { ledgerOf } from './ledger';
import { isNew, Message, type Entry } from './message';
import type { Settlement, SettledMessage } from './settle';

/** Where reports go. */
export interface ReportPorts {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Request ids in a log line. */
const maxRequestIds = 500;

/** Requests of a batch whose outcome the log names. */
const maxRequests = 20;

/** Writes what became of a batch: metrics, and log lines that name requests and reasons but nobody's data. */
export function reportBatch(
  messages: readonly Message[],
  { settled, kept }: Settlement,
  sender: HeapSender,
  ports: ReportPorts,
): void {
  const { log, now } = ports;
  for (const one of settled) logRejections(one, log);
  logSettled(settled, ports);

  const rejected = countBy(settled.flatMap((one) => one.rejected.map(({ reason }) => reason)));
  const changes = totals(settled.map(({ message }) => message));
  const received = countEntries(messages.filter(({ record }) => isNew(record)));
  const counts = {
    delivered: 0,
    rejected: [...rejected.values()].reduce((sum, count) => sum + count, 0),
    ignored: 0,
    retried: countEntries(kept),
  };
  for (const { message } of settled) {
    for (const { fate } of message.entries) {
      if (fate?.kind === 'delivered') counts.delivered += 1;
      if (fate?.kind === 'ignored') counts.ignored += 1;
    }
  }
  ports.metrics({
    [metrics.eventsReceived]: received,
    [metrics.eventsDelivered]: counts.delivered,
    [metrics.eventsRejected]: counts.rejected,
    [metrics.eventsIgnored]: counts.ignored,
    [metrics.eventsRetried]: counts.retried,
    [metrics.deliveryLag]: lagOf(settled, kept, now()),
    ...callMetrics(sender.calls),
    [metrics.breakerOpen]: sender.wasDown ? 1 : 0,
    [metrics.truncated]: (changes.get('value_truncated') ?? 0) + (changes.get('event_name_truncated') ?? 0),
    [metrics.placeholderIdentity]: rejected.get('placeholder_identity') ?? 0,
    [metrics.encodingReplaced]: settled.filter(({ message }) => message.record.body.includes('\uFFFD'))
      .length,
  });
  for (const [reason, count] of rejected) ports.metrics({ [metrics.eventsRejected]: count }, reason);

  log('info', 'batch forwarded', {
    messages: messages.length,
    events: countEntries(messages),
    received,
    ...counts,
    messagesKept: kept.length,
    messagesContinued: settled.filter(({ isContinued }) => isContinued).length,
    heapRequests: sender.calls.length,
    ...Object.fromEntries(changes),
    campaigns: ledgerOf(messages, settled),
  });
}

/** Writes that a batch waits because there is no usable Heap token. */
export function reportWaiting(records: readonly SQSRecord[], { log, metrics: measure }: ReportPorts): void {
  const campaigns = ledgerOf(messagesOf(records, log), []);
  log('error', 'no Heap app id; all messages wait', { messages: records.length, campaigns });
  measure({ [metrics.eventsReceived]: campaigns.reduce((sum, { events }) => sum + events, 0) });
}

/** One after the other, so that not all of a batch is in memory at a time. */
function* messagesOf(records: readonly SQSRecord[], log: Logger): Generator<Message> {
  for (const record of records) yield new Message(record, log);
}

function callMetrics(calls: readonly HeapCall[]): Record<string, number | number[]> {
  const count = (matches: (call: HeapCall) => boolean): number => calls.filter(matches).length;
  return {
    [metrics.heapCalls]: calls.length,
    [metrics.heapCallsRetryable]: count(({ outcome }) => outcome === 'retry' || outcome === 'redirected'),
    [metrics.heapCallsThrottled]: count(({ answer }) => 'status' in answer && answer.status === 429),
    [metrics.heapCallsUnauthorized]: count(({ outcome }) => outcome === 'unauthorized'),
    [metrics.heapCallsRefused]: count(({ outcome }) => ['invalid', 'too_large', 'refused'].includes(outcome)),
    [metrics.heapLatency]: calls.map(({ latencyMs }) => latencyMs),
    [metrics.bulkSize]: calls.map(({ size }) => size),
  };
}

/** Milliseconds from acceptance to delivery, or until now, of each event that was delivered or is put back. */
function lagOf(settled: readonly SettledMessage[], kept: readonly Message[], now: number): number[] {
  const lag: number[] = [];
  const count = ({ ingress, entries }: Message, isCounted: (entry: Entry) => boolean): void => {
    if (ingress === undefined) return;
    for (const entry of entries) if (isCounted(entry)) lag.push(now - ingress.receivedAt);
  };
  for (const { message } of settled) count(message, ({ fate }) => fate?.kind === 'delivered');
  for (const message of kept) count(message, () => true);
  return lag;
}

const countEntries = (messages: readonly Message[]): number =>
  messages.reduce((sum, { entries }) => sum + entries.length, 0);

function countBy<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function totals(messages: readonly Message[]): Map<Change, number> {
  const sums = new Map<Change, number>();
  for (const { changes } of messages) {
    for (const [change, times] of changes) sums.set(change, (sums.get(change) ?? 0) + times);
  }
  return sums;
}

/** One line for each message and reason: enough to find it, and nothing of what is in it. */
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

/** The requests that are done, so that one can be followed from the access log to its end. */
function logSettled(settled: readonly SettledMessage[], { log, now }: ReportPorts): void {
  const done = settled.filter(({ message, isContinued }) => !isContinued && message.ingress !== undefined);
  for (let start = 0; start < done.length; start += maxRequestIds) {
    const some = done.slice(start, start + maxRequestIds);
    log('info', 'settled', {
      requestIds: some.map(({ message }) => message.ingress?.requestId),
      requests: start > 0 ? [] : some.slice(0, maxRequests).map((one) => requestOf(one, now())),
    });
  }
}

/** What became of a request, for a person who waits for it. */
const requestOf = ({ message: { ingress, entries }, rejected }: SettledMessage, now: number) => ({
  requestId: ingress?.requestId,
  ...entries[0]?.origin,
  delivered: entries.filter(({ fate }) => fate?.kind === 'delivered').length,
  ignored: entries.filter(({ fate }) => fate?.kind === 'ignored').length,
  rejected: Object.fromEntries(countBy(rejected.map(({ reason }) => reason))),
  lagMs: now - (ingress?.receivedAt ?? now),
});
