import type { SQSRecord } from 'aws-lambda';

/** When the first webhook of a batch was accepted. */
const receivedAt = Date.UTC(2026, 10, 5, 9);

const attribute = (dataType: 'String' | 'Number', stringValue: string) => ({
  ...{ dataType, stringValue, stringListValues: [], binaryListValues: [] },
});

/** Messages as Lambda passes them to the function, with the endpoint's stamps: each accepted 3 ms after the last. */
export const sqsRecords = (webhooks: readonly string[]): SQSRecord[] =>
  webhooks.map((body, index) => ({
    messageId: `19dd0b57-b21e-4ac1-bd88-${String(index).padStart(12, '0')}`,
    receiptHandle: `AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a${'x'.repeat(140)}${index}`,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(receivedAt),
      SenderId: 'AROAEXAMPLEEXAMPLE:BackplaneAssumeRoleSession',
      ApproximateFirstReceiveTimestamp: String(receivedAt + 5),
    },
    messageAttributes: {
      requestId: attribute('String', `Lq3kXH9ZDoEEb${String(index).padStart(5, '0')}=`),
      receivedAt: attribute('Number', String(receivedAt + 3 * index)),
    },
    md5OfBody: '7b270e59b47ff90a553787216d55d91d',
    md5OfMessageAttributes: '3b270e59b47ff90a553787216d55d91e',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:EventBuffer',
    awsRegion: 'us-east-1',
  }));
