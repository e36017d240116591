import { randomUUID } from 'node:crypto';
import type { Queue } from './queue';

/**
 * A task as the API returns it.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasksResultEntry.html
 */
export interface MessageMoveTaskEntry {
  /** Only present while the task runs. */
  readonly TaskHandle?: string;
  readonly Status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';
  readonly SourceArn: string;
  readonly DestinationArn?: string;
  readonly MaxNumberOfMessagesPerSecond?: number;
  readonly ApproximateNumberOfMessagesMoved: number;
  readonly ApproximateNumberOfMessagesToMove: number;
  readonly FailureReason?: string;
  /** Milliseconds. */
  readonly StartedTimestamp: number;
}

export interface MessageMoveTaskStart {
  readonly sourceArn: string;
  /** @default - every message goes back to its original source queue */
  readonly destinationArn: string | undefined;
  readonly messagesPerSecond: number | undefined;
  readonly startedAt: number;
  /** The number of messages visible at the start. Later arrivals are not moved, so that the task ends. */
  readonly messagesToMove: number;
}

/** A task that moves messages out of a dead-letter queue. Time passes only in `advance`. */
export class MessageMoveTask {
  readonly start: MessageMoveTaskStart;
  readonly handle: string;
  #status: MessageMoveTaskEntry['Status'] = 'RUNNING';
  #moved = 0;
  #failureReason: string | undefined;

  constructor(start: MessageMoveTaskStart) {
    this.start = start;
    this.handle = Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn: start.sourceArn })).toString(
      'base64',
    );
  }

  get isRunning(): boolean {
    return this.#status === 'RUNNING';
  }

  get moved(): number {
    return this.#moved;
  }

  /** When the next message may move, in milliseconds: the first immediately, the rest evenly at the given rate. */
  get nextMoveAt(): number {
    const { startedAt, messagesPerSecond } = this.start;
    return messagesPerSecond === undefined ? startedAt : startedAt + (this.#moved * 1000) / messagesPerSecond;
  }

  /** Moves the messages that are due. @returns the queues that received a message */
  advance(now: number, queueOfArn: (arn: string) => Queue | undefined): ReadonlySet<Queue> {
    const destinations = new Set<Queue>();
    while (this.isRunning && this.nextMoveAt <= now) {
      const destination = this.#moveOne(now, queueOfArn);
      if (destination !== undefined) destinations.add(destination);
    }
    return destinations;
  }

  cancel(): void {
    this.#status = 'CANCELLED';
  }

  describe(): MessageMoveTaskEntry {
    const { sourceArn, destinationArn, messagesPerSecond, startedAt, messagesToMove } = this.start;
    return {
      ...(this.isRunning && { TaskHandle: this.handle }),
      Status: this.#status,
      SourceArn: sourceArn,
      ...(destinationArn !== undefined && { DestinationArn: destinationArn }),
      ...(messagesPerSecond !== undefined && { MaxNumberOfMessagesPerSecond: messagesPerSecond }),
      ApproximateNumberOfMessagesMoved: this.#moved,
      ApproximateNumberOfMessagesToMove: messagesToMove,
      ...(this.#failureReason !== undefined && { FailureReason: this.#failureReason }),
      StartedTimestamp: startedAt,
    };
  }

  #moveOne(now: number, queueOfArn: (arn: string) => Queue | undefined): Queue | undefined {
    const source = queueOfArn(this.start.sourceArn);
    source?.advance(now);
    const message = source?.firstVisible;
    if (source === undefined || message === undefined) {
      this.#status = 'COMPLETED';
      return undefined;
    }
    const arn = this.start.destinationArn ?? message.deadLetterQueueSourceArn;
    const destination = arn === undefined ? undefined : queueOfArn(arn);
    if (destination === undefined) {
      this.#status = 'FAILED';
      this.#failureReason =
        arn === undefined ? 'CouldNotDetermineMessageSource' : 'AWS.SimpleQueueService.NonExistentQueue';
      return undefined;
    }
    source.remove(message);
    const moved = {
      ...message,
      id: randomUUID(),
      sentAt: now,
      deadLetterQueueSourceArn: undefined,
      receiveCount: 0,
      firstReceivedAt: undefined,
    };
    destination.add(moved, now, destination.settings.DelaySeconds);
    this.#moved += 1;
    if (this.#moved >= this.start.messagesToMove) this.#status = 'COMPLETED';
    return destination;
  }
}
