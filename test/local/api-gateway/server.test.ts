import fc from 'fast-check';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import {
  startApiGateway,
  type ApiGatewayOptions,
  type RunningApiGateway,
} from '../../../local/api-gateway/server';
import { readTemplate } from '../../../local/template';
import { FakeSqs, refused, stored } from '../../support/fake-sqs';
import { hostileBody } from '../../support/hostile-body';
import {
  deployment,
  integrationResponses,
  webhookTemplate,
  type WebhookTemplateOptions,
} from '../../support/webhook-template';

const key = 'a-key-of-at-least-twenty-characters';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends exactly the given headers and path. */
function send(
  gateway: RunningApiGateway,
  path: string,
  body: string | Uint8Array = '{"a":1}',
  headers: Record<string, string> = { 'x-api-key': key },
  method = 'POST',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(gateway.origin, { path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

let sqs: FakeSqs;
let gateways: RunningApiGateway[];

beforeEach(async () => {
  sqs = await FakeSqs.start();
  gateways = [];
});

afterEach(async () => {
  for (const gateway of gateways) await gateway.close();
  await sqs.close();
});

async function start(
  template: WebhookTemplateOptions = {},
  options: Partial<ApiGatewayOptions> = {},
): Promise<RunningApiGateway> {
  const gateway = await startApiGateway({
    port: 0,
    template: readTemplate(webhookTemplate(template)),
    deployment,
    sqsEndpoint: sqs.origin,
    apiKeyValues: { Key: key },
    ...options,
  });
  gateways.push(gateway);
  return gateway;
}

describe('a webhook', () => {
  it('is stored in SQS with its stamps and answered with its request id', async () => {
    const gateway = await start({}, { now: () => 1_700_000_000_123 });
    const answer = await send(gateway, '/v1/webhook', '{"a":"ü"}');

    expect(answer.status).toBe(200);
    const requestId = answer.headers['x-amz-apigw-id'] as string;
    expect(requestId).toMatch(/^[\w-]{15}=$/);
    expect(JSON.parse(answer.body)).toEqual({ status: 'queued', requestId });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['x-amzn-requestid']).toMatch(/^[\da-f-]{36}$/);
    expect(sqs.requests).toHaveLength(1);
    expect(sqs.last).toMatchObject({ method: 'POST', path: '/000000000000/event-buffer' });
    expect(sqs.last.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    });
    expect(Object.fromEntries(sqs.last.parameters)).toEqual({
      Action: 'SendMessage',
      MessageBody: '{"a":"ü"}',
      'MessageAttribute.1.Name': 'requestId',
      'MessageAttribute.1.Value.DataType': 'String',
      'MessageAttribute.1.Value.StringValue': requestId,
      'MessageAttribute.2.Name': 'receivedAt',
      'MessageAttribute.2.Value.DataType': 'Number',
      'MessageAttribute.2.Value.StringValue': '1700000000123',
    });
  });

  it('does not use a request id from the client as a stamp', async () => {
    const gateway = await start();
    const headers = { 'x-api-key': key, 'x-amzn-requestid': 'chosen' };
    const answer = await send(gateway, '/v1/webhook', '{}', headers);
    expect(answer.headers['x-amzn-requestid']).toBe('chosen');
    expect([...sqs.last.parameters.values()]).not.toContain('chosen');
  });

  it.each([
    'Purchase',
    'Cart%20Reminder',
    'a%2Fb%26Action%3DDeleteQueue',
    '100%2525',
    'a+b',
    '%C3%BC%E2%82%AC',
    '50%',
    '%zz%20',
    '%FF',
    '$util.urlEncode(1)',
  ])('passes on the path segment %s as it is in the URL', async (segment) => {
    const gateway = await start();
    expect((await send(gateway, `/v1/webhook/${segment}`)).status).toBe(200);
    expect(sqs.last.parameters.get('MessageAttribute.3.Name')).toBe('event');
    expect(sqs.last.parameters.get('MessageAttribute.3.Value.StringValue')).toBe(segment);
    expect(sqs.last.count).toBe(11);
  });

  it.each(['Purchase?event=Other', 'Purchase/'])('takes only the event from %s', async (end) => {
    const gateway = await start();
    expect((await send(gateway, `/v1/webhook/${end}`)).status).toBe(200);
    expect(sqs.last.parameters.get('MessageAttribute.3.Value.StringValue')).toBe('Purchase');
  });
});

describe('F12, F13: any body reaches SQS unchanged, as one parameter', () => {
  const names = [
    'Action',
    'MessageAttribute.1.Name',
    'MessageAttribute.1.Value.DataType',
    'MessageAttribute.1.Value.StringValue',
    'MessageAttribute.2.Name',
    'MessageAttribute.2.Value.DataType',
    'MessageAttribute.2.Value.StringValue',
    'MessageBody',
  ];

  it('for every Unicode string', async () => {
    const gateway = await start();
    await fc.assert(
      fc.asyncProperty(hostileBody, async (text) => {
        const answer = await send(gateway, '/v1/webhook', text);
        expect(answer.status).toBe(200);
        expect(sqs.last.parameters.get('MessageBody')).toBe(text);
        expect([...sqs.last.parameters.keys()].sort()).toEqual(names);
        expect(sqs.last.count).toBe(names.length);
      }),
      { numRuns: 200 },
    );
  });

  it('unlike with a template that does not encode', async () => {
    const RequestTemplates = { 'application/json': 'Action=SendMessage&MessageBody=$input.body' };
    const gateway = await start({ integration: { RequestTemplates } });
    await send(gateway, '/v1/webhook', 'x&Action=DeleteQueue');
    expect(sqs.last.parameters.get('Action')).toBe('DeleteQueue');
  });
});

describe('content types', () => {
  it.each([
    [undefined, 200],
    ['', 200],
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['Application/JSON;CHARSET="UTF-8"', 200],
    ['text/plain;charset=ISO-8859-1', 200],
    ['application/x-www-form-urlencoded', 200],
    ['application/xml', 415],
    ['text/html; charset=utf-8', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/json-patch+json', 415],
    ['nonsense', 415],
  ])('F07, F11: %j is answered with %i', async (contentType, status) => {
    const gateway = await start();
    const headers = { 'x-api-key': key, ...(contentType !== undefined && { 'content-type': contentType }) };
    const answer = await send(gateway, '/v1/webhook', 'Action=DeleteQueue', headers);
    expect(answer.status).toBe(status);
    expect(sqs.requests.map(({ parameters }) => parameters.get('Action'))).toEqual(
      status === 200 ? ['SendMessage'] : [],
    );
    if (status === 415) expect(answer.body).toBe('{"message":"Unsupported Media Type"}');
  });

  it('pass an unmapped body through as the call itself where the template allows it', async () => {
    const gateway = await start({ integration: { PassthroughBehavior: 'WHEN_NO_MATCH' } });
    const headers = { 'x-api-key': key, 'content-type': 'application/xml' };
    await send(gateway, '/v1/webhook', 'Action=DeleteQueue', headers);
    expect(sqs.last.parameters.get('Action')).toBe('DeleteQueue');
  });

  it('WHEN_NO_TEMPLATES passes a body through only if there are no templates', async () => {
    const PassthroughBehavior = 'WHEN_NO_TEMPLATES';
    const headers = { 'x-api-key': key, 'content-type': 'application/xml' };
    const none = await start({ integration: { PassthroughBehavior, RequestTemplates: {} } });
    expect((await send(none, '/v1/webhook', 'Action=X', headers)).status).toBe(200);
    const some = await start({ integration: { PassthroughBehavior } });
    expect((await send(some, '/v1/webhook', 'Action=X', headers)).status).toBe(415);
  });
});

describe('bodies', () => {
  it('F15: an empty body is stored as an empty object', async () => {
    const gateway = await start();
    expect((await send(gateway, '/v1/webhook', '')).status).toBe(200);
    expect(sqs.last.parameters.get('MessageBody')).toBe('{}');
  });

  it('F16: invalid UTF-8 is stored with replacement characters', async () => {
    const gateway = await start();
    const body = Buffer.from([0x61, 0xff, 0xc3, 0x62, 0xc3, 0xa9]);
    expect((await send(gateway, '/v1/webhook', body)).status).toBe(200);
    expect(sqs.last.parameters.get('MessageBody')).toBe('a\ufffd\ufffdbé');
  });

  it('keep a byte order mark and control characters', async () => {
    const gateway = await start();
    await send(gateway, '/v1/webhook', '\ufeff{}\u0000\r\n');
    expect(sqs.last.parameters.get('MessageBody')).toBe('\ufeff{}\u0000\r\n');
  });

  it('are refused above 10 MB', async () => {
    const gateway = await start();
    const limit = 10 * 1024 * 1024;
    expect((await send(gateway, '/v1/webhook', Buffer.alloc(limit, 'a'))).status).toBe(200);
    const answer = await send(gateway, '/v1/webhook', Buffer.alloc(limit + 1, 'a'));
    expect(answer.status).toBe(413);
    expect(answer.body).toBe('{"message":"Request Too Long"}');
    expect(sqs.requests).toHaveLength(1);
  });
});

describe('the response of SQS', () => {
  it('F02, F03: only 2xx becomes 200, and no other status becomes a success', async () => {
    const gateway = await start();
    for (let status = 100; status < 600; status++) {
      sqs.reply = { ...stored, status };
      const answer = await send(gateway, '/v1/webhook');
      if (status >= 200 && status < 300) expect([status, answer.status]).toEqual([status, 200]);
      else expect([status, answer.status >= 400]).toEqual([status, true]);
    }
    expect(sqs.requests).toHaveLength(500);
  });

  it.each([
    ['too long', refused('InvalidParameterValue'), 413, '{"message":"too long"}'],
    ['refused characters', refused('InvalidMessageContents'), 400, '{"message":"refused characters"}'],
    ['a body that is not JSON', { status: 400, body: '<Error/>' }, 400, '{"message":"refused characters"}'],
    ['413', { status: 413, body: '' }, 413, '{"message":"too long"}'],
    ['403', { status: 403, body: '{}' }, 500, '{"message":"not stored"}'],
    ['500', { status: 500, body: '' }, 500, '{"message":"not stored"}'],
    ['404', { status: 404, body: '' }, 500, '{"message":"not stored"}'],
  ])('F03: %s', async (_, reply, status, body) => {
    const gateway = await start();
    sqs.reply = reply;
    const answer = await send(gateway, '/v1/webhook');
    expect(answer.status).toBe(status);
    expect(answer.body.trim()).toBe(body);
  });

  it('F03: a response that is too late becomes a 504', async () => {
    const lines: string[] = [];
    const gateway = await start(
      { integration: { TimeoutInMillis: 50 } },
      { onExecutionLog: (line) => lines.push(line) },
    );
    sqs.reply = 'hang';
    const answer = await send(gateway, '/v1/webhook');
    expect(answer.status).toBe(504);
    expect(answer.body).toBe('{"message":"Endpoint request timed out"}');
    expect(lines).toEqual([expect.stringMatching(/INTEGRATION_TIMEOUT: no answer from SQS in 50 ms$/)]);
  });

  it.each(['reset', 'connection refused'])('F03: %s becomes a 500', async (kind) => {
    sqs.reply = 'reset';
    const options = kind === 'reset' ? {} : { sqsEndpoint: 'http://127.0.0.1:9' };
    const gateway = await start({}, options);
    const answer = await send(gateway, '/v1/webhook');
    expect(answer.status).toBe(500);
    expect(answer.body).toBe('{"message":"Internal server error"}');
  });

  it('fails if no integration response matches and there is no default', async () => {
    const IntegrationResponses = [{ StatusCode: '200', SelectionPattern: '2\\d{2}' }];
    const gateway = await start({ integration: { IntegrationResponses } });
    sqs.reply = { ...stored, status: 403 };
    expect((await send(gateway, '/v1/webhook')).status).toBe(500);
  });

  it('is matched by a pattern against the whole status', async () => {
    const IntegrationResponses = [
      { StatusCode: '200', SelectionPattern: '20|00' },
      { StatusCode: '413', SelectionPattern: '4.3' },
      { StatusCode: '500' },
    ];
    const gateway = await start({ integration: { IntegrationResponses } });
    expect((await send(gateway, '/v1/webhook')).status).toBe(500);
    sqs.reply = { ...stored, status: 423 };
    expect((await send(gateway, '/v1/webhook')).status).toBe(413);
  });

  it('is passed through without a template, with literal headers', async () => {
    const IntegrationResponses = [
      { StatusCode: '200', ResponseParameters: { 'method.response.header.X-Door': "'open'" } },
    ];
    const gateway = await start({ integration: { IntegrationResponses } });
    sqs.reply = { status: 503, body: '{"from":"sqs"}' };
    const answer = await send(gateway, '/v1/webhook');
    expect(answer).toMatchObject({ status: 200, body: '{"from":"sqs"}' });
    expect(answer.headers['x-door']).toBe('open');
  });

  it.each([
    ['444', 444],
    ['"444"', 200],
    ['99', 200],
    ['600', 200],
  ])('an override of %s results in the status %i', async (value, status) => {
    const gateway = await start({
      integration: {
        IntegrationResponses: [
          {
            StatusCode: '200',
            ResponseTemplates: {
              'application/json': `#set($context.responseOverride.status = ${value})
#set($context.responseOverride.header.X-Why = "$context.stage")
{}`,
            },
          },
        ],
      },
    });
    const answer = await send(gateway, '/v1/webhook');
    expect(answer.status).toBe(status);
    expect(answer.headers['x-why']).toBe('v1');
  });

  it('a failing template is an error without the data in the log', async () => {
    const lines: string[] = [];
    const gateway = await start(
      { integration: { RequestTemplates: { 'application/json': '$util.parseJson($input.body)' } } },
      { onExecutionLog: (line) => lines.push(line) },
    );
    const answer = await send(gateway, '/v1/webhook', 'ana@shop.test');
    expect(answer).toMatchObject({ status: 500, body: '{"message":"Internal server error"}' });
    expect(lines).toEqual([
      expect.stringContaining('API_CONFIGURATION_ERROR: $util.parseJson expects valid JSON'),
    ]);
    expect(lines.join('')).not.toContain('ana@');
    expect(sqs.requests).toEqual([]);
  });

  it('the server survives a client that disconnects during its request', async () => {
    const gateway = await start();
    await new Promise<void>((resolve) => {
      const call = httpRequest(gateway.origin, {
        path: '/v1/webhook',
        method: 'POST',
        headers: { 'x-api-key': key, 'content-length': '100' },
      });
      call.on('error', () => {
        resolve();
      });
      call.write('{', () => call.destroy(new Error('left')));
    });
    expect((await send(gateway, '/v1/webhook')).status).toBe(200);
    expect(sqs.requests).toHaveLength(1);
  });

  it('a template that sets an invalid header value is an error', async () => {
    const gateway = await start({
      integration: {
        IntegrationResponses: [
          {
            StatusCode: '200',
            ResponseTemplates: {
              'application/json': '#set($context.responseOverride.header.x = $input.body){}',
            },
          },
        ],
      },
    });
    sqs.reply = { status: 200, body: 'a\nb' };
    expect((await send(gateway, '/v1/webhook')).status).toBe(500);
  });
});

describe('API keys', () => {
  it.each<[string, Record<string, string>, number]>([
    ['none', {}, 403],
    ['an unknown key', { 'x-api-key': 'wrong' }, 403],
    ['an empty key', { 'x-api-key': '' }, 403],
    ['a property name of Object', { 'x-api-key': 'toString' }, 403],
    ['the right key', { 'x-api-key': key }, 200],
    ['the right key in an upper-case header', { 'X-API-KEY': key }, 200],
  ])('%s', async (_, headers, status) => {
    const gateway = await start();
    const answer = await send(gateway, '/v1/webhook', '{}', headers);
    expect(answer.status).toBe(status);
    expect(sqs.requests).toHaveLength(status === 200 ? 1 : 0);
    if (status === 403) {
      expect(answer.body).toBe('{"message":"Forbidden"}');
      expect(answer.headers['x-amzn-errortype']).toBe('ForbiddenException');
    }
  });

  const callers: [string, Record<string, string>][] = [
    ['the Host of a tunnel', { host: 'tunnel.test' }],
    ['an Origin', { origin: 'https://evil.test' }],
    ['the Origin null', { origin: 'null' }],
  ];

  it.each(callers)('are all that counts, as in AWS: %s makes no difference', async (_, headers) => {
    const gateway = await start();
    expect((await send(gateway, '/v1/webhook', '{}', headers)).status).toBe(403);
    // A page that knew the key would first have to send a preflight request, which is not allowed.
    const preflight = { ...headers, 'access-control-request-headers': 'x-api-key' };
    const answer = await send(gateway, '/v1/webhook', '', preflight, 'OPTIONS');
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(sqs.requests).toHaveLength(0);
    expect((await send(gateway, '/v1/webhook', '{}', { ...headers, 'x-api-key': key })).status).toBe(200);
  });

  it('a request without a key is refused, however large it is', async () => {
    const gateway = await start();
    for (const path of ['/v1/webhook', '/v2/webhook', '/v1/nowhere']) {
      const answer = await send(gateway, path, Buffer.alloc(20 * 1024 * 1024, 'a'), {});
      expect(answer.status).toBe(403);
    }
  });

  it.each<[string, NonNullable<WebhookTemplateOptions['changes']>]>([
    ['disabled', { Key: { Enabled: false } }],
    ['not explicitly enabled', { Key: { Enabled: undefined } }],
    ['in no usage plan', { PlanKey: null }],
    ['in a usage plan without a stage', { Plan: { ApiStages: [] } }],
    ['in a usage plan of another stage', { Plan: { ApiStages: [{ ApiId: 'Api', Stage: 'v2' }] } }],
  ])('a key is refused if it is %s', async (_, changes) => {
    const gateway = await start({ changes });
    expect((await send(gateway, '/v1/webhook')).status).toBe(403);
  });

  it('several keys are valid at once, and the template may contain their values', async () => {
    const other = 'another-key-of-twenty-characters';
    const gateway = await start({
      changes: {
        Second: { Type: 'AWS::ApiGateway::ApiKey', Properties: { Enabled: true, Value: other } },
        SecondPlanKey: {
          Type: 'AWS::ApiGateway::UsagePlanKey',
          Properties: { KeyId: { Ref: 'Second' }, KeyType: 'API_KEY', UsagePlanId: { Ref: 'Plan' } },
        },
      },
    });
    expect((await send(gateway, '/v1/webhook')).status).toBe(200);
    expect((await send(gateway, '/v1/webhook', '{}', { 'x-api-key': other })).status).toBe(200);
    expect(gateway.apiKeys).toEqual(
      new Map([
        ['Key', key],
        ['Second', other],
      ]),
    );
  });

  it('a key without a value gets a random one', async () => {
    const gateway = await start({}, { apiKeyValues: {} });
    const value = gateway.apiKeys.get('Key')!;
    expect(value).toMatch(/^\w{40}$/);
    expect((await send(gateway, '/v1/webhook', '{}', { 'x-api-key': value })).status).toBe(200);
  });

  it('are not needed for a method that requires none', async () => {
    const gateway = await start({ changes: { WebhookPost: { ApiKeyRequired: false } } });
    expect((await send(gateway, '/v1/webhook', '{}', {})).status).toBe(200);
    expect((await send(gateway, '/v1/webhook/a', '{}', {})).status).toBe(403);
  });
});

describe('routes', () => {
  it.each([
    ['POST', '/v1/webhook', 200],
    ['POST', '/v1/webhook/', 200],
    ['POST', '/v1/webhook?a=b', 200],
    ['POST', '/v1/webhook/a', 200],
    ['POST', '/v1', 403],
    ['POST', '/v1/other', 403],
    ['POST', '/v1/Webhook', 403],
    ['POST', '/v1//webhook', 403],
    ['POST', '/v1/webhook/a/b', 403],
    ['POST', '/v1/webhook//', 200],
    ['GET', '/v1/webhook', 403],
    ['PUT', '/v1/webhook', 403],
  ])('%s %s is answered with %i', async (method, path, status) => {
    const gateway = await start();
    const answer = await send(gateway, path, '', { 'x-api-key': key }, method);
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body).toBe('{"message":"Missing Authentication Token"}');
  });

  it('an unknown stage is forbidden', async () => {
    const gateway = await start();
    expect(gateway.stages).toEqual(['v1']);
    const answer = await send(gateway, '/v2/webhook');
    expect(answer).toMatchObject({ status: 403, body: '{"message":"Forbidden"}' });
  });

  it('a literal path takes precedence over a parameter, whatever their order', async () => {
    const gateway = await start({
      changes: {
        Setup: {
          Type: 'AWS::ApiGateway::Resource',
          Properties: { ParentId: { Ref: 'Webhook' }, PathPart: 'setup', RestApiId: { Ref: 'Api' } },
        },
        SetupPost: {
          Type: 'AWS::ApiGateway::Method',
          Properties: {
            HttpMethod: 'POST',
            ResourceId: { Ref: 'Setup' },
            MethodResponses: [{ StatusCode: '200' }],
            Integration: {
              Type: 'AWS',
              IntegrationHttpMethod: 'POST',
              Uri: 'arn:aws:apigateway:eu-west-1:sqs:path/000000000000/setup-queue',
              RequestParameters: { 'integration.request.header.X-Source': 'method.request.querystring.s' },
              IntegrationResponses: [{ StatusCode: '200' }],
            },
          },
        },
      },
    });
    expect((await send(gateway, '/v1/webhook/setup?s=1')).status).toBe(200);
    expect(sqs.last.path).toBe('/000000000000/setup-queue');
    expect(sqs.last.headers['x-source']).toBe('1');
  });
});

it('the root resource can have a method', async () => {
  const gateway = await start({
    changes: { WebhookPost: { ResourceId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] } } },
  });
  expect((await send(gateway, '/v1')).status).toBe(200);
  expect((await send(gateway, '/v1/')).status).toBe(200);
  expect((await send(gateway, '/v1/webhook')).status).toBe(403);
});

