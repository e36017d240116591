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
import { redriven, type Letter } from './letter';
import {
  countsOf,
  deleteLetters,
  send,
  visitLetters,
  type QueueRef,
  type VisitOptions,
} from './visit-letters';

export interface Redrive {
  readonly moved: number;
  /** Whether all that was to be moved has moved. */
  readonly complete: boolean;
  /** What the person should know, as a sentence. */
  readonly note: string | null;
}

export interface MoveOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** Letters a second; absent: as fast as SQS goes. */
  readonly perSecond?: number;
  /** How often SQS is asked how far it is. */
  readonly pollMs?: number;
}

/**
 * Moves all letters back to the buffer by a task of SQS, which goes on wherever this process is. It names the
 * destination: without it SQS refuses letters that the forwarder sent (F64).
 *
 * A task keeps the attributes, so a letter that comes back after this carries its new reason alone.
 *
 * @throws {OperatorError} when SQS runs another task, or gives this one up
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
      `SQS is redriving this queue already (${former.ApproximateNumberOfMessagesMoved ?? 0} moved); wait until it is done`,
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
      // Until SQS lists the new task, the latest is one of before.
      const task = latest?.StartedTimestamp === former?.StartedTimestamp ? undefined : latest;
      const moved = task?.ApproximateNumberOfMessagesMoved ?? 0;
      progress.done(moved);
      if (task?.Status === 'COMPLETED')
        return { moved, complete: source.inFlight === 0, note: hiddenNote(source.inFlight) };
      if (task?.Status === 'FAILED' || task?.Status === 'CANCELLED') {
        throw new OperatorError(
          `SQS stopped after ${moved} letters: ${task.FailureReason ?? task.Status.toLowerCase()}. The others are still in the dead-letter queue.`,
        );
      }
      // What comes back at once would otherwise go round and round.
      const isCircling = moved > 2 * source.visible + 100;
      if (signal?.aborted === true || isCircling) {
        await from.sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
        const note = isCircling
          ? 'Stopped: the letters come back as fast as they are moved. Their cause is not mended yet.'
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
    : `${count(inFlight, 'dead letter is', 'dead letters are')} being read elsewhere, e.g. by another redrive, and stayed. Run the command again in a few minutes.`;

/**
 * Moves letters one by one: received, sent, and only then deleted. Stopped anywhere, a letter is at least in one
 * of the queues; where it is in both, Heap counts its events once, as key and time are those of the door (F65).
 *
 * @param matches which letters to move
 */
export async function redriveSelected(
  from: QueueRef,
  to: QueueRef,
  matches: (letter: Letter) => boolean,
  { perSecond, signal, ...options }: MoveOptions & VisitOptions = {},
): Promise<Redrive> {
  const rateLimit = new RateLimit(perSecond);
  /** A letter whose cause is not mended comes back while this runs, and must not go round and round. */
  const sent = new Set<string>();
  let moved = 0;
  let copies = 0;
  const { isComplete } = await visitLetters(
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
      await deleteLetters(from, stored);
      moved += stored.length;
      return stored;
    },
    { ...options, signal, secondsPerLetter: perSecond === undefined ? 0 : 1 / perSecond },
  );
  const note =
    copies > 0
      ? `${count(copies, 'letter')} equal to what was just moved ${copies === 1 ? 'stays' : 'stay'}: back already, as the cause is not mended, or a copy.`
      : isComplete
        ? null
        : 'Not all were seen. Run the command again for the rest.';
  return { moved, complete: isComplete && copies === 0, note };
}

/** The same events of the same request; SQS's own id is another one after each move. */
const fingerprintOf = ({ body, requestId = '' }: Letter): string =>
  createHash('sha256').update(`${requestId} ${body}`).digest('base64');
