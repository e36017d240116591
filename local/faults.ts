import type { HeapFault, HeapMode } from './heap/fake-heap';
import { between, randomOf, type Random, type Range } from './random';

/** How often each fault was injected. */
export interface Played {
  heapRequests: number;
  heapFaults: number;
  throttledInvocations: number;
  killedInvocations: number;
  /** Messages that appeared twice in one batch. */
  repeatedMessages: number;
  /** Messages that were received again after they were handled, since their deletion was lost. */
  lostDeletes: number;
}

/** A fault of Heap. It comes in spells: runs of consecutive requests with the same fault. */
interface HeapSpell {
  readonly mode: HeapMode;
  /** The maximum number of requests in a spell. */
  readonly longest: number;
  /** The seconds that Heap asks the sender to wait. */
  readonly retryAfter?: Range;
}

/** Common faults of Heap and of the network. */
export const commonHeapSpells: readonly HeapSpell[] = [
  { mode: '500', longest: 6 },
  { mode: '429', longest: 2, retryAfter: { min: 1, max: 90 } },
  // These two cost events: Heap rejects events it would otherwise accept, and they become dead letters.
  { mode: '400-index', longest: 2 },
  { mode: '413', longest: 3 },
  { mode: 'reset', longest: 4 },
  { mode: 'timeout', longest: 3 },
  { mode: 'store-then-hang', longest: 3 },
  { mode: 'redirect', longest: 3 },
];

/** All faults of Heap. New ones come after the common ones, whose order a chaos seed depends on. */
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
/** The number of requests between two spells. At least one, so that Heap always recovers. */
const CALM: Range = { min: 1, max: 8 };
/** When a hanging connection is dropped: at most a tenth of the time the function would wait. */
const HANG_MS: Range = { min: 100, max: 1000 };

export interface FaultsOptions {
  /** Any string. */
  readonly seed: string;
  /** Called for each injected fault with a sentence that describes it. */
  readonly onPlay?: (what: string) => void;
  /** @default - the common ones */
  readonly heapSpells?: readonly HeapSpell[];
  /** The number of requests between two spells of Heap. @default - 1 to 8 */
  readonly calm?: Range;
}

/**
 * Faults known from Heap, SQS and Lambda. A seed determines what happens to the n-th request to Heap, the n-th
 * invocation and the n-th message. Which events these contain depends on how messages are batched.
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
    // One series per kind of fault, so that drawing from one does not affect the others.
    this.#heap = randomOf(`${seed} heap`);
    this.#invocations = randomOf(`${seed} invocations`);
    this.#repeats = randomOf(`${seed} repeats`);
    this.#deletes = randomOf(`${seed} deletes`);
  }

  /** What Heap does with its next request: calm periods alternate with spells of one fault. */
  readonly nextHeapFault = (): HeapFault => {
    if (this.#spell.left === 0) this.#spell = this.#nextSpell();
    this.#spell.left -= 1;
    this.played.heapRequests += 1;
    if (this.#spell.fault.mode !== 'ok') this.played.heapFaults += 1;
    return this.#spell.fault;
  };

  /** The fate of the next invocation. `killedAt` says how far into it, from 0 to below 1. */
  nextInvocation(): { readonly isThrottled: boolean; readonly killedAt: number | undefined } {
    // Always draws all three, so that the next invocation does not depend on this one.
    const isThrottled = this.#invocations() < THROTTLED;
    const isKilled = this.#invocations() < KILLED;
    const killedAt = this.#invocations();
    if (isThrottled) this.played.throttledInvocations += 1;
    return { isThrottled, killedAt: isKilled ? killedAt : undefined };
  }

  /** Whether the next message is delivered twice. */
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