describe('throttling', () => {
  it('allows a burst and then the rate of the stage', async () => {
    let now = 1_700_000_000_000;
    const MethodSettings = [
      { HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 2, ThrottlingBurstLimit: 3 },
    ];
    const gateway = await start({ changes: { Stage: { MethodSettings } } }, { now: () => now });
    const statuses = async (count: number) => {
      const answers: Answer[] = [];
      for (let index = 0; index < count; index++) answers.push(await send(gateway, '/v1/webhook'));
      return answers.map(({ status }) => status);
    };
    expect(await statuses(5)).toEqual([200, 200, 200, 429, 429]);
    now += 1000;
    expect(await statuses(3)).toEqual([200, 200, 429]);
    now += 3_600_000;
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
    expect((await send(gateway, '/v1/webhook')).body).toBe('{"message":"Too Many Requests"}');
    // The limit of a stage applies to each of its methods separately.
    expect((await send(gateway, '/v1/webhook/a')).status).toBe(200);
    expect(sqs.requests).toHaveLength(9);
  });

  it('does not count requests without a key', async () => {
    const MethodSettings = [
      { HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1 },
    ];
    const gateway = await start({ changes: { Stage: { MethodSettings } } }, { now: () => 0 });
    expect((await send(gateway, '/v1/webhook', '{}', {})).status).toBe(403);
    expect((await send(gateway, '/v1/webhook')).status).toBe(200);
  });
});

