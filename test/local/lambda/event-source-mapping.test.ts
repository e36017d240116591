import {
  ChangeMessageVisibilityCommand,
  SendMessageCommand,
  SQSClient,
  type DeleteMessageBatchCommandInput,
  type DeleteMessageBatchCommandOutput,
} from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { createHash, randomUUID } from 'node:crypto';
import { startAwsEndpoint } from '../../../local/aws/endpoint';
import {
  EventSourceMapping,
  failedMessageIds,
  type EventSourceMappingOptions,
  type SqsEvent,
} from '../../../local/lambda/event-source-mapping';
import type { RunningServer } from '../../../local/http-server';
import { SecretsManagerService } from '../../../local/aws/secrets-manager/service';
import { SqsService } from '../../../local/aws/sqs/service';

const REGION = 'eu-west-1';
const QUEUE = 'buffer';
const VISIBILITY_SECONDS = 43_200;

/** The inputs the mapping sent to SQS, by SDK command. */
interface Call {
  readonly command: string;
  readonly input: Record<string, unknown>;
}

describe('EventSourceMapping', () => {
  let clock: { now: () => number; ahead: number };
  let queues: SqsService;
  let server: RunningServer;
  let queueUrl: string;
  let sqs: SQSClient;
  /** The client of the test and of the function. */
  let other: SQSClient;
  let mappings: EventSourceMapping[];
  let calls: Call[];
  let polls: number;
  /** How each long poll ended: with a response, or with the name of an error. */
  let pollEnds: string[];
  /** How many of the mapping's next requests of each command fail. */
  let failures: Map<string, number>;
  let events: SqsEvent[];
  let errors: string[];

  beforeEach(async () => {
    clock = { ahead: 0, now: () => Date.now() + clock.ahead };
    queues = new SqsService({ clock, region: REGION });
    queues.createQueue(QUEUE, { VisibilityTimeout: String(VISIBILITY_SECONDS) });
    server = await startAwsEndpoint({ port: 0, sqs: queues, secrets: new SecretsManagerService() });
    queueUrl = `${server.origin}${queues.queuePath(QUEUE)}`;
    sqs = clientOf();
    other = clientOf();
    mappings = [];
    calls = [];
    polls = 0;
    pollEnds = [];
    failures = new Map();
    events = [];
    errors = [];
    sqs.middlewareStack.add(
      (next, { commandName: command = '' }) =>
        async (args) => {
          const input = args.input as Record<string, unknown>;
          const isPoll = Number(input['WaitTimeSeconds'] ?? 0) > 0;
          const failing = failures.get(command) ?? 0;
          calls.push({ command, input });
          failures.set(command, failing - 1);
          if (failing > 0) throw new Error('connect ECONNREFUSED');
          if (isPoll) polls += 1;
          const answer = next(args).finally(() => {
            if (isPoll) polls -= 1;
          });
          if (isPoll)
            answer.then(
              () => pollEnds.push('answer'),
              (error: unknown) => pollEnds.push((error as Error).name),
            );
          return answer;
        },
      { step: 'initialize' },
    );
  });

  afterEach(async () => {
    await Promise.all(mappings.map((mapping) => mapping.stop()));
    sqs.destroy();
    other.destroy();
    await server.close();
  });

  function clientOf(): SQSClient {
    return new SQSClient({
      endpoint: server.origin,
      region: REGION,
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
      // The test is about the mapping's own retries, not the client's.
      maxAttempts: 1,
    });
  }

  function mappingOf(options: Partial<EventSourceMappingOptions> = {}): EventSourceMapping {
    const { invoke = () => Promise.resolve(null), ...rest } = options;
    const mapping = new EventSourceMapping({
      sqs,
      queueUrl,
      queueArn: queues.queueArn(QUEUE),
      region: REGION,
      batchSize: 10,
      maximumBatchingWindowSeconds: 0,
      maximumConcurrency: 1,
      reportBatchItemFailures: true,
      onError: (message) => errors.push(message),
      invoke: (event, worker) => {
        events.push(event);
        return invoke(event, worker);
      },
      ...rest,
    });
    mappings.push(mapping);
    mapping.start();
    return mapping;
  }

  /** Sends messages and returns their ids. */
  function put(...messages: string[]): string[] {
    return messages.map((MessageBody) => queues.sendMessage(QUEUE, { MessageBody }).MessageId);
  }

  function visible(): number {
    return Number(queues.getQueueAttributes(QUEUE, ['All'])['ApproximateNumberOfMessages']);
  }

  function inFlight(): number {
    return Number(queues.getQueueAttributes(QUEUE, ['All'])['ApproximateNumberOfMessagesNotVisible']);
  }

  function inputsOf(command: string): Record<string, unknown>[] {
    return calls.filter((call) => call.command === command).map(({ input }) => input);
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  function idsOf(event: SqsEvent | undefined): string[] {
    return (event?.Records ?? []).map(({ messageId }) => messageId);
  }

  function sizes(): number[] {
    return events.map(({ Records }) => Records.length);
  }

  function bodies(count: number): string[] {
    return Array.from({ length: count }, (_, index) => `{"n":${index}}`);
  }

  describe('the event', () => {
    it("has Lambda's exact shape", async () => {
      const { MessageId, MD5OfMessageAttributes } = await other.send(
        new SendMessageCommand({
          QueueUrl: queueUrl,
          MessageBody: '{"event":"Purchase"}',
          MessageAttributes: {
            requestId: { StringValue: 'abc=', DataType: 'String' },
            receivedAt: { StringValue: '1545082649100', DataType: 'Number' },
            raw: { BinaryValue: Uint8Array.of(0, 255), DataType: 'Binary' },
          },
        }),
      );
      mappingOf();
      await until(() => events.length > 0);

      const lists = { stringListValues: [], binaryListValues: [] };
      expect(events[0]).toStrictEqual({
        Records: [
          {
            messageId: MessageId,
            receiptHandle: expect.stringMatching(/./) as string,
            body: '{"event":"Purchase"}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: expect.stringMatching(/^\d{13}$/) as string,
              SenderId: expect.stringMatching(/./) as string,
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/) as string,
            },
            messageAttributes: {
              requestId: { stringValue: 'abc=', dataType: 'String', ...lists },
              receivedAt: { stringValue: '1545082649100', dataType: 'Number', ...lists },
              raw: { binaryValue: 'AP8=', dataType: 'Binary', ...lists },
            },
            md5OfMessageAttributes: MD5OfMessageAttributes,
            md5OfBody: createHash('md5').update('{"event":"Purchase"}').digest('hex'),
            eventSource: 'aws:sqs',
            eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:buffer',
            awsRegion: 'eu-west-1',
          },
        ],
      });
    });

    it('has no message attributes and no digest of them if the message has none', async () => {
      put('x');
      mappingOf();
      await until(() => events.length > 0);

      expect(events[0]?.Records[0]).toMatchObject({ messageAttributes: {} });
      expect(events[0]?.Records[0]).not.toHaveProperty('md5OfMessageAttributes');
    });

    it('is received with all attributes and a long poll', async () => {
      mappingOf();
      await until(() => polls === 1);

      expect(inputsOf('ReceiveMessageCommand')).toEqual([
        {
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 20,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        },
      ]);
    });
  });

  describe('the batch', () => {
    it('is passed on immediately without a window', async () => {
      mappingOf();
      await until(() => polls === 1);
      const [id] = put('alone');
      await until(() => inFlight() === 0 && events.length === 1);

      expect(idsOf(events[0])).toEqual([id]);
      expect(calls.map(({ command }) => command).slice(0, 2)).toEqual([
        'ReceiveMessageCommand',
        'DeleteMessageBatchCommand',
      ]);
    });

    it('is passed on once full, however long the window', async () => {
      const ids = put(...bodies(35));
      mappingOf({ batchSize: 35, maximumBatchingWindowSeconds: 300 });
      await until(() => events.length === 1);

      expect(idsOf(events[0])).toEqual(ids);
      expect(calls.slice(0, 4).map(({ input }) => input['MaxNumberOfMessages'])).toEqual([10, 10, 10, 5]);
    });

    it('is never larger than its size', async () => {
      put(...bodies(10));
      mappingOf({ batchSize: 4 });
      await until(() => inFlight() === 0 && visible() === 0);

      expect(sizes()).toEqual([4, 4, 2]);
    });

    it('takes the messages received within the window of its first message, and ends with the window', async () => {
      mappingOf({ batchSize: 1000, maximumBatchingWindowSeconds: 1 });
      await until(() => polls === 1);
      const first = put('first');
      await until(() => inFlight() === 1);
      const second = put(...bodies(12));
      await until(() => events.length === 1);

      expect(idsOf(events[0])).toEqual([...first, ...second]);
    });

    it('waits with polls that end within the window', async () => {
      mappingOf({ batchSize: 1000, maximumBatchingWindowSeconds: 2 });
      await until(() => polls === 1);
      put('first');
      await until(() => events.length === 1);

      const waits = inputsOf('ReceiveMessageCommand').map((input) => Number(input['WaitTimeSeconds']));
      expect(waits[0]).toBe(20);
      // The last one may belong to the next batch.
      for (const wait of waits.slice(1, -1)) expect(wait).toBeLessThan(2);
    });

    it('ends below 6 MB of JSON, and the rest starts the next one', async () => {
      // 600 kB each, which are 1.2 MB as JSON: six do not fit.
      const ids = put(...Array.from({ length: 10 }, () => '"'.repeat(600_000)));
      const mapping = mappingOf({ batchSize: 1000, maximumBatchingWindowSeconds: 300 });
      await until(() => events.length === 1);
      await mapping.stop();

      expect(sizes()).toEqual([5, 5]);
      expect(events.flatMap(idsOf)).toEqual(ids);
      for (const event of events) expect(JSON.stringify(event).length).toBeLessThan(6 * 1024 * 1024);
    });

    it('is split below 6 MB without a window too', async () => {
      const ids = put(...Array.from({ length: 10 }, () => 'x'.repeat(1_048_000)));
      mappingOf();
      await until(() => inFlight() === 0 && visible() === 0);

      expect(sizes()).toEqual([5, 5]);
      expect(events.flatMap(idsOf)).toEqual(ids);
    });

    it('cannot be above 10 without a window', () => {
      expect(() => mappingOf({ batchSize: 11 })).toThrow(
        'a batchSize above 10 needs a maximumBatchingWindowSeconds of at least 1',
      );
    });
  });

  describe('the answer', () => {
    it('leads to the deletion of succeeded messages only', async () => {
      const ids = put(...bodies(5));
      mappingOf({
        invoke: () =>
          Promise.resolve({ batchItemFailures: [{ itemIdentifier: ids[1] }, { itemIdentifier: ids[4] }] }),
      });
      await until(() => events.length === 1 && inFlight() === 2 && polls === 1);
      clock.ahead = VISIBILITY_SECONDS * 1000;
      const [wakesThePoll] = put('next');
      await until(() => events.length === 2);

      expect(idsOf(events[1]).sort()).toEqual([ids[1], ids[4], wakesThePoll].sort());
      expect(errors).toEqual([]);
    });

    it('does not change the visibility of failed messages that the function has set', async () => {
      const ids = put('soon', 'later');
      mappingOf({
        invoke: async ({ Records }) => {
          await other.send(
            new ChangeMessageVisibilityCommand({
              QueueUrl: queueUrl,
              ReceiptHandle: Records[0]!.receiptHandle,
              VisibilityTimeout: 3600,
            }),
          );
          return { batchItemFailures: Records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
        },
      });
      await until(() => events.length === 1 && polls === 1);
      clock.ahead = 3600 * 1000;
      const [wakesThePoll] = put('next');
      await until(() => events.length === 2);

      expect(idsOf(events[1]).sort()).toEqual([ids[0], wakesThePoll].sort());
      expect(new Set(calls.map(({ command }) => command))).toEqual(new Set(['ReceiveMessageCommand']));
    });

    it('is reported with its messages, which are held until then', async () => {
      let invocation = 0;
      const told: unknown[] = [];
      const mapping = mappingOf({
        onInvoke: (worker, messageIds) => {
          told.push([worker, messageIds, messageIds.every((id) => mapping.holds(id))]);
        },
        onReturn: (worker, failure) => {
          told.push([worker, failure, inFlight(), mapping.holds(first)]);
        },
        invoke: () =>
          ++invocation === 1 ? Promise.reject(new Error('Runtime exited')) : Promise.resolve(null),
      });
      const [first = ''] = put('fails');
      await until(() => told.length === 2);
      const [second] = put('works');
      await until(() => told.length === 4);
      expect(told).toEqual([
        [0, [first], true],
        [0, 'Runtime exited', 1, false],
        [0, [second], true],
        // The handled message is deleted by then; the other is still hidden.
        [0, undefined, 1, false],
      ]);
    });

    it('leaves the whole batch and reports it if it names a message of another batch', async () => {
      put(...bodies(3));
      mappingOf({
        invoke: () => Promise.resolve({ batchItemFailures: [{ itemIdentifier: randomUUID() }] }),
      });
      await until(() => errors.length === 1 && polls === 1);

      expect(errors[0]).toContain('all 3 messages will be received again');
      expect(inFlight()).toBe(3);
    });

    it('leaves the whole batch if the function throws, and reports why', async () => {
      put(...bodies(3));
      mappingOf({ invoke: () => Promise.reject(new TypeError('no such thing')) });
      await until(() => errors.length === 1 && polls === 1);

      expect(errors[0]).toContain('TypeError: no such thing');
      expect(inFlight()).toBe(3);
      // The mapping continues.
      put('next');
      await until(() => events.length === 2);
    });

    it('is ignored without ReportBatchItemFailures', async () => {
      const [id] = put('x');
      mappingOf({
        reportBatchItemFailures: false,
        invoke: () => Promise.resolve({ batchItemFailures: [{ itemIdentifier: id }] }),
      });
      await until(() => events.length === 1 && inFlight() === 0);
      expect(errors).toEqual([]);
    });

    it('leads to deletes of ten messages at a time', async () => {
      put(...bodies(23));
      mappingOf({ batchSize: 23, maximumBatchingWindowSeconds: 300 });
      await until(() => events.length === 1 && inFlight() === 0);

      const deletes = inputsOf('DeleteMessageBatchCommand');
      expect(deletes.map((input) => (input['Entries'] as unknown[]).length)).toEqual([10, 10, 3]);
    });

    it('leads to a retry of a failed delete', async () => {
      put(...bodies(3));
      failures.set('DeleteMessageBatchCommand', 2);
      mappingOf();
      await until(() => events.length === 1 && inFlight() === 0);

      expect(inputsOf('DeleteMessageBatchCommand')).toHaveLength(3);
      expect(errors).toEqual([]);
    });

    it('leads to a retry of only the failed entries of a delete', async () => {
      put(...bodies(3));
      let isFirst = true;
      sqs.middlewareStack.add(
        (next, { commandName }) =>
          async (args) => {
            if (commandName !== 'DeleteMessageBatchCommand' || !isFirst) return next(args);
            isFirst = false;
            const input = args.input as DeleteMessageBatchCommandInput;
            const { Id } = input.Entries![1]!;
            const Entries = input.Entries!.filter((entry) => entry.Id !== Id);
            const result = await next({ ...args, input: { ...args.input, Entries } });
            const Failed = [{ Id, SenderFault: false, Code: 'InternalError' }];
            return { ...result, output: { ...(result.output as DeleteMessageBatchCommandOutput), Failed } };
          },
        { step: 'initialize', priority: 'low' },
      );
      mappingOf();
      await until(() => events.length === 1 && inFlight() === 0);

      const { receiptHandle } = events[0]!.Records[1]!;
      expect(inputsOf('DeleteMessageBatchCommand')[1]).toMatchObject({
        Entries: [{ ReceiptHandle: receiptHandle }],
      });
      expect(errors).toEqual([]);
    });

    it('leads to at most three attempts to delete, after which the mapping continues', async () => {
      put(...bodies(2));
      failures.set('DeleteMessageBatchCommand', 3);
      mappingOf();
      await until(() => errors.length === 1 && polls === 1);

      expect(errors[0]).toContain('2 handled messages could not be deleted');
      expect(inFlight()).toBe(2);
    });
  });

  describe('running', () => {
    it('survives a failed receive', async () => {
      failures.set('ReceiveMessageCommand', 1);
      put('x');
      mappingOf();
      await until(() => events.length === 1);

      expect(errors).toEqual([expect.stringContaining('failed, retrying') as string]);
    });

    it('shares the queue between its workers, each with one invocation at a time', async () => {
      const running = [0, 0, 0];
      const most = [0, 0, 0];
      const releases: (() => void)[] = [];
      const ids = put(...bodies(12));
      mappingOf({
        batchSize: 2,
        maximumConcurrency: 3,
        invoke: async (_, worker) => {
          running[worker]! += 1;
          most[worker] = Math.max(most[worker] ?? 0, running[worker] ?? 0);
          await new Promise<void>((resolve) => releases.push(resolve));
          running[worker]! -= 1;
        },
      });
      await until(() => releases.length === 3);
      expect(running).toEqual([1, 1, 1]);
      await until(() => {
        releases.splice(0).forEach((release) => {
          release();
        });
        return inFlight() === 0 && visible() === 0;
      });

      expect(most).toEqual([1, 1, 1]);
      expect(events.flatMap(idsOf).sort()).toEqual([...ids].sort());
    });

    it('stops without waiting for its long polls', async () => {
      const mapping = mappingOf({ maximumConcurrency: 2 });
      await until(() => polls === 2);
      await mapping.stop();

      expect([polls, errors]).toEqual([0, []]);
      expect(pollEnds).toEqual(['AbortError', 'AbortError']);
    });

    it('stops after the running invocation and its deletes', async () => {
      let release: (answer: unknown) => void = () => undefined;
      put(...bodies(2));
      const mapping = mappingOf({ invoke: () => new Promise((resolve) => (release = resolve)) });
      await until(() => events.length === 1);
      let stopped = false;
      const stop = mapping.stop().then(() => (stopped = true));
      put('later');
      await new Promise((resolve) => setImmediate(resolve));
      expect(stopped).toBe(false);
      release(null);
      await stop;

      expect(inFlight()).toBe(0);
      expect(events).toHaveLength(1);
      expect(visible()).toBe(1);
    });

    it('passes on what it has collected if it is stopped within a window', async () => {
      const ids = put(...bodies(3));
      const mapping = mappingOf({ batchSize: 100, maximumBatchingWindowSeconds: 300 });
      await until(() => inputsOf('ReceiveMessageCommand').length === 2 && polls === 1);
      await mapping.stop();

      expect(events.map(idsOf)).toEqual([ids]);
      expect(inFlight()).toBe(0);
    });

    it('knows when it is idle', async () => {
      let release: (answer: unknown) => void = () => undefined;
      const mapping = mappingOf({
        maximumConcurrency: 2,
        invoke: () => new Promise((resolve) => (release = resolve)),
      });
      await until(() => polls === 2);
      expect(mapping.isIdle).toBe(true);
      put('x');
      await until(() => events.length === 1);
      expect(mapping.isIdle).toBe(false);
      release(null);
      await until(() => inFlight() === 0 && polls === 2);
      expect(mapping.isIdle).toBe(true);
      await mapping.stop();
      expect(mapping.isIdle).toBe(false);
    });

    it('receives a message again if its deletion was lost (F59)', async () => {
      const [lost] = put('lost', 'deleted');
      let losses = 1;
      mappingOf({ losesDelete: ({ messageId }) => messageId === lost && losses-- > 0 });
      await until(() => visible() === 0 && inFlight() === 1 && events.length > 0);
      clock.ahead += VISIBILITY_SECONDS * 1000;
      queues.wake();
      await until(() => visible() === 0 && inFlight() === 0);
      expect(events.flatMap(({ Records }) => Records).filter(({ body }) => body === 'lost')).toHaveLength(2);
      expect(events.flatMap(({ Records }) => Records).filter(({ body }) => body === 'deleted')).toHaveLength(
        1,
      );
    });

    it('can be started again, and only once at a time', async () => {
      const mapping = mappingOf();
      await mapping.stop();
      const receives = jest.spyOn(sqs, 'send');
      mapping.start();
      mapping.start();
      expect(receives).toHaveBeenCalledTimes(1);

      put('x');
      await until(() => events.length === 1);
    });
  });
});

