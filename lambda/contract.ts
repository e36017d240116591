/**
 * The contract between the deployed function and the constructs around it. This is the only file of `lambda/` that
 * `lib/` may import, so it must stay free of run-time imports.
 */

/** Environment variables of the function. */
export const environmentVariables = {
  /** Origin of Heap's API, e.g. `https://heapanalytics.com`. */
  heapBaseUrl: 'HEAP_BASE_URL',
  /** ARN of the secret `{"appId":"…"}`. */
  heapTokensArn: 'HEAP_TOKENS_ARN',
  /** URL of the queue the function consumes. It also delays its own retries there. */
  eventBufferUrl: 'EVENT_BUFFER_URL',
  /** URL of the dead-letter queue. */
  deadLetterQueueUrl: 'DEAD_LETTER_QUEUE_URL',
  /** Comma-separated profile fields that may identify a user, best first. */
  identityOrder: 'IDENTITY_ORDER',
  /** Minutes within which equal events of one user count once. 0: only within one webhook call. */
  dedupeWindowMinutes: 'DEDUPE_WINDOW_MINUTES',
  /** Events per minute that one instance may send to Heap. 0: no limit. */
  maxEventsPerMinute: 'MAX_EVENTS_PER_MINUTE',
  /** Name of the stack, or of stack and construct. It separates this pipeline's metrics from those of others. */
  stackName: 'STACK_NAME',
} as const;

/** The file next to the function's code that holds the environment's mapping, see `MappingSettings`. */
export const mappingFileName = 'mapping.json';

/** The profile fields that may identify a user. */
export const identityFields = ['identity', 'email', 'phone', 'objectId'] as const;

/** A profile field that may identify a user. */
export type IdentityField = (typeof identityFields)[number];

/** Message attributes that the endpoint sets on every message. Unlike SQS's own fields, they survive a redrive. */
export const ingressStamps = {
  /** API Gateway's extended request id. */
  requestId: 'requestId',
  /** When the endpoint accepted the request, in milliseconds since 1970. */
  receivedAt: 'receivedAt',
  /** The event name in the URL, percent-encoded once; only from `/webhook/{event}`. */
  event: 'event',
} as const;

/** The secret's initial value, until the real app id is stored. */
export const secretPlaceholder = '{"appId":"REPLACE_ME"}';

/**
 * Why an event can never be delivered. The code is the dead letter's `reason` attribute and never changes its meaning:
 * alarms, dashboards and saved commands refer to it. docs/reasons.md says what to do about each.
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

/** The reason shown for a dead letter without `reason`: SQS moved it after its last receive. */
export const receivesExhausted = 'receives_exhausted';

/** Marks a message that the forwarder sent back for lack of time: its events are already counted as received. */
export const continuationAttribute = 'continuation';

/** Message attributes that a dead letter carries in addition to the ingress stamps. */
export const deadLetterAttributes = {
  /** One of `rejectionReasons`. */
  reason: 'reason',
  /** What was found, in words for an operator; never personal data. */
  detail: 'detail',
  /** The number of events in the body. */
  events: 'events',
} as const;

/** CloudWatch namespace of the function's own metrics. */
export const metricNamespace = 'ClevertapToHeap';

/**
 * Dimensions of the function's own metrics. Each combination of values costs $0.30 a month, so a value that a caller
 * can choose, such as an event name, must never be one.
 */
export const metricDimensions = { stack: 'Stack', reason: 'Reason' } as const;

/**
 * The function's own metrics. An event counts once, when its message is acknowledged. So over any period without a
 * crash: received = delivered + rejected + ignored + those still waiting. Zeros are omitted, except in HeapCalls,
 * HeapCallsRetryable and BreakerOpen, which are written together.
 */
export const metrics = {
  /** Events of messages received for the first time. A redriven dead letter counts again. */
  eventsReceived: 'EventsReceived',
  eventsDelivered: 'EventsDelivered',
  /** Events moved to the dead-letter queue; also by `Reason`. */
  eventsRejected: 'EventsRejected',
  /** Setup pings, and events that a rule aborts. */
  eventsIgnored: 'EventsIgnored',
  /** Events of messages that were put back, counted at every attempt. */
  eventsRetried: 'EventsRetried',
  /** Milliseconds from acceptance at the endpoint to delivery; for messages that were put back, to now. */
  deliveryLag: 'DeliveryLagMs',
  /** Requests to Heap. The next four metrics count some of them; Heap accepted the rest. */
  heapCalls: 'HeapCalls',
  /** Answered with 408, 425, 429, 5xx or a redirect, or not at all. */
  heapCallsRetryable: 'HeapCallsRetryable',
  /** Answered with 429; also counted as retryable. */
  heapCallsThrottled: 'HeapCallsThrottled',
  /** Answered with 401 or 403. */
  heapCallsUnauthorized: 'HeapCallsUnauthorized',
  /** Answered with 400, 413 or another 4xx. */
  heapCallsRefused: 'HeapCallsRefused',
  /** Milliseconds a request to Heap took. */
  heapLatency: 'HeapLatencyMs',
  /** Events in a request to Heap. */
  bulkSize: 'BulkSize',
  /** 1 for an invocation that found Heap down or throttling and waited; 0 for any other with failed requests. */
  breakerOpen: 'BreakerOpen',
  /** Failures to read or use the secret. */
  secretError: 'SecretError',
  /** Names and values cut to Heap's limits. */
  truncated: 'Truncated',
  /** Events rejected because every identity was a placeholder. */
  placeholderIdentity: 'PlaceholderIdentity',
  /** Messages that contained U+FFFD, the trace of bytes that were not UTF-8. */
  encodingReplaced: 'EncodingReplaced',
} as const;

/** A metric that the function writes itself. */
export type MetricName = (typeof metrics)[keyof typeof metrics];