describe('gateway responses', () => {
  const response = (properties: object) => ({
    Type: 'AWS::ApiGateway::GatewayResponse',
    Properties: { RestApiId: { Ref: 'Api' }, ...properties },
  });

  it('override the response of their type, and DEFAULT_4XX those without one', async () => {
    const gateway = await start({
      changes: {
        InvalidKey: response({
          ResponseType: 'INVALID_API_KEY',
          StatusCode: '401',
          ResponseTemplates: {
            'application/json':
              '{"m":$context.error.messageString,"t":"$context.error.responseType","x":"$context.none","s":"$context.stage","v":"#set($x=1)$input.body"}',
          },
          ResponseParameters: { 'gatewayresponse.header.X-Help': "'send a key'" },
        }),
        Default: response({
          ResponseType: 'DEFAULT_4XX',
          ResponseTemplates: { 'application/json': '{"default":"$context.error.message"}' },
        }),
      },
    });
    const forbidden = await send(gateway, '/v1/webhook', '{}', {});
    expect(forbidden.status).toBe(401);
    expect(JSON.parse(forbidden.body)).toEqual({
      m: 'Forbidden',
      t: 'INVALID_API_KEY',
      x: '',
      s: 'v1',
      v: '#set($x=1)$input.body',
    });
    expect(forbidden.headers['x-help']).toBe('send a key');
    const unknown = await send(gateway, '/v1/nowhere');
    expect(unknown).toMatchObject({ status: 403, body: '{"default":"Missing Authentication Token"}' });
  });

  it('DEFAULT_5XX covers a failed integration', async () => {
    const gateway = await start({
      changes: {
        Default: response({ ResponseType: 'DEFAULT_5XX', StatusCode: '503' }),
        Other: response({ ResponseType: 'DEFAULT_4XX', StatusCode: '418' }),
      },
    });
    sqs.reply = 'reset';
    const answer = await send(gateway, '/v1/webhook');
    expect(answer).toMatchObject({ status: 503, body: '{"message":"Internal server error"}' });
  });
});

