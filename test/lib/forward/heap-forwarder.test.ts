import { environmentVariables } from '../../../lambda/contract';
import { allSettings } from '../../support/settings';
import { synthTemplate } from '../../support/synth';
import { resource } from '../../support/template';

interface LambdaFunction {
  Environment: { Variables: Record<string, string> };
  LoggingConfig: object;
}

const template = synthTemplate();
const forwarder = resource<LambdaFunction>(template, 'AWS::Lambda::Function');
const queue = resource(template, 'AWS::SQS::Queue', 'EventBufferQueue');
const deadLetterQueue = resource(template, 'AWS::SQS::Queue', 'EventBufferDeadLetterQueue');
const secret = resource(template, 'AWS::SecretsManager::Secret');

describe('the function', () => {
  it('F75 runs on a supported runtime with the memory and time it needs', () => {
    expect(forwarder.Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 256,
      Timeout: 120,
    });
  });

  it('F23 reserves no concurrency: throttled invocations use up receives', () => {
    expect(forwarder.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it('may return the rest of a large body to its queue more than 16 times', () => {
    expect(forwarder.Properties).toMatchObject({ RecursiveLoop: 'Allow' });
  });

  it('has no physical name and no VPC', () => {
    expect(forwarder.Properties).not.toHaveProperty('FunctionName');
    expect(forwarder.Properties).not.toHaveProperty('VpcConfig');
  });

  it('has exactly the environment variables of the contract', () => {
    expect(forwarder.Properties.Environment.Variables).toEqual({
      [environmentVariables.heapBaseUrl]: 'https://heapanalytics.com',
      [environmentVariables.heapTokensArn]: `\${${secret.logicalId}}`,
      [environmentVariables.eventBufferUrl]: `\${${queue.logicalId}}`,
      [environmentVariables.deadLetterQueueUrl]: `\${${deadLetterQueue.logicalId}}`,
      [environmentVariables.identityOrder]: 'identity,email',
      [environmentVariables.dedupeWindowMinutes]: '10',
      // Half of the default of 12,000: two instances run concurrently.
      [environmentVariables.maxEventsPerMinute]: '6000',
      [environmentVariables.stackName]: 'ClevertapToHeapTest',
    });
    expect(Object.keys(forwarder.Properties.Environment.Variables).sort()).toEqual(
      Object.values(environmentVariables).sort(),
    );
  });

  it('gets every setting of the environment', () => {
    expect(
      resource<LambdaFunction>(synthTemplate(allSettings), 'AWS::Lambda::Function').Properties.Environment
        .Variables,
    ).toMatchObject({
      [environmentVariables.heapBaseUrl]: 'https://heap.clevertap-to-heap.dev',
      [environmentVariables.identityOrder]: 'objectId,phone',
      [environmentVariables.dedupeWindowMinutes]: '0',
    });
  });

  it.each([
    [{}, 30],
    [{ logRetentionDays: 365 }, 365],
  ])('logs to a group of its own that is kept as long as the settings %j say', (overrides, days) => {
    const changed = synthTemplate(overrides);
    const log = resource(changed, 'AWS::Logs::LogGroup', 'HeapForwarderLogGroup');
    expect(log.Properties).toEqual({ RetentionInDays: days });
    expect(log.DeletionPolicy).toBe('Delete');
    expect(resource<LambdaFunction>(changed, 'AWS::Lambda::Function').Properties.LoggingConfig).toEqual({
      LogGroup: `\${${log.logicalId}}`,
    });
  });
});

describe('the event source mapping', () => {
  const mapping = resource(template, 'AWS::Lambda::EventSourceMapping');

  it('F22 F23 takes every message, with at most two concurrent invocations, and reports failed messages', () => {
    // The complete properties: filter criteria, for one, would delete messages that do not match.
    expect(mapping.Properties).toEqual({
      FunctionName: `\${${forwarder.logicalId}}`,
      EventSourceArn: `\${${queue.logicalId}.Arn}`,
      BatchSize: 1000,
      MaximumBatchingWindowInSeconds: 5,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
      MetricsConfig: { Metrics: ['EventCount'] },
    });
  });

  it.each([1, 60, 300])('waits for a batch as configured: %d s', (batchWindowSeconds) => {
    expect(
      resource(synthTemplate({ batchWindowSeconds }), 'AWS::Lambda::EventSourceMapping').Properties,
    ).toMatchObject({ MaximumBatchingWindowInSeconds: batchWindowSeconds });
  });

  it('is the only one: the dead-letter queue has no consumer', () => {
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
  });
});
