import type { Activity } from '../../local/activity';
import { settledIn } from '../../local/observations';
import { causeOf, failureOf, Feed, jsonIn } from '../../relay/feed/feed';
import { HeapWatch, type HeapHealth } from '../../relay/feed/heap-health';

/** One invocation of the function with a batch of messages. Times are milliseconds since 1970. */
export interface Attempt {
  readonly at: number;
  /** Undefined while it runs. */
  endedAt: number | undefined;
  /** Why the rest of the batch was not delivered; while it runs, Heap's last error. */
  why: string | null;
  /** Requests that Heap refused, and other errors. */
  readonly setbacks: { readonly at: number; readonly what: string }[];
}

/** The endpoint's response. */
export interface EndpointAnswer {
  readonly status: number;
  readonly milliseconds: number;
}

/** How many messages and requests to remember. The oldest are forgotten. */
const maxKept = 5000;
const maxSetbacks = 20;

/** Follows what a running stack does with messages. Cheap enough to run without an open page. */
export class Attempts {
  readonly #feed = new Feed();
  readonly #heap = new HeapWatch();
  /** The current attempt of each instance. */
  readonly #current = new Map<string, Attempt>();
  readonly #ofMessage = new Map<string, Attempt[]>();
  readonly #answers = new Map<string, EndpointAnswer>();
  readonly #settledAt = new Map<string, number>();

  get heap(): HeapHealth {
    return this.#heap.now;
  }

  take(activity: Activity): void {
    switch (activity.kind) {
      case 'answered':
        keep(this.#answers, activity.requestId, activity);
        return;
      case 'invoked': {
        const attempt = { at: activity.at, endedAt: undefined, why: null, setbacks: [] };
        this.#current.set(activity.instance, attempt);
        for (const messageId of activity.messageIds)
          keep(this.#ofMessage, messageId, [...this.of(messageId), attempt]);
        return;
      }
      case 'logged':
        this.#read(activity.at, activity.instance, activity.line);
        return;
      case 'returned': {
        const attempt = this.#current.get(activity.instance);
        if (attempt === undefined) return;
        if (activity.failure !== undefined)
          setBack(attempt, activity.at, `the function failed: ${activity.failure}`);
        attempt.endedAt = activity.at;
        this.#current.delete(activity.instance);
        return;
      }
      case 'changed':
    }
  }

  /** The attempts with a message, in order. */
  of(messageId: string): readonly Attempt[] {
    return this.#ofMessage.get(messageId) ?? [];
  }

  answerTo(requestId: string): EndpointAnswer | undefined {
    return this.#answers.get(requestId);
  }

  /** When the function last logged that a request is done. */
  settledAt(requestId: string): number | undefined {
    return this.#settledAt.get(requestId);
  }

  #read(at: number, stream: string, line: string): void {
    this.#heap.take({ at, stream, line });
    for (const requestId of settledIn(line)) keep(this.#settledAt, requestId, at);
    const attempt = this.#current.get(stream);
    const rows = this.#feed.take({ at, stream, line });
    if (attempt === undefined) return;
    const fields = line.includes('"Heap did not take a bulk"') ? jsonIn(line) : undefined;
    const said = fields && failureOf(fields);
    if (said !== undefined) setBack(attempt, at, said);
    for (const row of rows) {
      if (row.kind === 'waiting') attempt.why = causeOf(row);
      if (row.kind === 'problem') setBack(attempt, at, row.detail ?? 'an error of the function');
    }
  }
}

function setBack(attempt: Attempt, at: number, what: string): void {
  attempt.why = what;
  if (attempt.setbacks.length < maxSetbacks) attempt.setbacks.push({ at, what });
}

/** Adds an entry as the newest and removes the oldest if there are too many. */
function keep<T>(kept: Map<string, T>, key: string, value: T): void {
  kept.delete(key);
  kept.set(key, value);
  if (kept.size <= maxKept) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}