describe('the resource policy', () => {
  const statement = (effect: string, condition?: object) => ({
    Effect: effect,
    Principal: { AWS: '*' },
    Action: 'execute-api:Invoke',
    Resource: 'execute-api:/*',
    ...(condition && { Condition: condition }),
  });
  const outside = (ranges: string | string[]) => ({ NotIpAddress: { 'aws:SourceIp': ranges } });
  const inside = (ranges: string | string[]) => ({ IpAddress: { 'aws:SourceIp': ranges } });

  it.each([
    ['denies everyone but others', [statement('Allow'), statement('Deny', outside('203.0.113.0/24'))], 403],
    ['denies everyone but us', [statement('Allow'), statement('Deny', outside(['::1', '127.0.0.0/8']))], 200],
    ['allows others', [statement('Allow', inside('203.0.113.7'))], 403],
    ['allows us', [statement('Allow', inside(['203.0.113.0/24', '127.0.0.1']))], 200],
    ['denies us', [statement('Allow'), statement('Deny', inside('127.0.0.1/32'))], 403],
    ['is empty', [], 403],
  ])('that %s', async (_, Statement, status) => {
    const Policy = { Version: '2012-10-17', Statement };
    const gateway = await start({ changes: { Api: { Policy } } });
    const answer = await send(gateway, '/v1/webhook');
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.headers['x-amzn-errortype']).toBe('AccessDeniedException');
  });
});

