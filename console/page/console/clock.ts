import { signal } from '@preact/signals';
import type { EventState } from '../../wire';
import type { Model } from './model';
import type { Now } from './words';

let timer: ReturnType<typeof setInterval> | undefined;

/** Milliseconds since 1970, by the second; it runs only while something that is shown counts down. */
export const now = signal(Date.now(), {
  watched() {
    now.value = Date.now();
    timer = setInterval(() => {
      now.value = Date.now();
    }, 1000);
  },
  unwatched() {
    clearInterval(timer);
  },
});

/** When a state is looked at; only one that counts down is drawn again each second. */
export function nowFor({ stopped }: Model, state: EventState): Now {
  if (state.kind !== 'queued') return 0;
  if (stopped.value !== null) return 'stopped';
  return state.nextTryAt === null ? 0 : now.value;
}
