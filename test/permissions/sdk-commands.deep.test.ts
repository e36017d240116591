import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sdkCommandsOf } from '../support/iam/sdk-commands';
import { functionCommands, operatorCommands, runbookCommands } from './needs';

const commandsOf = (text: string, others: Readonly<Record<string, string>> = {}): string[] =>
  sdkCommandsOf(['relay/example.ts'], { 'relay/example.ts': text, ...others }).map(({ command }) => command);

it('finds a command that the function loads on demand, with its location', () => {
  expect(sdkCommandsOf(['lambda/handler.ts'])).toContainEqual({
    command: 'sqs SendMessageBatch',
    at: [expect.stringMatching(/^lambda\/forwarder\/queues\.ts:\d+$/)],
  });
});

const behind: readonly (readonly [what: string, text: string])[] = [
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
];

describe('sees a command behind', () => {
  // One program for all, since a program reads the declarations of the SDK.
  const files = Object.fromEntries(behind.map(([, text], index) => [`relay/example-${index}.ts`, text]));
  const found = sdkCommandsOf(Object.keys(files), files);

  it.each(behind.map(([what], index) => [what, `relay/example-${index}.ts:`] as const))('%s', (_, file) => {
    const seen = found.filter(({ at }) => at.some((place) => place.startsWith(file)));
    expect(seen.map(({ command }) => command)).toEqual(['sqs PurgeQueue']);
  });
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
  expect(() => commandsOf(`import '${name}';`)).toThrow(`cannot determine which commands ${name} sends`);
});

// Here, as the declarations of the SDK take longer to read than all else.
describe('every command has its lines in the permission table', () => {
  const commandsOf = (...entries: string[]) => sdkCommandsOf(entries).map(({ command }) => command);

  it('of those the function sends', () => {
    expect(commandsOf('lambda/handler.ts')).toEqual(Object.keys(functionCommands).sort());
  });

  it('of those the operator sends', () => {
    const sent = commandsOf('bin/relay.ts');
    expect(sent.filter((command) => !(command in operatorCommands))).toEqual([]);
    expect(unused(operatorCommands, sent)).toEqual([]);
  });

  it('of those the runbook tells people to type', () => {
    const runbook = readFileSync(join(__dirname, '../../docs/runbook.md'), 'utf8');
    const typed = [...runbook.matchAll(/^\s*aws ([a-z0-9]+ [a-z-]+)/gm)].map(([, command = '']) => command);
    expect(typed.filter((command) => !(command in runbookCommands))).toEqual([]);
    expect(unused(runbookCommands, typed)).toEqual([]);
  });

  /** A line that stays when its command goes would keep a permission alive. */
  const unused = (lines: object, used: readonly string[]): string[] =>
    Object.keys(lines).filter((command) => !used.includes(command));
});
