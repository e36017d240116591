import type { SQSRecord } from 'aws-lambda';
import { metrics } from '../../../lambda/contract';
import type { Letter } from '../../../lambda/forwarder/dead-letter';
import type { HeapAnswer } from '../../../lambda/heap/outcome';
import { Pace } from '../../../lambda/heap/pace';
import { attributesOf, InMemoryPorts, ok, redriven } from '../../support/in-memory-ports';
import { RECEIVED_AT, sqsRecord, type SqsRecordOptions } from '../../support/sqs-record';

const hour = 3_600_000;
const busy: HeapAnswer = { status: 503, body: '' };
const day = { firstReceivedAt: RECEIVED_AT - 24 * hour };

const profiles = (count: number, from = 0): object[] =>
  Array.from({ length: count }, (_, index) => ({ identity: `cust-${from + index}` }));
const broadcast = (list: readonly unknown[], options: SqsRecordOptions = {}): SQSRecord =>
  sqsRecord({ key_values: { event: 'Reminder' }, profiles: list }, options);

const identities = (letter: Letter | undefined): unknown[] =>
  (JSON.parse(letter?.body ?? '{}') as { profiles: { identity: unknown }[] }).profiles.map(
    ({ identity }) => identity,
  );
const reasons = (ports: InMemoryPorts): unknown[] =>
  ports.letters.map((letter) => attributesOf(letter)['reason']);

describe('24 hours after its first receive', () => {
  it('a message that still fails is dead-lettered with what Heap said', async () => {
    const ports = new InMemoryPorts();
    ports.answer = () => busy;

    expect(await ports.forward([broadcast(profiles(1), day)])).toEqual([]);
    expect(ports.letters.map(attributesOf)).toMatchObject([
      {
        reason: 'retries_exhausted',
        detail: 'no success in 24 hours; last failure: Heap answered 503',
        events: '1',
        requestId: 'request-of-m1',
      },
    ]);
  });

  it('a millisecond earlier it is kept', async () => {
    const ports = new InMemoryPorts();
    ports.answer = () => busy;
    ports.time = RECEIVED_AT;
    const record = broadcast(profiles(1), { firstReceivedAt: RECEIVED_AT - 24 * hour + 1 });

    expect(await ports.forward([record])).toEqual(['m1']);
    expect(ports.letters).toEqual([]);
  });

  it('a message that succeeds is delivered', async () => {
    const ports = new InMemoryPorts();

    expect(await ports.forward([broadcast(profiles(1), day)])).toEqual([]);
    expect([ports.stored.size, ports.letters.length]).toEqual([1, 0]);
  });

  it('delivered events are not dead-lettered, and rejected ones have their own dead letter', async () => {
    const ports = new InMemoryPorts();
    ports.answer = (_, number) => (number === 1 ? ok : busy);
    const list = [...profiles(1000), { identity: 'guest' }, ...profiles(2, 1000)];

    expect(await ports.forward([broadcast(list, day)])).toEqual([]);
    expect(reasons(ports)).toEqual(['placeholder_identity', 'retries_exhausted']);
    expect(identities(ports.letters[1])).toEqual(['cust-1000', 'cust-1001']);
    expect(ports.sumOf(metrics.eventsDelivered)).toBe(1000);
    expect(ports.sumOf(metrics.eventsRejected)).toBe(3);
  });

  it('a message that waited behind a failed probe fails with it, however many newer ones there are', async () => {
    const ports = new InMemoryPorts();
    ports.answer = () => busy;
    for (let failure = 1; failure <= 3; failure += 1) ports.breaker.failed(ports.time, false, undefined);
    const old = broadcast(profiles(1), { ...day, messageId: 'old', receiveCount: 30 });

    expect(await ports.forward([old, broadcast(profiles(1, 1), { messageId: 'new' })])).toEqual(['new']);
    expect(ports.requests.flatMap(({ events }) => events.map(({ identity }) => identity))).not.toContain(
      'cust-0',
    );
    expect(ports.letters.map(attributesOf)).toMatchObject([
      { reason: 'retries_exhausted', detail: 'no success in 24 hours; last failure: Heap answered 503' },
    ]);
  });

  it('a message without an attempt keeps waiting', async () => {
    const ports = new InMemoryPorts();
    ports.answer = () => busy;
    ports.breaker.failed(ports.time, true, 600);

    expect(await ports.forward([broadcast(profiles(1), day)])).toEqual(['m1']);
    expect([ports.requests.length, ports.letters.length]).toEqual([0, 0]);
  });

  it('a redriven dead letter is delivered with the same keys and counts as received again (F65)', async () => {
    const failing = new InMemoryPorts();
    failing.answer = () => busy;
    const record = broadcast(profiles(2), day);
    await failing.forward([record]);
    const ports = new InMemoryPorts();

    expect(await ports.forward([redriven(record, failing.letters[0]!)])).toEqual([]);
    const keysOf = ({ requests }: InMemoryPorts): string[] =>
      requests[0]!.events.map((event) => event.idempotency_key);
    expect(keysOf(ports)).toEqual(keysOf(failing));
  });
});

