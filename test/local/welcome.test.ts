import type { LocalStack } from '../../local/stack';
import { welcome, type WelcomeOptions } from '../../local/welcome';

const notAskedFor = (): never => {
  throw new Error('not asked for');
};

const awsUrl = 'http://127.0.0.1:65533';
const stack: LocalStack = {
  webhookUrl: 'http://127.0.0.1:65535/v1/webhook',
  apiKey: 'a'.repeat(40),
  appId: '12345678901234567890',
  heapUrl: 'http://127.0.0.1:65534',
  awsUrl,
  queueUrl: `${awsUrl}/000000000000/ClevertapToHeapLocal-EventBufferQueueA241C490`,
  deadLetterQueueUrl: `${awsUrl}/000000000000/ClevertapToHeapLocal-EventBufferDeadLetterQueue575AE14F`,
  stackName: 'ClevertapToHeapLocal',
  outputs: {},
  unsupportedTypes: ['AWS::CloudWatch::Dashboard', 'AWS::IAM::ManagedPolicy', 'AWS::Logs::MetricFilter'],
  skippedMs: () => 0,
  stop: () => Promise.resolve(),
  reconciliation: notAskedFor,
  watch: notAskedFor,
  nextTryAt: notAskedFor,
  deadLetters: notAskedFor,
  fakeHeap: undefined,
  consoleUrl: 'http://127.0.0.1:65532',
};

const linesOf = (options: Partial<WelcomeOptions>): string[] =>
  welcome(stack, { isRealHeap: false, chaosSeed: undefined, verbose: false, ...options }).split('\n');

test.each<[string, Partial<WelcomeOptions>]>([
  ['alone', {}],
  ['with a real Heap', { isRealHeap: true }],
  ['with chaos', { chaosSeed: '7' }],
])('the banner %s fits 80 columns', (_, options) => {
  expect(linesOf(options).filter((line) => line.length > 80)).toEqual([]);
});

test('in the verbose banner, only queue URLs are longer', () => {
  expect(linesOf({ verbose: true, chaosSeed: '7' }).filter((line) => line.length > 80)).toEqual([
    `  Queue         ${stack.queueUrl}`,
    `  Dead letters  ${stack.deadLetterQueueUrl}`,
  ]);
});

test('only the verbose banner lists what is not on this machine', () => {
  expect(linesOf({}).join('\n')).not.toMatch(/not on this machine|AWS::/);
  expect(linesOf({ verbose: true }).join('\n')).toContain(
    'In the template but not on this machine:\n\n  AWS::CloudWatch::Dashboard\n  AWS::IAM::ManagedPolicy\n',
  );
});

test('shows how to see what Heap received only for the fake Heap', () => {
  expect(linesOf({})).toContain('  curl -s http://127.0.0.1:65534/received');
  expect(linesOf({ isRealHeap: true }).join('\n')).not.toContain('/received');
});

test('escapes the seed', () => {
  expect(linesOf({ chaosSeed: 'a "b\u001b' })).toContain('Chaos with the seed "a \\"b\\u001b":');
});
