import fc from 'fast-check';
import { startApiGateway, type RunningApiGateway } from '../../local/api-gateway/server';
import { readTemplate } from '../../local/template';
import { FakeSqs, refused, stored } from '../support/fake-sqs';
import { hostileBody } from '../support/hostile-body';
import { synthesizedTemplate } from '../support/synthesized';

/** The synthesized endpoint in front of an SQS that answers as a test wants. */
let sqs: FakeSqs;
let gateway: RunningApiGateway;

beforeAll(async () => {
  sqs = await FakeSqs.start();
  gateway = await startApiGateway({
    port: 0,
    template: readTemplate(synthesizedTemplate('settings').toJSON()),
    deployment: {
      region: 'us-east-1',
      accountId: '000000000000',
      stackName: 'Test',
      attributes: (logicalId, attribute) => `${logicalId}.${attribute}`,
    },
    sqsEndpoint: sqs.origin,
  });
});

afterAll(async () => {
  await gateway.close();
  await sqs.close();
});

beforeEach(() => {
  sqs.reply = stored;
});

const post = (body: string | Uint8Array, path = '/v1/webhook'): Promise<Response> =>
  fetch(`${gateway.origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': [...gateway.apiKeys.values()][0] ?? '' },
    body: Buffer.from(body),
  });

const parameters = (attributes: number): string[] =>
  [
    'Action',
    'MessageBody',
    ...Array.from({ length: attributes }, (_, index) =>
      ['Name', 'Value.DataType', 'Value.StringValue'].map((part) => `MessageAttribute.${index + 1}.${part}`),
    ).flat(),
  ].sort();

test('any body reaches SQS unchanged, as one parameter of one call (F12, F13, F14)', async () => {
  await fc.assert(
    fc.asyncProperty(hostileBody, async (body) => {
      expect((await post(body)).status).toBe(200);
      expect(sqs.last.parameters.get('MessageBody')).toBe(body);
      expect(sqs.last.parameters.get('Action')).toBe('SendMessage');
      expect(sqs.last.count).toBe(8);
      expect([...sqs.last.parameters.keys()].sort()).toEqual(parameters(2));
    }),
    { numRuns: 100 },
  );
});

test('any event name in the URL reaches SQS as one attribute (F12, F13, F14)', async () => {
  const segment = hostileBody.filter((text) => text.isWellFormed()).map(encodeURIComponent);
  await fc.assert(
    fc.asyncProperty(segment, async (event) => {
      // fetch resolves these two itself, encoded or not.
      fc.pre(!/^(\.|%2e){1,2}$/i.test(event));
      expect((await post('{}', `/v1/webhook/${event}`)).status).toBe(200);
      expect(sqs.last.parameters.get('MessageAttribute.3.Name')).toBe('event');
      expect(sqs.last.parameters.get('MessageAttribute.3.Value.StringValue')).toBe(event);
      expect([...sqs.last.parameters.keys()].sort()).toEqual(parameters(3));
    }),
    { numRuns: 100 },
  );
});

test('only a 2xx of SQS becomes a 200; no other status becomes a success (F02, F03)', async () => {
  for (let status = 200; status < 600; status += 1) {
    sqs.reply = { status, body: '{}' };
    const answer = await post('{}');
    expect({ status, answer: answer.status }).toEqual({ status, answer: expected(status) });
  }
});

function expected(status: number): number {
  if (status < 300) return 200;
  return status === 400 || status === 413 ? status : 500;
}

test.each([
  ['a message that is too long', refused('InvalidParameterValue'), 413, /too long/],
  ['characters it does not take', refused('InvalidMessageContents'), 400, /control characters/],
  ['an answer in XML', { status: 400, body: '<ErrorResponse/>' }, 400, /./],
])('SQS refusing %s gives the caller the reason (F05, F06)', async (_, reply, status, message) => {
  sqs.reply = reply;
  const answer = await post('{}');
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ message: expect.stringMatching(message) as string });
});

test('a broken connection is no success (F03)', async () => {
  sqs.reply = 'reset';
  expect((await post('{}')).status).toBe(500);
});

test('bytes that are not UTF-8 are stored as replaced characters, not refused (F16)', async () => {
  expect((await post(Uint8Array.from([0x7b, 0xff, 0xc3, 0x7d]))).status).toBe(200);
  expect(sqs.last.parameters.get('MessageBody')).toBe('{\uFFFD\uFFFD}');
});

test('an empty body is stored as {} (F15)', async () => {
  expect((await post('')).status).toBe(200);
  expect(sqs.last.parameters.get('MessageBody')).toBe('{}');
});
