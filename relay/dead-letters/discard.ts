import { deadLetterAttributes } from '../../lambda/contract';
import { erase } from './erasure';
import type { DeadLetter } from './dead-letter';
import {
  deleteDeadLetters,
  send,
  visitDeadLetters,
  type QueueRef,
  type VisitOptions,
} from './visit-dead-letters';

export interface Discard {
  /** Dead letters deleted whole. */
  readonly letters: number;
  /** Dead letters of which other people's events were kept. */
  readonly narrowed: number;
  readonly events: number;
  readonly complete: boolean;
}

export interface DiscardOptions extends VisitOptions {
  /** Only dead letters with this reason. */
  readonly reason?: string;
  /** Only the events of this person. */
  readonly identity?: string;
  /** Count only, delete nothing. */
  readonly isDryRun?: boolean;
}

/**
 * Permanently deletes dead letters. If only some events of a dead letter must go, the others are first sent to the same
 * queue as a new dead letter with the same stamps and reason. Then the old one is deleted.
 */
export async function discardDeadLetters(
  queue: QueueRef,
  { reason, identity, isDryRun = false, ...options }: DiscardOptions,
): Promise<Discard> {
  const total = { letters: 0, narrowed: 0, events: 0 };
  const { isComplete } = await visitDeadLetters(
    queue,
    async (letters) => {
      const deleted: DeadLetter[] = [];
      for (const letter of letters) {
        if (reason !== undefined && letter.reason !== reason) continue;
        const erasure =
          identity === undefined
            ? { kind: 'whole' as const, erased: letter.events }
            : erase(letter, identity);
        if (erasure.kind === 'untouched') continue;
        if (erasure.kind === 'narrowed') {
          if (!isDryRun) await send(queue, erasure.body, withEvents(letter, erasure.kept));
          total.narrowed += 1;
        } else {
          total.letters += 1;
        }
        total.events += erasure.erased;
        deleted.push(letter);
      }
      if (isDryRun) return [];
      await deleteDeadLetters(queue, deleted);
      return deleted;
    },
    options,
  );
  return { ...total, complete: isComplete };
}

/** The attributes with the number of events that are left, if it has such an attribute. */
const withEvents = ({ attributes }: DeadLetter, events: number): DeadLetter['attributes'] =>
  deadLetterAttributes.events in attributes
    ? { ...attributes, [deadLetterAttributes.events]: { DataType: 'Number', StringValue: String(events) } }
    : attributes;