describe('when an invocation runs out of time', () => {
  /** Ports with time for the given number of bulks of 1000. */
  const timeFor = (bulks: number): InMemoryPorts => {
    const ports = new InMemoryPorts();
    ports.pace = new Pace(6000);
    // The first bulk is sent at once, and each further one after ten seconds.
    ports.remaining = 20_001 + (bulks - 1) * 10_000;
    return ports;
  };

  it('the unsent events of a message go back to the buffer with the same stamps (F25)', async () => {
    const ports = timeFor(2);

    expect(await ports.forward([broadcast(profiles(2500))])).toEqual([]);
    expect(ports.stored.size).toBe(2000);
    expect(ports.sentBack.map(attributesOf)).toEqual([
      { requestId: 'request-of-m1', receivedAt: String(RECEIVED_AT), continuation: 'yes' },
    ]);
    expect(identities(ports.sentBack[0])).toEqual(
      Array.from({ length: 500 }, (_, index) => `cust-${2000 + index}`),
    );
    expect(ports.logged('settled')).toEqual([]);
  });

  it('a refused event is found even at the slowest pace, so that its message makes progress (F57)', async () => {
    const ports = new InMemoryPorts();
    ports.pace = new Pace(300);
    ports.pace.take(1000, ports.time);
    // The first of all events is bad, and Heap does not say which one.
    ports.answer = ({ events }) => (events[0]?.identity === 'cust-0' ? { status: 400, body: '' } : ok);

    expect(await ports.forward([broadcast(profiles(1160))])).toEqual([]);
    expect(reasons(ports)).toEqual(['heap_rejected']);
    expect(ports.sentBack).toHaveLength(1);
  });

  it('the continuation is delivered with the same keys, and no event counts as received twice', async () => {
    const ports = timeFor(1);
    const record = broadcast([...profiles(2100), { identity: 'guest' }]);
    let next = record;
    for (let round = 1; round <= 3; round += 1) {
      expect(await ports.forward([next])).toEqual([]);
      const letter = ports.sentBack.at(-1)!;
      expect(ports.sentBack).toHaveLength(Math.min(round, 2));
      next = redriven(record, letter);
      ports.time += hour;
      ports.remaining = 20_001;
    }
    const whole = new InMemoryPorts();
    await whole.forward([record]);

    expect([...ports.stored.keys()]).toEqual([...whole.stored.keys()]);
    expect(reasons(ports)).toEqual(['placeholder_identity']);
    expect(ports.sumOf(metrics.eventsReceived)).toBe(2101);
    expect(ports.sumOf(metrics.eventsDelivered)).toBe(2100);
    expect(ports.sumOf(metrics.eventsRejected)).toBe(1);
    expect(ports.logged('settled')).toMatchObject([{ requestIds: ['request-of-m1'] }]);
  });

  it('a message that was not attempted is retried soon', async () => {
    const ports = timeFor(1);

    expect(
      await ports.forward([broadcast(profiles(1000)), broadcast(profiles(5), { messageId: 'm2' })]),
    ).toEqual(['m2']);
    expect(ports.delays).toEqual([{ receiptHandle: 'receipt-of-m2', seconds: 30 }]);
    expect([ports.sentBack.length, ports.letters.length]).toEqual([0, 0]);
  });

  it('a message whose only final events are rejected continues without them', async () => {
    const ports = timeFor(1);
    const mixed = broadcast([{ identity: 'guest' }, ...profiles(5)], { messageId: 'm2' });

    expect(await ports.forward([broadcast(profiles(1000)), mixed])).toEqual([]);
    expect(reasons(ports)).toEqual(['placeholder_identity']);
    expect(ports.sentBack.map(identities)).toEqual([Array.from({ length: 5 }, (_, i) => `cust-${i}`)]);
  });

  it('one received 40 times is sent back as a new message, long before SQS gives up on it', async () => {
    const ports = timeFor(1);
    const often = { messageId: 'm2', receiveCount: 40 };
    const records = [broadcast(profiles(1000)), broadcast(profiles(5), often)];

    expect(await ports.forward(records)).toEqual([]);
    expect(ports.sentBack.map((letter) => [letter.body, attributesOf(letter)['continuation']])).toEqual([
      [records[1]!.body, 'yes'],
    ]);
  });

  it('a buffer that accepts no continuation leaves the message in SQS (F61)', async () => {
    const ports = timeFor(1);
    ports.takesBack = () => false;

    expect(await ports.forward([broadcast([...profiles(1500), { identity: 'guest' }])])).toEqual(['m1']);
    expect(ports.letters).toEqual([]);
    expect(ports.sumOf(metrics.eventsDelivered)).toBe(0);
  });
});

