import type {
  SendMessageBatchCommandInput,
  ChangeMessageVisibilityBatchCommandInput,
} from '@aws-sdk/client-sqs';
import { sizeOf, type Letter } from '../../../lambda/forwarder/dead-letter';
import { Queues, type SqsCalls } from '../../../lambda/forwarder/queues';

const EVENT_BUFFER_URL = 'https://sqs.test/0/EventBuffer';
const DEAD_LETTER_QUEUE_URL = 'https://sqs.test/0/DeadLetterQueue';
const MIB = 1_048_576;

/** How a call fails: for entries with certain bodies or receipt handles, or as a whole with an error. */
type Fault = ReadonlySet<string> | Error;

/** The two SQS calls. They accept everything except what the fault says. */
class Sqs {
  /** By the number of the call, from 1. */
  faultOf: (call: number) => Fault = () => new Set();
  loads = 0;
  readonly sends: SendMessageBatchCommandInput[] = [];
  readonly changes: ChangeMessageVisibilityBatchCommandInput[] = [];
  readonly problems: string[] = [];

  readonly queues = new Queues({
    sqs: () => {
      this.loads += 1;
      return Promise.resolve({
        sendMessageBatch: (input: SendMessageBatchCommandInput) => {
          this.sends.push(input);
          return this.#answer(input.Entries ?? [], ({ MessageBody }) => MessageBody);
        },
        changeMessageVisibilityBatch: (input: ChangeMessageVisibilityBatchCommandInput) => {
          this.changes.push(input);
          return this.#answer(input.Entries ?? [], ({ ReceiptHandle }) => ReceiptHandle);
        },
      } as unknown as SqsCalls);
    },
    eventBufferUrl: EVENT_BUFFER_URL,
    deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
    onProblem: (problem) => this.problems.push(problem),
  });

  #answer<T extends { Id?: string | undefined }>(
    entries: readonly T[],
    nameOf: (entry: T) => string | undefined,
  ): Promise<object> {
    const fault = this.faultOf(this.sends.length + this.changes.length);
    if (fault instanceof Error) return Promise.reject(fault);
    const fails = (entry: T): boolean => fault.has(nameOf(entry) ?? '');
    const failed = entries.filter(fails);
    // Like SQS: in any order, and with no empty lists.
    const successful = entries.filter((entry) => !fails(entry)).reverse();
    return Promise.resolve({
      ...(successful.length > 0 && { Successful: successful.map(({ Id }) => ({ Id })) }),
      ...(failed.length > 0 && {
        Failed: failed.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
      }),
    });
  }
}

const letter = (body: string): Letter => ({ body, attributes: {} });
const letters = (count: number): Letter[] => Array.from({ length: count }, (_, index) => letter(`b${index}`));
const delays = (count: number): { receiptHandle: string; seconds: number }[] =>
  Array.from({ length: count }, (_, index) => ({ receiptHandle: `r${index}`, seconds: 30 + index }));
const accessDenied = Object.assign(new Error('pii in the message'), { name: 'AccessDenied' });

