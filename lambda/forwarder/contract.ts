/**
 * What the deployed function and the constructs around it agree on. This is the only file of `lambda/` that
 * `lib/` may import, so it must stay free of run-time imports.
 */

/** Environment variables of the function. */
export const environmentVariables = {
  /** Origin of Heap's API, e.g. `https://heapanalytics.com`. */
  heapBaseUrl: 'HEAP_BASE_URL',
  /** ARN of the secret `{"appId":"…"}`. */
  heapTokensArn: 'HEAP_TOKENS_ARN',
  /** URL of the queue the function consumes: it delays its own retries there. */
  eventBufferUrl: 'EVENT_BUFFER_URL',
  /** URL of the queue for what can never be delivered. */
  deadLetterQueueUrl: 'DEAD_LETTER_QUEUE_URL',
  /** Comma-separated fields of a profile, best first. */
  identityOrder: 'IDENTITY_ORDER',
  /** Minutes within which equal events of one user count once; 0: only within one webhook call. */
  dedupeWindowMinutes: 'DEDUPE_WINDOW_MINUTES',
} as const;

/** The profile fields that may identify a user. */
export const identityFields = ['identity', 'email', 'phone', 'objectId'] as const;

export type IdentityField = (typeof identityFields)[number];

/** Message attributes the endpoint stamps on every message: they survive a redrive, SQS's own fields do not (F65). */
export const ingressStamps = {
  /** API Gateway's extended request id. */
  requestId: 'requestId',
  /** When the endpoint accepted the request, in milliseconds since 1970. */
  receivedAt: 'receivedAt',
  /** The event name in the URL, percent-encoded once; only from `/webhook/{event}`. */
  event: 'event',
} as const;

/** What the secret holds until somebody stores the real app id (F44). */
export const secretPlaceholder = '{"appId":"REPLACE_ME"}';
