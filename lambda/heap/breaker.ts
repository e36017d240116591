/** After this many failures in a row Heap counts as down. With the probes that is fewer than five calls a minute. */
export const maxFailures = 3;

/** Time between two probes while Heap is down. */
export const probeIntervalMs = 30_000;

/** After a 429 without `Retry-After`: Heap counts by the minute (developers.heap.io, "Bulk Track"). */
const throttlePauseMs = 60_000;

/** A longer `Retry-After` lengthens the delay of messages, but not the time until we look again. */
const maxPauseMs = 900_000;

/**
 * Opens after a few failures of Heap in a row, or when Heap asks for a pause, and then lets one request through from
 * time to time. An instance that waits keeps its messages, so that SQS hands out no others and the backlog stays visible.
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
   * Heap did not take a request that it may take later.
   *
   * @param isThrottled whether that was a 429
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
