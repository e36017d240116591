import {
  Reconciliation,
  type Account,
  type Arrival,
  type MessageReader,
  type QueuedMessage,
} from '../../../local/account/reconciliation';

const subject = { event: null, campaign: null, identity: null };

/** Messages are lists of events: `a` is delivered under the key `a`, `!a` can only be rejected, `-a` is ignored. */
const reader: MessageReader = {
  eventsOf: ({ body }, appIds) =>
    body.split(' ').map((id) => ({
      id,
      isIgnored: id.startsWith('-'),
      subject,
      heapEvents: /^[!-]/.test(id)
        ? []
        : [...appIds].map((appId) => ({ identity: id, idempotency_key: `${appId}-${id.replace(/\d/, '')}` })),
    })),
  reasonOf: ({ attributes }) => attributes['reason']?.StringValue ?? 'none',
  isOwnRow: (row) => row.includes('11-'),
};

const message = (body: string, reason?: string): QueuedMessage => ({
  body,
  attributes: reason === undefined ? {} : { reason: { DataType: 'String', StringValue: reason } },
});
const accepted = (body: string): Arrival => ({
  kind: 'arrival',
  at: 0,
  queue: 'buffer',
  message: message(body),
});
const deadLetter = (body: string, reason: string): Arrival => ({
  kind: 'arrival',
  at: 0,
  queue: 'dead letters',
  message: message(body, reason),
});
const row = (identity: string, key: string): string => JSON.stringify([identity, null, key]);

interface State {
  readonly arrivals: readonly Arrival[];
  readonly buffer: readonly QueuedMessage[];
  /** For a real Heap, the number of events the function says it has delivered. */
  readonly heap: { readonly rows: ReadonlySet<string>; readonly appIds: ReadonlySet<string> } | number;
}

const reconcile = ({ arrivals, buffer, heap }: State, by: MessageReader): Promise<Account> => {
  const rows =
    typeof heap === 'number'
      ? []
      : [...heap.appIds].flatMap((appId) =>
          Array.from(heap.rows, (id) => ({ kind: 'row', at: 0, id, appId }) as const),
        );
  return new Reconciliation(
    {
      happenings: [...arrivals, ...rows],
      buffer: () => buffer,
      delivered: typeof heap === 'number' ? () => heap : undefined,
    },
    by,
  ).account();
};

const account = (
  arrivals: readonly Arrival[],
  { rows = [] as string[], buffer = [] as string[] } = {},
): Promise<Account> =>
  reconcile(
    {
      arrivals,
      buffer: buffer.map((body) => message(body)),
      heap: { rows: new Set(rows), appIds: new Set(['11']) },
    },
    reader,
  );

const nothing = {
  requests: 0,
  accepted: 0,
  delivered: 0,
  rows: 0,
  queued: 0,
  rejected: 0,
  rejectedByReason: [],
  ignored: 0,
  missing: 0,
  unexplainedRows: 0,
};

test('nothing has happened', async () => {
  expect(await account([])).toEqual(nothing);
});

test('every event is in its place', async () => {
  expect(
    await account(
      [
        accepted('a !b -c'),
        accepted('d'),
        accepted('!e !f'),
        deadLetter('!b', 'x'),
        deadLetter('!e !f', 'y'),
      ],
      { rows: [row('a', '11-a')], buffer: ['d'] },
    ),
  ).toEqual({
    ...nothing,
    requests: 3,
    accepted: 6,
    delivered: 1,
    rows: 1,
    queued: 1,
    rejected: 3,
    rejectedByReason: [
      ['y', 2],
      ['x', 1],
    ],
    ignored: 1,
  });
});

test('delivered neighbours of a retried event are still in the buffer and count as delivered', async () => {
  expect(await account([accepted('a b -c !d')], { rows: [row('a', '11-a')], buffer: ['a b -c !d'] })).toEqual(
    { ...nothing, requests: 1, accepted: 4, delivered: 1, rows: 1, queued: 3 },
  );
});

test('a dead letter of an event that reached Heap, or was received twice, is not counted again (F19)', async () => {
  const letters = [deadLetter('a', 'heap_rejected'), deadLetter('!b', 'x'), deadLetter('!b', 'x')];
  expect(await account([accepted('a !b'), ...letters], { rows: [row('a', '11-a')] })).toEqual({
    ...nothing,
    requests: 1,
    accepted: 2,
    delivered: 1,
    rows: 1,
    rejected: 1,
    rejectedByReason: [['x', 1]],
  });
});

test('an event that continued in another message, or was redriven, counts as accepted once (F25)', async () => {
  expect(
    await account(
      [accepted('a b !c'), accepted('b !c'), deadLetter('!c', 'x'), accepted('!c'), deadLetter('!c', 'y')],
      { rows: [row('a', '11-a')], buffer: ['b'] },
    ),
  ).toMatchObject({
    requests: 1,
    accepted: 3,
    delivered: 1,
    queued: 1,
    rejected: 1,
    rejectedByReason: [['y', 1]],
    missing: 0,
  });
});

test('a redriven event that is nowhere now is missing', async () => {
  expect(await account([accepted('!c'), deadLetter('!c', 'x'), accepted('!c')])).toMatchObject({
    accepted: 1,
    rejected: 0,
    missing: 1,
  });
});

test('equal events share one row', async () => {
  const rows = [row('a1', '11-a'), row('a2', '11-a')];
  expect(await account([accepted('a1 a2')], { rows })).toMatchObject({ delivered: 2, rows: 2 });
  const sameUser: MessageReader = {
    ...reader,
    eventsOf: ({ body }) =>
      body.split(' ').map((id) => ({
        id,
        isIgnored: false,
        subject,
        heapEvents: [{ identity: 'ana', idempotency_key: '11-k' }],
      })),
  };
  const heap = { rows: new Set([row('ana', '11-k')]), appIds: new Set(['11']) };
  expect(await reconcile({ arrivals: [accepted('a b')], buffer: [], heap }, sameUser)).toMatchObject({
    accepted: 2,
    delivered: 2,
    rows: 1,
    missing: 0,
    unexplainedRows: 0,
  });
});

test('a lost event is missing', async () => {
  expect(await account([accepted('a b')], { rows: [row('a', '11-a')] })).toMatchObject({
    accepted: 2,
    delivered: 1,
    missing: 1,
  });
});

test('a row under another key is unexplained, unless another program posted it', async () => {
  const rows = [row('a', '11-a'), row('a', '11-other'), row('x', 'by hand')];
  expect(await account([accepted('a')], { rows })).toMatchObject({ delivered: 1, unexplainedRows: 1 });
});

test('a dead letter that was put there by hand does not count as accepted', async () => {
  expect(await account([deadLetter('!z', 'x')])).toEqual(nothing);
});

test('for a real Heap, the events that the function counted as delivered are assumed to be there', async () => {
  const state = {
    arrivals: [accepted('a b !c'), accepted('d'), deadLetter('!c', 'x')],
    buffer: [message('d')],
  };
  expect(await reconcile({ ...state, heap: 2 }, reader)).toMatchObject({
    accepted: 4,
    delivered: 2,
    rows: undefined,
    queued: 1,
    rejected: 1,
    missing: 0,
  });
  expect(await reconcile({ ...state, heap: 1 }, reader)).toMatchObject({ missing: 1 });
  expect(await reconcile({ ...state, heap: 4 }, reader)).toMatchObject({ missing: -2 });
});

test('a long reconciliation yields to other work', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  await account(Array.from({ length: 20_000 }, (_, n) => accepted(`e${n}`)));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});
