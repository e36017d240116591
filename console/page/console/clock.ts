import { signal } from '@preact/signals';

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
