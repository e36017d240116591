import { setTimeout as sleep } from 'node:timers/promises';

/** Lets one through every `1/perSecond` seconds; everybody at once without a rate. */
export class Pace {
  private nextAt = 0;

  constructor(private readonly perSecond: number | undefined) {}

  /** Waits for its turn, or until the signal. */
  async turn(signal?: AbortSignal): Promise<void> {
    if (this.perSecond === undefined) return;
    const now = Date.now();
    const at = Math.max(now, this.nextAt);
    this.nextAt = at + 1000 / this.perSecond;
    if (at > now) await pause(at - now, signal);
  }
}

/** Waits, or returns at once when the signal comes. */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
