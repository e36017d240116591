/**
 * A clock, and ahead of it all the time that was skipped. The parts of a stack that share one agree on what time it
 * is, so that a wait of an hour can be over at once for all of them.
 */
export class SkippingClock {
  #skippedMs = 0;

  /**
   * @param base milliseconds since 1970; where they stand still, time passes only by what is skipped
   * @default - the machine's clock
   */
  constructor(private readonly base: () => number = Date.now) {}

  /** Milliseconds by which it is ahead. */
  get skippedMs(): number {
    return this.#skippedMs;
  }

  /** Milliseconds since 1970. */
  readonly now = (): number => this.base() + this.#skippedMs;

  /** Jumps ahead by whole milliseconds, which is how AWS counts: a part of one is skipped as well. */
  skip(ms: number): void {
    this.#skippedMs += Math.ceil(Math.max(0, ms));
  }

  /** Jumps ahead to an instant, if it is not over. @returns whether it was ahead. */
  skipTo(at: number): boolean {
    const ms = at - this.now();
    this.skip(ms);
    return ms > 0;
  }
}
