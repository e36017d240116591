import type { SQSRecord } from 'aws-lambda';

/** 2026-10-01T09:00:00Z, when the records were accepted unless a test says otherwise. */
export const RECEIVED_AT = Date.UTC(2026, 9, 1, 9);

export interface SqsRecordOptions {
  readonly messageId?: string;
  /** `null` omits the stamp. */
  readonly requestId?: string | null;
  /** `null` omits the stamp. */
  readonly receivedAt?: number | string | null;
  /** The event name as it was in the URL, percent-encoded. */
  readonly event?: string;
  /** When SQS first delivered the message, in milliseconds since 1970. */
  readonly firstReceivedAt?: number;
  /** How often SQS has delivered the message, including this time. */
  readonly receiveCount?: number;
}

/** A record as Lambda passes it, with the endpoint's stamps. A body that is not a string is serialized. */
export function sqsRecord(body: unknown, options: SqsRecordOptions = {}): SQSRecord {
  const {
    messageId = 'm1',
    requestId = `request-of-${messageId}`,
    receivedAt = RECEIVED_AT,
    event,
    firstReceivedAt = RECEIVED_AT,
    receiveCount = 1,
  } = options;
  return {
    messageId,
    receiptHandle: `receipt-of-${messageId}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(RECEIVED_AT),
      SenderId: 'AROAEXAMPLE',
      ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
    },
    messageAttributes: {
      ...(requestId !== null && { requestId: attribute('String', requestId) }),
      ...(receivedAt !== null && { receivedAt: attribute('Number', String(receivedAt)) }),
      ...(event !== undefined && { event: attribute('String', event) }),
    },
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:event-buffer',
    awsRegion: 'eu-west-1',
  };
}

const attribute = (
  dataType: 'String' | 'Number',
  stringValue: string,
): SQSRecord['messageAttributes'][string] => ({
  dataType,
  stringValue,
  stringListValues: [],
  binaryListValues: [],
});
