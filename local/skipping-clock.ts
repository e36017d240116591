/**
 * A clock that can skip time. The parts of a stack share one, so that an hour's wait can end for all of them at once.
 */
export class SkippingClock {
  #skippedMs = 0;

  /**
   * @param base milliseconds since 1970; with a constant base, time passes only by skipping
   * @default - the machine's clock
   */
  constructor(private readonly base: () => number = Date.now) {}

  /** How many milliseconds it is ahead of its base. */
  get skippedMs(): number {
    return this.#skippedMs;
  }

  /** Milliseconds since 1970. */
  readonly now = (): number => this.base() + this.#skippedMs;

  /** Skips time, rounded up to whole milliseconds, the resolution of AWS. */
  skip(ms: number): void {
    this.#skippedMs += Math.ceil(Math.max(0, ms));
  }

  /** Skips to a time unless it has passed. @returns whether any time was skipped */
  skipTo(at: number): boolean {
    const ms = at - this.now();
    this.skip(ms);
    return ms > 0;
  }
}
