import { randomUUID } from 'node:crypto';
import { startAwsEndpoint } from '../../../../local/aws/endpoint';
import type { RunningServer } from '../../../../local/http-server';
import { SecretsManagerService } from '../../../../local/aws/secrets-manager/service';
import { SqsService } from '../../../../local/aws/sqs/service';

const ACCOUNT = '000000000000';
const JSON_ANSWER = { Accept: 'application/json' };

describe('the Query protocol of SQS', () => {
  const sqs = new SqsService();
  let server: RunningServer;
  let queue: string;

  beforeAll(async () => {
    server = await startAwsEndpoint({ port: 0, sqs, secrets: new SecretsManagerService() });
  });

  beforeEach(() => {
    queue = `q-${randomUUID()}`;
    sqs.createQueue(queue);
  });

  afterAll(async () => {
    await server.close();
  });

  function post(
    form: string | Record<string, string>,
    { path = `/${ACCOUNT}/${queue}`, headers = {} }: { path?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    return fetch(`${server.origin}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    });
  }

  function received() {
    return sqs.receiveMessage(queue, { MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] });
  }

  it('accepts the form that API Gateway sends to the path of a queue, with its attributes', async () => {
    const body = '{"name":"Zoë & Ben","q":"100 % + =1","emoji":"🌍"}\r\n';
    const answer = await post(
      `Action=SendMessage&MessageBody=${encodeURIComponent(body)}` +
        '&MessageAttribute.1.Name=requestId&MessageAttribute.1.Value.DataType=String' +
        '&MessageAttribute.1.Value.StringValue=r%2F1%3D' +
        '&MessageAttribute.2.Name=receivedAt&MessageAttribute.2.Value.DataType=Number' +
        '&MessageAttribute.2.Value.StringValue=1772600767089' +
        '&MessageAttribute.3.Name=raw&MessageAttribute.3.Value.DataType=Binary' +
        '&MessageAttribute.3.Value.BinaryValue=AP%2BA',
    );

    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/xml']);
    expect(received()).toMatchObject([
      {
        Body: body,
        MessageAttributes: {
          requestId: { DataType: 'String', StringValue: 'r/1=' },
          receivedAt: { DataType: 'Number', StringValue: '1772600767089' },
          raw: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255, 128]) },
        },
      },
    ]);
  });

  it('decodes a plus as a space and uses the first of two equal parameters, so that a body cannot override one', async () => {
    await post('Action=SendMessage&MessageBody=a+b&MessageBody=c&Action=DeleteQueue');

    expect(received()).toMatchObject([{ Body: 'a b' }]);
  });

  it('finds the queue by QueueUrl at the root', async () => {
    const form = {
      Action: 'SendMessage',
      MessageBody: 'x',
      QueueUrl: `${server.origin}/${ACCOUNT}/${queue}`,
    };
    await post(form, { path: '/' });

    expect(received()).toHaveLength(1);
  });

  it('delays a message', async () => {
    await post({ Action: 'SendMessage', MessageBody: 'x', DelaySeconds: '900' });

    expect(sqs.getQueueAttributes(queue, ['ApproximateNumberOfMessagesDelayed'])).toEqual({
      ApproximateNumberOfMessagesDelayed: '1',
    });
  });

  it('answers with XML by default', async () => {
    const answer = await post({ Action: 'SendMessage', MessageBody: 'msg' });
    const [message] = received();

    expect(await answer.text()).toBe(
      '<?xml version="1.0"?><SendMessageResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">' +
        `<SendMessageResult><MessageId>${message!.MessageId}</MessageId>` +
        '<MD5OfMessageBody>6e2baaf3b97dbeef01c0043275f9a0e7</MD5OfMessageBody></SendMessageResult>' +
        `<ResponseMetadata><RequestId>${answer.headers.get('x-amzn-requestid')}</RequestId></ResponseMetadata>` +
        '</SendMessageResponse>',
    );
  });

  it('answers with JSON if the Accept header prefers it', async () => {
    const form = {
      Action: 'SendMessage',
      MessageBody: 'msg',
      'MessageAttribute.1.Name': 'Foo',
      'MessageAttribute.1.Value.DataType': 'String',
      'MessageAttribute.1.Value.StringValue': 'Bar',
    };
    const answer = await post(form, { headers: JSON_ANSWER });
    const [message] = received();

    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await answer.json()).toEqual({
      SendMessageResponse: {
        SendMessageResult: {
          MessageId: message!.MessageId,
          MD5OfMessageBody: '6e2baaf3b97dbeef01c0043275f9a0e7',
          MD5OfMessageAttributes: 'ae7155c6026991b6d54b11589678bf9c',
        },
        ResponseMetadata: { RequestId: answer.headers.get('x-amzn-requestid') },
      },
    });
  });

  it.each([
    ['*/*', 'text/xml'],
    ['text/xml, application/json;q=0.5', 'text/xml'],
    ['application/xml;q=0.4, Application/JSON; q=0.5', 'application/json'],
    ['application/json;q=0', 'text/xml'],
  ])('answers Accept: %s with %s', async (Accept, expected) => {
    const answer = await post({ Action: 'SendMessage', MessageBody: 'x' }, { headers: { Accept } });

    expect(answer.headers.get('content-type')).toBe(expected);
  });

  describe('errors', () => {
    async function errorOf(form: string | Record<string, string>, path?: string) {
      const answer = await post(form, { headers: JSON_ANSWER, ...(path !== undefined && { path }) });
      const { Error: error, RequestId } = (await answer.json()) as { Error: object; RequestId: string };
      expect(RequestId).toBe(answer.headers.get('x-amzn-requestid'));
      return [answer.status, error];
    }

    it('are sent as JSON', async () => {
      expect(await errorOf({ Action: 'SendMessage', MessageBody: 'a'.repeat(1_048_577) })).toEqual([
        400,
        {
          Type: 'Sender',
          Code: 'InvalidParameterValue',
          Message: 'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
        },
      ]);
    });

    it('are sent as XML, escaped', async () => {
      const answer = await post({ Action: '<Send&Message>' });

      expect(answer.status).toBe(400);
      expect(await answer.text()).toBe(
        '<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error>' +
          '<Type>Sender</Type><Code>InvalidAction</Code>' +
          '<Message>The action &#60;Send&#38;Message&#62; is not valid for this endpoint.</Message></Error>' +
          `<RequestId>${answer.headers.get('x-amzn-requestid')}</RequestId></ErrorResponse>`,
      );
    });

    it.each([
      ['Action=ReceiveMessage', 'InvalidAction', 400],
      ['MessageBody=x', 'InvalidAction', 400],
      ['Action=SendMessage', 'MissingParameter', 400],
      ['Action=SendMessage&MessageBody=', 'MissingParameter', 400],
      ['Action=SendMessage&MessageBody=a%01', 'InvalidMessageContents', 400],
      ['Action=SendMessage&MessageBody=x&DelaySeconds=901', 'InvalidParameterValue', 400],
      ['Action=SendMessage&MessageBody=x&DelaySeconds=soon', 'InvalidParameterValue', 400],
      ['Action=SendMessage&MessageBody=x&MessageAttribute.1.Name=a', 'InvalidParameterValue', 400],
    ])('%s is %s', async (form, Code, status) => {
      expect(await errorOf(form)).toEqual([status, expect.objectContaining({ Code })]);
      expect(received()).toEqual([]);
    });

    it('an unknown queue is NonExistentQueue, and a missing one is InvalidAddress', async () => {
      const form = 'Action=SendMessage&MessageBody=x';

      expect(await errorOf(form, `/${ACCOUNT}/none`)).toEqual([
        400,
        expect.objectContaining({ Code: 'AWS.SimpleQueueService.NonExistentQueue' }),
      ]);
      expect(await errorOf(form, '/')).toEqual([404, expect.objectContaining({ Code: 'InvalidAddress' })]);
    });

    it('a form of 4 MiB is accepted, and one byte more is a 413', async () => {
      const start = 'Action=SendMessage&MessageBody=';
      const fill = (bytes: number) => start + 'a'.repeat(bytes - start.length);

      expect((await errorOf(fill(4 * 1_048_576)))[0]).toBe(400);
      expect(await errorOf(fill(4 * 1_048_576 + 1))).toEqual([
        413,
        expect.objectContaining({ Code: 'RequestEntityTooLarge' }),
      ]);
    });

    it('a body at the limit is accepted with every byte encoded', async () => {
      const answer = await post(`Action=SendMessage&MessageBody=${'%61'.repeat(1_048_576)}`);

      expect(answer.status).toBe(200);
      expect(received()[0]!.Body).toBe('a'.repeat(1_048_576));
    });

    it.each(['GET', 'POST'])('a %s in neither protocol is an unknown operation', async (method) => {
      const answer = await fetch(`${server.origin}/${ACCOUNT}/${queue}`, { method });

      expect([answer.status, await answer.text()]).toEqual([404, '<UnknownOperationException/>']);
    });
  });
});

describe('the AWS endpoint', () => {
  it('builds queue URLs from the given origin', async () => {
    const options = {
      port: 0,
      sqs: new SqsService({ accountId: '123456789012' }),
      secrets: new SecretsManagerService(),
    };
    const server = await startAwsEndpoint({ ...options, queueUrlOrigin: 'http://queues.example' });
    try {
      const answer = await fetch(server.origin, {
        method: 'POST',
        headers: { 'X-Amz-Target': 'AmazonSQS.CreateQueue' },
        body: '{"QueueName":"q"}',
      });

      expect(await answer.json()).toEqual({ QueueUrl: 'http://queues.example/123456789012/q' });
    } finally {
      await server.close();
    }
  });

  it('closes during a long poll', async () => {
    const sqs = new SqsService();
    sqs.createQueue('q');
    const server = await startAwsEndpoint({ port: 0, sqs, secrets: new SecretsManagerService() });
    const waiting = new Promise<void>((resolve) => {
      jest.spyOn(sqs, 'subscribe').mockImplementation((...args) => {
        resolve();
        return SqsService.prototype.subscribe.apply(sqs, args);
      });
    });
    const poll = fetch(server.origin, {
      method: 'POST',
      headers: { 'X-Amz-Target': 'AmazonSQS.ReceiveMessage' },
      body: JSON.stringify({ QueueUrl: 'q', WaitTimeSeconds: 20 }),
    });
    const dropped = expect(poll).rejects.toThrow();
    await waiting;
    await server.close();

    await dropped;
  }, 10_000);
});