describe('while Heap is down', () => {
  const down = (): InMemoryPorts => {
    const ports = new InMemoryPorts();
    ports.answer = () => busy;
    for (let failure = 1; failure <= 3; failure += 1) ports.breaker.failed(ports.time, false, undefined);
    return ports;
  };

  it('a batch waits and probes every 30 seconds until it runs out of time (F56)', async () => {
    const ports = down();
    const startedAt = ports.time;
    const kept = await ports.forward([broadcast(profiles(1)), broadcast(profiles(1), { messageId: 'm2' })]);

    expect(kept).toEqual(['m1', 'm2']);
    expect(ports.requests).toHaveLength(3);
    expect(ports.time - startedAt).toBe(90_000);
    expect(ports.sumOf(metrics.breakerOpen)).toBe(1);
    expect(ports.sumOf(metrics.heapCallsRetryable)).toBe(3);
  });

  it('unsent events wait as long as failed ones, and are never split off', async () => {
    const ports = down();
    await ports.forward([broadcast(profiles(1500)), broadcast(profiles(1), { messageId: 'm2' })]);

    expect(ports.delays.map(({ seconds }) => seconds)).toEqual([91, 91]);
    expect(ports.sentBack).toEqual([]);
  });

  it('all the rest follows the first successful probe', async () => {
    const ports = down();
    ports.answer = (_, number) => (number === 2 ? ok : number === 1 ? busy : ok);

    expect(await ports.forward([broadcast(profiles(2500))])).toEqual([]);
    expect(ports.requests).toHaveLength(4);
    expect(ports.stored.size).toBe(2500);
    expect(ports.sumOf(metrics.breakerOpen)).toBe(1);
  });
});

