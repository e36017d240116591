import type { RejectionReason } from '../contract';
import type { Logger } from '../telemetry/logger';
import type { Breaker } from './breaker';
import { toBulks, type SerializedEvent } from './bulk-request';
import type { HeapClient } from './heap-client';
import type { HeapToken, HeapTokens } from './heap-tokens';
import { describeAnswer, outcomeOf, refusedIndex, type HeapAnswer, type Outcome } from './outcome';
import type { Pace } from './pace';

/** What became of an event. */
export type Fate =
  | { readonly kind: 'delivered' }
  /** Nothing to deliver: CleverTap's setup ping, or an event that a rule aborts. */
  | { readonly kind: 'ignored' }
  | {
      readonly kind: 'retry';
      readonly retryAfterSeconds?: number | undefined;
      /** What Heap said, in words for an operator; never personal data. */
      readonly cause: string;
    }
  | { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly detail: string };

/** An event to be sent. `fate` is set once it is known. */
export interface PendingEvent extends SerializedEvent {
  fate: Fate | undefined;
}

/** Builds the body of a bulk request. */
export type BodyOf = (appId: string, bulk: readonly SerializedEvent[]) => Uint8Array;

/** Everything the sender needs from outside. */
export interface HeapPorts {
  readonly heap: Pick<HeapClient, 'post'>;
  readonly heapTokens: Pick<HeapTokens, 'refresh'>;
  /** State of the instance, kept between invocations. */
  readonly breaker: Breaker;
  readonly pace: Pace;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds until Lambda stops the function. */
  readonly remainingTime: () => number;
}

/** A request made to Heap. */
export interface HeapCall {
  readonly answer: HeapAnswer;
  readonly outcome: Outcome;
  readonly latencyMs: number;
  /** Events or users in it. */
  readonly size: number;
}

/** With less time left, no request is started: one may take ten seconds, and dead letters must still be sent. */
const reservedMs = 20_000;

/** Outcomes that show that Heap is up, even if it refused the request. */
const answered: readonly Outcome[] = ['delivered', 'too_large', 'invalid', 'refused'];

/** Sends the requests of one invocation, one by one: at Heap's pace, through the breaker, renewing the token once. */
export class HeapSender {
  /** The requests made, in order. */
  readonly calls: HeapCall[] = [];
  private isRenewed = false;
  private isOtherApp = false;
  private hasWaited = false;

  constructor(
    private token: HeapToken,
    private readonly ports: HeapPorts,
  ) {}

  /** Whether Heap accepts no requests at all. */
  get isDown(): boolean {
    return this.ports.breaker.isOpen && !this.isOtherApp;
  }

  /** Whether this invocation found Heap down, even if it has recovered since. */
  get wasDown(): boolean {
    return this.hasWaited || this.isDown;
  }

  /** Why this invocation's last request failed, if it did; never personal data. */
  get lastFailure(): string | undefined {
    const last = this.calls.at(-1);
    return last === undefined || answered.includes(last.outcome) ? undefined : describeAnswer(last.answer);
  }

  /** Whether there is time for another request after a wait, with the reserve to spare. */
  hasTime(waitMs = 0): boolean {
    return this.ports.remainingTime() - waitMs > reservedMs;
  }

  /**
   * Delivers events in bulk and sets the fate of each. It stays undefined for events that time ran out for. If Heap
   * refuses a request, the index in the answer identifies the refused event, or else halving finds it.
   *
   * @param path e.g. `/api/track`
   * @returns false if time ran out
   */
  async deliver(path: string, events: Iterable<PendingEvent>, bodyOf: BodyOf): Promise<boolean> {
    const bulks = [...toBulks(events, this.ports.pace.maxBulk)].reverse();
    for (let bulk = bulks.pop(); bulk !== undefined; bulk = bulks.pop()) {
      if (!(await this.waitForTurn(bulk.length))) return false;
      const answer = await this.post(path, bulk, bodyOf);
      bulks.push(...this.judge(bulk, answer).reverse());
    }
    return true;
  }

