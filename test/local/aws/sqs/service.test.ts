import { randomUUID } from 'node:crypto';
import {
  BatchEntryIdsNotDistinct,
  BatchRequestTooLong,
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  EmptyBatchRequest,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  InvalidAttributeName,
  InvalidAttributeValue,
  InvalidBatchEntryId,
  InvalidMessageContents,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  ListQueuesCommand,
  MessageNotInflight,
  PurgeQueueCommand,
  QueueDoesNotExist,
  QueueNameExists,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  ResourceNotFoundException,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
  TooManyEntriesInBatchRequest,
  type ListMessageMoveTasksResultEntry,
  type Message,
  type MessageAttributeValue,
  type QueueAttributeName,
  type ReceiveMessageCommandInput,
  type SendMessageBatchRequestEntry,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { startAwsEndpoint } from '../../../../local/aws/endpoint';
import type { RunningServer } from '../../../../local/http-server';
import { SecretsManagerService } from '../../../../local/aws/secrets-manager/service';
import { SqsService } from '../../../../local/aws/sqs/service';

const EXTERNAL_ENDPOINT = process.env['SQS_ENDPOINT'];
/** Tests that need the injected clock, look inside the server, or check a choice of our own. */
const itLocal = EXTERNAL_ENDPOINT === undefined ? it : it.skip;
const MEBIBYTE = 1_048_576;
const HOUR = 3600;
const DAY = 24 * HOUR;

class TestClock {
  #now = Date.parse('2026-03-04T05:06:07.089Z');

  now(): number {
    return this.#now;
  }

  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }
}

