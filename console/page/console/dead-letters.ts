import { useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals';
import type { DeadLetters } from '../../wire';
import { dependOn } from './depend-on';
import { messageOf, type Model } from './model';
import { deadLetters } from './server';

/** Until the list is read again: letters come and go many at a time. */
const settleMs = 300;

/** Until a list that lacks letters is read again: whoever reads them hides them for a while. */
const againMs = 3000;

/** Whether a list has all the letters that the stack counts. */
export const isWhole = ({ complete, letters }: DeadLetters, counted: number): boolean =>
  complete && letters === counted;

/** The dead letters, read anew when their number changes, and for as long as the list lacks some. */
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