  /**
   * Waits until a request with this many events may start.
   *
   * @returns false if this invocation has too little time left
   */
  private async waitForTurn(events: number): Promise<boolean> {
    const { breaker, pace, now, sleep } = this.ports;
    for (;;) {
      const heapWait = breaker.waitMs(now());
      const wait = Math.max(heapWait, pace.waitMs(events, now()));
      if (!this.hasTime(wait)) return false;
      if (wait === 0) break;
      if (heapWait > 0) this.hasWaited = true;
      await sleep(wait);
    }
    pace.take(events, now());
    return true;
  }

  private async post(path: string, bulk: readonly PendingEvent[], bodyOf: BodyOf): Promise<HeapAnswer> {
    // Keys are made with the app id. Under another one, the events must be mapped again at the next attempt.
    if (this.isOtherApp) return { fault: 'app id changed' };
    const used = this.token;
    const answer = await this.send(path, bulk, bodyOf);
    if (outcomeOf(answer) !== 'unauthorized' || !this.hasTime() || this.isRenewed) return answer;
    await this.renewToken();
    return this.token === used ? answer : this.send(path, bulk, bodyOf);
  }

  /** Adopts the token now in the secret, unless it belongs to another app. */
  private async renewToken(): Promise<void> {
    this.isRenewed = true;
    const renewed = await this.ports.heapTokens.refresh();
    this.isOtherApp = renewed?.appId !== this.token.appId;
    if (renewed !== undefined && !this.isOtherApp) this.token = renewed;
  }

  private async send(path: string, bulk: readonly PendingEvent[], bodyOf: BodyOf): Promise<HeapAnswer> {
    const { heap, breaker, log, now } = this.ports;
    const startedAt = now();
    const answer = await heap.post(path, bodyOf(this.token.appId, bulk), this.token.header);
    const outcome = outcomeOf(answer);
    this.calls.push({ answer, outcome, latencyMs: now() - startedAt, size: bulk.length });
    if (answered.includes(outcome)) breaker.answered();
    else {
      const status = 'fault' in answer ? undefined : answer;
      breaker.failed(now(), status?.status === 429, status?.retryAfterSeconds);
    }
    if (outcome !== 'delivered') {
      const level = outcome === 'unauthorized' || outcome === 'redirected' ? 'error' : 'warn';
      log(level, 'Heap did not take a bulk', {
        outcome,
        status: 'fault' in answer ? answer.fault : answer.status,
        events: bulk.length,
        isHeapDown: breaker.isOpen,
      });
    }
    return answer;
  }

  /** Sets the fates that an answer decides and returns what to send again, in order. */
  private judge(bulk: PendingEvent[], answer: HeapAnswer): PendingEvent[][] {
    const outcome = outcomeOf(answer);
    switch (outcome) {
      case 'delivered':
        settle(bulk, { kind: 'delivered' });
        return [];
      case 'retry':
      case 'unauthorized':
      case 'redirected':
        settle(bulk, {
          kind: 'retry',
          retryAfterSeconds: 'fault' in answer ? undefined : answer.retryAfterSeconds,
          cause: describeAnswer(answer),
        });
        // While Heap is down, the same bulk is the next probe: handing it back would only hide it in the queue.
        return this.isDown ? [bulk] : [];
      case 'refused':
        settle(bulk, refusal(answer));
        return [];
      case 'too_large':
      case 'invalid': {
        const refused = outcome === 'invalid' && 'body' in answer ? refusedIndex(answer.body) : undefined;
        return isolate(bulk, refused, refusal(answer));
      }
    }
  }
}

/** Settles the event that is known to be refused and returns what to send again. */
function isolate(bulk: PendingEvent[], refused: number | undefined, fate: Fate): PendingEvent[][] {
  const index = bulk.length === 1 ? 0 : refused;
  const event = index === undefined ? undefined : bulk[index];
  if (event === undefined) {
    const middle = Math.ceil(bulk.length / 2);
    return [bulk.slice(0, middle), bulk.slice(middle)];
  }
  event.fate = fate;
  const others = bulk.filter((other) => other !== event);
  return others.length === 0 ? [] : [others];
}

const refusal = (answer: HeapAnswer): Fate => ({
  kind: 'rejected',
  reason: 'heap_rejected',
  detail: describeAnswer(answer),
});

function settle(bulk: readonly PendingEvent[], fate: Fate): void {
  for (const event of bulk) event.fate = fate;
}