describe('SQS over the wire', () => {
  const clock = new TestClock();
  const service = new SqsService({ clock });
  let server: RunningServer | undefined;
  let endpoint: string;
  let client: SQSClient;

  beforeAll(async () => {
    if (EXTERNAL_ENDPOINT === undefined)
      server = await startAwsEndpoint({ port: 0, sqs: service, secrets: new SecretsManagerService() });
    endpoint = server?.origin ?? EXTERNAL_ENDPOINT ?? '';
    client = new SQSClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
      maxAttempts: 1,
    });
  });

  afterAll(async () => {
    client.destroy();
    await server?.close();
  });

  async function createQueue(
    attributes: Record<string, string> = {},
    name = `q-${randomUUID()}`,
  ): Promise<string> {
    const { QueueUrl } = await client.send(
      new CreateQueueCommand({ QueueName: name, Attributes: attributes }),
    );
    return QueueUrl!;
  }

  async function attributesOf(QueueUrl: string, ...names: QueueAttributeName[]) {
    const AttributeNames = names.length === 0 ? ['All' as const] : names;
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
    return Attributes;
  }

  async function arnOf(queueUrl: string): Promise<string> {
    return (await attributesOf(queueUrl, 'QueueArn'))!.QueueArn!;
  }

  /** Creates a queue and its dead-letter queue. */
  async function createPair(
    maxReceiveCount: number,
    {
      source = {},
      deadLetter = {},
    }: { source?: Record<string, string>; deadLetter?: Record<string, string> } = {},
  ) {
    const dlqUrl = await createQueue(deadLetter);
    const dlqArn = await arnOf(dlqUrl);
    const queueUrl = await createQueue({
      ...source,
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dlqArn, maxReceiveCount }),
    });
    return { queueUrl, queueArn: await arnOf(queueUrl), dlqUrl, dlqArn };
  }

  function send(QueueUrl: string, MessageBody: string, more: Partial<SendMessageCommandInput> = {}) {
    return client.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
  }

  async function receive(
    QueueUrl: string,
    more: Partial<ReceiveMessageCommandInput> = {},
    abortSignal?: AbortSignal,
  ): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
      ...more,
    });
    const { Messages = [] } = await client.send(command, abortSignal && { abortSignal });
    return Messages;
  }

  async function receiveOne(queueUrl: string, more?: Partial<ReceiveMessageCommandInput>): Promise<Message> {
    const messages = await receive(queueUrl, more);
    expect(messages).toHaveLength(1);
    return messages[0]!;
  }

  function changeVisibility(QueueUrl: string, { ReceiptHandle }: Message, VisibilityTimeout: number) {
    return client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  }

  function deleteMessage(QueueUrl: string, ReceiptHandle: string | undefined) {
    return client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }

  /** Receives the only message as often as the source's policy allows, and once more, which moves it. */
  async function exhaust(queueUrl: string, maxReceiveCount: number): Promise<void> {
    for (let n = 0; n < maxReceiveCount; n++) await receiveOne(queueUrl, { VisibilityTimeout: 0 });
    expect(await receive(queueUrl)).toEqual([]);
  }

  /** Sends a raw request, for what the SDK hides or would not send. */
  function call(target: string, body: string): Promise<Response> {
    return fetch(endpoint, {
      method: 'POST',
      headers: { 'X-Amz-Target': target, 'Content-Type': 'application/x-amz-json-1.0' },
      body,
    });
  }

  function text(StringValue: string): MessageAttributeValue {
    return { DataType: 'String', StringValue };
  }

  describe('queues', () => {
    it('creates a queue once, finds it by name and gives it its default attributes', async () => {
      const name = `q-${randomUUID()}`;
      const url = await createQueue({}, name);

      expect(url.endsWith(`/${name}`)).toBe(true);
      expect(await createQueue({}, name)).toBe(url);
      expect(await createQueue({ VisibilityTimeout: '30' }, name)).toBe(url);
      expect((await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl).toBe(url);
      expect(await attributesOf(url)).toMatchObject({
        ApproximateNumberOfMessages: '0',
        ApproximateNumberOfMessagesDelayed: '0',
        ApproximateNumberOfMessagesNotVisible: '0',
        CreatedTimestamp: expect.stringMatching(/^\d{10}$/) as string,
        DelaySeconds: '0',
        LastModifiedTimestamp: expect.stringMatching(/^\d{10}$/) as string,
        MaximumMessageSize: String(MEBIBYTE),
        MessageRetentionPeriod: String(4 * DAY),
        QueueArn: expect.stringMatching(new RegExp(`^arn:aws:sqs:[^:]+:\\d{12}:${name}$`)) as string,
        ReceiveMessageWaitTimeSeconds: '0',
        VisibilityTimeout: '30',
      });
    });

    itLocal(
      'has its URL under the origin of the server, and its ARN in the default account and region',
      async () => {
        const url = await createQueue({}, 'buffer');

        expect(url).toBe(`${endpoint}/000000000000/buffer`);
        expect(await arnOf(url)).toBe('arn:aws:sqs:us-east-1:000000000000:buffer');
      },
    );

    it('refuses the same name with another attribute', async () => {
      const name = `q-${randomUUID()}`;
      await createQueue({ DelaySeconds: '1' }, name);

      await expect(createQueue({ DelaySeconds: '2' }, name)).rejects.toThrow(QueueNameExists);
    });

    it('changes only known attributes, and only to allowed values', async () => {
      const url = await createQueue();
      const set = (Attributes: Record<string, string>) =>
        client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
      await set({ VisibilityTimeout: '43200', MessageRetentionPeriod: '1209600' });

      expect(await attributesOf(url, 'VisibilityTimeout', 'MessageRetentionPeriod', 'RedrivePolicy')).toEqual(
        {
          VisibilityTimeout: '43200',
          MessageRetentionPeriod: '1209600',
        },
      );
      await expect(set({ VisibilityTimeout: '43201' })).rejects.toThrow(InvalidAttributeValue);
      await expect(set({ MaximumMessageSize: '1023' })).rejects.toThrow(InvalidAttributeValue);
      await expect(set({ Colour: 'red' })).rejects.toThrow(InvalidAttributeName);
      await expect(attributesOf(url, 'Colour' as QueueAttributeName)).rejects.toThrow(InvalidAttributeName);
    });

    it('shows its redrive policy, removes it again, and refuses one with an unknown target', async () => {
      const { queueUrl, dlqArn } = await createPair(3);
      const set = (RedrivePolicy: string) =>
        client.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { RedrivePolicy } }));

      const { RedrivePolicy } = (await attributesOf(queueUrl, 'RedrivePolicy'))!;
      expect(JSON.parse(RedrivePolicy!)).toEqual({ deadLetterTargetArn: dlqArn, maxReceiveCount: 3 });
      for (const policy of [
        '{',
        '{"maxReceiveCount":1}',
        JSON.stringify({ deadLetterTargetArn: dlqArn, maxReceiveCount: 0 }),
        JSON.stringify({ deadLetterTargetArn: dlqArn, maxReceiveCount: 1001 }),
        JSON.stringify({ deadLetterTargetArn: `${dlqArn}-not`, maxReceiveCount: 1 }),
      ])
        await expect(set(policy)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
      await set('');
      expect(await attributesOf(queueUrl, 'RedrivePolicy')).toBeUndefined();
    });

    it('lists queues by prefix, and the sources of a dead-letter queue', async () => {
      const prefix = `q-${randomUUID()}`;
      const [a, b] = [await createQueue({}, `${prefix}-a`), await createQueue({}, `${prefix}-b`)];
      const { queueUrl, dlqUrl } = await createPair(1);

      expect((await client.send(new ListQueuesCommand({ QueueNamePrefix: prefix }))).QueueUrls).toEqual([
        a,
        b,
      ]);
      const sources = await client.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dlqUrl }));
      expect(sources.queueUrls).toEqual([queueUrl]);
    });

    it('purges messages that are visible, in flight and delayed', async () => {
      const url = await createQueue();
      await send(url, 'in flight');
      await receiveOne(url);
      await send(url, 'visible');
      await send(url, 'delayed', { DelaySeconds: 900 });
      await client.send(new PurgeQueueCommand({ QueueUrl: url }));

      expect(await attributesOf(url)).toMatchObject({
        ApproximateNumberOfMessages: '0',
        ApproximateNumberOfMessagesDelayed: '0',
        ApproximateNumberOfMessagesNotVisible: '0',
      });
    });

    it('does not exist after its deletion', async () => {
      const name = `q-${randomUUID()}`;
      const url = await createQueue({}, name);
      await client.send(new DeleteQueueCommand({ QueueUrl: url }));

      await expect(send(url, 'x')).rejects.toThrow(QueueDoesNotExist);
      await expect(receive(url)).rejects.toThrow(QueueDoesNotExist);
      await expect(client.send(new GetQueueUrlCommand({ QueueName: name }))).rejects.toThrow(
        QueueDoesNotExist,
      );
    });

    it('refuses a name with invalid characters', async () => {
      await expect(createQueue({}, 'a.fifo')).rejects.toMatchObject({ name: 'InvalidParameterValue' });
    });
  });

  describe('messages', () => {
    it('are received with their body, digests and attributes of every type', async () => {
      const url = await createQueue();
      const attributes = {
        a: { DataType: 'String.label', StringValue: 'Grüße 🌍' },
        b: { DataType: 'Number', StringValue: '-12.5e3' },
        c: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255, 128]) },
      };
      const body = '{"name":"Zoë","tab":"\t"}\r\n';
      const sent = await send(url, body, { MessageAttributes: attributes });
      const message = await receiveOne(url);

      expect(message.Body).toBe(body);
      expect(message.MessageAttributes).toEqual(attributes);
      expect(message.MessageId).toBe(sent.MessageId);
      expect(message.MD5OfBody).toBe(sent.MD5OfMessageBody);
      expect(message.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
    });

    it('have the digests that AWS computes', async () => {
      const url = await createQueue();
      const digest = async (MessageAttributes: Record<string, MessageAttributeValue>) =>
        (await send(url, 'msg', { MessageAttributes })).MD5OfMessageAttributes;
      const trace = 'traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01';

      expect((await send(url, 'msg')).MD5OfMessageBody).toBe('6e2baaf3b97dbeef01c0043275f9a0e7');
      expect(await digest({ Foo: text('Bar') })).toBe('ae7155c6026991b6d54b11589678bf9c');
      expect(await digest({ 'Help.Me': text('Me'), Hello: text('There'), General: text('Kenobi') })).toBe(
        '4c360f3fdafd970e05fae2f149d997f5',
      );
      expect(await digest({ attr1: { DataType: 'Binary', BinaryValue: Buffer.from(trace) } })).toBe(
        '8cbe4db156db8a94db8b801b7addb984',
      );
    });

    it.each([
      [['All'], ['General', 'Hello', 'Help.Me']],
      [['.*'], ['General', 'Hello', 'Help.Me']],
      [['Hel.*'], ['Hello', 'Help.Me']],
      [['Help.*'], ['Help.Me']],
      [['Foo', 'Hello'], ['Hello']],
      [['Foo'], []],
      [[], []],
    ])('return the attributes that %j selects, with the digest of these', async (names, expected) => {
      const url = await createQueue();
      await send(url, 'msg', {
        MessageAttributes: { 'Help.Me': text('Me'), Hello: text('There'), General: text('Kenobi') },
      });
      const message = await receiveOne(url, { MessageAttributeNames: names });

      expect(Object.keys(message.MessageAttributes ?? {}).sort()).toEqual(expected);
      expect(message.MD5OfMessageAttributes === undefined).toBe(expected.length === 0);
      if (names.includes('Hel.*'))
        expect(message.MD5OfMessageAttributes).toBe('83fee93c1bcd8b9a5a923ffacdc636c7');
    });

    it('count their receives and remember the first one', async () => {
      const url = await createQueue({ VisibilityTimeout: '0' });
      await send(url, 'x');
      const first = (await receiveOne(url)).Attributes!;
      const second = (await receiveOne(url)).Attributes!;

      expect(first).toMatchObject({ ApproximateReceiveCount: '1' });
      expect(second).toEqual({ ...first, ApproximateReceiveCount: '2' });
      expect(first).not.toHaveProperty('DeadLetterQueueSourceArn');
    });

    itLocal('report in milliseconds when they were sent and first received', async () => {
      const url = await createQueue({ VisibilityTimeout: '0' });
      const sentAt = clock.now();
      await send(url, 'x');
      clock.advance(7);
      await receiveOne(url);
      clock.advance(7);

      expect((await receiveOne(url)).Attributes).toMatchObject({
        SentTimestamp: String(sentAt),
        ApproximateFirstReceiveTimestamp: String(sentAt + 7000),
      });
    });

    it('return only the requested system attributes, for either parameter', async () => {
      const url = await createQueue({ VisibilityTimeout: '0' });
      await send(url, 'x');

      expect(await receiveOne(url, { MessageSystemAttributeNames: [] })).not.toHaveProperty('Attributes');
      const older = { QueueUrl: url, AttributeNames: ['ApproximateReceiveCount'] };
      const answer = await call('AmazonSQS.ReceiveMessage', JSON.stringify(older));
      expect(await answer.json()).toMatchObject({
        Messages: [{ Attributes: { ApproximateReceiveCount: '2' } }],
      });
      await expect(receive(url, { MessageSystemAttributeNames: ['Colour' as never] })).rejects.toThrow(
        InvalidAttributeName,
      );
    });

    it('are received ten at most, and a receive asks for 1 to 10', async () => {
      const url = await createQueue();
      for (let n = 0; n < 12; n++) await send(url, String(n));

      expect(await receive(url, { MaxNumberOfMessages: 10 })).toHaveLength(10);
      expect(await receive(url)).toHaveLength(1);
      for (const MaxNumberOfMessages of [0, 11]) {
        await expect(receive(url, { MaxNumberOfMessages })).rejects.toMatchObject({
          name: 'InvalidParameterValue',
        });
      }
    });

    itLocal("are hidden for their delay or the queue's delay", async () => {
      const url = await createQueue({ DelaySeconds: '60', VisibilityTimeout: '600' });
      await send(url, 'of the queue');
      await send(url, 'its own', { DelaySeconds: 5 });
      await send(url, 'none', { DelaySeconds: 0 });

      expect(await attributesOf(url)).toMatchObject({
        ApproximateNumberOfMessages: '1',
        ApproximateNumberOfMessagesDelayed: '2',
      });
      expect((await receiveOne(url)).Body).toBe('none');
      clock.advance(5);
      expect((await receiveOne(url)).Body).toBe('its own');
      clock.advance(54.999);
      expect(await receive(url)).toEqual([]);
      clock.advance(0.001);
      expect((await receiveOne(url)).Body).toBe('of the queue');
    });

    it('are refused with a delay of more than 900 s', async () => {
      const url = await createQueue();

      await expect(send(url, 'x', { DelaySeconds: 901 })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    });

    itLocal('expire with the retention period, whether visible or in flight', async () => {
      const url = await createQueue({ MessageRetentionPeriod: '60', VisibilityTimeout: '600' });
      await send(url, 'in flight');
      await receiveOne(url);
      clock.advance(30);
      await send(url, 'visible');
      clock.advance(29.999);
      expect(await attributesOf(url)).toMatchObject({
        ApproximateNumberOfMessages: '1',
        ApproximateNumberOfMessagesNotVisible: '1',
      });
      clock.advance(0.001);
      expect(await attributesOf(url)).toMatchObject({
        ApproximateNumberOfMessages: '1',
        ApproximateNumberOfMessagesNotVisible: '0',
      });
      clock.advance(30);
      expect(await receive(url)).toEqual([]);
    });
  });

  describe('visibility', () => {
    itLocal('ends after the timeout of the queue, or that of the receive', async () => {
      const url = await createQueue({ VisibilityTimeout: '30' });
      await send(url, 'x');
      const first = await receiveOne(url);
      expect(await attributesOf(url)).toMatchObject({
        ApproximateNumberOfMessages: '0',
        ApproximateNumberOfMessagesNotVisible: '1',
      });
      clock.advance(29.999);
      expect(await receive(url)).toEqual([]);
      clock.advance(0.001);
      const second = await receiveOne(url, { VisibilityTimeout: 5 });
      expect(second.ReceiptHandle).not.toBe(first.ReceiptHandle);
      clock.advance(5);

      expect((await receiveOne(url)).Attributes).toMatchObject({ ApproximateReceiveCount: '3' });
    });

    it('of 0 shows the message to the next receive, but not twice to the same one', async () => {
      const url = await createQueue();
      await send(url, 'x');

      expect(await receive(url, { VisibilityTimeout: 0, MaxNumberOfMessages: 10 })).toHaveLength(1);
      expect(await receive(url)).toHaveLength(1);
      expect(await receive(url)).toEqual([]);
    });

    it('changed to 0 shows the message immediately', async () => {
      const url = await createQueue();
      await send(url, 'x');
      await changeVisibility(url, await receiveOne(url), 0);

      await receiveOne(url);
    });

    itLocal('counts from a later change, beyond the timeout of the receive', async () => {
      const url = await createQueue({ VisibilityTimeout: '30' });
      await send(url, 'longer');
      await send(url, 'shorter');
      const [longer, shorter] = await receive(url, { MaxNumberOfMessages: 2 });
      clock.advance(10);
      await changeVisibility(url, longer!, HOUR);
      await changeVisibility(url, shorter!, 5);
      clock.advance(4.999);
      expect(await receive(url)).toEqual([]);
      clock.advance(0.001);
      expect((await receiveOne(url)).Body).toBe('shorter');
      clock.advance(HOUR - 5.001);
      expect((await receive(url, { MaxNumberOfMessages: 10 })).map(({ Body }) => Body)).toEqual(['shorter']);
      clock.advance(0.001);
      expect((await receiveOne(url)).Body).toBe('longer');
    });

    itLocal('cannot be extended to more than 12 hours after the receive', async () => {
      const url = await createQueue();
      await send(url, 'x');
      const message = await receiveOne(url);
      await changeVisibility(url, message, 12 * HOUR);
      clock.advance(60);

      await changeVisibility(url, message, 12 * HOUR - 60);
      await expect(changeVisibility(url, message, 12 * HOUR - 59)).rejects.toMatchObject({
        name: 'InvalidParameterValue',
        message: expect.stringContaining('beyond the limit [43200 seconds]') as string,
      });
    });

    it('must be from 0 to 43200', async () => {
      const url = await createQueue();
      await send(url, 'x');
      const outside = { name: 'InvalidParameterValue' };

      await expect(receive(url, { VisibilityTimeout: 43_201 })).rejects.toMatchObject(outside);
      const message = await receiveOne(url);
      await expect(changeVisibility(url, message, -1)).rejects.toMatchObject(outside);
      await expect(changeVisibility(url, message, 43_201)).rejects.toMatchObject(outside);
    });

    itLocal('cannot be changed once it has ended, until the message is received again', async () => {
      const url = await createQueue({ VisibilityTimeout: '30' });
      await send(url, 'x');
      const message = await receiveOne(url);
      clock.advance(30);
      await expect(changeVisibility(url, message, 60)).rejects.toThrow(MessageNotInflight);
      await receiveOne(url);

      await changeVisibility(url, message, 0);
      await receiveOne(url);
    });
  });

  describe('receipt handles', () => {
    it('delete the message, and can do so again without an error', async () => {
      const url = await createQueue();
      await send(url, 'x');
      const { ReceiptHandle } = await receiveOne(url);
      await deleteMessage(url, ReceiptHandle);
      await deleteMessage(url, ReceiptHandle);

      expect((await attributesOf(url))!.ApproximateNumberOfMessagesNotVisible).toBe('0');
    });

    it('delete the message even if it has been received again', async () => {
      const url = await createQueue();
      await send(url, 'x');
      const old = await receiveOne(url, { VisibilityTimeout: 0 });
      await receiveOne(url, { VisibilityTimeout: 0 });
      await deleteMessage(url, old.ReceiptHandle);

      expect(await receive(url)).toEqual([]);
    });

    it('of a deleted message cannot change its visibility', async () => {
      const url = await createQueue();
      await send(url, 'x');
      const message = await receiveOne(url);
      await deleteMessage(url, message.ReceiptHandle);

      await expect(changeVisibility(url, message, 5)).rejects.toMatchObject({
        name: 'InvalidParameterValue',
        message: `Value ${message.ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      });
    });

    it('are refused if they are invalid', async () => {
      const url = await createQueue();

      await expect(deleteMessage(url, 'garbage')).rejects.toThrow(ReceiptHandleIsInvalid);
      await expect(changeVisibility(url, { ReceiptHandle: 'garbage' }, 1)).rejects.toThrow(
        ReceiptHandleIsInvalid,
      );
    });
  });

  describe('batches', () => {
    function sendBatch(QueueUrl: string, Entries: SendMessageBatchRequestEntry[]) {
      return client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    }

    it('send valid entries and report invalid ones', async () => {
      const url = await createQueue();
      const { Successful, Failed } = await sendBatch(url, [
        { Id: 'good', MessageBody: 'good', MessageAttributes: { Foo: text('Bar') } },
        { Id: 'characters', MessageBody: '\u0001' },
        { Id: 'delay', MessageBody: 'x', DelaySeconds: 901 },
        { Id: 'attribute', MessageBody: 'x', MessageAttributes: { Foo: text('') } },
        { Id: 'last', MessageBody: 'last' },
      ]);

      expect(Successful).toMatchObject([
        { Id: 'good', MD5OfMessageAttributes: 'ae7155c6026991b6d54b11589678bf9c' },
        { Id: 'last' },
      ]);
      expect(Failed).toMatchObject([
        { Id: 'characters', SenderFault: true, Code: 'InvalidMessageContents' },
        { Id: 'delay', SenderFault: true, Code: 'InvalidParameterValue' },
        { Id: 'attribute', SenderFault: true, Code: 'InvalidParameterValue' },
      ]);
      const received = await receive(url, { MaxNumberOfMessages: 10 });
      expect(received.map(({ Body, MessageId }) => [Body, MessageId])).toEqual([
        ['good', Successful![0]!.MessageId],
        ['last', Successful![1]!.MessageId],
      ]);
    });

    it('keep attributes of both types unchanged, as a manual redrive needs (F65)', async () => {
      const [url, other] = [await createQueue(), await createQueue()];
      const MessageAttributes = {
        requestId: text('ABC123='),
        receivedAt: { DataType: 'Number', StringValue: '1763985600123' },
        event: text('Caf%C3%A9%20Bar'),
        continuation: { DataType: 'Number', StringValue: '1' },
      };
      await sendBatch(url, [{ Id: '0', MessageBody: '{"a":1}', MessageAttributes }]);
      const first = await receiveOne(url);
      expect(first.MessageAttributes).toEqual(MessageAttributes);
      await sendBatch(other, [
        { Id: '0', MessageBody: first.Body, MessageAttributes: first.MessageAttributes },
      ]);
      const second = await receiveOne(other);
      expect(second).toMatchObject({ Body: '{"a":1}', MessageAttributes });
      expect(second.MD5OfMessageAttributes).toBe(first.MD5OfMessageAttributes);
    });

    it('delete and change what exists, and report the rest', async () => {
      const url = await createQueue();
      for (const body of ['a', 'b', 'c']) await send(url, body);
      const [a, b, c] = (await receive(url, { MaxNumberOfMessages: 3 })).map(
        ({ ReceiptHandle }) => ReceiptHandle,
      );
      const deleted = await client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: url,
          Entries: [
            { Id: '1', ReceiptHandle: a },
            { Id: '2', ReceiptHandle: 'garbage' },
          ],
        }),
      );
      expect(deleted.Successful).toEqual([{ Id: '1' }]);
      expect(deleted.Failed).toMatchObject([{ Id: '2', SenderFault: true, Code: 'ReceiptHandleIsInvalid' }]);

      const changed = await client.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: url,
          Entries: [
            { Id: '1', ReceiptHandle: a, VisibilityTimeout: 0 },
            { Id: '2', ReceiptHandle: b, VisibilityTimeout: 0 },
            { Id: '3', ReceiptHandle: c, VisibilityTimeout: 43_201 },
          ],
        }),
      );
      expect(changed.Successful).toEqual([{ Id: '2' }]);
      expect(changed.Failed).toMatchObject([
        { Id: '1', Code: 'InvalidParameterValue' },
        { Id: '3', Code: 'InvalidParameterValue' },
      ]);
      expect((await receive(url, { MaxNumberOfMessages: 10 })).map(({ Body }) => Body)).toEqual(['b']);
    });

    it('are refused as a whole for their entries', async () => {
      const url = await createQueue();
      const entries = (...ids: string[]) => ids.map((Id) => ({ Id, MessageBody: 'x' }));

      await expect(sendBatch(url, [])).rejects.toThrow(EmptyBatchRequest);
      await expect(
        sendBatch(url, entries(...Array.from({ length: 11 }, (_, n) => String(n)))),
      ).rejects.toThrow(TooManyEntriesInBatchRequest);
      await expect(sendBatch(url, entries('a', 'b', 'a'))).rejects.toThrow(BatchEntryIdsNotDistinct);
      for (const id of ['', 'a:b', 'a'.repeat(81)])
        await expect(sendBatch(url, entries(id))).rejects.toThrow(InvalidBatchEntryId);
      expect(await receive(url)).toEqual([]);
    });

    it('may have 1,048,576 bytes in total and not one more', async () => {
      const url = await createQueue();
      const half = 'a'.repeat(MEBIBYTE / 2);
      const attribute = { k: text('x') };

      await expect(
        sendBatch(url, [
          { Id: '1', MessageBody: half, MessageAttributes: attribute },
          { Id: '2', MessageBody: half.slice(7) },
        ]),
      ).rejects.toThrow(BatchRequestTooLong);
      const sent = await sendBatch(url, [
        { Id: '1', MessageBody: half, MessageAttributes: attribute },
        { Id: '2', MessageBody: half.slice(8) },
      ]);
      expect(sent.Successful).toHaveLength(2);
    });
  });

  describe('limits', () => {
    const tooLong = {
      name: 'InvalidParameterValue',
      message: 'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
    };

    it('a message may have 1,048,576 bytes and not one more', async () => {
      const url = await createQueue();

      await send(url, 'a'.repeat(MEBIBYTE));
      expect((await receiveOne(url)).Body).toHaveLength(MEBIBYTE);
      await expect(send(url, 'a'.repeat(MEBIBYTE + 1))).rejects.toMatchObject(tooLong);
    });

    it('counts bytes of UTF-8, and names, types and values of attributes', async () => {
      const url = await createQueue();
      const MessageAttributes = {
        name: text('vä'),
        binary: { DataType: 'Binary.b', BinaryValue: new Uint8Array(5) },
      };
      const counted = 'nameString'.length + 3 + 'binaryBinary.b'.length + 5;
      const body = '€'.repeat(100) + 'a'.repeat(MEBIBYTE - 300 - counted);

      await send(url, body, { MessageAttributes });
      await expect(send(url, `${body}a`, { MessageAttributes })).rejects.toMatchObject(tooLong);
    });

    it("respects the queue's maximum, including in a batch", async () => {
      const url = await createQueue({ MaximumMessageSize: '1024' });
      const { Successful, Failed } = await client.send(
        new SendMessageBatchCommand({
          QueueUrl: url,
          Entries: [
            { Id: '1', MessageBody: 'a'.repeat(1024) },
            { Id: '2', MessageBody: 'a'.repeat(1025) },
          ],
        }),
      );

      expect(Successful).toMatchObject([{ Id: '1' }]);
      expect(Failed).toMatchObject([{ Id: '2', SenderFault: true, Code: 'InvalidParameterValue' }]);
      await expect(send(url, 'a'.repeat(1025))).rejects.toThrow('Message must be shorter than 1024 bytes.');
    });

    it('refuses an empty body', async () => {
      await expect(send(await createQueue(), '')).rejects.toMatchObject({
        name: 'MissingParameter',
        message: 'The request must contain the parameter MessageBody.',
      });
    });

    it('accepts the whole set of allowed characters, including its edges', async () => {
      const url = await createQueue();
      const edges = '\t\n\r\u0020\u007f\u0085\ud7ff\ue000\ufffd\u{10000}\u{10ffff}';
      await send(url, edges);

      expect((await receiveOne(url)).Body).toBe(edges);
    });

    it.each(['\u0000', '\u0008', '\u000b', '\u000c', '\u000e', '\u001f', '\ufffe', '\uffff'])(
      'refuses a body with %j',
      async (character) => {
        await expect(send(await createQueue(), `a${character}`)).rejects.toThrow(InvalidMessageContents);
      },
    );

    it('refuses half of a surrogate pair, which only JSON can carry', async () => {
      const body = JSON.stringify({ QueueUrl: await createQueue() }).replace(
        '}',
        ',"MessageBody":"\\ud800"}',
      );
      const answer = await call('AmazonSQS.SendMessage', body);

      expect([answer.status, answer.headers.get('x-amzn-query-error')]).toEqual([
        400,
        'InvalidMessageContents;Sender',
      ]);
    });

    it.each<[string, Record<string, MessageAttributeValue>]>([
      ['an empty value', { a: text('') }],
      ['no value', { a: { DataType: 'String' } }],
      ['an empty binary value', { a: { DataType: 'Binary', BinaryValue: new Uint8Array() } }],
      ['a value of the other kind', { a: { DataType: 'Binary', StringValue: 'x' } }],
      ['an unknown type', { a: { DataType: 'Text', StringValue: 'x' } }],
      ['a number that is not one', { a: { DataType: 'Number', StringValue: 'one' } }],
      ['a refused character in its value', { a: text('\u0008') }],
      ['a refused character in its name', { 'a b': text('x') }],
      ['a period at the end of its name', { 'a.': text('x') }],
      ['two periods in its name', { 'a..b': text('x') }],
      ['a reserved name', { 'AWS.a': text('x') }],
      ['a name of 257 characters', { ['a'.repeat(257)]: text('x') }],
    ])('refuses an attribute with %s', async (_, MessageAttributes) => {
      await expect(send(await createQueue(), 'x', { MessageAttributes })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    });

    it('accepts ten attributes but not eleven', async () => {
      const url = await createQueue();
      const attributes = (count: number) =>
        Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}`, text('x')]));
      await send(url, 'x', { MessageAttributes: attributes(10) });

      expect(Object.keys((await receiveOne(url)).MessageAttributes!)).toHaveLength(10);
      await expect(send(url, 'x', { MessageAttributes: attributes(11) })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    });
  });

  describe('redrive', () => {
    it('moves a message unchanged when it would be received once too often', async () => {
      const { queueUrl, queueArn, dlqUrl } = await createPair(2);
      const sent = await send(queueUrl, 'poison', { MessageAttributes: { requestId: text('r1') } });
      const { Attributes: before } = await receiveOne(queueUrl, { VisibilityTimeout: 0 });
      const second = await receiveOne(queueUrl, { VisibilityTimeout: 0 });
      expect(second.Attributes!.ApproximateReceiveCount).toBe('2');
      expect(await receive(queueUrl)).toEqual([]);

      expect(await receiveOne(dlqUrl)).toMatchObject({
        MessageId: sent.MessageId,
        Body: 'poison',
        MessageAttributes: { requestId: text('r1') },
        Attributes: {
          ApproximateReceiveCount: '3',
          SentTimestamp: before!.SentTimestamp,
          DeadLetterQueueSourceArn: queueArn,
        },
      });
    });

    it('continues with the next message in the same receive', async () => {
      const { queueUrl } = await createPair(1);
      await send(queueUrl, 'poison');
      await receiveOne(queueUrl, { VisibilityTimeout: 0 });
      await send(queueUrl, 'next');

      expect((await receive(queueUrl, { MaxNumberOfMessages: 10 })).map(({ Body }) => Body)).toEqual([
        'next',
      ]);
    });

    it('records no source for a message that was sent to the dead-letter queue directly', async () => {
      const { dlqUrl } = await createPair(1);
      await send(dlqUrl, 'rejected');

      expect((await receiveOne(dlqUrl)).Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
    });

    itLocal('keeps counting retention from the first enqueue', async () => {
      const { queueUrl, dlqUrl } = await createPair(1, {
        source: { MessageRetentionPeriod: String(7 * DAY) },
        deadLetter: { MessageRetentionPeriod: String(14 * DAY) },
      });
      await send(queueUrl, 'poison');
      clock.advance(6 * DAY);
      await exhaust(queueUrl, 1);
      clock.advance(8 * DAY - 1);
      expect(await receive(dlqUrl, { VisibilityTimeout: 0 })).toHaveLength(1);
      clock.advance(1);

      expect(await receive(dlqUrl)).toEqual([]);
    });

    itLocal('leaves a message in place if its dead-letter queue is gone', async () => {
      const { queueUrl, dlqUrl } = await createPair(1);
      await client.send(new DeleteQueueCommand({ QueueUrl: dlqUrl }));
      await send(queueUrl, 'poison');
      await receiveOne(queueUrl, { VisibilityTimeout: 0 });

      await receiveOne(queueUrl);
    });
  });

  describe('move tasks', () => {
    function start(
      SourceArn: string,
      more: { DestinationArn?: string; MaxNumberOfMessagesPerSecond?: number } = {},
    ) {
      return client.send(new StartMessageMoveTaskCommand({ SourceArn, ...more }));
    }

    async function list(SourceArn: string, MaxResults?: number): Promise<ListMessageMoveTasksResultEntry[]> {
      const { Results } = await client.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults }));
      return Results!;
    }

    /** The newest task, once it has ended. */
    async function ended(sourceArn: string): Promise<ListMessageMoveTasksResultEntry> {
      for (;;) {
        const [task] = await list(sourceArn);
        if (task!.Status !== 'RUNNING') return task!;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }

    it('move redriven messages back to their source as new messages with the same attributes', async () => {
      const { queueUrl, dlqUrl, dlqArn } = await createPair(1);
      const sent = await send(queueUrl, 'poison', { MessageAttributes: { requestId: text('r1') } });
      await exhaust(queueUrl, 1);
      await start(dlqArn);

      expect(await ended(dlqArn)).toMatchObject({
        Status: 'COMPLETED',
        SourceArn: dlqArn,
        ApproximateNumberOfMessagesMoved: 1,
        ApproximateNumberOfMessagesToMove: 1,
      });
      const message = await receiveOne(queueUrl);
      expect(message).toMatchObject({
        Body: 'poison',
        MessageAttributes: { requestId: text('r1') },
        Attributes: { ApproximateReceiveCount: '1' },
      });
      expect(message.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
      expect(message.MessageId).not.toBe(sent.MessageId);
      expect(await receive(dlqUrl)).toEqual([]);
    });

    itLocal('give a moved message a new enqueue time, from which its retention counts', async () => {
      const { queueUrl, dlqArn } = await createPair(1, { source: { MessageRetentionPeriod: String(DAY) } });
      await send(queueUrl, 'poison');
      await exhaust(queueUrl, 1);
      clock.advance(3 * DAY);
      await start(dlqArn);
      const movedAt = clock.now();
      clock.advance(DAY - 1);

      expect((await receiveOne(queueUrl, { VisibilityTimeout: 0 })).Attributes).toMatchObject({
        SentTimestamp: String(movedAt),
        ApproximateFirstReceiveTimestamp: String(clock.now()),
      });
      clock.advance(1);
      expect(await receive(queueUrl)).toEqual([]);
    });

    it('fail without a destination at a message that was not redriven, and leave it', async () => {
      const { dlqUrl, dlqArn } = await createPair(1);
      await send(dlqUrl, 'rejected');
      await start(dlqArn);

      const task = await ended(dlqArn);
      expect(task).toMatchObject({
        Status: 'FAILED',
        FailureReason: 'CouldNotDetermineMessageSource',
        ApproximateNumberOfMessagesMoved: 0,
      });
      expect(task.TaskHandle).toBeUndefined();
      expect((await receiveOne(dlqUrl)).Body).toBe('rejected');
    });

    it('move every message to a given destination, whatever its source', async () => {
      const { queueUrl, queueArn, dlqUrl, dlqArn } = await createPair(1);
      await send(queueUrl, 'poison');
      await exhaust(queueUrl, 1);
      await send(dlqUrl, 'rejected', { MessageAttributes: { reason: text('no_identity') } });
      await start(dlqArn, { DestinationArn: queueArn });

      expect(await ended(dlqArn)).toMatchObject({
        Status: 'COMPLETED',
        DestinationArn: queueArn,
        ApproximateNumberOfMessagesMoved: 2,
      });
      const moved = await receive(queueUrl, { MaxNumberOfMessages: 10 });
      expect(moved.map(({ Body, MessageAttributes }) => [Body, MessageAttributes])).toEqual([
        ['poison', undefined],
        ['rejected', { reason: text('no_identity') }],
      ]);
    });

    itLocal('respect their rate and can be cancelled', async () => {
      const { queueUrl, queueArn, dlqUrl, dlqArn } = await createPair(1);
      for (let n = 0; n < 5; n++) await send(dlqUrl, String(n));
      const { TaskHandle } = await start(dlqArn, {
        DestinationArn: queueArn,
        MaxNumberOfMessagesPerSecond: 2,
      });
      const startedAt = clock.now();

      expect(await receive(queueUrl, { MaxNumberOfMessages: 10 })).toHaveLength(1);
      clock.advance(0.499);
      expect(await receive(queueUrl, { MaxNumberOfMessages: 10 })).toHaveLength(0);
      clock.advance(0.501);
      expect(await receive(queueUrl, { MaxNumberOfMessages: 10 })).toHaveLength(2);
      expect(await list(dlqArn)).toEqual([
        {
          TaskHandle,
          Status: 'RUNNING',
          SourceArn: dlqArn,
          DestinationArn: queueArn,
          MaxNumberOfMessagesPerSecond: 2,
          ApproximateNumberOfMessagesMoved: 3,
          ApproximateNumberOfMessagesToMove: 5,
          StartedTimestamp: startedAt,
        },
      ]);
      await expect(start(dlqArn)).rejects.toThrow('There is already a task running.');

      const cancelled = await client.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
      expect(cancelled.ApproximateNumberOfMessagesMoved).toBe(3);
      clock.advance(60);
      expect(await receive(dlqUrl, { MaxNumberOfMessages: 10 })).toHaveLength(2);
      expect(await list(dlqArn)).toMatchObject([
        { Status: 'CANCELLED', ApproximateNumberOfMessagesMoved: 3 },
      ]);
      await expect(client.send(new CancelMessageMoveTaskCommand({ TaskHandle }))).rejects.toThrow(
        ResourceNotFoundException,
      );
    });

    itLocal('fail when their destination is deleted', async () => {
      const { dlqUrl, dlqArn } = await createPair(1);
      const destinationUrl = await createQueue();
      for (let n = 0; n < 3; n++) await send(dlqUrl, String(n));
      await start(dlqArn, { DestinationArn: await arnOf(destinationUrl), MaxNumberOfMessagesPerSecond: 1 });
      await client.send(new DeleteQueueCommand({ QueueUrl: destinationUrl }));
      clock.advance(1);

      expect(await list(dlqArn)).toMatchObject([
        { Status: 'FAILED', FailureReason: 'AWS.SimpleQueueService.NonExistentQueue' },
      ]);
    });

    it('are listed newest first', async () => {
      const { dlqUrl, dlqArn, queueArn } = await createPair(1);
      await send(dlqUrl, 'rejected');
      await start(dlqArn);
      await ended(dlqArn);
      await start(dlqArn, { DestinationArn: queueArn });
      await ended(dlqArn);

      expect((await list(dlqArn, 10)).map(({ Status }) => Status)).toEqual(['COMPLETED', 'FAILED']);
    });

    it('need a dead-letter queue as source and queues that exist', async () => {
      const { queueArn, dlqArn } = await createPair(1);

      await expect(start(queueArn, { DestinationArn: dlqArn })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
        message: 'Source queue must be configured as a Dead Letter Queue.',
      });
      await expect(start(`${dlqArn}-not`)).rejects.toThrow(ResourceNotFoundException);
      await expect(start(dlqArn, { DestinationArn: `${queueArn}-not` })).rejects.toThrow(
        ResourceNotFoundException,
      );
    });
  });

  describe('long polls', () => {
    /** Shorter than any wait in these tests: a response that only arrives when the wait ends fails the test. */
    const BEFORE_THE_END = 10_000;
    const long = { WaitTimeSeconds: 20, MaxNumberOfMessages: 10 };

    /** For an external server, which cannot be inspected, only checks that the request was made. */
    async function waiting(queueUrl: string): Promise<void> {
      const name = queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
      while (server !== undefined && !subscribe.mock.calls.some(([queueName]) => queueName === name))
        await new Promise((resolve) => setTimeout(resolve, 1));
    }

    const subscribe = jest.spyOn(service, 'subscribe');
    afterAll(() => {
      subscribe.mockRestore();
    });

    it('wait up to 20 seconds and no longer', async () => {
      const url = await createQueue();

      await expect(receive(url, { WaitTimeSeconds: 21 })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
      });
    });

    it(
      'do not wait for more messages if there is one',
      async () => {
        const url = await createQueue();
        await send(url, 'x');

        expect(await receive(url, long)).toHaveLength(1);
      },
      BEFORE_THE_END,
    );

    it(
      'end as soon as a message is sent',
      async () => {
        const url = await createQueue();
        const poll = receive(url, long);
        await waiting(url);
        await send(url, 'x');

        expect(await poll).toHaveLength(1);
      },
      BEFORE_THE_END,
    );

    it(
      'deliver each message to one waiting caller',
      async () => {
        const url = await createQueue();
        const polls = [receive(url, long), receive(url, long)];
        await send(url, 'a');
        await send(url, 'b');

        const bodies = (await Promise.all(polls)).flat().map(({ Body }) => Body);
        expect(bodies.sort()).toEqual(['a', 'b']);
      },
      BEFORE_THE_END,
    );

    it(
      'use the wait time of the queue if the receive sets none',
      async () => {
        const url = await createQueue({ ReceiveMessageWaitTimeSeconds: '20' });
        const poll = receive(url);
        await waiting(url);
        await send(url, 'x');

        expect(await poll).toHaveLength(1);
      },
      BEFORE_THE_END,
    );

    it(
      'end when the visibility of a message is changed to 0',
      async () => {
        const url = await createQueue();
        await send(url, 'x');
        const message = await receiveOne(url);
        const poll = receive(url, long);
        await waiting(url);
        await changeVisibility(url, message, 0);

        expect(await poll).toHaveLength(1);
      },
      BEFORE_THE_END,
    );

    it(
      'end when a move task adds a message',
      async () => {
        const { queueUrl, queueArn, dlqUrl, dlqArn } = await createPair(1);
        await send(dlqUrl, 'rejected');
        const poll = receive(queueUrl, long);
        await waiting(queueUrl);
        await client.send(new StartMessageMoveTaskCommand({ SourceArn: dlqArn, DestinationArn: queueArn }));

        expect(await poll).toHaveLength(1);
      },
      BEFORE_THE_END,
    );

    it(
      'end when a redrive adds a message',
      async () => {
        const { queueUrl, dlqUrl } = await createPair(1);
        await send(queueUrl, 'poison');
        const poll = receive(dlqUrl, long);
        await waiting(dlqUrl);
        await exhaust(queueUrl, 1);

        expect(await poll).toHaveLength(1);
      },
      BEFORE_THE_END,
    );

    itLocal(
      'check again after the clock has jumped to the end of a visibility timeout',
      async () => {
        const url = await createQueue({ VisibilityTimeout: '15' });
        await send(url, 'x');
        await receiveOne(url);
        const poll = receive(url, long);
        await waiting(url);
        clock.advance(15);
        service.wake();

        expect(await poll).toHaveLength(1);
      },
      BEFORE_THE_END,
    );

    itLocal(
      'check again after the clock has jumped to the next step of a move task',
      async () => {
        const { queueUrl, queueArn, dlqUrl, dlqArn } = await createPair(1);
        for (const body of ['a', 'b']) await send(dlqUrl, body);
        await client.send(
          new StartMessageMoveTaskCommand({
            SourceArn: dlqArn,
            DestinationArn: queueArn,
            MaxNumberOfMessagesPerSecond: 1,
          }),
        );
        expect((await receive(queueUrl, long)).map(({ Body }) => Body)).toEqual(['a']);
        const poll = receive(queueUrl, long);
        await waiting(queueUrl);
        clock.advance(1);
        service.wake();

        expect((await poll).map(({ Body }) => Body)).toEqual(['b']);
      },
      BEFORE_THE_END,
    );

    itLocal(
      'end empty when their time is over',
      async () => {
        const url = await createQueue();
        const poll = receive(url, long);
        await waiting(url);
        clock.advance(20);
        service.wake();

        expect(await poll).toEqual([]);
      },
      BEFORE_THE_END,
    );

    itLocal(
      'fail when their queue is deleted',
      async () => {
        const url = await createQueue();
        const poll = receive(url, long);
        const failure = expect(poll).rejects.toThrow(QueueDoesNotExist);
        await waiting(url);
        await client.send(new DeleteQueueCommand({ QueueUrl: url }));

        await failure;
      },
      BEFORE_THE_END,
    );

    itLocal(
      'receive nothing for a caller that has disconnected',
      async () => {
        const url = await createQueue();
        const hangUp = new AbortController();
        const unsubscribed = new Promise<void>((resolve) => {
          subscribe.mockImplementationOnce((queueName, listener) => {
            const unsubscribe = SqsService.prototype.subscribe.call(service, queueName, listener);
            return () => {
              resolve();
              unsubscribe();
            };
          });
        });
        const poll = receive(url, long, hangUp.signal);
        const aborted = expect(poll).rejects.toMatchObject({ name: 'AbortError' });
        await waiting(url);
        hangUp.abort();
        await aborted;
        await unsubscribed;
        await send(url, 'x');

        expect((await receiveOne(url)).Attributes).toMatchObject({ ApproximateReceiveCount: '1' });
      },
      BEFORE_THE_END,
    );

    it(
      'need no notification when time passes normally',
      async () => {
        const own =
          server === undefined
            ? undefined
            : await startAwsEndpoint({
                port: 0,
                sqs: new SqsService(),
                secrets: new SecretsManagerService(),
              });
        const real =
          own === undefined
            ? client
            : new SQSClient({
                endpoint: own.origin,
                region: 'us-east-1',
                credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
              });
        try {
          const { QueueUrl } = await real.send(new CreateQueueCommand({ QueueName: `q-${randomUUID()}` }));
          await real.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', DelaySeconds: 1 }));
          const { Messages } = await real.send(new ReceiveMessageCommand({ QueueUrl, ...long }));

          expect(Messages).toHaveLength(1);
        } finally {
          if (real !== client) real.destroy();
          await own?.close();
        }
      },
      BEFORE_THE_END,
    );
  });

  describe('the JSON protocol', () => {
    it('names an error in the body and, as in the Query protocol, in a header', async () => {
      const missing = await call('AmazonSQS.SendMessage', '{"MessageBody":"x"}');
      const queue = JSON.stringify({ QueueUrl: `${endpoint}/000000000000/none`, MessageBody: 'x' });
      const unknownQueue = await call('AmazonSQS.SendMessage', queue);

      expect(missing.status).toBe(400);
      expect(missing.headers.get('x-amzn-query-error')).toBe('MissingParameter;Sender');
      expect(unknownQueue.status).toBe(400);
      expect(unknownQueue.headers.get('content-type')).toBe('application/x-amz-json-1.0');
      expect(unknownQueue.headers.get('x-amzn-query-error')).toBe(
        'AWS.SimpleQueueService.NonExistentQueue;Sender',
      );
      expect(await unknownQueue.json()).toEqual({
        __type: 'com.amazonaws.sqs#QueueDoesNotExist',
        message: 'The specified queue does not exist.',
      });
    });

    itLocal.each([
      ['no JSON', '{', 'com.amazon.coral.service#SerializationException'],
      ['no object', '[]', 'com.amazon.coral.service#SerializationException'],
      ['a member of another type', '{"QueueUrl":5}', 'com.amazon.coral.service#SerializationException'],
      ['too much', `"${'a'.repeat(8 * MEBIBYTE)}"`, 'com.amazonaws.sqs#RequestEntityTooLarge'],
    ])('refuses %s', async (_, body, type) => {
      const answer = await call('AmazonSQS.SendMessage', body);

      expect(answer.status).toBe(type.endsWith('TooLarge') ? 413 : 400);
      expect(await answer.json()).toMatchObject({ __type: type });
    });

    itLocal.each(['AmazonSQS.TagQueue', 'AmazonSQS.constructor', 'AmazonSNS.Publish', 'Publish'])(
      'rejects the unknown operation %s',
      async (target) => {
        const answer = await call(target, '{}');

        expect(answer.status).toBe(400);
        expect(await answer.json()).toEqual({
          __type: 'com.amazon.coral.service#UnknownOperationException',
          message: `The action ${target.split('.')[1] ?? ''} is not supported here.`,
        });
      },
    );
  });
});

