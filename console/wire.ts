import type { HeapMode } from '../local/heap/fake-heap';
import type { MappingSettings } from '../lambda/mapping/rule-format';

// The API between the console's page and its server. All times are milliseconds since 1970.

/** The settings of an environment that both pages need to preview events. No app id, no secret. */
export interface PageSettings {
  /** As in `config/`, e.g. `prod`. */
  readonly environment: string;
  readonly identityOrder: readonly string[];
  readonly dedupeWindowMinutes: number;
  readonly mapping: MappingSettings;
}

/** The settings in a playground file. */
export interface PlaygroundSettings extends PageSettings {
  /** Of this app, e.g. `0.1.0 (3a4b760)`. */
  readonly version: string;
  /** When the settings were read. */
  readonly readAt: number;
}

/** `GET /api/settings`: settings that do not change while the stack runs. */
export interface ConsoleSettings extends PageSettings {
  readonly webhookUrl: string;
  readonly apiKey: string;
  readonly appId: string;
  readonly heapUrl: string;
  /** Whether events leave this machine. If so, only the function's log shows what Heap has stored. */
  readonly isRealHeap: boolean;
  /** The seed of the faults; null without `--chaos`. */
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
   * Not found anywhere. Either messages were deleted from the buffer by hand (PurgeQueue, DeleteMessage), or this app
   * has a bug.
   */
  readonly missing: number;
}

/** The state of one event, as the running stack observed it. */
export type EventState =
  | {
      readonly kind: 'queued';
      /** How often the function received its message. */
      readonly attempts: number;
      /** When its message becomes visible again; null while it is visible or in progress. */
      readonly nextTryAt: number | null;
      /** Why the last attempt did not deliver it, e.g. `Heap answered 500`. */
      readonly why: string | null;
    }
  | {
      readonly kind: 'delivered';
      /** From acceptance to Heap's row, in milliseconds. */
      readonly afterMs: number | null;
      /** The row of the event that Heap stored first under the same key; null if there is none. */
      readonly countedOnceWith: string | null;
      /** When `POST /reset` deleted it from the fake Heap; absent while Heap has it. */
      readonly forgottenAt?: number;
    }
  | { readonly kind: 'rejected'; readonly reason: string; readonly detail: string | null }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'missing' };

/** One webhook request that the stack accepted, as a line of the feed. */
export interface FeedRow {
  /** Stable while the console runs; unique across rows and stacks. */
  readonly id: string;
  readonly requestId: string | null;
  readonly at: number;
  /** The name of the first event; null if unreadable. */
  readonly event: string | null;
  readonly campaign: string | null;
  /** Of the first event, masked, e.g. `a…@s….test`; null if unreadable. */
  readonly who: string | null;
  /** The number of events in the request; 1 for an unreadable body or a setup ping. */
  readonly events: number;
  /** Of the first event that is not delivered, else of the first event. */
  readonly state: EventState;
  /** How many events of the row are in each place. */
  readonly counts: Omit<Equation, 'accepted'>;
}

/** The health of Heap, and the mode of the fake Heap. */
export interface HeapStatus {
  /** The mode of the fake Heap; null for a real Heap. */
  readonly mode: HeapMode | null;
  /** Requests left in this mode; null if it lasts until changed. */
  readonly times: number | null;
  /** Whether the seeded storm of faults is on. */
  readonly storm: boolean;
  /** From the last answer that the function logged. */
  readonly health: 'unknown' | 'ok' | 'failing' | 'throttled';
  /** The last answer, e.g. `Heap answered 500`; null while Heap is healthy. */
  readonly said: string | null;
  /** When the function tries Heap next; null if it did not log that. */
  readonly nextProbeAt: number | null;
}

/** The state of the whole page: the first message of the feed, and the answer to `GET /api/state`. */
export interface ConsoleState {
  readonly equation: Equation;
  readonly heap: HeapStatus;
  /** Messages in the dead-letter queue. */
  readonly deadLetters: number;
  /** Newest first, at most 1000. */
  readonly rows: readonly FeedRow[];
  /** Accepted requests that are no longer among the rows. */
  readonly olderRows: number;
  /** The final account, as `npm start` prints it; null while the stack runs. */
  readonly stopped: string | null;
}

/**
 * `GET /api/feed`, server-sent events: first `state` with a `ConsoleState`, then `change` with a `ConsoleChange`, which
 * may combine several changes. A new connection starts over.
 */
export interface ConsoleChange extends Omit<ConsoleState, 'rows'> {
  /** New and changed rows, newest first. */
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
  /** The event as Heap stored it, else as the function would send it; null if it would send none. */
  readonly heapEvent: Readonly<Record<string, unknown>> | null;
  /** Whether `heapEvent` is what Heap stored. */
  readonly isStored: boolean;
  /** Changes made before delivery. */
  readonly changes: readonly {
    readonly change: string;
    readonly property: string | null;
    readonly meaning: string;
  }[];
  /** How to fix a rejection; null for other states. */
  readonly remedy: string | null;
}

/** `GET /api/rows/<id>`. With `?show=1`, identities and values are not masked. */
export interface RowDetail {
  readonly row: FeedRow;
  readonly isMasked: boolean;
  /** The body as received; masked if `isMasked`. */
  readonly received: string;
  /** The event name in the URL, still encoded. */
  readonly pathEvent: string | null;
  /** At most 1000; `row.events` is the number of all events. */
  readonly events: readonly EventDetail[];
}

/** `GET /api/rows/<id>/payload`: the body as received, to edit or to copy as curl. */
export interface RowPayload {
  readonly payload: string;
  readonly pathEvent: string | null;
}

/** `POST /api/send`: posts a payload to the webhook as CleverTap would. */
export interface SendRequest {
  readonly payload: string;
  /** The event name for the URL, not encoded. */
  readonly pathEvent?: string;
}

export interface SendAnswer {
  readonly status: number;
  readonly requestId: string | null;
  readonly milliseconds: number;
  /** The endpoint's error if it did not store the payload; null otherwise. */
  readonly message: string | null;
}

/** `POST /api/heap`: sets the mode of the fake Heap. The answer is a `HeapStatus`. */
export type HeapRequest =
  | { readonly mode: HeapMode; readonly times?: number; readonly retryAfter?: number }
  /** A storm of faults, chosen by this seed, until a mode is set. */
  | { readonly storm: string };

/** `GET /api/dead-letters`, grouped by reason and campaign. */
export interface DeadLetters {
  readonly letters: number;
  readonly events: number;
  /** False if another reader has some of the messages. */
  readonly complete: boolean;
  readonly groups: readonly DeadLetterGroup[];
}

export interface DeadLetterGroup {
  readonly reason: string;
  /** `none` if the body names no campaign. */
  readonly campaign: string;
  readonly letters: number;
  readonly events: number;
  readonly oldestSentAt: number;
  readonly remedy: string;
  /** A masked body. */
  readonly sample: string;
}

/** `POST /api/dead-letters/redrive` and `/discard`. Without a reason, it applies to all dead letters. */
export interface DeadLetterRequest {
  readonly reason?: string;
}

export interface DeadLetterAnswer {
  /** Dead letters that were moved or deleted. */
  readonly letters: number;
  readonly complete: boolean;
  readonly note: string | null;
}

/** The answer to a refused or failed request, with status 4xx or 5xx. */
export interface ConsoleError {
  /** What was wrong and what to do. */
  readonly error: string;
}
