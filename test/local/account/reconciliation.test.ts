import {
  Reconciliation,
  type Account,
  type Arrival,
  type Follower,
  type Happening,
  type MessageReader,
  type QueuedMessage,
  type TrackedEvent,
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
  /** The bodies of the messages that have not left the buffer. */
  readonly buffer: readonly string[];
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
  const departures = arrivals
    .filter(({ queue, message: { body } }) => queue === 'buffer' && !buffer.includes(body))
    .map(({ message: left }) => ({ kind: 'departure', message: left }) as const);
  return new Reconciliation(
    {
      happenings: [...arrivals, ...rows, ...departures],
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
      buffer,
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
      [
        accepted('a b !c'),
        accepted('b !c'),
        accepted('b'),
        deadLetter('!c', 'x'),
        accepted('!c'),
        deadLetter('!c', 'y'),
      ],
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
    buffer: ['d'],
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

describe('as it happens', () => {
  const left = ({ message: of }: Arrival): Happening => ({ kind: 'departure', message: of });
  const stored = (identity: string, appId = '11', at = 0, timestamp?: string): Happening => ({
    kind: 'row',
    at,
    id: row('x', `${appId}-${identity}`),
    appId,
    timestamp,
  });
  /** Events with a digit are equal: `x1` and `x2` have the key `x` and one identity. */
  const equal: MessageReader = {
    ...reader,
    eventsOf: (of, appIds) =>
      reader.eventsOf(of, appIds).map((event) => ({
        ...event,
        heapEvents: event.heapEvents.map((heapEvent) => ({
          ...heapEvent,
          identity: 'x',
          timestamp: event.id,
        })),
      })),
  };
  const observe = (forgotten: Follower['forgotten'] = () => undefined) => {
    const happenings: Happening[] = [];
    const followed = new Map<string, TrackedEvent>();
    const reconciliation = new Reconciliation({ happenings, delivered: undefined, appId: '11' }, equal);
    reconciliation.follow({
      arrived: (_, events) => {
        for (const { tracked } of events) followed.set(tracked.event.id, tracked);
      },
      moved: () => undefined,
      forgotten,
    });
    return {
      reconciliation,
      happen: (...all: Happening[]) => happenings.push(...all),
      rowOf: (id: string) => reconciliation.rowOf(followed.get(id)!),
    };
  };

  test('an event that Heap has under a former app only is queued until it is there under the new one', async () => {
    const { reconciliation, happen } = observe();
    const [first, second, other] = [accepted('x1'), accepted('x2'), accepted('y')];
    happen(first, stored('x'), left(first));
    happen(other, stored('y', '22'), left(other), second);
    expect(await reconciliation.account()).toMatchObject({ accepted: 3, delivered: 2, queued: 1 });
    happen(stored('x', '22'), left(second));
    expect(await reconciliation.account()).toMatchObject({ delivered: 3, queued: 0, missing: 0 });
  });

  test('an event equal to one that Heap has is queued until its message is gone', async () => {
    const { reconciliation, happen } = observe();
    const [first, second] = [accepted('x1'), accepted('x2')];
    happen(first, stored('x'), left(first), second);
    expect(await reconciliation.account()).toMatchObject({ delivered: 1, queued: 1 });
    happen(left(second));
    expect(await reconciliation.account()).toMatchObject({ delivered: 2, queued: 0, missing: 0 });
  });

  test('an event equal to one that Heap has is rejected if its message became a dead letter', async () => {
    const { reconciliation, happen } = observe();
    const [first, second, redriven] = [accepted('x1'), accepted('x2'), accepted('x2')];
    happen(first, stored('x'), left(first), second, deadLetter('x2', 'heap_rejected'), left(second));
    expect(await reconciliation.account()).toMatchObject({ delivered: 1, rejected: 1 });
    happen(redriven);
    expect(await reconciliation.account()).toMatchObject({ delivered: 1, queued: 1, rejected: 0 });
    happen(left(redriven));
    expect(await reconciliation.account()).toMatchObject({ delivered: 2, missing: 0 });
  });

  test('an event in two messages is queued until both are gone', async () => {
    const { reconciliation, happen } = observe();
    const [whole, rest] = [accepted('x1 !b'), accepted('!b')];
    happen(whole, rest, left(whole), stored('x'));
    expect(await reconciliation.account()).toMatchObject({ delivered: 1, queued: 1, missing: 0 });
    happen(left(rest));
    expect(await reconciliation.account()).toMatchObject({ delivered: 1, queued: 0, missing: 1 });
  });

  test('a row that Heap forgot stays delivered and proves nothing about later events', async () => {
    const forgotten: string[] = [];
    const { reconciliation, happen, rowOf } = observe(({ event }) => forgotten.push(event.id));
    const [first, second, third] = [accepted('x1'), accepted('x2'), accepted('x3')];
    happen(first, stored('x', '11', 10, 'x1'), left(first), { kind: 'reset', at: 20 });
    expect(await reconciliation.account()).toMatchObject({ delivered: 1, missing: 0 });
    expect(forgotten).toEqual(['x1']);
    happen(second, left(second));
    expect(await reconciliation.account()).toMatchObject({ delivered: 1, missing: 1 });
    happen(third, stored('x', '11', 30, 'x3'), left(third));
    expect(await reconciliation.account()).toMatchObject({ delivered: 3, missing: 0 });
    expect(rowOf('x1')).toMatchObject({ at: 10, forgottenAt: 20, owner: { event: { id: 'x1' } } });
    for (const id of ['x2', 'x3'])
      expect(rowOf(id)).toMatchObject({ at: 30, forgottenAt: undefined, owner: { event: { id: 'x3' } } });
  });
});

test('a long reconciliation yields to other work', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  await account(Array.from({ length: 20_000 }, (_, n) => accepted(`e${n}`)));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});
