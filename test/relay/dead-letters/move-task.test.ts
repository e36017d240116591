import {
  CancelMessageMoveTaskCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
  type ListMessageMoveTasksResultEntry,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { redriveAll } from '../../../relay/dead-letters/redrive';

/** Responses that SQS may give but the local one does not. */
const sqs = mockClient(SQSClient);
const client = new SQSClient({ region: 'eu-west-1' });
const [deadLetters, buffer] = ['dead-letters', 'buffer'].map((url) => ({ sqs: client, url }));

const former = { StartedTimestamp: 1, Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 99 };
const task = (Status: string, moved: number): ListMessageMoveTasksResultEntry => ({
  StartedTimestamp: 2,
  Status,
  ApproximateNumberOfMessagesMoved: moved,
});

/** The tasks that SQS lists: first before the new task starts, then at each poll. */
function lists(...entries: ListMessageMoveTasksResultEntry[]): void {
  const answers = sqs.on(ListMessageMoveTasksCommand);
  for (const entry of entries) answers.resolvesOnce({ Results: [entry] });
}

beforeEach(() => {
  sqs.reset();
  for (const url of ['dead-letters', 'buffer']) {
    sqs
      .on(GetQueueAttributesCommand, { QueueUrl: url })
      .resolves({ Attributes: { ApproximateNumberOfMessages: '10', QueueArn: `arn:${url}` } });
  }
  sqs.on(StartMessageMoveTaskCommand).resolves({ TaskHandle: 'handle' });
  sqs.on(CancelMessageMoveTaskCommand).resolves({});
});

const redrive = () => redriveAll(deadLetters!, buffer!, { pollMs: 1, perSecond: 7 });

test('the task names source, destination and rate (F64)', async () => {
  lists(former, task('COMPLETED', 10));
  await redrive();

  expect(sqs.commandCalls(StartMessageMoveTaskCommand)[0]?.args[0].input).toEqual({
    SourceArn: 'arn:dead-letters',
    DestinationArn: 'arn:buffer',
    MaxNumberOfMessagesPerSecond: 7,
  });
});

test('a former task is not mistaken for this one', async () => {
  lists(former, former, task('RUNNING', 4), task('COMPLETED', 10));

  expect(await redrive()).toEqual({ moved: 10, complete: true, note: null });
});

test('dead letters that come back as fast as they are moved do not circulate forever', async () => {
  lists(former, task('RUNNING', 10), task('RUNNING', 121));

  const { complete, note } = await redrive();

  expect(complete).toBe(false);
  expect(note).toMatch(/^Stopped: the dead letters come back as fast as they are moved/);
  expect(sqs.commandCalls(CancelMessageMoveTaskCommand)[0]?.args[0].input).toEqual({ TaskHandle: 'handle' });
});

test('a task that SQS stops says why', async () => {
  lists(former, { ...task('FAILED', 3), FailureReason: 'AWS.SimpleQueueService.NonExistentQueue' });

  await expect(redrive()).rejects.toThrow(
    /^SQS stopped after 3 dead letters: AWS\.SimpleQueueService\.NonExistentQueue\. The others are still/,
  );
});
