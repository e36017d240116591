import type { HeapMode } from '../local/heap/fake-heap';
import type { MappingSettings } from '../lambda/mapping/rule-format';

// What the console's page and its server say to each other. All instants are milliseconds since 1970.

/** What both pages need of an environment to say what its function would do; no app id, nothing secret. */
export interface PageSettings {
  /** As in `config/`, e.g. `prod`. */
  readonly environment: string;
  readonly identityOrder: readonly string[];
  readonly dedupeWindowMinutes: number;
  readonly mapping: MappingSettings;
}

/** What a playground holds of its environment. */
export interface PlaygroundSettings extends PageSettings {
  /** Of this app, e.g. `0.1.0 (3a4b760)`. */
  readonly version: string;
  /** When the settings were read. */
  readonly readAt: number;
}

/** `GET /api/settings`: what does not change while the stack runs. */
export interface ConsoleSettings extends PageSettings {
  readonly webhookUrl: string;
  readonly apiKey: string;
  readonly appId: string;
  readonly heapUrl: string;
  /** Whether events leave this machine; then what Heap has is known from the function's log alone. */
  readonly isRealHeap: boolean;
  /** The seed of the faults that are played. */
  readonly chaosSeed: string | null;
}

/** Events, each counted once. `accepted` is the sum of the others. */
export interface Equation {
  readonly accepted: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly ignored: number;
  readonly queued: number;
  /**
   * In none of these places. Either messages were deleted from the buffer by hand (PurgeQueue, DeleteMessage), or this
   * app has a bug.
   */
  readonly missing: number;
}

/** What became of one event, by what the running stack observed. */
export type EventState =
  | {
      readonly kind: 'queued';
      /** How often its message was handed to the function. */
      readonly attempts: number;
      /** When its message is visible again; null while it is visible or in work. */
      readonly nextTryAt: number | null;
      /** Why the last attempt did not deliver it, e.g. `Heap answered 500`. */
      readonly why: string | null;
    }
  | {
      readonly kind: 'delivered';
      /** From acceptance to Heap's row, in milliseconds. */
      readonly afterMs: number | null;
      /** The row of the feed whose event Heap stored first under the same key; null for an event of its own. */
      readonly countedOnceWith: string | null;
      /** When `POST /reset` made the fake Heap forget it; absent while Heap has it. */
      readonly forgottenAt?: number;
    }
  | { readonly kind: 'rejected'; readonly reason: string; readonly detail: string | null }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'missing' };

/** One webhook request that the stack accepted, as a line of the feed. */
export interface FeedRow {
  /** The same while the console runs; unique across rows and stacks. */
  readonly id: string;
  readonly requestId: string | null;
  readonly at: number;
  /** The name of the first event; null where none can be read. */
  readonly event: string | null;
  readonly campaign: string | null;
  /** Of the first event, masked, e.g. `a…@s….test`; null where none can be read. */
  readonly who: string | null;
  /** How many events the request holds; 1 for a body that cannot be read, and for a setup ping. */
  readonly events: number;
  /** Of the first event that is not delivered, else of the first. */
  readonly state: EventState;
  /** How many events of the row are in each place. */
  readonly counts: Omit<Equation, 'accepted'>;
}

/** How Heap does. */
export interface HeapStatus {
  /** What the fake Heap was told to do; null for a real one. */
  readonly mode: HeapMode | null;
  /** Requests for which the mode holds; null: until changed. */
  readonly times: number | null;
  /** Whether the seeded storm of faults is on. */
  readonly storm: boolean;
  /** By the last answer the function logged. */
  readonly health: 'unknown' | 'ok' | 'failing' | 'throttled';
  /** What it said, e.g. `Heap answered 500`; null while it is well. */
  readonly said: string | null;
  /** When the function tries Heap next, where it said so. */
  readonly nextProbeAt: number | null;
}

/** The whole page's state: the first message of the feed, and the answer to `GET /api/state`. */
export interface ConsoleState {
  readonly equation: Equation;
  readonly heap: HeapStatus;
  /** Dead letters (messages) in their queue. */
  readonly deadLetters: number;
  /** The newest first, at most 1000. */
  readonly rows: readonly FeedRow[];
  /** Accepted requests that are no longer among the rows. */
  readonly olderRows: number;
  /** The final account as `npm start` prints it, once the stack has stopped. */
  readonly stopped: string | null;
}

