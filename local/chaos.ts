import type { HeapFault, HeapMode } from './heap';
import type { SqsEvent, SqsEventRecord } from './lambda/event-source-mapping';
import type { FunctionProcess } from './lambda/function-process';

export interface ChaosOptions {
  /** Any text. */
  readonly seed: string;
  /** Told what is played, in a sentence. */
  readonly onPlay: (what: string) => void;
}

/** How often what was played. */
export interface Played {
  heapRequests: number;
  heapFaults: number;
  throttledInvocations: number;
  killedInvocations: number;
  /** Messages that stood twice in one batch. */
  repeatedMessages: number;
  /** Messages that were handled and came again, since their deletion was lost. */
  lostDeletes: number;
}

/** From 0 to below 1. */
type Random = () => number;

/** A run of requests that Heap treats alike. */
interface Spell {
  readonly fault: HeapFault;
  left: number;
}

/** Between two spells; at least one, so that Heap is never down for good. */
const CALM = { min: 1, max: 8 };
const THROTTLED = 0.1;
const KILLED = 0.2;
/** After the function has its event: from before its first call to after its last. */
const KILL_AFTER_MS = { min: 0, max: 250 };
const REPEATED = 0.05;
const LOST_DELETE = 0.08;

/** What Heap does in a spell, and for how many requests at most. */
const FAULTS: readonly (readonly [mode: HeapMode, longest: number])[] = [
  ['500', 6],
  ['429', 2],
  // These cost events: Heap refuses what it would else take, and they become dead letters.
  ['400-index', 2],
  ['413', 3],
  ['reset', 4],
  ['timeout', 3],
  ['store-then-hang', 3],
  ['redirect', 3],
];

/** Until a connection without an answer is dropped: a tenth and less of the time the function would wait. */
const HANG_MS = { min: 100, max: 1000 };
const RETRY_AFTER_SECONDS = { min: 1, max: 90 };

/**
 * Plays the faults that Heap, SQS and Lambda are known for. A seed fixes what happens to the n-th request to Heap, to
 * the n-th invocation and to the n-th message; which event that is, depends on how messages fall into batches.
 */
export class Chaos {
  readonly played: Played = {
    heapRequests: 0,
    heapFaults: 0,
    throttledInvocations: 0,
    killedInvocations: 0,
    repeatedMessages: 0,
    lostDeletes: 0,
  };
  readonly #onPlay: ChaosOptions['onPlay'];
  readonly #heap: Random;
  readonly #invocations: Random;
  readonly #repeats: Random;
  readonly #deletes: Random;
  #spell: Spell = { fault: { mode: 'ok' }, left: 0 };

  constructor({ seed, onPlay }: ChaosOptions) {
    this.#onPlay = onPlay;
    // One series for each place: how often one is asked must not change what the others do.
    this.#heap = randomOf(`${seed} heap`);
    this.#invocations = randomOf(`${seed} invocations`);
    this.#repeats = randomOf(`${seed} repeats`);
    this.#deletes = randomOf(`${seed} deletes`);
  }

  /** What Heap does with its next request: calm and spells of one fault take turns. */
  readonly nextHeapFault = (): HeapFault => {
    if (this.#spell.left === 0) this.#spell = this.#nextSpell();
    this.#spell.left -= 1;
    this.played.heapRequests += 1;
    if (this.#spell.fault.mode !== 'ok') this.played.heapFaults += 1;
    return this.#spell.fault;
  };

  /**
   * Invokes the function, unless Lambda throttles it; some messages stand twice in the event, and some processes are
   * killed on the way.
   *
   * @throws an error for a throttled invocation, and those of `FunctionProcess`.
   */
  async invoke(
    event: SqsEvent,
    lambda: Pick<FunctionProcess, 'start' | 'invoke' | 'kill'>,
  ): Promise<unknown> {
    // All in any case, so that the next invocation does not depend on this one.
    const isThrottled = this.#invocations() < THROTTLED;
    const isKilled = this.#invocations() < KILLED;
    const killAfterMs = between(this.#invocations(), KILL_AFTER_MS);
    if (isThrottled) {
      this.played.throttledInvocations += 1;
      throw new Error('TooManyRequestsException, played by chaos');
    }
    const repeated = { Records: event.Records.flatMap((record) => this.#once(record)) };
    if (!isKilled) return lambda.invoke(repeated);
    await lambda.start();
    const timer = setTimeout(() => {
      this.played.killedInvocations += 1;
      this.#onPlay(`chaos: the function is killed ${killAfterMs} ms after its start`);
      lambda.kill();
    }, killAfterMs);
    try {
      return await lambda.invoke(repeated);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the deletion of a handled message is lost. */
  readonly losesDelete = (): boolean => {
    const isLost = this.#deletes() < LOST_DELETE;
    if (isLost) this.played.lostDeletes += 1;
    return isLost;
  };

  #once(record: SqsEventRecord): SqsEventRecord[] {
    if (this.#repeats() >= REPEATED) return [record];
    this.played.repeatedMessages += 1;
    return [record, record];
  }

  #nextSpell(): Spell {
    if (this.#spell.fault.mode !== 'ok') return { fault: { mode: 'ok' }, left: between(this.#heap(), CALM) };
    const [mode, longest] = FAULTS[between(this.#heap(), { min: 0, max: FAULTS.length - 1 })] ?? ['500', 1];
    const left = between(this.#heap(), { min: 1, max: longest });
    const hangMs = between(this.#heap(), HANG_MS);
    const retryAfter = between(this.#heap(), RETRY_AFTER_SECONDS);
    const hangs = mode === 'timeout' || mode === 'store-then-hang';
    this.#onPlay(
      `chaos: ${mode} for ${left === 1 ? 'the next request' : `the next ${left} requests`} to Heap`,
    );
    return {
      fault: {
        mode,
        ...(hangs && { latencyMs: hangMs }),
        ...(mode === '429' && { retryAfter }),
      },
      left,
    };
  }
}

/** A whole number from `min` to `max`. */
const between = (random: number, { min, max }: { readonly min: number; readonly max: number }): number =>
  min + Math.floor(random * (max - min + 1));

/**
 * Pseudo-random numbers that a text fixes: mulberry32 over FNV-1a of the text.
 *
 * https://github.com/cprosche/mulberry32, http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function randomOf(seed: string): Random {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(seed)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
