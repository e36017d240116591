/**
 * The machine's clock, and ahead of it all the time that was skipped. The parts of a stack that share one agree on
 * what time it is, so that a wait of an hour can be over at once for all of them.
 */
export class SkippingClock {
  #skippedMs = 0;

  /** Milliseconds by which it is ahead. */
  get skippedMs(): number {
    return this.#skippedMs;
  }

  /** Milliseconds since 1970. */
  readonly now = (): number => Date.now() + this.#skippedMs;

  /** Jumps ahead by whole milliseconds, which is how AWS counts: a part of one is skipped as well. */
  skip(ms: number): void {
    this.#skippedMs += Math.ceil(Math.max(0, ms));
  }
}
