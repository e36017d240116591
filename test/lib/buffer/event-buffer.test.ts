import { synthTemplate } from '../../support/synth';
import { resource, resources } from '../../support/template';

interface Queue {
  MessageRetentionPeriod: number;
  VisibilityTimeout: number;
  RedrivePolicy?: { deadLetterTargetArn: string; maxReceiveCount: number };
}

const template = synthTemplate();
const queue = resource<Queue>(template, 'AWS::SQS::Queue', 'EventBufferQueue');
const deadLetterQueue = resource<Queue>(template, 'AWS::SQS::Queue', 'EventBufferDeadLetterQueue');
const day = 24 * 60 * 60;

it('has two standard queues', () => {
  const found = resources(template, 'AWS::SQS::Queue');
  expect(found.map(({ logicalId }) => logicalId).sort()).toEqual(
    [queue.logicalId, deadLetterQueue.logicalId].sort(),
  );
  for (const { Properties } of found) {
    expect(Properties).not.toHaveProperty('FifoQueue');
    expect(Properties).not.toHaveProperty('DelaySeconds');
  }
});

it('F17 keeps dead letters longer than any message can have waited in the buffer', () => {
  expect(queue.Properties.MessageRetentionPeriod).toBe(7 * day);
  expect(deadLetterQueue.Properties.MessageRetentionPeriod).toBeGreaterThan(
    queue.Properties.MessageRetentionPeriod,
  );
});

it('F63 keeps dead letters for the 14 days SQS allows', () => {
  expect(deadLetterQueue.Properties.MessageRetentionPeriod).toBe(14 * day);
});

describe.each([
  ['the queue', queue],
  ['F66 the dead-letter queue', deadLetterQueue],
])('%s', (_, each) => {
  it('F18 survives stack deletion and replacement', () => {
    // A queue whose creation failed is empty and may be deleted.
    expect(each.DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(each.UpdateReplacePolicy).toBe('Retain');
  });

  it('F18 has no physical name: replacement would fail', () => {
    expect(each.Properties).not.toHaveProperty('QueueName');
  });

  it('F20 is encrypted at rest', () => {
    expect(each.Properties).toMatchObject({ SqsManagedSseEnabled: true });
  });

  const policies = resources<{ Queues: string[]; PolicyDocument: { Statement: object[] } }>(
    template,
    'AWS::SQS::QueuePolicy',
  ).filter(({ Properties }) => Properties.Queues.includes(`\${${each.logicalId}}`));

  it('F20 keeps its policy when it is retained', () => {
    expect(
      policies.map(({ DeletionPolicy, UpdateReplacePolicy }) => [DeletionPolicy, UpdateReplacePolicy]),
    ).toEqual([[each.DeletionPolicy, each.UpdateReplacePolicy]]);
  });

  it('F20 refuses every call without TLS', () => {
    expect(policies.map(({ Properties }) => Properties.PolicyDocument.Statement)).toEqual([
      [
        {
          Effect: 'Deny',
          Principal: { AWS: '*' },
          Action: 'sqs:*',
          Resource: `\${${each.logicalId}.Arn}`,
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    ]);
  });

  it('has no redrive policy that would create a dependency cycle', () => {
    expect(each.Properties).not.toHaveProperty('RedriveAllowPolicy');
  });
});

it('F23 allows 60 receives: throttled invocations lose no event', () => {
  expect(queue.Properties.RedrivePolicy).toEqual({
    deadLetterTargetArn: `\${${deadLetterQueue.logicalId}.Arn}`,
    maxReceiveCount: 60,
  });
  expect(deadLetterQueue.Properties.RedrivePolicy).toBeUndefined();
});

it.each([1, 5, 60, 300])(
  'F25 hides a message for six times the timeout plus a window of %d s',
  (batchWindowSeconds) => {
    const windowed = synthTemplate({ batchWindowSeconds });
    const { Timeout: timeout } = resource<{ Timeout: number }>(windowed, 'AWS::Lambda::Function').Properties;
    const visibility = resource<Queue>(windowed, 'AWS::SQS::Queue', 'EventBufferQueue').Properties
      .VisibilityTimeout;
    expect(visibility).toBeGreaterThanOrEqual(6 * timeout + batchWindowSeconds);
    // Not longer than needed: a crashed batch would wait for nothing.
    expect(visibility).toBeLessThanOrEqual(6 * timeout + Math.max(batchWindowSeconds, 10));
  },
);