describe('failedMessageIds', () => {
  const batch = [{ messageId: 'a' }, { messageId: 'b' }, { messageId: 'c' }];

  it.each([
    [undefined],
    [null],
    [{}],
    [{ batchItemFailures: null }],
    [{ batchItemFailures: [] }],
    [{ statusCode: 200 }],
  ])('reads %j as complete success', (answer) => {
    expect(failedMessageIds(answer, batch)).toEqual(new Set());
  });

  it.each([
    [{ batchItemFailures: [{ itemIdentifier: '' }] }],
    [{ batchItemFailures: [{ itemIdentifier: null }] }],
    [{ batchItemFailures: [{ itemIdentifier: 5 }] }],
    [{ batchItemFailures: [{ itemIdentifer: 'a' }] }],
    [{ batchItemFailures: [{}] }],
    [{ batchItemFailures: [null] }],
    [{ batchItemFailures: ['a'] }],
    [{ batchItemFailures: [{ itemIdentifier: 'd' }] }],
    [{ batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'd' }] }],
    [{ batchItemFailures: 'a' }],
    [[]],
    ['a'],
    [true],
  ])('reads %j as complete failure', (answer) => {
    expect(failedMessageIds(answer, batch)).toBeUndefined();
  });

  it('returns each named message once, in any order', () => {
    const ids = batch.map(({ messageId }) => messageId);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ids)), (named) => {
        const answer = { batchItemFailures: named.map((itemIdentifier) => ({ itemIdentifier })) };
        expect(failedMessageIds(answer, batch)).toEqual(new Set(named));
      }),
    );
  });
});