describe('the access log', () => {
  it('gets a line for each request of a stage, in the configured format', async () => {
    const lines: string[] = [];
    let now = 1_700_000_000_000;
    const gateway = await start({}, { now: () => now++, onAccessLog: (line) => lines.push(line) });
    const good = await send(gateway, '/v1/webhook/secret%20event?q=secret', 'secret body');
    const bad = await send(gateway, '/v1/webhook', '{}', {});
    await send(gateway, '/v1/nowhere');
    await send(gateway, '/v2/webhook');

    const [first, second, third, ...more] = lines.map((line) => JSON.parse(line) as unknown);
    expect(more).toEqual([]);
    expect(first).toEqual({
      requestId: good.headers['x-amz-apigw-id'],
      at: '1700000000000',
      method: 'POST',
      resourcePath: '/webhook/{event}',
      status: '200',
      bytes: String(good.body.length),
      sqs: '200',
      key: 'Key',
      error: '-',
    });
    expect(second).toMatchObject({
      requestId: bad.headers['x-amz-apigw-id'],
      status: '403',
      sqs: '-',
      key: '-',
      error: 'INVALID_API_KEY',
    });
    expect(third).toMatchObject({ resourcePath: '-', status: '403', error: 'MISSING_AUTHENTICATION_TOKEN' });
    expect(lines.join('')).not.toContain('secret');
  });
});

