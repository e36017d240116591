import { deadLetterAttributes, ingressStamps, type RejectionReason } from '../../../lambda/contract';
import { Ledger, type Counts } from '../../../local/account/ledger';
import type { StoredMessage } from '../../../local/aws/sqs/queue';
import type { SimulatedHeap } from './heap';
import { bufferName, deadLetterQueueName, type Pipeline } from './pipeline';
import { serialOf, serialsIn, type AcceptedEvent, type Traffic } from './traffic';

/** Where the accepted events are, counted as `npm start` does, and violations. */
export interface Account extends Counts {
  /** When the newest missing event was accepted. */
  readonly newestLostAt: number;
  /** In Heap more than once. */
  readonly doubled: number;
  /** In Heap and among the dead letters. */
  readonly both: number;
  /** Violations of the promises, in words. */
  readonly violations: readonly string[];
}

/** A dead letter with its attributes. */
interface DeadLetter {
  readonly requestId: string | undefined;
  readonly reason: RejectionReason | undefined;
  /** The number of events it claims to hold. */
  readonly events: number;
  readonly serials: readonly number[];
}

/** Reasons to give up an event that is not itself at fault; undefined is SQS's own backstop. */
const circumstances: readonly (RejectionReason | undefined)[] = [
  'heap_rejected',
  'retries_exhausted',
  undefined,
];

/** The dead letters in the queue. */
export const deadLettersOf = (pipeline: Pipeline): DeadLetter[] =>
  pipeline.sqs.messages(deadLetterQueueName).map(({ body, attributes }) => ({
    requestId: attributes[ingressStamps.requestId]?.StringValue,
    reason: attributes[deadLetterAttributes.reason]?.StringValue as RejectionReason | undefined,
    events: Number(attributes[deadLetterAttributes.events]?.StringValue),
    serials: serialsIn(body),
  }));

/** Looks for every accepted event in Heap and in both queues (docs/reliability.md, "How it is proven"). */
export function account(traffic: Traffic, pipeline: Pipeline, heap: SimulatedHeap): Account {
  const violations = [...pipeline.violations, ...heap.violations];
  const rows = new Map<number, number>();
  for (const row of heap.rows.values()) {
    const serial = serialOf(row.event);
    rows.set(serial, (rows.get(serial) ?? 0) + 1);
    const violation = traffic.violationIn(row);
    if (violation !== undefined) violations.push(violation);
  }
  const ledger = new Ledger<AcceptedEvent>();
  for (const event of traffic.events.values()) {
    ledger.accept(event.serial, event, event.destiny.kind === 'ignored');
    if (rows.has(event.serial)) ledger.deliver(event.serial);
  }
  for (const { body } of pipeline.sqs.messages(bufferName))
    for (const serial of serialsIn(body)) ledger.hold(serial);
  for (const message of pipeline.sqs.messages(deadLetterQueueName))
    for (const serial of checkDeadLetter(message, traffic, violations)) ledger.reject(serial, 'dead letter');
  const placed = [...ledger.all];

  const missing = placed.flatMap(({ event, place }) => (place === 'missing' ? [event] : []));
  const doubled = [...rows].filter(([, count]) => count > 1);
  violations.push(
    ...missing.map((event) => `lost: ${JSON.stringify(event)}`),
    ...doubled.map(([serial]) => `twice in Heap: ${JSON.stringify(traffic.events.get(serial))}`),
  );
  return {
    ...ledger.counts,
    newestLostAt: missing.reduce(
      (newest, { timestamps }) => Math.max(newest, ...timestamps.map((timestamp) => Date.parse(timestamp))),
      -Infinity,
    ),
    doubled: doubled.length,
    both: placed.filter(({ place, reason }) => place === 'delivered' && reason !== undefined).length,
    violations,
  };
}

/** @returns the events of a dead letter after checking that each may be in it */
function checkDeadLetter(
  { body, attributes }: StoredMessage,
  traffic: Traffic,
  violations: string[],
): number[] {
  const serials = serialsIn(body);
  const reason = attributes[deadLetterAttributes.reason]?.StringValue as RejectionReason | undefined;
  const events = attributes[deadLetterAttributes.events]?.StringValue;
  if (reason !== undefined && Number(events) !== serials.length)
    violations.push(`a dead letter of ${String(events)} events holds ${serials.length}`);
  for (const serial of serials) {
    const accepted = traffic.events.get(serial);
    if (accepted === undefined || !mayBeDeadLetter(accepted, reason))
      violations.push(`a dead letter for ${String(reason)} holds ${JSON.stringify(accepted ?? serial)}`);
  }
  return serials;
}

function mayBeDeadLetter({ destiny }: AcceptedEvent, reason: RejectionReason | undefined): boolean {
  switch (destiny.kind) {
    case 'delivered':
    case 'refused':
      return circumstances.includes(reason);
    case 'rejected':
      return reason === destiny.reason || reason === undefined;
    case 'ignored':
      return reason === undefined;
  }
}
