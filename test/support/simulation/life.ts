/** When an invocation is killed: at its n-th call to the outside, before or after the call took effect. */
export interface Kill {
  readonly atCall: number;
  readonly afterEffect: boolean;
}

/**
 * The life of an invocation. What is killed does nothing more: each later call to the outside waits for ever. What
 * was on its way takes its effect, but nobody hears of it.
 */
export class Life {
  /** Resolves when it is killed. */
  readonly end: Promise<void>;
  #isOver = false;
  #calls = 0;
  #announce: () => void = () => undefined;

  /** @param kill never, if absent */
  constructor(private readonly kill?: Kill) {
    this.end = new Promise((resolve) => {
      this.#announce = resolve;
    });
  }

  /** Calls made to the outside. */
  get calls(): number {
    return this.#calls;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  die(): void {
    this.#isOver = true;
    this.#announce();
  }

  async call<T>(effect: () => T | Promise<T>): Promise<T> {
    if (this.#isOver) return forEver();
    this.#calls += 1;
    const isLast = this.#calls === this.kill?.atCall;
    if (isLast && !this.kill.afterEffect) this.die();
    else {
      const result = await effect();
      if (isLast) this.die();
      if (!this.isOver) return result;
    }
    return forEver();
  }
}

const forEver = <T>(): Promise<T> => new Promise(() => undefined);
