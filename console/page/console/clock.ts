import { signal } from '@preact/signals';
import type { EventState } from '../../wire';
import type { Model } from './model';
import type { Now } from './words';

let timer: ReturnType<typeof setInterval> | undefined;

/** Milliseconds since 1970, updated each second. It runs only while a countdown is visible. */
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

/** The time for a state. Only a countdown subscribes to the clock, so nothing else is redrawn each second. */
export function nowFor({ stopped }: Model, state: EventState): Now {
  if (state.kind !== 'queued') return 0;
  if (stopped.value !== null) return 'stopped';
  return state.nextTryAt === null ? 0 : now.value;
}
