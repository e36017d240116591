import { Schedule } from '../../../local/aws/sqs/schedule';
import { SkippingClock } from '../../../local/skipping-clock';

/**
 * The local stack's clock on a constant base. It jumps from timer to timer once all work of the current time is done,
 * so days pass as fast as the code runs on any machine. Code under it may wait for promises and `sleep`, never for
 * I/O.
 */
export class VirtualTime extends SkippingClock {
  readonly #timers = new Schedule<() => void>();
  #failure: { readonly error: unknown } | undefined;

  /** @param start milliseconds since 1970 */
  constructor(start: number) {
    super(() => start);
  }

  /** Calls back after a while, in whole milliseconds. @returns a function that cancels it */
  after(ms: number, callback: () => void): () => void {
    const timer = (): void => {
      callback();
    };
    this.#timers.set(timer, this.now() + Math.max(0, Math.ceil(ms)));
    return () => void this.#timers.delete(timer);
  }

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.after(ms, resolve);
    });

  /** Starts a background task. Its failure is thrown to the code that lets time pass. */
  spawn(task: () => Promise<void>): void {
    task().catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  /** Lets time pass until the given time. */
  async runUntil(instant: number): Promise<void> {
    await workIsDone();
    for (let next = this.#timers.first; next !== undefined && next.at <= instant; next = this.#timers.first) {
      this.skipTo(next.at);
      for (const { item: wake } of this.#timers.takeDue(this.now())) wake();
      await workIsDone();
      if (this.#failure !== undefined) throw this.#failure.error;
    }
    this.skipTo(instant);
  }

  /** @param ms milliseconds from now */
  run(ms: number): Promise<void> {
    return this.runUntil(this.now() + ms);
  }
}

/** Node runs everything that waits only for promises before setImmediate. */
const workIsDone = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
