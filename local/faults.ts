import type { HeapFault, HeapMode } from './heap/fake-heap';
import { between, randomOf, type Random, type Range } from './random';

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

/** A fault of Heap: it comes in spells, each a run of requests that Heap treats alike. */
interface HeapSpell {
  readonly mode: HeapMode;
  /** Requests in the longest spell. */
  readonly longest: number;
  /** Seconds that Heap asks to wait. */
  readonly retryAfter?: Range;
}

/** What Heap, and the way to it, are known for. */
export const commonHeapSpells: readonly HeapSpell[] = [
  { mode: '500', longest: 6 },
  { mode: '429', longest: 2, retryAfter: { min: 1, max: 90 } },
  // These cost events: Heap refuses what it would else take, and they become dead letters.
  { mode: '400-index', longest: 2 },
  { mode: '413', longest: 3 },
  { mode: 'reset', longest: 4 },
  { mode: 'timeout', longest: 3 },
  { mode: 'store-then-hang', longest: 3 },
  { mode: 'redirect', longest: 3 },
];

/** All that Heap may do; after the common ones, since a seed of chaos fixes their order. */
export const heapSpells: readonly HeapSpell[] = [
  ...commonHeapSpells,
  { mode: '503', longest: 6 },
  { mode: '503', longest: 2, retryAfter: { min: 1, max: 1200 } },
  { mode: '429', longest: 2 },
  { mode: '400-plain', longest: 2 },
  { mode: '400-request', longest: 2 },
  { mode: '401', longest: 1 },
  { mode: '404', longest: 1 },
  { mode: 'store-then-reset', longest: 4 },
];

const THROTTLED = 0.1;
const KILLED = 0.2;
const REPEATED = 0.05;
const LOST_DELETE = 0.08;
/** Requests between two spells; at least one, so that Heap is never down for good. */
const CALM: Range = { min: 1, max: 8 };
/** Until a connection without an answer is dropped: a tenth and less of the time the function would wait. */
const HANG_MS: Range = { min: 100, max: 1000 };

export interface FaultsOptions {
  /** Any string. */
  readonly seed: string;
  /** Told what is played, in a sentence. */
  readonly onPlay?: (what: string) => void;
  /** @default - the common ones */
  readonly heapSpells?: readonly HeapSpell[];
  /** Requests between two spells of Heap. @default - 1 to 8 */
  readonly calm?: Range;
}

/**
 * The faults that Heap, SQS and Lambda are known for. A seed fixes what happens to the n-th request to Heap, to the
 * n-th invocation and to the n-th message; which event that is, depends on how messages fall into batches.
 */
export class Faults {
  readonly played: Played = {
    heapRequests: 0,
    heapFaults: 0,
    throttledInvocations: 0,
    killedInvocations: 0,
    repeatedMessages: 0,
    lostDeletes: 0,
  };
  readonly #heap: Random;
  readonly #invocations: Random;
  readonly #repeats: Random;
  readonly #deletes: Random;
  #spell: { readonly fault: HeapFault; left: number } = { fault: { mode: 'ok' }, left: 0 };

  constructor(protected readonly options: FaultsOptions) {
    const { seed } = options;
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

  /** What becomes of the next invocation; `killedAt` says from 0 to below 1 how late in it. */
  nextInvocation(): { readonly isThrottled: boolean; readonly killedAt: number | undefined } {
    // All in any case, so that the next invocation does not depend on this one.
    const isThrottled = this.#invocations() < THROTTLED;
    const isKilled = this.#invocations() < KILLED;
    const killedAt = this.#invocations();
    if (isThrottled) this.played.throttledInvocations += 1;
    return { isThrottled, killedAt: isKilled ? killedAt : undefined };
  }

  /** Whether the next message is handed out twice. */
  readonly repeats = (): boolean => {
    const isRepeated = this.#repeats() < REPEATED;
    if (isRepeated) this.played.repeatedMessages += 1;
    return isRepeated;
  };

  /** Whether the deletion of a handled message is lost. */
  readonly losesDelete = (): boolean => {
    const isLost = this.#deletes() < LOST_DELETE;
    if (isLost) this.played.lostDeletes += 1;
    return isLost;
  };

  #nextSpell(): { fault: HeapFault; left: number } {
    const { heapSpells: spells = commonHeapSpells, calm = CALM, onPlay } = this.options;
    if (this.#spell.fault.mode !== 'ok') return { fault: { mode: 'ok' }, left: between(this.#heap(), calm) };
    const { mode, longest, retryAfter } = spells[
      between(this.#heap(), { min: 0, max: spells.length - 1 })
    ] ?? {
      mode: '500',
      longest: 1,
    };
    const left = between(this.#heap(), { min: 1, max: longest });
    const latencyMs = between(this.#heap(), HANG_MS);
    const pause = this.#heap();
    const hangs = mode === 'timeout' || mode === 'store-then-hang';
    onPlay?.(`chaos: ${mode} for ${left === 1 ? 'the next request' : `the next ${left} requests`} to Heap`);
    return {
      fault: {
        mode,
        ...(hangs && { latencyMs }),
        ...(retryAfter && { retryAfter: between(pause, retryAfter) }),
      },
      left,
    };
  }
}