describe('the model of SQS in virtual time', () => {
  it('has no more than 120,000 messages in flight: a short poll fails, a long one gets nothing', () => {
    const sqs = new SqsService({ clock: new TestClock() });
    sqs.createQueue('q');
    for (let n = 0; n < 120_001; n++) sqs.sendMessage('q', { MessageBody: String(n) });
    const handles: string[] = [];
    for (let n = 0; n < 12_000; n++) {
      const received = sqs.receiveMessage('q', { MaxNumberOfMessages: 10 });
      handles.push(...received.map(({ ReceiptHandle }) => ReceiptHandle));
    }
    expect(handles).toHaveLength(120_000);

    expect(() => sqs.receiveMessage('q')).toThrow('The queue has 120000 messages in flight.');
    expect(sqs.receiveMessage('q', { WaitTimeSeconds: 20 })).toEqual([]);
    sqs.deleteMessage('q', handles[0]!);
    expect(sqs.receiveMessage('q', { MaxNumberOfMessages: 10 })).toMatchObject([{ Body: '120000' }]);
  });

  it('knows when a receive will next find a message', () => {
    const clock = new TestClock();
    const sqs = new SqsService({ clock });
    const start = clock.now();
    sqs.createQueue('q', { VisibilityTimeout: '30' });
    expect(sqs.nextVisibleAt('q')).toBeUndefined();
    sqs.sendMessage('q', { MessageBody: 'late', DelaySeconds: 60 });
    expect(sqs.nextVisibleAt('q')).toBe(start + 60_000);
    sqs.sendMessage('q', { MessageBody: 'now' });
    expect(sqs.nextVisibleAt('q')).toBe(start);
    sqs.receiveMessage('q');

    expect(sqs.nextVisibleAt('q')).toBe(start + 30_000);
  });

  it('knows how long a message is hidden', () => {
    const clock = new TestClock();
    const sqs = new SqsService({ clock });
    const start = clock.now();
    sqs.createQueue('q', { VisibilityTimeout: '30' });
    sqs.sendMessage('q', { MessageBody: 'now' });
    sqs.sendMessage('q', { MessageBody: 'late', DelaySeconds: 60 });
    const hidden = (): unknown[] => messages.map((message) => sqs.hiddenUntil('q', message));
    const messages = sqs.messages('q');
    expect(hidden()).toEqual([undefined, start + 60_000]);
    const [received] = sqs.receiveMessage('q');
    expect(hidden()).toEqual([start + 30_000, start + 60_000]);
    sqs.changeMessageVisibility('q', received?.ReceiptHandle ?? '', 0);
    expect(hidden()).toEqual([undefined, start + 60_000]);
    sqs.purgeQueue('q');
    expect(hidden()).toEqual([undefined, undefined]);
  });

  it('notifies a subscriber of sends and changes until it unsubscribes', () => {
    const sqs = new SqsService({ clock: new TestClock() });
    sqs.createQueue('q');
    sqs.createQueue('other');
    const listener = jest.fn();
    const unsubscribe = sqs.subscribe('q', listener);
    sqs.sendMessage('other', { MessageBody: 'x' });
    expect(listener).toHaveBeenCalledTimes(0);
    sqs.sendMessage('q', { MessageBody: 'x' });
    expect(listener).toHaveBeenCalledTimes(1);
    sqs.wake();
    expect(listener).toHaveBeenCalledTimes(2);
    unsubscribe();
    sqs.sendMessage('q', { MessageBody: 'x' });

    expect(listener).toHaveBeenCalledTimes(2);
  });

  it('reports each message that a queue receives: sent, redriven or moved', () => {
    const clock = new TestClock();
    const arrived: string[] = [];
    const sqs = new SqsService({
      clock,
      onArrival: (queue, { body, attributes }) =>
        arrived.push(`${queue} ${body} ${Object.keys(attributes).join()}`),
    });
    sqs.createQueue('dead');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: sqs.queueArn('dead'), maxReceiveCount: 1 });
    sqs.createQueue('q', { RedrivePolicy });
    sqs.sendMessage('q', {
      MessageBody: 'a',
      MessageAttributes: { by: { DataType: 'String', StringValue: 'x' } },
    });
    sqs.sendMessageBatch('q', [{ Id: '1', MessageBody: 'b' }]);
    expect(() => sqs.sendMessage('q', { MessageBody: '' })).toThrow();
    expect(arrived).toEqual(['q a by', 'q b ']);

    sqs.receiveMessage('q', { MaxNumberOfMessages: 10, VisibilityTimeout: 0 });
    sqs.receiveMessage('q', { MaxNumberOfMessages: 10 });
    expect(arrived.splice(0)).toEqual(['q a by', 'q b ', 'dead a by', 'dead b ']);
    sqs.startMessageMoveTask({ SourceArn: sqs.queueArn('dead') });
    expect(arrived).toEqual(['q a by', 'q b ']);
  });

  it('reports each message that leaves a queue: deleted, redriven, moved, expired, purged or with its queue', () => {
    const clock = new TestClock();
    const changes: string[] = [];
    const sqs = new SqsService({
      clock,
      onArrival: (queue, { body }) => changes.push(`${queue} +${body}`),
      onDeparture: (queue, { body }) => changes.push(`${queue} -${body}`),
    });
    sqs.createQueue('dead');
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: sqs.queueArn('dead'), maxReceiveCount: 1 });
    sqs.createQueue('q', { RedrivePolicy, MessageRetentionPeriod: '60' });
    const send = (MessageBody: string): void => {
      sqs.sendMessage('q', { MessageBody });
      changes.splice(0);
    };
    send('deleted');
    const [received] = sqs.receiveMessage('q', {});
    sqs.deleteMessage('q', received!.ReceiptHandle);
    sqs.deleteMessage('q', received!.ReceiptHandle);
    expect(changes).toEqual(['q -deleted']);
    send('redriven');
    sqs.receiveMessage('q', { VisibilityTimeout: 0 });
    sqs.receiveMessage('q', {});
    expect(changes.splice(0)).toEqual(['dead +redriven', 'q -redriven']);
    sqs.startMessageMoveTask({ SourceArn: sqs.queueArn('dead') });
    expect(changes).toEqual(['dead -redriven', 'q +redriven']);
    clock.advance(61_000);
    changes.splice(0);
    sqs.receiveMessage('q', {});
    expect(changes).toEqual(['q -redriven']);
    send('purged');
    sqs.purgeQueue('q');
    expect(changes).toEqual(['q -purged']);
    send('with its queue');
    sqs.deleteQueue('q');
    expect(changes).toEqual(['q -with its queue']);
  });

  it('shows the messages of a queue without receiving them, and when one was last received', () => {
    const clock = new TestClock();
    const sqs = new SqsService({ clock });
    sqs.createQueue('q');
    for (const MessageBody of ['gone', 'in flight', 'visible']) sqs.sendMessage('q', { MessageBody });
    sqs.sendMessage('q', { MessageBody: 'delayed', DelaySeconds: 60 });
    expect(sqs.lastReceivedAt('q')).toBe(0);
    const [gone] = sqs.receiveMessage('q', { MaxNumberOfMessages: 2 });
    sqs.deleteMessage('q', gone!.ReceiptHandle);
    const receivedAt = clock.now();
    clock.advance(5);
    expect(sqs.messages('q').map(({ body, receiveCount }) => [body, receiveCount])).toEqual([
      ['in flight', 1],
      ['visible', 0],
      ['delayed', 0],
    ]);
    expect(sqs.lastReceivedAt('q')).toBe(receivedAt);
  });
});
