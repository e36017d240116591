import { createHash } from 'node:crypto';
import {
  CancelMessageMoveTaskCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { OperatorError } from '../terminal/operator-error';
import { pause, RateLimit } from '../terminal/interruption';
import { noProgress, type Progress } from '../terminal/progress-bar';
import { count } from '../terminal/terminal-text';
import { redriven, type DeadLetter } from './dead-letter';
import {
  countsOf,
  deleteDeadLetters,
  send,
  visitDeadLetters,
  type QueueRef,
  type VisitOptions,
} from './visit-dead-letters';

export interface Redrive {
  readonly moved: number;
  /** Whether everything that should move has moved. */
  readonly complete: boolean;
  /** What the operator should know, as a sentence. */
  readonly note: string | null;
}

export interface MoveOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** Maximum dead letters per second; absent: as fast as SQS goes. */
  readonly perSecond?: number;
  /** How often SQS is polled for progress. */
  readonly pollMs?: number;
}

/**
 * Moves all dead letters back to the buffer with a move task of SQS, which continues even if this process ends. The task
 * names its destination: without one, SQS refuses messages that the forwarder sent.
 *
 * A task keeps the attributes. The forwarder overwrites the reason of a message that it rejects again.
 *
 * @throws {OperatorError} when SQS is running another task, or stops this one
 */
export async function redriveAll(
  from: QueueRef,
  to: QueueRef,
  { signal, progress = noProgress, perSecond, pollMs = 2000 }: MoveOptions = {},
): Promise<Redrive> {
  const [source, destination] = [await countsOf(from), await countsOf(to)];
  const { Results: [former] = [] } = await from.sqs.send(
    new ListMessageMoveTasksCommand({ SourceArn: source.arn, MaxResults: 1 }),
  );
  if (former?.Status === 'RUNNING') {
    throw new OperatorError(
      `SQS is already redriving this queue (${former.ApproximateNumberOfMessagesMoved ?? 0} moved); wait until it is done`,
    );
  }
  if (source.visible === 0)
    return { moved: 0, complete: source.inFlight === 0, note: hiddenNote(source.inFlight) };
  const { TaskHandle } = await from.sqs.send(
    new StartMessageMoveTaskCommand({
      SourceArn: source.arn,
      DestinationArn: destination.arn,
      MaxNumberOfMessagesPerSecond: perSecond,
    }),
  );
  progress.total(source.visible);
  try {
    for (;;) {
      const { Results: [latest] = [] } = await from.sqs.send(
        new ListMessageMoveTasksCommand({ SourceArn: source.arn, MaxResults: 1 }),
      );
      // Until SQS lists the new task, the latest is the former one.
      const task = latest?.StartedTimestamp === former?.StartedTimestamp ? undefined : latest;
      const moved = task?.ApproximateNumberOfMessagesMoved ?? 0;
      progress.done(moved);
      if (task?.Status === 'COMPLETED') {
        // If it moved fewer than there were, others may have been received since.
        const { inFlight } = moved < source.visible ? await countsOf(from) : source;
        return { moved, complete: inFlight === 0, note: hiddenNote(inFlight) };
      }
      if (task?.Status === 'FAILED' || task?.Status === 'CANCELLED') {
        throw new OperatorError(
          `SQS stopped after ${count(moved, 'dead letter')}: ${task.FailureReason ?? task.Status.toLowerCase()}. The others are still in the dead-letter queue.`,
        );
      }
      // Dead letters that come back immediately would otherwise circulate forever.
      const isCircling = moved > 2 * source.visible + 100;
      if (signal?.aborted === true || isCircling) {
        await from.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
        const note = isCircling
          ? 'Stopped: the dead letters come back as fast as they are moved. Their cause is not fixed yet.'
          : 'Stopped. What has not moved is still in the dead-letter queue.';
        return { moved, complete: false, note };
      }
      await pause(pollMs, signal);
    }
  } finally {
    progress.end();
  }
}

const hiddenNote = (inFlight: number): string | null =>
  inFlight === 0
    ? null
    : `${count(inFlight, 'dead letter is', 'dead letters are')} being read elsewhere, e.g. by another redrive, and stayed in the queue. Run the command again in a few minutes.`;

/**
 * Moves dead letters one by one: received, sent, and only then deleted. If this stops at any point, a dead letter is in at
 * least one of the queues. If it is in both, Heap counts its events once, because they keep the endpoint's stamps.
 *
 * @param matches which dead letters to move
 */
export async function redriveSelected(
  from: QueueRef,
  to: QueueRef,
  matches: (letter: DeadLetter) => boolean,
  { perSecond, signal, ...options }: MoveOptions & VisitOptions = {},
): Promise<Redrive> {
  const rateLimit = new RateLimit(perSecond);
  /** Dead letters whose cause is not fixed come back while this runs. They must not circulate forever. */
  const sent = new Set<string>();
  let moved = 0;
  let copies = 0;
  const { isComplete } = await visitDeadLetters(
    from,
    async (letters) => {
      const gone = await Promise.all(
        letters.filter(matches).map(async (letter) => {
          await rateLimit.turn(signal);
          if (signal?.aborted === true) return [];
          const fingerprint = fingerprintOf(letter);
          if (sent.has(fingerprint)) {
            copies += 1;
            return [];
          }
          await send(to, letter.body, redriven(letter));
          sent.add(fingerprint);
          return [letter];
        }),
      );
      const stored = gone.flat();
      await deleteDeadLetters(from, stored);
      moved += stored.length;
      return stored;
    },
    // Longer than a list: dead letters that are rejected again at once are seen, and do not look fixed.
    { waitSeconds: 2, ...options, signal, secondsPerDeadLetter: perSecond === undefined ? 0 : 1 / perSecond },
  );
  const note =
    copies > 0
      ? `${count(copies, 'dead letter')} equal to one that was just moved ${copies === 1 ? 'stays' : 'stay'}: either a copy, or already back because the cause is not fixed.`
      : isComplete
        ? null
        : 'Not all were read. Run the command again for the rest.';
  return { moved, complete: isComplete && copies === 0, note };
}

/** Identifies the same events of the same request. SQS's message id changes with each move. */
const fingerprintOf = ({ body, requestId = '' }: DeadLetter): string =>
  createHash('sha256').update(`${requestId} ${body}`).digest('base64');
