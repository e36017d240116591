import { setTimeout as sleep } from 'node:timers/promises';

/** Repeats a check until it passes. After `limitMs` the test fails with the last error. */
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
