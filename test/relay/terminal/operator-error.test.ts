import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { explain, OperatorError } from '../../../relay/terminal/operator-error';
import { LocalDeadLetters } from '../../support/local-dead-letters';

const failureOf = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

test('a queue that does not exist, with the real error of SQS', async () => {
  const { sqs, endpoint, close } = await LocalDeadLetters.start();
  const QueueUrl = `${endpoint}/000000000000/gone`;
  const failure = await failureOf(sqs.send(new GetQueueAttributesCommand({ QueueUrl })));
  await close();

  expect(explain(failure)).toBe('the queue does not exist, or is in another account or region.');
});

test.each([
  [{ code: 'ECONNREFUSED', $metadata: {} }, 'no connection: nothing listens there (as Node says)'],
  [
    { cause: Object.assign(new Error('in words'), { code: 'ENOTFOUND' }) },
    'no connection: there is no such host (in words)',
  ],
  [{ name: 'TimeoutError' }, 'no connection: no answer in time'],
  [{ name: 'ThrottlingException', $metadata: {} }, 'AWS answered ThrottlingException: as Node says'],
])('%j is explained', (members, explanation) => {
  expect(explain(Object.assign(new Error('as Node says'), members))).toBe(explanation);
});

test('missing credentials, with the real error of the SDK', async () => {
  const credentials = (): never => {
    throw Object.assign(new Error('Could not load credentials from any providers'), {
      name: 'CredentialsProviderError',
    });
  };
  const sqs = new SQSClient({ endpoint: 'http://127.0.0.1:1', region: 'us-east-1', credentials });
  const failure = await failureOf(
    sqs.send(new GetQueueAttributesCommand({ QueueUrl: 'http://127.0.0.1:1/q' })),
  );

  expect(explain(failure)).toMatch(/^there are no usable AWS credentials\. Sign in/);
});

test('a profile without credentials is named', () => {
  const before = process.env['AWS_PROFILE'];
  process.env['AWS_PROFILE'] = 'nope';
  try {
    const failure = Object.assign(new Error('no'), { name: 'CredentialsProviderError' });
    expect(explain(failure)).toMatch(
      /^there are no usable AWS credentials in the profile "nope" \(AWS_PROFILE\)\./,
    );
  } finally {
    if (before === undefined) delete process.env['AWS_PROFILE'];
    else process.env['AWS_PROFILE'] = before;
  }
});

test("our own message is kept, and a bug's error is not explained away", () => {
  expect(explain(new OperatorError('do this'))).toBe('do this');
  expect(explain(new TypeError('x is not a function'))).toBeUndefined();
  expect(explain('text')).toBeUndefined();
});
