import { discardDeadLetters } from '../../relay/dead-letters/discard';
import { listDeadLetters } from '../../relay/dead-letters/list';
import { redriveAll, redriveSelected } from '../../relay/dead-letters/redrive';
import type { QueueRef } from '../../relay/dead-letters/visit-dead-letters';
import { remedyFor } from '../../relay/remedies';
import type { DeadLetterAnswer, DeadLetterRequest, DeadLetters } from '../wire';

/** The queues are in this process, so there is nothing to wait for. */
const atOnce = { waitSeconds: 0, pollMs: 50 };

/** The operator's commands on the stack's dead letters, one at a time because each hides what it reads. */
export class DeadLetterDesk {
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly deadLetters: QueueRef,
    private readonly buffer: QueueRef,
  ) {}

  list(): Promise<DeadLetters> {
    return this.#inTurn(async () => {
      const { letters, events, complete, groups } = await listDeadLetters(this.deadLetters, {
        samples: 1,
        show: false,
        ...atOnce,
      });
      return {
        letters,
        events,
        complete,
        groups: groups.map(({ reason, campaign, samples, ...group }) => ({
          reason,
          campaign,
          letters: group.letters,
          events: group.events,
          oldestSentAt: group.oldestSentAt,
          remedy: remedyFor(reason),
          sample: samples[0]?.body ?? '',
        })),
      };
    });
  }

  redrive({ reason }: DeadLetterRequest): Promise<DeadLetterAnswer> {
    return this.#inTurn(async () => {
      const { moved, complete, note } =
        reason === undefined
          ? await redriveAll(this.deadLetters, this.buffer, atOnce)
          : await redriveSelected(
              this.deadLetters,
              this.buffer,
              (letter) => letter.reason === reason,
              atOnce,
            );
      return { letters: moved, complete, note };
    });
  }

  discard({ reason }: DeadLetterRequest): Promise<DeadLetterAnswer> {
    return this.#inTurn(async () => {
      const { letters, complete } = await discardDeadLetters(this.deadLetters, { reason, ...atOnce });
      return {
        letters,
        complete,
        note: complete
          ? null
          : 'Not all dead letters could be read: some are being read elsewhere. Discard them again in a few minutes.',
      };
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
