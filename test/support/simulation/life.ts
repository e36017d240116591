/** When an invocation is killed: at its n-th external call, before or after the call takes effect. */
export interface Kill {
  readonly atCall: number;
  readonly afterEffect: boolean;
}

/**
 * The life of an invocation. A killed invocation does nothing more: each later external call waits forever. Calls in
 * progress take effect, but their results are lost.
 */
export class Life {
  /** Resolves when the invocation is killed. */
  readonly end: Promise<void>;
  #isOver = false;
  #calls = 0;
  #announce: () => void = () => undefined;

  /** @param kill when to kill it. @default - never */
  constructor(private readonly kill?: Kill) {
    this.end = new Promise((resolve) => {
      this.#announce = resolve;
    });
  }

  /** The number of external calls made. */
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
