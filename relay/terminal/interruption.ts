import { setTimeout as sleep } from 'node:timers/promises';

/** A Ctrl-C reaches the process twice: from the terminal and from npm. */
const sameKeystrokeMs = 500;

/**
 * Runs work that Ctrl-C must not tear apart: the first one asks it, by the signal, to stop at the next safe place
 * and put things back; the second one ends the process. An interrupted process ends with 130, as a shell expects.
 *
 * @param work looks at the signal between its steps
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
    // The echo of a Ctrl-C may come when the work has stopped already, and must not end what is left to print.
    if (interruptedAt === undefined) {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    }
  }
}

/** Waits, or returns at once when the signal comes. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}

/** Lets one through every `1/perSecond` seconds; everybody at once without a rate. */
export class RateLimit {
  private nextAt = 0;

  /** @param clock another one than this machine's, for tests */
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
