import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats a check until it passes; after `limitMs` its last failure is the test's. */
export async function eventually<T>(check: () => Promise<T>, limitMs = 30_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
