import type { EventLocation } from '../clevertap/decode-message';
import type { Logger } from '../telemetry/logger';
import { continuationOf, deadLettersOf, type RejectedEvent } from './dead-letter';
import { receiveCountOf, type Entry, type Message } from './message';
import type { Queues } from './queues';
import { retryDelaySeconds, unattemptedDelaySeconds } from './retry-delay';

/** Everything settling needs from outside. */
export interface SettlePorts {
  readonly queues: Pick<Queues, 'sendDeadLetters' | 'sendBack' | 'delay'>;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** A message that still fails this long after its first receive becomes a dead letter, `retries_exhausted`. */
const maxRetryMs = 24 * 3_600_000;

/**
 * A message received this often without an attempt is sent again as a new one, because SQS moves it to the dead-letter
 * queue after 60 receives.
 */
const maxUnattemptedReceives = 40;

/** What happens to a message. */
type Verdict =
  /** Every event is final. */
  | { readonly kind: 'done'; readonly rejected: readonly RejectedEvent[] }
  /** Some events are final. Time ran out for the rest, which goes back to the buffer. */
  | {
      readonly kind: 'continued';
      readonly rejected: readonly RejectedEvent[];
      readonly rest: readonly EventLocation[];
    }
  /** The whole message returns after a delay. Delivered neighbours are then sent again under the same keys. */
  | { readonly kind: 'kept'; readonly seconds: number };

/** A message that needs no further attempt, and its rejected events. */
export interface SettledMessage {
  readonly message: Message;
  readonly rejected: readonly RejectedEvent[];
  /** Whether part of it continues as another message. */
  readonly isContinued: boolean;
}

export interface Settlement {
  readonly settled: readonly SettledMessage[];
  /** Messages SQS must keep. */
  readonly kept: readonly Message[];
}

/**
 * Decides what happens to each message and carries it out. Events that go on are stored before their message is
 * acknowledged, so a crash loses nothing. If one event must be retried, nothing in its message is dead-lettered.
 *
 * @param line `isDown`: Heap is down, so unsent events count as failed and wait as long. `lastFailure`: the result of
 *   this invocation's last probe, if it failed
 */
export async function settleMessages(
  messages: readonly Message[],
  line: { readonly isDown: boolean; readonly lastFailure: string | undefined },
  ports: SettlePorts,
): Promise<Settlement> {
  const judged = messages.map((message) => ({ message, verdict: verdictOf(message, line, ports) }));
  const failed = new Set<Message>();

  const continued = judged.flatMap(({ message, verdict }) =>
    verdict.kind === 'continued' ? [{ message, letter: continuationOf(message.record, verdict.rest) }] : [],
  );
  const sentBack = await ports.queues.sendBack(continued.map(({ letter }) => letter));
  continued.forEach(({ message }, index) => {
    if (sentBack[index] !== true) failed.add(message);
  });

  const letters = judged.flatMap(({ message, verdict }) => {
    if (verdict.kind === 'kept' || failed.has(message)) return [];
    return deadLettersOf(message.record, verdict.rejected).map((letter) => ({ message, letter }));
  });
  for (const { message, letter } of letters) {
    if (letter !== undefined || failed.has(message)) continue;
    // SQS moves it to the dead-letter queue after its last receive.
    ports.log('error', 'too large for a dead letter', { sqsMessageId: message.record.messageId });
    failed.add(message);
  }
  const sendable = letters.flatMap(({ message, letter }) =>
    letter === undefined || failed.has(message) ? [] : [{ message, letter }],
  );
  const stored = await ports.queues.sendDeadLetters(sendable.map(({ letter }) => letter));
  sendable.forEach(({ message }, index) => {
    if (stored[index] !== true) failed.add(message);
  });

  const kept = judged.flatMap(({ message, verdict }) => {
    if (verdict.kind === 'kept') return [{ message, seconds: verdict.seconds }];
    return failed.has(message) ? [{ message, seconds: retryDelayOf(message, ports) }] : [];
  });
  await ports.queues.delay(
    kept.map(({ message, seconds }) => ({ receiptHandle: message.record.receiptHandle, seconds })),
  );
  return {
    settled: judged.flatMap(({ message, verdict }) =>
      verdict.kind === 'kept' || failed.has(message)
        ? []
        : [{ message, rejected: verdict.rejected, isContinued: verdict.kind === 'continued' }],
    ),
    kept: kept.map(({ message }) => message),
  };
}

function verdictOf(
  message: Message,
  line: { readonly isDown: boolean; readonly lastFailure: string | undefined },
  ports: SettlePorts,
): Verdict {
  const { record, entries } = message;
  const unsent = entries.filter(({ fate }) => fate === undefined);
  const failure = entries.find(({ fate }) => fate?.kind === 'retry')?.fate;
  const rejected = entries.flatMap(rejectionOf);
  const wasHeldUp = unsent.length > 0 && line.isDown;

  // A failed probe counts for all messages that waited behind it. While newer messages arrive, the oldest are never
  // the probe.
  const cause = failure?.kind === 'retry' ? failure.cause : wasHeldUp ? line.lastFailure : undefined;
  if (cause !== undefined && ports.now() - firstReceiveOf(message, ports) >= maxRetryMs) {
    const open = entries.filter(({ fate }) => fate === undefined || fate.kind === 'retry');
    const detail = `no success in 24 hours; last failure: ${cause}`;
    return {
      kind: 'done',
      rejected: [
        ...rejected,
        ...open.map(({ location, origin }) => ({
          location,
          origin,
          reason: 'retries_exhausted' as const,
          detail,
        })),
      ],
    };
  }
  if (failure !== undefined || wasHeldUp) {
    return { kind: 'kept', seconds: retryDelayOf(message, ports) };
  }
  if (unsent.length === 0) return { kind: 'done', rejected };
  if (unsent.length < entries.length || receiveCountOf(record) >= maxUnattemptedReceives) {
    return { kind: 'continued', rejected, rest: unsent.map(({ location }) => location) };
  }
  return { kind: 'kept', seconds: unattemptedDelaySeconds(ports.random()) };
}

const rejectionOf = ({ location, origin, fate }: Entry): RejectedEvent[] =>
  fate?.kind === 'rejected' ? [{ location, origin, reason: fate.reason, detail: fate.detail }] : [];

const firstReceiveOf = ({ record }: Message, { now }: SettlePorts): number =>
  Number(record.attributes.ApproximateFirstReceiveTimestamp) || now();

const retryDelayOf = (message: Message, ports: SettlePorts): number =>
  retryDelaySeconds(
    { firstReceivedAt: firstReceiveOf(message, ports), now: ports.now(), random: ports.random() },
    message.entries
      .map(({ fate }) => (fate?.kind === 'retry' ? (fate.retryAfterSeconds ?? 0) : 0))
      .reduce((longest, seconds) => Math.max(longest, seconds), 0),
  );
