import { environmentVariables } from '../../../lambda/contract';
import { allSettings, synthTemplate } from '../../support/synth';
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

  it('F23 reserves no concurrency: throttled invocations would use up receives', () => {
    expect(forwarder.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  it('may send what is left of a large body back to its own queue more than 16 times', () => {
    expect(forwarder.Properties).toMatchObject({ RecursiveLoop: 'Allow' });
  });

  it('has no physical name and stands in no network of ours', () => {
    expect(forwarder.Properties).not.toHaveProperty('FunctionName');
    expect(forwarder.Properties).not.toHaveProperty('VpcConfig');
  });

  it('knows what the contract names and nothing else', () => {
    expect(forwarder.Properties.Environment.Variables).toEqual({
      [environmentVariables.heapBaseUrl]: 'https://heapanalytics.com',
      [environmentVariables.heapTokensArn]: `\${${secret.logicalId}}`,
      [environmentVariables.eventBufferUrl]: `\${${queue.logicalId}}`,
      [environmentVariables.deadLetterQueueUrl]: `\${${deadLetterQueue.logicalId}}`,
      [environmentVariables.identityOrder]: 'identity,email',
      [environmentVariables.dedupeWindowMinutes]: '10',
      // Half of the default of 12,000: two instances run at a time.
      [environmentVariables.maxEventsPerMinute]: '6000',
      [environmentVariables.stackName]: 'ClevertapToHeapTest',
    });
    expect(Object.keys(forwarder.Properties.Environment.Variables).sort()).toEqual(
      Object.values(environmentVariables).sort(),
    );
  });

  it('is told every setting of the environment', () => {
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

  it('F22 F23 takes every message of the buffer, by at most two at a time, and reports those that failed', () => {
    // The whole of it: filter criteria, for one, would delete what they do not match.
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

  it.each([1, 60, 300])('waits as long for a batch as the settings say: %d s', (batchWindowSeconds) => {
    expect(
      resource(synthTemplate({ batchWindowSeconds }), 'AWS::Lambda::EventSourceMapping').Properties,
    ).toMatchObject({ MaximumBatchingWindowInSeconds: batchWindowSeconds });
  });

  it('is the only one: nobody consumes the dead-letter queue', () => {
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
  });
});