/**
 * `GET /api/feed`, server-sent events: first `state` with a `ConsoleState`, then `change` with a `ConsoleChange`
 * whenever something changed, several changes at once. After a lost connection it starts over.
 */
export interface ConsoleChange extends Omit<ConsoleState, 'rows'> {
  /** Rows that are new or have changed, the newest first. */
  readonly rows: readonly FeedRow[];
}

/** A step in the life of an event: `endpoint answered 200`, `Heap answered 500, next try in 34 s`. */
export interface JourneyStep {
  readonly at: number;
  readonly place: 'endpoint' | 'queue' | 'function' | 'heap' | 'dead letters';
  readonly tone: 'good' | 'bad' | 'waiting' | 'plain';
  readonly what: string;
}

/** One event of a row. */
export interface EventDetail {
  /** From 0, in the order of the payload. */
  readonly index: number;
  readonly event: string | null;
  readonly who: string | null;
  readonly state: EventState;
  readonly journey: readonly JourneyStep[];
  /** The event as Heap stored it, or, where it has not, as the function makes it; null where it makes none. */
  readonly heapEvent: Readonly<Record<string, unknown>> | null;
  /** Whether `heapEvent` is what Heap has. */
  readonly isStored: boolean;
  /** What was changed on the way, with its explanation. */
  readonly changes: readonly {
    readonly change: string;
    readonly property: string | null;
    readonly meaning: string;
  }[];
  /** What to do about a rejection. */
  readonly remedy: string | null;
}

/** `GET /api/rows/<id>`; with `?show=1` identities and values are not masked. */
export interface RowDetail {
  readonly row: FeedRow;
  readonly isMasked: boolean;
  /** The body as it came, masked unless it was asked for. */
  readonly received: string;
  /** The event name in the URL, as it stood there. */
  readonly pathEvent: string | null;
  /** At most 1000; the row says how many there are. */
  readonly events: readonly EventDetail[];
}

/** `GET /api/rows/<id>/payload`: the body as it came, to edit and to copy as curl. */
export interface RowPayload {
  readonly payload: string;
  readonly pathEvent: string | null;
}

/** `POST /api/send`: posts a payload to the webhook as CleverTap would. */
export interface SendRequest {
  readonly payload: string;
  /** The event name for the URL, not yet encoded. */
  readonly pathEvent?: string;
}

export interface SendAnswer {
  readonly status: number;
  readonly requestId: string | null;
  readonly milliseconds: number;
  /** What the endpoint said when it did not store the payload. */
  readonly message: string | null;
}

/** `POST /api/heap`: what the fake Heap does from now on. Answers with a `HeapStatus`. */
export type HeapRequest =
  | { readonly mode: HeapMode; readonly times?: number; readonly retryAfter?: number }
  /** Faults in spells, chosen by the seed, until a mode is set. */
  | { readonly storm: string };

/** `GET /api/dead-letters`: by reason and campaign. */
export interface DeadLetters {
  readonly letters: number;
  readonly events: number;
  /** False where somebody else reads the queue at the same time. */
  readonly complete: boolean;
  readonly groups: readonly DeadLetterGroup[];
}

export interface DeadLetterGroup {
  readonly reason: string;
  /** `none` where the body names none. */
  readonly campaign: string;
  readonly letters: number;
  readonly events: number;
  readonly oldestSentAt: number;
  readonly remedy: string;
  /** A body, masked. */
  readonly sample: string;
}

/** `POST /api/dead-letters/redrive`, `POST /api/dead-letters/discard`; without a reason it is all of them. */
export interface DeadLetterRequest {
  readonly reason?: string;
}

export interface DeadLetterAnswer {
  /** Letters that were moved or deleted. */
  readonly letters: number;
  readonly complete: boolean;
  readonly note: string | null;
}

/** The answer to anything that was refused or failed, with a status of 4xx or 5xx. */
export interface ConsoleError {
  /** What was wrong and what to do. */
  readonly error: string;
}
