import { setTimeout as sleep } from 'node:timers/promises';

/** One Ctrl-C reaches the process twice, from the terminal and from npm. */
const sameKeystrokeMs = 500;

/**
 * Runs work that Ctrl-C must not cut short. The first Ctrl-C aborts the signal, so that the work stops at its next safe
 * point and cleans up. The second one ends the process. The exit code is 130, as shells expect.
 *
 * @param work checks the signal between its steps
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let interruptedAt: number | undefined;
  const interrupt = (): void => {
    if (interruptedAt === undefined) {
      interruptedAt = Date.now();
      process.exitCode = 130;
      console.error('\nStopping. Press Ctrl-C again to stop at once.');
      abort.abort();
    } else if (Date.now() - interruptedAt > sameKeystrokeMs) {
      process.exit(130);
    }
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await work(abort.signal);
  } finally {
    // npm's copy of a Ctrl-C may arrive after the work has stopped. It must not cut the remaining output short.
    if (interruptedAt === undefined) {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    }
  }
}

/** Waits, or returns as soon as the signal is aborted. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Lets one caller through every `1/perSecond` seconds; without a rate, all at once. */
export class RateLimit {
  private nextAt = 0;

  /** @param clock replaces the real clock in tests */
  constructor(
    private readonly perSecond: number | undefined,
    private readonly clock = { now: Date.now, pause },
  ) {}

  /** Waits for its turn, or until the signal. */
  async turn(signal?: AbortSignal): Promise<void> {
    if (this.perSecond === undefined) return;
    const now = this.clock.now();
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + 1000 / this.perSecond;
    if (at > now) await this.clock.pause(at - now, signal);
  }
}