describe('sendDeadLetters', () => {
  it('does not even load SQS if there is nothing to send', async () => {
    const sqs = new Sqs();

    expect(await sqs.queues.sendDeadLetters([])).toEqual([]);
    expect(sqs.loads).toBe(0);
  });

  it('sends body and attributes to the dead-letter queue', async () => {
    const sqs = new Sqs();
    const stored = await sqs.queues.sendDeadLetters([
      {
        body: '{}',
        attributes: {
          requestId: { DataType: 'String', StringValue: 'request-1' },
          receivedAt: { DataType: 'Number', StringValue: '5' },
        },
      },
    ]);

    expect(stored).toEqual([true]);
    expect(sqs.sends).toEqual([
      {
        QueueUrl: DEAD_LETTER_QUEUE_URL,
        Entries: [
          {
            Id: '0',
            MessageBody: '{}',
            MessageAttributes: {
              requestId: { DataType: 'String', StringValue: 'request-1' },
              receivedAt: { DataType: 'Number', StringValue: '5' },
            },
          },
        ],
      },
    ]);
  });

  it('sends at most ten at once, each batch with its own ids', async () => {
    const sqs = new Sqs();

    expect(await sqs.queues.sendDeadLetters(letters(23))).toEqual(Array(23).fill(true));
    expect(sqs.sends.map(({ Entries }) => Entries?.map(({ MessageBody }) => MessageBody))).toEqual([
      letters(23)
        .slice(0, 10)
        .map(({ body }) => body),
      letters(23)
        .slice(10, 20)
        .map(({ body }) => body),
      letters(23)
        .slice(20)
        .map(({ body }) => body),
    ]);
    for (const { Entries = [] } of sqs.sends)
      expect(new Set(Entries.map(({ Id }) => Id)).size).toBe(Entries.length);
  });

  it('sends at most 1 MiB at once, attributes included', async () => {
    const sqs = new Sqs();
    const attributes: Letter['attributes'] = { reason: { DataType: 'String', StringValue: 'x' } };
    const half: Letter = { body: 'x'.repeat(MIB / 2 - 'reasonStringx'.length), attributes };
    expect(sizeOf(half)).toBe(MIB / 2);

    await sqs.queues.sendDeadLetters([half, half, half, letter('x'), letter('x'.repeat(MIB)), letter('x')]);
    expect(sqs.sends.map(({ Entries }) => Entries?.length)).toEqual([2, 2, 1, 1]);
  });

  it('returns for each whether it is stored', async () => {
    const sqs = new Sqs();
    sqs.faultOf = () => new Set(['b0', 'b9', 'b10', 'b12']);

    expect(await sqs.queues.sendDeadLetters(letters(13))).toEqual(
      letters(13).map(({ body }) => !['b0', 'b9', 'b10', 'b12'].includes(body)),
    );
    expect(sqs.problems).toEqual(Array(4).fill('SendMessageBatch: InternalError'));
  });

  it("reports a whole batch that fails, with only the error's name (F68)", async () => {
    const sqs = new Sqs();
    sqs.faultOf = () => accessDenied;

    expect(await sqs.queues.sendDeadLetters(letters(12))).toEqual(Array(12).fill(false));
    expect(sqs.problems).toEqual(Array(2).fill('SendMessageBatch: AccessDenied'));
  });

  it('continues with the next batch after a failed one', async () => {
    const sqs = new Sqs();
    sqs.faultOf = (call) => (call === 1 ? accessDenied : new Set());

    expect(await sqs.queues.sendDeadLetters(letters(11))).toEqual([...Array<boolean>(10).fill(false), true]);
  });
});

describe('delay', () => {
  it('does not even load SQS if there is nothing to delay', async () => {
    const sqs = new Sqs();
    await sqs.queues.delay([]);

    expect(sqs.loads).toBe(0);
  });

  it('hides messages of the event buffer, at most ten at once', async () => {
    const sqs = new Sqs();
    await sqs.queues.delay(delays(11));

    expect(sqs.changes.map(({ QueueUrl, Entries }) => [QueueUrl, Entries?.length])).toEqual([
      [EVENT_BUFFER_URL, 10],
      [EVENT_BUFFER_URL, 1],
    ]);
    expect(
      sqs.changes.flatMap(({ Entries = [] }) =>
        Entries.map(({ ReceiptHandle, VisibilityTimeout }) => ({
          receiptHandle: ReceiptHandle,
          seconds: VisibilityTimeout,
        })),
      ),
    ).toEqual(delays(11));
    for (const { Entries = [] } of sqs.changes)
      expect(new Set(Entries.map(({ Id }) => Id)).size).toBe(Entries.length);
  });

  it.each<[string, Fault, string[]]>([
    ['one of them fails', new Set(['r3']), ['ChangeMessageVisibilityBatch: InternalError']],
    ['the call fails', accessDenied, Array<string>(2).fill('ChangeMessageVisibilityBatch: AccessDenied')],
  ])('is harmless if %s (F60)', async (_, fault, problems) => {
    const sqs = new Sqs();
    sqs.faultOf = () => fault;

    await expect(sqs.queues.delay(delays(11))).resolves.toBeUndefined();
    expect(sqs.changes).toHaveLength(2);
    expect(sqs.problems).toEqual(problems);
  });
});

it('a client that cannot be loaded counts as a failed call', async () => {
  const problems: string[] = [];
  const queues = new Queues({
    sqs: () => Promise.reject(Object.assign(new Error('pii'), { name: 'LoadError' })),
    eventBufferUrl: EVENT_BUFFER_URL,
    deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
    onProblem: (problem) => problems.push(problem),
  });

  expect(await queues.sendDeadLetters(letters(1))).toEqual([false]);
  await queues.delay(delays(1));
  expect(problems).toEqual(['SendMessageBatch: LoadError', 'ChangeMessageVisibilityBatch: LoadError']);
});
