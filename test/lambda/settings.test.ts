import { environmentVariables } from '../../lambda/contract';
import { readSettings, SettingsError } from '../../lambda/settings';

const environment = {
  HEAP_BASE_URL: 'https://heapanalytics.com',
  HEAP_TOKENS_ARN: 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:HeapTokens-AbCdEf',
  EVENT_BUFFER_URL: 'https://sqs.eu-west-1.amazonaws.com/000000000000/EventBuffer',
  DEAD_LETTER_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/000000000000/DeadLetterQueue',
  IDENTITY_ORDER: 'identity,email',
  DEDUPE_WINDOW_MINUTES: '10',
  MAX_EVENTS_PER_MINUTE: '6000',
  STACK_NAME: 'ClevertapToHeapDev',
};

const problemOf = (variables: Record<string, string | undefined>): string => {
  try {
    readSettings(variables);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as SettingsError).message;
  }
  return '';
};

describe('readSettings', () => {
  it('reads what the construct sets', () => {
    expect(readSettings({ ...environment, PATH: '/bin' })).toEqual({
      heapBaseUrl: environment.HEAP_BASE_URL,
      heapTokensArn: environment.HEAP_TOKENS_ARN,
      eventBufferUrl: environment.EVENT_BUFFER_URL,
      deadLetterQueueUrl: environment.DEAD_LETTER_QUEUE_URL,
      identityOrder: ['identity', 'email'],
      dedupeWindowMs: 600_000,
      maxEventsPerMinute: 6000,
      stackName: 'ClevertapToHeapDev',
    });
  });

  it('has a value for each variable of the contract, and no other', () => {
    expect(Object.keys(environment).sort()).toEqual(Object.values(environmentVariables).sort());
  });

  it.each([
    ['identity', ['identity']],
    ['objectId,phone,email,identity', ['objectId', 'phone', 'email', 'identity']],
  ])('reads the order %s', (text, order) => {
    expect(readSettings({ ...environment, IDENTITY_ORDER: text }).identityOrder).toEqual(order);
  });

  it.each([
    ['0', 0],
    ['1440', 86_400_000],
  ])('reads a window of %s minutes', (text, milliseconds) => {
    expect(readSettings({ ...environment, DEDUPE_WINDOW_MINUTES: text }).dedupeWindowMs).toBe(milliseconds);
  });

  it.each([
    'https://heapanalytics.com',
    'https://c.eu.heap-api.com',
    'https://heap.internal:8443',
    'http://127.0.0.1:4001',
  ])('sends to %s (F58)', (url) => {
    expect(readSettings({ ...environment, HEAP_BASE_URL: url }).heapBaseUrl).toBe(url);
  });

  it.each([
    ...['http://heapanalytics.com', 'http://localhost:4001', 'http://169.254.169.254', 'http://[::1]:4001'],
    ...[
      'http://127.0.0.1.shop.test',
      'http://127.0.0.2',
      'http://[::ffff:127.0.0.1]',
      'ftp://heapanalytics.com',
    ],
    ...[
      'https://heapanalytics.com/',
      'https://heapanalytics.com/api',
      'https://heapanalytics.com?x=1',
      'heap',
    ],
    ...[
      'https://user:pass@heapanalytics.com',
      'http://user@127.0.0.1:4001',
      ' https://heapanalytics.com',
      'file:///',
    ],
  ])('does not send to %s (F58)', (url) => {
    expect(problemOf({ ...environment, HEAP_BASE_URL: url })).toMatch(
      /^HEAP_BASE_URL must be an https origin without a path, got "/,
    );
  });

  it.each([
    ['HEAP_TOKENS_ARN', 'HeapTokens'],
    ['EVENT_BUFFER_URL', 'EventBuffer'],
    ['DEAD_LETTER_QUEUE_URL', 'DeadLetterQueue'],
    ['IDENTITY_ORDER', 'identity,name'],
    ['IDENTITY_ORDER', 'identity, email'],
    ['IDENTITY_ORDER', 'identity,'],
    ['DEDUPE_WINDOW_MINUTES', '-1'],
    ['DEDUPE_WINDOW_MINUTES', '1.5'],
    ['DEDUPE_WINDOW_MINUTES', 'ten'],
    ['DEDUPE_WINDOW_MINUTES', '99999'],
    ['MAX_EVENTS_PER_MINUTE', '-1'],
    ['MAX_EVENTS_PER_MINUTE', 'many'],
  ])('rejects %s=%s and names it', (name, value) => {
    const problem = problemOf({ ...environment, [name]: value });

    expect(problem).toMatch(new RegExp(`^${name} must be .+, got "${value}"$`));
  });

  it.each(Object.keys(environment))('refuses to start without %s, or with an empty one', (name) => {
    for (const value of [undefined, ''])
      expect(problemOf({ ...environment, [name]: value })).toMatch(
        new RegExp(`^${name} must be .+, got nothing$`),
      );
  });

  it('names everything that is wrong at once', () => {
    const problems = problemOf({}).split('; ');

    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(Object.keys(environment));
  });
});