describe('a template with an unsupported feature is rejected at startup', () => {
  const [fallback, success] = integrationResponses;

  it.each<[string, WebhookTemplateOptions, string | RegExp]>([
    [
      'another integration type',
      { integration: { Type: 'HTTP_PROXY' } },
      /^WebhookPost \(AWS::ApiGateway::Method\): not supported: .*Integration\.Type/s,
    ],
    [
      'another service',
      { integration: { Uri: 'arn:aws:apigateway:eu-west-1:sns:path/000000000000/topic' } },
      /WebhookPost.*only sqs:path/s,
    ],
    [
      'content handling',
      { integration: { ContentHandling: 'CONVERT_TO_TEXT' } },
      /WebhookPost.*ContentHandling/s,
    ],
    [
      'an authorizer',
      { changes: { EventPost: { AuthorizationType: 'AWS_IAM' } } },
      /EventPost.*AuthorizationType/s,
    ],
    ['a property', { changes: { Api: { BinaryMediaTypes: ['*/*'] } } }, /^Api .*BinaryMediaTypes/s],
    ['a greedy path', { changes: { Event: { PathPart: '{proxy+}' } } }, /^Event .*greedy/s],
    [
      'a status that no method response declares',
      { changes: { WebhookPost: { MethodResponses: [{ StatusCode: '200' }] } } },
      'WebhookPost (AWS::ApiGateway::Method): no method response declares the status 500',
    ],
    [
      'two default responses',
      { integration: { IntegrationResponses: [fallback, { ...success, SelectionPattern: undefined }] } },
      'more than one integration response has no selection pattern',
    ],
    [
      'a broken selection pattern',
      { integration: { IntegrationResponses: [{ ...success, SelectionPattern: '(' }] } },
      /^WebhookPost .*Invalid regular expression/,
    ],
    [
      'a broken template',
      { integration: { RequestTemplates: { 'text/plain': '#if(' } } },
      /^WebhookPost .*the mapping template for text\/plain: Parse error/,
    ],
    [
      'a variable of a template',
      {
        integration: {
          IntegrationResponses: [
            { ...success, ResponseTemplates: { 'application/json': '$context.authorizer.x' } },
          ],
        },
      },
      'the mapping template of 200: $context.authorizer is not supported',
    ],
    [
      'another response template',
      { integration: { IntegrationResponses: [{ ...success, ResponseTemplates: { 'text/html': '' } }] } },
      /WebhookPost.*text\/html/s,
    ],
    [
      'a parameter mapping',
      { integration: { RequestParameters: { 'integration.request.path.x': "'y'" } } },
      "the parameter mapping integration.request.path.x from 'y' is not supported",
    ],
    [
      'a policy',
      { changes: { Api: { Policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow' }] } } } },
      /^Api .*Policy/s,
    ],
    ['a throttled usage plan', { changes: { Plan: { Throttle: { RateLimit: 1 } } } }, /^Plan .*Throttle/s],
    ['a stage variable', { changes: { Stage: { Variables: { a: 'b' } } } }, /^Stage .*Variables/s],
    [
      'no API',
      { changes: { Api: null } },
      'exactly one AWS::ApiGateway::RestApi is supported, and the template has none',
    ],
    [
      'two APIs',
      { changes: { Api2: { Type: 'AWS::ApiGateway::RestApi', Properties: {} } } },
      'exactly one AWS::ApiGateway::RestApi is supported, and the template has more than one',
    ],
  ])('%s', async (_, template, message) => {
    await expect(start(template)).rejects.toThrow(message);
  });

  it('an unknown queue', async () => {
    const knowsNothing = { ...deployment, attributes: () => undefined };
    await expect(start({}, { deployment: knowsNothing })).rejects.toThrow('Queue.QueueName is unknown');
  });
});
