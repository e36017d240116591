import { useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals';
import type { DeadLetters } from '../../wire';
import { dependOn } from './depend-on';
import { messageOf, type Model } from './model';
import { deadLetters } from './server';

/** Delay before the list is read again: dead letters often change many at a time. */
const settleMs = 300;

/** Delay before an incomplete list is read again: another reader hides messages for a while. */
const againMs = 3000;

/** Whether a list has all dead letters that the stack counts. */
export const isWhole = ({ complete, letters }: DeadLetters, counted: number): boolean =>
  complete && letters === counted;

/** The dead letters. They are read again when their number changes, and while the list is incomplete. */
export function useDeadLetters(model: Model): {
  readonly list: ReadonlySignal<DeadLetters | null>;
  readonly error: ReadonlySignal<string | null>;
} {
  const list = useSignal<DeadLetters | null>(null);
  const error = useSignal<string | null>(null);

  useSignalEffect(() => {
    dependOn(model.deadLetters);
    if (model.isMoving.value || model.connection.value !== 'open') return;
    const abort = new AbortController();
    const readIn = (ms: number): ReturnType<typeof setTimeout> =>
      setTimeout(() => {
        deadLetters(abort.signal).then(
          (found) => {
            list.value = found;
            error.value = null;
            if (!isWhole(found, model.deadLetters.peek())) timer = readIn(againMs);
          },
          (failure: unknown) => {
            if (!abort.signal.aborted) error.value = messageOf(failure);
          },
        );
      }, ms);
    let timer = readIn(list.peek() === null ? 0 : settleMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  });

  return { list, error };
}
