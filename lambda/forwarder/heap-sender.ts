import type { Breaker } from '../heap/breaker';
import type { Body } from '../heap/bulk-request';
import { deliver, type HeapLine, type PendingEvent } from '../heap/deliver';
import type { HeapClient } from '../heap/heap-client';
import { describeAnswer, outcomeOf, type HeapAnswer, type Outcome } from '../heap/outcome';
import type { Pace } from '../heap/pace';
import type { HeapToken, HeapTokens } from '../heap/heap-tokens';
import type { Logger } from '../telemetry/logger';

/** What the way to Heap needs of the world. */
export interface HeapPorts {
  readonly heap: Pick<HeapClient, 'post'>;
  readonly heapTokens: Pick<HeapTokens, 'refresh'>;
  /** State of the instance, kept from one invocation to the next. */
  readonly breaker: Breaker;
  readonly pace: Pace;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds until the function is stopped. */
  readonly remainingTime: () => number;
}

/** A request that was made to Heap. */
export interface HeapCall {
  readonly answer: HeapAnswer;
  readonly outcome: Outcome;
  readonly latencyMs: number;
  /** Events or users in it. */
  readonly size: number;
}

/** Builds the body of a bulk request. */
export type BodyOf = (appId: string, bulk: readonly PendingEvent[]) => Body;

/** Below this no request is started: one may take its ten seconds, and dead letters must still be sent (F25). */
const reservedMs = 20_000;

/** Requests on their way at a time, where there is no limit on events a minute. */
const unlimitedWidth = 4;

/** Outcomes that say Heap works, whatever it thought of the request. */
const answered: readonly Outcome[] = ['delivered', 'too_large', 'invalid', 'refused'];

/** Sends the bulks of one invocation: at Heap's pace, past the breaker, with a token that is renewed once (F45). */
export class HeapSender implements HeapLine {
  /** The requests made, in order. */
  readonly calls: HeapCall[] = [];
  private renewal: Promise<HeapToken> | undefined;
  private isOtherApp = false;
  private hasWaited = false;

  constructor(
    private token: HeapToken,
    private readonly ports: HeapPorts,
  ) {}

  /** One until Heap has taken a request: only then is it worth sending several. */
  get width(): number {
    return this.ports.pace.isUnlimited && this.calls.at(-1)?.outcome === 'delivered' ? unlimitedWidth : 1;
  }

  get maxBulk(): number {
    return this.ports.pace.maxBulk;
  }

  get isDown(): boolean {
    return this.ports.breaker.isOpen && !this.isOtherApp;
  }

  /** Whether this invocation found Heap down, also if it came back in the meantime. */
  get wasDown(): boolean {
    return this.hasWaited || this.isDown;
  }

  /** What came of this invocation's last request, if Heap did not take it; never personal data. */
  get lastFailure(): string | undefined {
    const last = this.calls.at(-1);
    return last === undefined || answered.includes(last.outcome) ? undefined : describeAnswer(last.answer);
  }

  /**
   * Delivers to one of Heap's bulk APIs and sets the fates.
   *
   * @param path e.g. `/api/track`
   * @returns false if there was no time for all
   */
  deliver(path: string, events: readonly PendingEvent[], bodyOf: BodyOf): Promise<boolean> {
    return deliver(events, (bulk) => this.post(path, bulk, bodyOf), this);
  }

  private hasTime(waitMs = 0): boolean {
    return this.ports.remainingTime() - waitMs > reservedMs;
  }

  async turn(events: number): Promise<boolean> {
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
    // Keys are made with the app id: under another one the events must be mapped again, at the next attempt.
    if (this.isOtherApp) return { fault: 'app id changed' };
    const used = this.token;
    const answer = await this.send(path, bulk, bodyOf);
    if (outcomeOf(answer) !== 'unauthorized' || !this.hasTime()) return answer;
    this.token = await (this.renewal ??= this.renewed());
    return this.token === used ? answer : this.send(path, bulk, bodyOf);
  }

  /** The token as the secret has it now; the old one where it is that of another app. */
  private async renewed(): Promise<HeapToken> {
    const renewed = await this.ports.heapTokens.refresh();
    this.isOtherApp = renewed?.appId !== this.token.appId;
    return renewed === undefined || this.isOtherApp ? this.token : renewed;
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
}