describe('a message that was received before', () => {
  const again = (messageId: string, receiveCount: number): SQSRecord =>
    broadcast([{ identity: messageId }], { messageId, receiveCount });

  it('is hidden for minutes before it is decoded, in case it kills the function (F27)', async () => {
    const ports = new InMemoryPorts();
    const hiddenFirst: number[] = [];
    ports.answer = () => {
      hiddenFirst.push(...ports.delays.map(({ seconds }) => seconds));
      return ok;
    };
    await ports.forward([again('new', 1), again('again', 2)]);

    expect(ports.delays.map(({ receiptHandle }) => receiptHandle)).toEqual(['receipt-of-again']);
    expect(hiddenFirst).toEqual([180]);
  });

  it('is sent after the others from its fourth receive on (F27)', async () => {
    const ports = new InMemoryPorts();
    await ports.forward([again('suspect', 4), again('third', 3), again('new', 1)]);

    expect(ports.requests.map(({ events }) => events.map(({ identity }) => identity))).toEqual([
      ['third', 'new'],
      ['suspect'],
    ]);
  });
});

describe('metrics', () => {
  it('count an event as received only at its first receive', async () => {
    const ports = new InMemoryPorts();
    ports.answer = () => busy;
    await ports.forward([broadcast(profiles(3))]);
    await ports.forward([broadcast(profiles(3), { receiveCount: 2 })]);

    expect(ports.sumOf(metrics.eventsReceived)).toBe(3);
    expect(ports.sumOf(metrics.eventsRetried)).toBe(6);
    expect(ports.sumOf(metrics.eventsDelivered)).toBe(0);
  });

  it('count messages that wait for a token as received (F44)', async () => {
    const ports = new InMemoryPorts();
    ports.token = undefined;
    await ports.forward([broadcast(profiles(3)), sqsRecord('{', { messageId: 'm2' })]);

    expect(ports.sumOf(metrics.eventsReceived)).toBe(4);
  });

  it('name the reason for a rejection', async () => {
    const ports = new InMemoryPorts();
    await ports.forward([broadcast([{ identity: 'guest' }, { identity: 'null' }, {}])]);

    expect(ports.metered.slice(1)).toEqual([
      { values: { EventsRejected: 2 }, reason: 'placeholder_identity' },
      { values: { EventsRejected: 1 }, reason: 'missing_identity' },
    ]);
    expect(ports.sumOf(metrics.placeholderIdentity)).toBe(2);
  });

  it('measure the lag from the endpoint to delivery, and to now for messages put back', async () => {
    const ports = new InMemoryPorts();
    ports.time = RECEIVED_AT + 5000;
    await ports.forward([broadcast(profiles(2))]);
    ports.answer = () => busy;
    ports.time = RECEIVED_AT + 60_000;
    await ports.forward([broadcast(profiles(1))]);

    expect(ports.metered.map(({ values }) => values.DeliveryLagMs)).toEqual([[5000, 5000], [60_000]]);
  });

  it('count replaced bytes (F16) and truncated strings', async () => {
    const ports = new InMemoryPorts();
    await ports.forward([
      sqsRecord({ identity: 'a', event: 'x', properties: { city: 'K\uFFFDln', long: 'x'.repeat(2000) } }),
    ]);

    expect([
      ports.stored.size,
      ports.sumOf(metrics.encodingReplaced),
      ports.sumOf(metrics.truncated),
    ]).toEqual([1, 1, 1]);
  });

  it('classify the calls to Heap', async () => {
    const ports = new InMemoryPorts();
    const statuses = [200, 429, 503, 302, 401, 422];
    for (const status of statuses) {
      ports.breaker.answered();
      ports.remaining = 30_000;
      ports.answer = () => ({ status, body: '' });
      await ports.forward([broadcast(profiles(1))]);
    }

    const names = ['heapCalls', 'heapCallsRetryable', 'heapCallsThrottled', 'heapCallsUnauthorized'] as const;
    expect(names.map((name) => ports.sumOf(metrics[name]))).toEqual([6, 3, 1, 1]);
    expect(ports.sumOf(metrics.heapCallsRefused)).toBe(1);
  });
});
