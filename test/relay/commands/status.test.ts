import { isAllRight, readStatus, status, statusOf, type Figures } from '../../../relay/commands/status';
import { LocalDeadLetters } from '../../support/local-dead-letters';
import { relayEnvironment } from '../../support/relay-environment';

const figures = (
  sums: Figures['forwarder']['sums'],
  { door = {}, ...overrides }: Partial<Omit<Figures, 'door'>> & { door?: Partial<Figures['door']> } = {},
): Figures => ({
  door: { requests: 0, refused: 0, failed: 0, ...door },
  forwarder: { sums, rejectedByReason: {}, lag: undefined },
  pending: { visible: 0, inFlight: 0, delayed: 0 },
  deadLetters: 0,
  alarms: { names: [], ringing: [], muted: [] },
  recipients: [],
  ...overrides,
});
const judge = (...of: Parameters<typeof figures>) => statusOf('Stack', 0, 3_600_000, figures(...of));
const settled = { EventsReceived: 10, EventsDelivered: 6, EventsRejected: 3, EventsIgnored: 1 };

test.each([
  ['nothing happened', {}, {}],
  ['everything is settled', settled, { door: { requests: 10 } }],
  ['refused requests hold no events', settled, { door: { requests: 17, refused: 4, failed: 3 } }],
  ['one request holds many events', settled, { door: { requests: 2 } }],
  [
    'retried events wait, hidden',
    { ...settled, EventsDelivered: 4 },
    { pending: { visible: 0, inFlight: 1, delayed: 0 } },
  ],
  [
    'unread messages wait, visible',
    {},
    { door: { requests: 5 }, pending: { visible: 5, inFlight: 0, delayed: 0 } },
  ],
  ['a backlog of before ends in the window', { ...settled, EventsDelivered: 60 }, { door: { requests: 10 } }],
  [
    'an invocation crashed with what it had received, which ended later (F26)',
    { ...settled, EventsReceived: 1 },
    { door: { requests: 10 } },
  ],
  [
    'a redriven dead letter counts again',
    { EventsReceived: 12, EventsDelivered: 12 },
    { door: { requests: 10 } },
  ],
])('consistent: %s', (_, sums, overrides) => {
  expect(judge(sums, overrides)).toMatchObject({ consistent: true, differences: [] });
});

test.each([
  [
    'accepted requests that never reached the function (F22)',
    settled,
    { door: { requests: 12 }, pending: { visible: 1, inFlight: 0, delayed: 0 } },
    '1 accepted request neither reached the forwarder nor is in the queue.',
  ],
  [
    'received events without an end',
    { ...settled, EventsDelivered: 4 },
    { door: { requests: 10 } },
    '2 events were received but neither delivered, rejected nor ignored, and no message is waiting. If SQS',
  ],
])('not consistent, and names the difference: %s', (_, sums, overrides, difference) => {
  const { consistent, differences } = judge(sums, overrides);

  expect(consistent).toBe(false);
  expect(differences).toEqual([expect.stringContaining(difference)]);
});

test('a severity without a confirmed recipient is a failure (F72)', () => {
  const notified = {
    severity: 'page',
    topicArn: 'arn:page',
    confirmed: ['https pager'],
    pending: [],
    missing: [],
  } as const;
  const unconfirmed = {
    ...notified,
    severity: 'ticket',
    confirmed: [],
    pending: ['email …@shop.com'],
  } as const;

  expect(isAllRight(judge(settled, { recipients: [notified] }))).toBe(true);
  expect(isAllRight(judge(settled, { recipients: [notified, unconfirmed] }))).toBe(false);
});

test('counts waiting messages in the queues, and leaves out the time that metrics may not cover yet', async () => {
  const queues = await LocalDeadLetters.start();
  await queues.add('{}');
  queues.service.sendMessage('buffer', { MessageBody: 'a' });
  queues.service.sendMessage('buffer', { MessageBody: 'b' });
  queues.service.receiveMessage('buffer', { VisibilityTimeout: 60 });
  const windows: [number, number][] = [];

  const status = await readStatus(
    relayEnvironment({
      sqs: queues.sqs,
      outputs: { EventBufferUrl: queues.buffer.url, DeadLetterQueueUrl: queues.deadLetters.url },
      metricDelayMs: 180_000,
      doorCounts: (from, to) => {
        windows.push([from, to]);
        return Promise.resolve({ requests: 2, refused: 0, failed: 0 });
      },
      forwarderCounts: (from, to) => {
        windows.push([from, to]);
        return Promise.resolve({ sums: {}, rejectedByReason: {}, lag: undefined });
      },
      alarms: () => Promise.resolve({ names: [], ringing: [], muted: [] }),
      alarmRecipients: () => Promise.resolve([]),
    }),
    3_600_000,
  );
  await queues.close();

  expect(status).toMatchObject({
    accepted: 2,
    pending: 2,
    pendingHidden: 1,
    deadLetters: 1,
    consistent: true,
  });
  const [door = [0, 0], forwarder = [0, 0]] = windows;
  expect(forwarder[1] - forwarder[0]).toBe(3_600_000);
  expect(forwarder[1] - door[1]).toBe(180_000);
});

test('--verbose without --by campaign would do nothing, and is refused before any call', async () => {
  await expect(status({ env: 'local', window: 1000, verbose: true })).rejects.toThrow(
    '--verbose shows what the search for campaigns read and cost. Add --by campaign, or leave --verbose out.',
  );
});
