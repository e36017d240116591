/** Heap counts as down after this many failures in a row. With the probes, that is fewer than five calls a minute. */
export const maxFailures = 3;

/** Time between probes while Heap is down. */
export const probeIntervalMs = 30_000;

/** Pause after a 429 without `Retry-After`: Heap's limit is per minute (developers.heap.io, "Bulk Track"). */
const throttlePauseMs = 60_000;

/** A longer `Retry-After` lengthens the delay of messages, but not the time until the next probe. */
const maxPauseMs = 900_000;

/**
 * Opens after a few failures in a row, or when Heap asks for a pause, and then lets one request through at intervals.
 * A waiting instance keeps its messages: SQS then delivers no others, and the backlog stays visible.
 */
export class Breaker {
  private failures = 0;
  private nextProbeAt: number | undefined;

  /** Whether Heap counts as down. */
  get isOpen(): boolean {
    return this.nextProbeAt !== undefined;
  }

  /** Milliseconds until the next request may be sent. */
  waitMs(now: number): number {
    return Math.max(0, (this.nextProbeAt ?? 0) - now);
  }

  /** Heap answered, even if it refused the request. */
  answered(): void {
    this.failures = 0;
    this.nextProbeAt = undefined;
  }

  /**
   * Heap did not accept a request that it may accept later.
   *
   * @param isThrottled whether the answer was a 429
   * @param retryAfterSeconds what Heap asked for
   */
  failed(now: number, isThrottled: boolean, retryAfterSeconds: number | undefined): void {
    this.failures += 1;
    const asked = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
    const pause = asked ?? (isThrottled ? throttlePauseMs : undefined);
    if (pause === undefined && this.failures < maxFailures) return;
    const probeAt = now + Math.min(Math.max(pause ?? 0, probeIntervalMs), maxPauseMs);
    this.nextProbeAt = Math.max(this.nextProbeAt ?? 0, probeAt);
  }
}
