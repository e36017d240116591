import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { assemblyDirectory } from '../../support/assembly';
import { eventually } from '../../support/eventually';
import { StackWithConsole } from '../../support/stack-with-console';

/** Each with four profiles. */
const requests = 1250;
const events = 5000;
const shown = 1000;

let stack: StackWithConsole;

beforeAll(async () => {
  stack = await StackWithConsole.start({ assemblyDirectory: assemblyDirectory() });
});
afterAll(() => stack.end());

/** As the endpoint puts them into the queue, ten in a call. */
async function send(): Promise<void> {
  const sqs = new SQSClient({
    endpoint: stack.stack.awsUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  const receivedAt = String(Date.now());
  for (let start = 0; start < requests; start += 10) {
    const Entries = Array.from({ length: 10 }, (_, n) => ({
      Id: String(n),
      MessageBody: JSON.stringify({
        key_values: { event: 'Newsletter' },
        profiles: ['a', 'b', 'c', 'd'].map((name) => ({ identity: `sample-${start + n}-${name}` })),
      }),
      MessageAttributes: {
        requestId: { DataType: 'String', StringValue: `burst-${start + n}` },
        receivedAt: { DataType: 'Number', StringValue: receivedAt },
      },
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: stack.stack.queueUrl, Entries }));
  }
  sqs.destroy();
}

test('of five thousand events the newest thousand requests are rows, and a page that does not read holds nothing up', async () => {
  // It is told the state, and never reads on.
  const leaving = new AbortController();
  const slow = await fetch(`${stack.origin}/api/feed`, { signal: leaving.signal });
  expect(slow.ok).toBe(true);
  await send();
  await eventually(async () => {
    expect(await stack.account()).toMatchObject({ delivered: events });
  });
  const state = await stack.state();
  expect(state.equation).toMatchObject({ accepted: events, delivered: events, queued: 0, missing: 0 });
  expect(state.rows).toHaveLength(shown);
  expect(state.olderRows).toBe(requests - shown);
  expect(state.rows.map(({ requestId }) => requestId)).toEqual(
    Array.from({ length: shown }, (_, n) => `burst-${requests - 1 - n}`),
  );
  expect(new Set(state.rows.map((row) => row.state.kind))).toEqual(new Set(['delivered']));
  const account = await stack.account();
  expect({ ...account, ...state.equation }).toEqual(account);
  expect(account).toMatchObject({ requests, rows: events, unexplainedRows: 0 });
  const [newest] = state.rows;
  expect(newest?.id).toMatch(new RegExp(`^r${requests}-[0-9a-z]+$`));
  const oldest = newest?.id.replace(/^r\d+/, 'r1');
  for (const id of [String(oldest), `r${requests}`, `r${requests}-0`])
    expect(await (await stack.get(`/api/rows/${id}`)).json()).toEqual({
      error: 'There is no such row, or not any more: this stack keeps the newest 1000.',
    });
  leaving.abort();
});
