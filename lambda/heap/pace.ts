/** The largest bulk, and the most an instance may send at once after a rest. */
const maxTokens = 1000;

/**
 * Keeps one instance below its share of Heap's 15,000 events per minute: a token bucket that counts events, not
 * messages or requests. It starts with tokens for one bulk. A bulk takes all its tokens at once.
 */
export class Pace {
  private tokens = maxTokens;
  private filledAt: number | undefined;

  /** @param eventsPerMinute 0: no limit */
  constructor(private readonly eventsPerMinute: number) {}

  get isUnlimited(): boolean {
    return this.eventsPerMinute === 0;
  }

  /**
   * Events per request: at most half a minute's worth. Halving a refused request until one event's fate is known sends
   * twice as many. That must fit into one invocation, or each invocation would start over.
   */
  get maxBulk(): number {
    return this.isUnlimited ? maxTokens : Math.min(maxTokens, Math.ceil(this.eventsPerMinute / 2));
  }

  /** Milliseconds until there are tokens for this many events (at most 1000). */
  waitMs(events: number, now: number): number {
    if (this.isUnlimited) return 0;
    this.fill(now);
    return Math.max(0, Math.ceil(((events - this.tokens) * 60_000) / this.eventsPerMinute));
  }

  take(events: number, now: number): void {
    if (this.isUnlimited) return;
    this.fill(now);
    this.tokens -= events;
  }

  private fill(now: number): void {
    const elapsed = Math.max(0, now - (this.filledAt ?? now));
    this.tokens = Math.min(maxTokens, this.tokens + (elapsed * this.eventsPerMinute) / 60_000);
    this.filledAt = now;
  }
}
