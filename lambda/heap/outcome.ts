/** Heap's answer: a status line, or none. */
export type HeapAnswer =
  | {
      readonly status: number;
      /** At most the first 4 kB. */
      readonly body: string;
      /** `Retry-After`, if Heap sent a usable one. */
      readonly retryAfterSeconds?: number;
    }
  /** Node's error code, e.g. `ECONNRESET`; `timeout` if Heap took too long. */
  | { readonly fault: string };

/** What the answer to a bulk request means for its events. */
export type Outcome =
  | 'delivered'
  /** The same request may succeed later. */
  | 'retry'
  /** The token may be outdated. */
  | 'unauthorized'
  /** Fewer events may pass. */
  | 'too_large'
  /** One of the events is refused, and all others with it. */
  | 'invalid'
  /** Never followed: a redirected POST becomes a GET that answers 200 and stores nothing. */
  | 'redirected'
  /** The same request will always be refused. */
  | 'refused';

/**
 * Decides what an answer means. Heap documents only 2xx and 400 (developers.heap.io), so every status that a proxy or
 * an overloaded server may send means "retry" rather than "lost".
 */
export function outcomeOf(answer: HeapAnswer): Outcome {
  if ('fault' in answer) return 'retry';
  const { status } = answer;
  if (status >= 200 && status < 300) return 'delivered';
  if (status >= 300 && status < 400) return 'redirected';
  switch (status) {
    case 400:
      // A complaint about the request as a whole blames no event: it is our bug or a change at Heap.
      return /^postBody(?:\.(?!events|users)| )/.test(answer.body.trim()) ? 'retry' : 'invalid';
    case 401:
    case 403:
      return 'unauthorized';
    case 413:
      return 'too_large';
    case 408:
    case 425:
    case 429:
      return 'retry';
    default:
      return status >= 400 && status < 500 ? 'refused' : 'retry';
  }
}

/** The event or user a 400 names, as in `postBody.events[0].properties should be object`. */
export function refusedIndex(body: string): number | undefined {
  const index = /^postBody\.(?:events|users)\[(\d{1,4})\][. ]/.exec(body.trim())?.[1];
  return index === undefined ? undefined : Number(index);
}

/** Describes an answer. Heap's words are quoted only if they are a sentence known to hold no personal data. */
export function describeAnswer(answer: HeapAnswer): string {
  if ('fault' in answer) return `no answer from Heap: ${answer.fault}`;
  const sentence = /^postBody(?:\.\w{1,40}|\[\d{1,4}\]){0,6} should be [\w ]{1,60}$/.exec(
    answer.body.trim(),
  )?.[0];
  return sentence === undefined
    ? `Heap answered ${answer.status}`
    : `Heap answered ${answer.status}: ${sentence}`;
}

/**
 * `Retry-After` in seconds, from seconds or an HTTP date (RFC 9110, 10.2.3).
 *
 * @param now milliseconds since 1970
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const header = value?.trim() ?? '';
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
