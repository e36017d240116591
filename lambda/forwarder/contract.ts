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

/** The file beside the function's code that holds the environment's mapping, see `MappingSettings`. */
export const mappingFileName = 'mapping.json';

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

/**
 * Why an event can never be delivered. The code stands in the dead letter's attribute `reason` and means the same
 * in every version: alarms, dashboards and saved commands refer to it. docs/reasons.md says what to do about each.
 */
export const rejectionReasons = [
  'invalid_json',
  'unknown_shape',
  'missing_ingress_stamps',
  'missing_event_name',
  'missing_identity',
  'placeholder_identity',
  'identity_not_exact',
  'unrendered_template',
  'app_id_mismatch',
  'nested_too_deep',
  'too_many_properties',
  'property_name_too_long',
  'forbidden_property_name',
  'template_failed',
  'heap_rejected',
  'internal_error',
] as const;

export type RejectionReason = (typeof rejectionReasons)[number];

/** Message attributes that a dead letter carries besides the ingress stamps. */
export const deadLetterAttributes = {
  /** One of `rejectionReasons`. */
  reason: 'reason',
  /** What was found, for a person; never personal data. */
  detail: 'detail',
  /** How many events the body holds. */
  events: 'events',
} as const;
