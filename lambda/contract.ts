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
  /** Events a minute that one instance may send to Heap; 0: as many as there are. */
  maxEventsPerMinute: 'MAX_EVENTS_PER_MINUTE',
  /** Name of the stack, or of stack and construct, by which its metrics are told from those of another pipeline. */
  stackName: 'STACK_NAME',
} as const;

/** The file beside the function's code that holds the environment's mapping, see `MappingSettings`. */
export const mappingFileName = 'mapping.json';

/** The profile fields that may identify a user. */
export const identityFields = ['identity', 'email', 'phone', 'objectId'] as const;

/** A profile field that may identify a user. */
export type IdentityField = (typeof identityFields)[number];

/** Message attributes the endpoint stamps on every message: they survive a redrive, SQS's own fields do not. */
export const ingressStamps = {
  /** API Gateway's extended request id. */
  requestId: 'requestId',
  /** When the endpoint accepted the request, in milliseconds since 1970. */
  receivedAt: 'receivedAt',
  /** The event name in the URL, percent-encoded once; only from `/webhook/{event}`. */
  event: 'event',
} as const;

/** What the secret holds until the real app id is stored. */
export const secretPlaceholder = '{"appId":"REPLACE_ME"}';

/**
 * Why an event can never be delivered. The code is the dead letter's attribute `reason` and means the same
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
  'retries_exhausted',
  'internal_error',
] as const;

/** Why an event can never be delivered. */
export type RejectionReason = (typeof rejectionReasons)[number];

/** What a dead letter without `reason` is shown as: SQS moved it after its last receive. */
export const receivesExhausted = 'receives_exhausted';

/**
 * Set on a message that the forwarder sent back to the buffer with what it had no time for: its events were
 * counted as received before.
 */
export const continuationAttribute = 'continuation';

/** Message attributes that a dead letter carries besides the ingress stamps. */
export const deadLetterAttributes = {
  /** One of `rejectionReasons`. */
  reason: 'reason',
  /** What was found, for a person; never personal data. */
  detail: 'detail',
  /** How many events the body holds. */
  events: 'events',
} as const;

/** CloudWatch namespace of the function's own metrics. */
export const metricNamespace = 'ClevertapToHeap';

/**
 * Dimensions of the function's own metrics. Each combination of values costs $0.30 a month, so nothing a caller can
 * choose, such as an event name, is ever one.
 */
export const metricDimensions = { stack: 'Stack', reason: 'Reason' } as const;

/**
 * The function's own metrics. Events count once, when their message is acknowledged. So over any time without a crash:
 * received = delivered + rejected + ignored + those still waiting. A count of zero is not
 * written, except those of HeapCalls, HeapCallsRetryable and BreakerOpen beside one another.
 */
export const metrics = {
  /** Events of messages received for the first time; those of a redriven dead letter count again. */
  eventsReceived: 'EventsReceived',
  eventsDelivered: 'EventsDelivered',
  /** Events moved to the dead-letter queue; also by `Reason`. */
  eventsRejected: 'EventsRejected',
  /** Setup pings, and events that a rule leaves out. */
  eventsIgnored: 'EventsIgnored',
  /** Events of messages that were put back; at every attempt. */
  eventsRetried: 'EventsRetried',
  /** Milliseconds from acceptance at the endpoint to delivery, or until now for what is put back. */
  deliveryLag: 'DeliveryLagMs',
  /** Requests to Heap; the four below are parts of it, the rest was taken. */
  heapCalls: 'HeapCalls',
  /** Answered with 408, 425, 429, 5xx or a redirect, or not at all. */
  heapCallsRetryable: 'HeapCallsRetryable',
  /** Answered with 429; part of the retryable ones. */
  heapCallsThrottled: 'HeapCallsThrottled',
  /** Answered with 401 or 403. */
  heapCallsUnauthorized: 'HeapCallsUnauthorized',
  /** Answered with 400, 413 or another 4xx. */
  heapCallsRefused: 'HeapCallsRefused',
  /** Milliseconds a request to Heap took. */
  heapLatency: 'HeapLatencyMs',
  /** Events in a request to Heap. */
  bulkSize: 'BulkSize',
  /** 1 for an invocation that found Heap down or throttling and waited, 0 for another whose requests failed. */
  breakerOpen: 'BreakerOpen',
  /** Times the secret could not be read or used. */
  secretError: 'SecretError',
  /** Names and values that were cut to Heap's limits. */
  truncated: 'Truncated',
  /** Events rejected because no identity was left but placeholders. */
  placeholderIdentity: 'PlaceholderIdentity',
  /** Messages that held U+FFFD, the trace of bytes that were not UTF-8. */
  encodingReplaced: 'EncodingReplaced',
} as const;

/** A metric that the function writes itself. */
export type MetricName = (typeof metrics)[keyof typeof metrics];
