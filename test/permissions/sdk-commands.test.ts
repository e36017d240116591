import { sdkCommandsOf } from '../support/iam/sdk-commands';

const commandsOf = (text: string, others: Readonly<Record<string, string>> = {}): string[] =>
  sdkCommandsOf(['relay/example.ts'], { 'relay/example.ts': text, ...others }).map(({ command }) => command);

it('finds a command that the function loads on demand, with its location', () => {
  expect(sdkCommandsOf(['lambda/handler.ts'])).toContainEqual({
    command: 'sqs SendMessageBatch',
    at: [expect.stringMatching(/^lambda\/forwarder\/queues\.ts:\d+$/)],
  });
});

it.each([
  [
    'a class',
    `import { PurgeQueueCommand } from '@aws-sdk/client-sqs';\nnew PurgeQueueCommand({ QueueUrl: '' });`,
  ],
  [
    'another name',
    `import { PurgeQueueCommand as Harmless } from '@aws-sdk/client-sqs';\nexport const x = [Harmless];`,
  ],
  [
    'a namespace',
    `import * as sqs from '@aws-sdk/client-sqs';\nnew sqs.PurgeQueueCommand({ QueueUrl: '' });`,
  ],
  [
    'a namespace and a name in quotes',
    `import * as sqs from '@aws-sdk/client-sqs';\nnew sqs['PurgeQueueCommand']({ QueueUrl: '' });`,
  ],
  [
    'a package loaded late',
    `void import('@aws-sdk/client-sqs').then(({ PurgeQueueCommand }) => new PurgeQueueCommand({ QueueUrl: '' }));`,
  ],
  ['a method', `import { SQS } from '@aws-sdk/client-sqs';\nvoid new SQS().purgeQueue({ QueueUrl: '' });`],
  [
    'a method in quotes',
    `import { SQS } from '@aws-sdk/client-sqs';\nvoid new SQS()['purgeQueue']({ QueueUrl: '' });`,
  ],
  [
    'a method taken out',
    `import { SQS } from '@aws-sdk/client-sqs';\nexport const { purgeQueue: harmless } = new SQS();`,
  ],
  [
    'a part of the client',
    `import type { SQS } from '@aws-sdk/client-sqs';\nexport const empty = (sqs: Pick<SQS, 'purgeQueue'>) => sqs.purgeQueue({ QueueUrl: '' });`,
  ],
])('sees a command behind %s', (_, text) => {
  expect(commandsOf(text)).toEqual(['sqs PurgeQueue']);
});

it('sees a command that another file passes on', () => {
  const others = { 'relay/other.ts': `export { PurgeQueueCommand as Harmless } from '@aws-sdk/client-sqs';` };
  expect(commandsOf(`import { Harmless } from './other';\nnew Harmless({ QueueUrl: '' });`, others)).toEqual([
    'sqs PurgeQueue',
  ]);
});

it('counts a paginator as its command, and a waiter as itself', () => {
  expect(
    commandsOf(
      `import { paginateListStacks, waitUntilStackExists } from '@aws-sdk/client-cloudformation';\nexport const x = [paginateListStacks, waitUntilStackExists];`,
    ),
  ).toEqual(['cloudformation ListStacks', 'cloudformation WaitUntilStackExists']);
});

it('sees nothing if only types are named', () => {
  expect(
    commandsOf(
      `import { PurgeQueueCommand, SQSClient } from '@aws-sdk/client-sqs';\nexport const x = (a: PurgeQueueCommand) => [a, SQSClient];`,
    ),
  ).toEqual([]);
});

it.each(['@aws-sdk/lib-storage', '@smithy/signature-v4', 'aws-sdk'])('rejects %s', (name) => {
  expect(() => commandsOf(`import '${name}';`)).toThrow(`nobody knows which commands ${name} sends`);
});
