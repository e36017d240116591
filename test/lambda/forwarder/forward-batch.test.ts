import type { SQSRecord } from 'aws-lambda';
import fc from 'fast-check';
import { rejectionReasons } from '../../../lambda/contract';
import { Message } from '../../../lambda/forwarder/message';
import type { HeapAnswer } from '../../../lambda/heap/outcome';
import { fixture } from '../../support/clevertap-fixture';
import { attributesOf, InMemoryPorts, ok, redriven } from '../../support/in-memory-ports';
import { RECEIVED_AT, sqsRecord } from '../../support/sqs-record';

const purchase = (identity: string): object => ({ identity, event: 'Purchase', properties: { item: 'hat' } });
const record = (body: unknown, messageId = 'm1'): SQSRecord => sqsRecord(body, { messageId });
const good = (count: number): SQSRecord[] =>
  Array.from({ length: count }, (_, index) => record(purchase(`cust-${index}`), `m${index}`));
const busy: HeapAnswer = { status: 503, body: '' };
/** One profile that can be delivered, and one that can never be. */
const mixed = {
  key_values: { event: 'Purchase' },
  profiles: [{ identity: 'cust-1' }, { identity: 'guest' }],
};

describe('a batch', () => {
  it('is sent to Heap in one bulk with the app id from the secret, and is acknowledged', async () => {
    const ports = new InMemoryPorts();

    expect(await ports.forward(good(3))).toEqual([]);
    expect(ports.requests).toHaveLength(1);
    expect(ports.requests[0]).toMatchObject({ path: '/api/track', appId: '11', header: undefined });
    expect(ports.requests[0]?.events.map(({ identity }) => identity)).toEqual(['cust-0', 'cust-1', 'cust-2']);
    expect([ports.letters, ports.delays]).toEqual([[], []]);
  });

  it('carries the additional header from the secret', async () => {
    const ports = new InMemoryPorts();
    ports.token = { appId: '11', header: { name: 'X-Token', value: 'secret' } };
    await ports.forward(good(1));

    expect(ports.requests[0]?.header).toEqual({ name: 'X-Token', value: 'secret' });
  });

  it('that is empty makes no calls', async () => {
    const ports = new InMemoryPorts();

    expect(await ports.forward([])).toEqual([]);
    expect([ports.requests, ports.letters, ports.delays]).toEqual([[], [], []]);
  });

  it('fills bulks across messages', async () => {
    const ports = new InMemoryPorts();
    const profiles = Array.from({ length: 600 }, (_, index) => ({ identity: `cust-${index}` }));
    await ports.forward(['m1', 'm2'].map((id) => record({ key_values: { event: id }, profiles }, id)));

    expect(ports.requests.map(({ events }) => events.length)).toEqual([1000, 200]);
  });

  it('is summed up in one log line', async () => {
    const ports = new InMemoryPorts();
    const summary = {
      level: 'info',
      message: 'batch forwarded',
      messages: 4,
      messagesContinued: 0,
      events: 5,
      ignored: 1,
      heapRequests: 1,
    };
    const records = [purchase('a'), mixed, fixture('setup-ping'), '{'].map((body, index) =>
      record(body, `m${index}`),
    );
    await ports.forward(records);
    ports.answer = () => busy;
    await ports.forward(records);

    const campaigns = expect.any(Array) as unknown;
    expect(ports.logged('batch forwarded')).toEqual([
      { ...summary, received: 5, delivered: 2, rejected: 2, retried: 0, messagesKept: 0, campaigns },
      // All events of a kept message count as retried, because they are not final yet.
      { ...summary, received: 5, delivered: 0, rejected: 1, retried: 3, messagesKept: 2, campaigns },
    ]);
  });

  it('is summed up with the changes made by the mapping', async () => {
    const ports = new InMemoryPorts();
    const body = { ...purchase('cust-1'), app_id: '<app id>', gone: null, also: [], note: '{{ x }}' };
    await ports.forward([record(body)]);

    expect(ports.logged('batch forwarded')).toMatchObject([
      { app_id_placeholder: 1, value_dropped: 2, unrendered_value: 1 },
    ]);
  });
});

describe('the setup ping', () => {
  it('is acknowledged and sent nowhere (F07)', async () => {
    const ports = new InMemoryPorts();

    expect(await ports.forward([record(fixture('setup-ping'))])).toEqual([]);
    expect([ports.requests, ports.letters, ports.delays]).toEqual([[], [], []]);
    expect(ports.logged('batch forwarded')).toMatchObject([{ ignored: 1, delivered: 0 }]);
  });
});

describe('without a usable secret', () => {
  it('all messages wait and no calls are made (F44)', async () => {
    const ports = new InMemoryPorts();
    ports.token = undefined;

    expect(await ports.forward([...good(2), record('{', 'broken')])).toEqual(['m0', 'm1', 'broken']);
    expect([ports.requests, ports.letters]).toEqual([[], []]);
    expect(ports.delays.map(({ receiptHandle }) => receiptHandle)).toEqual([
      'receipt-of-m0',
      'receipt-of-m1',
      'receipt-of-broken',
    ]);
    for (const { seconds } of ports.delays) expect(seconds).toBe(30);
  });

  it('they are delivered once there is one (F44)', async () => {
    const ports = new InMemoryPorts();
    ports.token = undefined;
    await ports.forward(good(2));
    ports.token = { appId: '11' };

    expect(await ports.forward(good(2))).toEqual([]);
    expect(ports.stored.size).toBe(2);
  });
});

describe('a message that can never be delivered', () => {
  it.each<[string, SQSRecord, string]>([
    ['broken JSON', record('{"event":'), 'invalid_json'],
    ['an unknown shape', record('{"colour":"red"}'), 'unknown_shape'],
    ['no stamps', sqsRecord(purchase('a'), { requestId: null, receivedAt: null }), 'missing_ingress_stamps'],
    ['no event name', record({ identity: 'a' }), 'missing_event_name'],
    ['no identity', record({ event: 'x' }), 'missing_identity'],
    ['a placeholder', record(purchase('guest')), 'placeholder_identity'],
    ['a template', record(fixture('guide-as-printed')), 'unrendered_template'],
    ['another app id', record({ ...purchase('a'), app_id: '12' }), 'app_id_mismatch'],
  ])(
    'because of %s is dead-lettered unchanged, with the reason, and acknowledged',
    async (_, message, reason) => {
      const ports = new InMemoryPorts();

      expect(await ports.forward([message])).toEqual([]);
      expect(ports.requests).toEqual([]);
      expect(ports.letters).toHaveLength(1);
      expect(ports.letters[0]?.body).toBe(message.body);
      expect(attributesOf(ports.letters[0])).toMatchObject({ reason, events: '1' });
    },
  );

  it.each([
    ['broken JSON', '{"event":'],
    ['deep nesting', '['.repeat(500_000)],
    [
      'deep nesting that is JSON',
      `{"event":"x","identity":"a","properties":{"p":${'['.repeat(250_000)}${']'.repeat(250_000)}}}`,
    ],
    ['deep nesting in is_test', `{"is_test":${'['.repeat(250_000)}${']'.repeat(250_000)}}`],
    ['keys that reach a prototype', '{"event":"x","identity":"a","__proto__":{"identity":"victim"}}'],
  ])('does not affect 999 others: %s (F27)', async (_, poison) => {
    const ports = new InMemoryPorts();
    const records = good(1000);
    records[500] = record(poison, 'poison');

    expect(await ports.forward(records)).toEqual([]);
    expect(ports.stored.size).toBe(999);
    expect(ports.letters.map(({ body }) => body === poison)).toEqual([true]);
  });

  it('is the only one that Heap refuses and does not affect its neighbours (F57)', async () => {
    const ports = new InMemoryPorts();
    ports.answer = ({ events }) => {
      const index = events.findIndex(({ identity }) => identity === 'cust-7');
      return index === -1
        ? ok
        : { status: 400, body: `postBody.events[${index}].properties should be object` };
    };

    expect(await ports.forward(good(100))).toEqual([]);
    expect(ports.stored.size).toBe(99);
    expect(ports.letters.map((letter) => attributesOf(letter)['reason'])).toEqual(['heap_rejected']);
  });

  it('because of a bug is dead-lettered as well, and no log quotes the error (F27, F68)', async () => {
    const ports = new InMemoryPorts();
    const poison = record(purchase('pii-cust'), 'poison');
    const { body } = poison;
    let reads = 0;
    Object.defineProperty(poison, 'body', {
      get: () => {
        reads += 1;
        if (reads === 1) throw new TypeError(`cannot read ${body}`);
        return body;
      },
    });

    expect(await ports.forward([...good(2), poison])).toEqual([]);
    expect(ports.stored.size).toBe(2);
    expect(ports.letters.map((letter) => [letter.body, attributesOf(letter)])).toMatchObject([
      [body, { reason: 'internal_error', detail: 'TypeError' }],
    ]);
    expect(ports.lines.join()).not.toContain('pii');
    expect(ports.logged('unexpected error')).toMatchObject([{ sqsMessageId: 'poison', error: 'TypeError' }]);
  });

  it('in part, with that part too large for a dead letter, stays in SQS as a whole (F62)', async () => {
    const ports = new InMemoryPorts();
    const profiles = ['x'.repeat(1_048_576 - 100), { identity: 'guest' }];

    expect(await ports.forward([record({ key_values: { event: 'x' }, profiles })])).toEqual(['m1']);
    expect(ports.letters).toEqual([]);
  });

  it('and is too large for a dead letter stays in SQS (F62)', async () => {
    const ports = new InMemoryPorts();
    const large = record('x'.repeat(1_048_576), 'large');

    expect(await ports.forward([large, ...good(1), record('{', 'broken')])).toEqual(['large']);
    expect(ports.stored.size).toBe(1);
    expect(ports.letters.map(({ body }) => body)).toEqual(['{']);
    expect(ports.delays.map(({ receiptHandle }) => receiptHandle)).toEqual(['receipt-of-large']);
  });
});

describe('a message whose events have different fates', () => {
  it('delivers the good ones and dead-letters the others, narrowed', async () => {
    const ports = new InMemoryPorts();

    expect(await ports.forward([record(fixture('broadcast-with-placeholder'))])).toEqual([]);
    expect([...ports.stored.values()].map(({ identity }) => identity)).toEqual(['pii-cust-1', 'pii-cust-3']);
    expect(ports.letters).toHaveLength(1);
    expect(ports.letters[0]?.body).toContain('guest');
    expect(ports.letters[0]?.body).not.toContain('pii-cust');
  });

  it('gets one dead letter for each reason', async () => {
    const ports = new InMemoryPorts();
    const profiles = [
      { identity: 'guest' },
      7,
      { identity: 'cust-1' },
      { identity: 'test' },
      { name: 'Ana' },
    ];
    await ports.forward([record({ key_values: { event: 'x' }, profiles })]);

    expect(
      ports.letters.map((letter) => [attributesOf(letter)['reason'], attributesOf(letter)['events']]),
    ).toEqual([
      ['placeholder_identity', '2'],
      ['unknown_shape', '1'],
      ['missing_identity', '1'],
    ]);
    expect(ports.stored.size).toBe(1);
  });

  it('gets none while one event must be retried', async () => {
    const ports = new InMemoryPorts();
    ports.answer = () => busy;

    expect(await ports.forward([record(mixed)])).toEqual(['m1']);
    expect(ports.letters).toEqual([]);
    expect(ports.delays).toHaveLength(1);
  });

  it('gets exactly one if the fifth attempt delivers the rest', async () => {
    const ports = new InMemoryPorts();
    let attempt = 1;
    ports.answer = () => (attempt < 5 ? busy : ok);
    const kept: string[][] = [];
    for (; attempt <= 5; attempt += 1) {
      ports.remaining = 120_000;
      ports.time += 3_600_000;
      kept.push(await ports.forward([record(mixed)]));
    }

    expect(kept).toEqual([['m1'], ['m1'], ['m1'], ['m1'], []]);
    expect(ports.letters.map((letter) => attributesOf(letter)['reason'])).toEqual(['placeholder_identity']);
    expect(ports.stored.size).toBe(1);
  });

  it('in three bulks is repeated as a whole with the same keys if one bulk fails (F42)', async () => {
    const ports = new InMemoryPorts();
    const profiles = Array.from({ length: 2500 }, (_, index) => ({ identity: `cust-${index}` }));
    const message = record({ key_values: { event: 'x' }, profiles });
    ports.answer = (_, number) => (number === 2 ? busy : ok);

    expect(await ports.forward([message])).toEqual(['m1']);
    expect(await ports.forward([message])).toEqual([]);
    expect(ports.requests).toHaveLength(6);
    expect(ports.requests.slice(3).map(({ body }) => body)).toEqual(
      ports.requests.slice(0, 3).map(({ body }) => body),
    );
    expect(ports.stored.size).toBe(2500);
  });
});

describe('a dead-letter queue that does not accept a dead letter', () => {
  it('leaves the message in SQS, and the next attempt stores it (F61)', async () => {
    const ports = new InMemoryPorts();
    ports.takesLetter = () => false;

    expect(await ports.forward([record(mixed, 'mixed'), ...good(1)])).toEqual(['mixed']);
    expect(ports.delays.map(({ receiptHandle }) => receiptHandle)).toEqual(['receipt-of-mixed']);
    expect(ports.logged('rejected')).toEqual([]);

    ports.takesLetter = () => true;
    expect(await ports.forward([record(mixed, 'mixed')])).toEqual([]);
    expect(ports.letters).toHaveLength(1);
    expect(ports.logged('rejected')).toHaveLength(1);
  });

  it('leaves a message in SQS if it accepted one of two dead letters: better two copies than none (F61)', async () => {
    const ports = new InMemoryPorts();
    ports.takesLetter = (letter) => attributesOf(letter)['reason'] !== 'unknown_shape';
    const two = { key_values: { event: 'x' }, profiles: [{ identity: 'guest' }, 7] };

    expect(await ports.forward([record(two, 'two'), record('{', 'broken')])).toEqual(['two']);
    expect(ports.letters.map((letter) => attributesOf(letter)['reason'])).toEqual([
      'placeholder_identity',
      'invalid_json',
    ]);
  });
});

describe('an event that must be retried', () => {
  it.each<[string, HeapAnswer, number]>([
    ['503', busy, 300],
    // Heap's limit is per minute, so the batch waited for a minute.
    ['429', { status: 429, body: '' }, 360],
    ['302', { status: 302, body: '' }, 300],
    ['a fault', { fault: 'ECONNRESET' }, 300],
  ])('keeps its message on %s, hidden for as long as it has waited', async (_, answer, seconds) => {
    const ports = new InMemoryPorts();
    ports.answer = () => answer;
    ports.time = RECEIVED_AT + 300_000;

    expect(await ports.forward(good(2))).toEqual(['m0', 'm1']);
    expect(ports.delays).toEqual([
      { receiptHandle: 'receipt-of-m0', seconds },
      { receiptHandle: 'receipt-of-m1', seconds },
    ]);
  });

  it.each<[number, object]>([
    [503, { level: 'warn', outcome: 'retry' }],
    [302, { level: 'error', outcome: 'redirected' }],
    [403, { level: 'error', outcome: 'unauthorized' }],
  ])('on %d is logged as %j', async (status, line) => {
    const ports = new InMemoryPorts();
    ports.answer = () => ({ status, body: '' });
    await ports.forward(good(2));

    expect(ports.logged('Heap did not take a bulk')).toEqual([
      { message: 'Heap did not take a bulk', status, events: 2, isHeapDown: false, ...line },
    ]);
  });

  it('waits as long as Heap asked, but other messages do not', async () => {
    const ports = new InMemoryPorts();
    const profiles = Array.from({ length: 1000 }, (_, index) => ({ identity: `cust-${index}` }));
    ports.answer = (_, number) => ({
      status: 429,
      body: '',
      ...(number === 1 && { retryAfterSeconds: 600 }),
    });
    await ports.forward([
      record({ key_values: { event: 'x' }, profiles }, 'first'),
      record(purchase('a'), 'second'),
    ]);

    expect(ports.delays).toEqual([
      { receiptHandle: 'receipt-of-first', seconds: 600 },
      { receiptHandle: 'receipt-of-second', seconds: 30 },
    ]);
  });

  it('does not affect messages in other bulks', async () => {
    const ports = new InMemoryPorts();
    ports.answer = (_, number) => (number === 1 ? busy : ok);

    expect(await ports.forward(good(1001))).toHaveLength(1000);
    expect(ports.stored.size).toBe(1);
  });

  it.each([
    [20_001, 1],
    [20_000, 0],
    [0, 0],
  ])('with %d ms left causes %d requests (F25)', async (remaining, requests) => {
    const ports = new InMemoryPorts();
    ports.remaining = remaining;

    expect(await ports.forward([record(purchase('a'))])).toEqual(requests === 0 ? ['m1'] : []);
    expect(ports.requests).toHaveLength(requests);
    expect(ports.delays).toHaveLength(1 - requests);
  });

  it('that Heap stored before it hung is stored once (F54)', async () => {
    const ports = new InMemoryPorts();
    let hung = false;
    ports.answer = ({ events }) => {
      if (hung) return ok;
      hung = true;
      for (const event of events)
        ports.stored.set(JSON.stringify([event.identity, event.idempotency_key]), event);
      return { fault: 'timeout' };
    };

    expect(await ports.forward(good(2))).toEqual(['m0', 'm1']);
    expect(await ports.forward(good(2))).toEqual([]);
    expect(ports.stored.size).toBe(2);
  });
});

describe('a token that Heap refuses', () => {
  const header = (value: string): { name: string; value: string } => ({ name: 'X-Token', value });
  const withHeader = (value: string): InMemoryPorts => {
    const ports = new InMemoryPorts();
    ports.token = { appId: '11', header: header(value) };
    return ports;
  };

  it.each([401, 403])(
    '(%d) is read again, and the same request is repeated with the new one (F45)',
    async (status) => {
      const ports = withHeader('old');
      ports.rotatedToken = { appId: '11', header: header('new') };
      ports.answer = (request) => (request.header?.value === 'new' ? ok : { status, body: '' });

      expect(await ports.forward(good(2))).toEqual([]);
      expect(ports.refreshes).toBe(1);
      expect(ports.requests.map(({ header: sent }) => sent?.value)).toEqual(['old', 'new']);
      expect(ports.requests[1]?.body).toBe(ports.requests[0]?.body);
    },
  );

  it('causes one failed call, however many bulks there are (F45)', async () => {
    const ports = withHeader('old');
    ports.rotatedToken = { appId: '11', header: header('new') };
    ports.answer = (request) => (request.header?.value === 'new' ? ok : { status: 401, body: '' });

    expect(await ports.forward(good(2500))).toEqual([]);
    expect(ports.requests.filter((request) => request.header?.value === 'old')).toHaveLength(1);
    expect(ports.refreshes).toBe(1);
  });

  it('and that has not changed keeps the messages without a repeat', async () => {
    const ports = withHeader('old');
    ports.answer = () => ({ status: 401, body: '' });

    expect(await ports.forward(good(2))).toEqual(['m0', 'm1']);
    expect(ports.requests).toHaveLength(1);
    expect(ports.refreshes).toBe(1);
    expect(ports.delays).toHaveLength(2);
    expect(ports.letters).toEqual([]);
    expect(ports.logged('Heap did not take a bulk')).toMatchObject([
      { level: 'error', outcome: 'unauthorized' },
    ]);
  });

  it('for another app id is not used for events mapped with the old one: they are retried', async () => {
    const ports = new InMemoryPorts();
    ports.rotatedToken = { appId: '12' };
    ports.answer = ({ appId }) => (appId === '12' ? ok : { status: 401, body: '' });

    expect(await ports.forward(good(1))).toEqual(['m0']);
    expect(ports.requests.map(({ appId }) => appId)).toEqual(['11']);

    expect(await ports.forward(good(1))).toEqual([]);
    expect(ports.requests.map(({ appId }) => appId)).toEqual(['11', '12']);
    const keys = ports.requests.map(({ events }) => events[0]?.idempotency_key);
    expect(keys[0]).not.toBe(keys[1]);
  });
});

describe('what Heap receives', () => {
  it('does not depend on when and with which id SQS delivers a message (F39, F65)', async () => {
    const ports = new InMemoryPorts();
    const message = sqsRecord(fixture('stock-lower-case'), { requestId: 'request-1', event: 'Path' });
    await ports.forward([message]);
    ports.time += 6 * 3_600_000;
    await ports.forward([
      {
        ...message,
        messageId: 'another',
        attributes: { ...message.attributes, SentTimestamp: '0', ApproximateReceiveCount: '7' },
      },
    ]);

    expect(ports.requests[1]?.body).toBe(ports.requests[0]?.body);
  });

  it('is counted once when SQS delivers a message twice (F19)', async () => {
    const ports = new InMemoryPorts();
    const message = record(fixture('broadcast-with-placeholder'));
    await ports.forward([message]);
    await ports.forward([message]);

    expect(ports.stored.size).toBe(2);
  });

  it('from a redriven dead letter is what it would have been the first time (F65)', async () => {
    const refused = new InMemoryPorts();
    const mended = new InMemoryPorts();
    const direct = new InMemoryPorts();
    refused.rules = { ...refused.rules, identityOrder: ['identity'] };
    const message = record({
      key_values: { event: 'Purchase' },
      profiles: [{ identity: 'cust-1' }, { identity: 'guest', email: 'ana@shop.test' }],
    });

    await refused.forward([message]);
    mended.time += 86_400_000;
    await mended.forward([redriven(message, refused.letters[0]!)]);
    await direct.forward([message]);

    expect(mended.requests[0]?.events).toEqual([direct.requests[0]?.events[1]]);
  });
});

describe('an unexpected error outside a message', () => {
  const fail = (): Promise<never> => Promise.reject(new Error('unexpected'));

  it.each<[string, (ports: InMemoryPorts) => void]>([
    ['the secret', (ports) => (ports.heapTokens.current = fail)],
    ['Heap', (ports) => (ports.heap.post = fail)],
    ['the dead-letter queue', (ports) => (ports.queues.sendDeadLetters = fail)],
    ['the event buffer', (ports) => (ports.queues.delay = fail)],
  ])('at %s fails the whole batch: SQS must not delete it (F24)', async (_, break_) => {
    const ports = new InMemoryPorts();
    break_(ports);

    await expect(ports.forward([...good(2), record('{', 'broken')])).rejects.toThrow('unexpected');
  });
});

describe('whatever happens', () => {
  const bodies = {
    good: purchase('cust-1'),
    broken: '{',
    ping: fixture('setup-ping'),
    placeholder: purchase('guest'),
    mixed,
    broadcast: fixture('broadcast-with-placeholder'),
    list: fixture('list-of-events'),
  };
  const kind = fc.constantFrom(...(Object.keys(bodies) as (keyof typeof bodies)[]), 'unstamped' as const);
  const status = fc.constantFrom(200, 200, 200, 302, 400, 401, 404, 413, 429, 500);

  /** All messages differ, so that no two events count as the same. */
  const recordOf = (name: keyof typeof bodies | 'unstamped', index: number): SQSRecord => {
    const options = { messageId: `m${index}`, event: `path-${index}` };
    return name === 'unstamped'
      ? sqsRecord(bodies.good, { ...options, requestId: null })
      : sqsRecord(bodies[name], options);
  };

  it('only messages of the batch are kept, each once, and every event of the others is accounted for (F24)', async () => {
    const situation = fc.record({
      kinds: fc.array(kind, { maxLength: 12 }),
      statuses: fc.array(status, { maxLength: 8 }),
      refusedLetters: fc.array(fc.boolean(), { maxLength: 6 }),
      hasToken: fc.nat({ max: 9 }).map((tenth) => tenth > 0),
      bulksInTime: fc.nat({ max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(situation, async ({ kinds, statuses, refusedLetters, hasToken, bulksInTime }) => {
        const ports = new InMemoryPorts();
        const records = kinds.map(recordOf);
        if (!hasToken) ports.token = undefined;
        ports.answer = (_, number) => {
          if (number >= bulksInTime) ports.remaining = 0;
          return { status: statuses[number - 1] ?? 200, body: '' };
        };
        const refusals = [...refusedLetters];
        ports.takesLetter = () => refusals.shift() !== true;

        const kept = await ports.forward(records);

        const ids = records.map(({ messageId }) => messageId);
        expect(new Set(kept).size).toBe(kept.length);
        expect(ids).toEqual(expect.arrayContaining(kept));
        expect(ports.delays.map(({ receiptHandle }) => receiptHandle).sort()).toEqual(
          kept.map((id) => `receipt-of-${id}`).sort(),
        );
        for (const message of records.filter(({ messageId }) => !kept.includes(messageId))) {
          // Forwarded alone, with a Heap and queue that accept everything, a message shows its expected events.
          const alone = new InMemoryPorts();
          await alone.forward([message]);
          const delivered = [...alone.stored.keys()].filter((key) => ports.stored.has(key)).length;
          expect(delivered + eventsInLetters(message, ports) + eventsSentBack(message, ports)).toBe(
            alone.stored.size + eventsInLetters(message, alone),
          );
        }
        for (const letter of ports.letters)
          expect(rejectionReasons).toContain(attributesOf(letter)['reason']);
      }),
      { numRuns: 300 },
    );
  });

  const eventsInLetters = ({ messageAttributes }: SQSRecord, { letters }: InMemoryPorts): number =>
    letters
      .map(attributesOf)
      .filter(({ event }) => event === messageAttributes['event']?.stringValue)
      .reduce((sum, { events }) => sum + Number(events), 0);

  /** Events that time ran out for, which continue in another message. */
  const eventsSentBack = (message: SQSRecord, { sentBack }: InMemoryPorts): number =>
    sentBack
      .map((letter) => redriven(message, letter))
      .filter(
        ({ messageAttributes: { event } }) =>
          event?.stringValue === message.messageAttributes['event']?.stringValue,
      )
      .reduce((sum, record) => sum + new Message(record, () => undefined).entries.length, 0);
});

test('one request is in flight at a time and nothing is mapped meanwhile, so that its timeout always fires (F52)', async () => {
  const profiles = Array.from({ length: 3000 }, (_, index) => ({ identity: `cust-${index}` }));
  const ports = new InMemoryPorts();
  let mapped = 0;
  let onTheirWay = 0;
  const seen: unknown[] = [];
  ports.rules = {
    ...ports.rules,
    mapping: {
      ...ports.rules.mapping,
      ruleFor: () => {
        mapped += 1;
        return undefined;
      },
    },
  };
  ports.answer = async () => {
    const before = mapped;
    const together = (onTheirWay += 1);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    onTheirWay -= 1;
    seen.push([together, mapped - before]);
    return ok;
  };
  await ports.forward([sqsRecord({ key_values: { event: 'x' }, profiles })]);

  expect(ports.stored.size).toBe(3000);
  expect(mapped).toBe(3000);
  expect(seen).toEqual(Array(3).fill([1, 0]));
});

test('a bug in the Heap client fails only the invocation', async () => {
  const ports = new InMemoryPorts();
  ports.answer = () => {
    throw new TypeError('a mistake of ours');
  };
  const unheard = jest.fn();
  process.on('unhandledRejection', unheard);
  await expect(ports.forward([sqsRecord({ identity: 'cust-1', event: 'x' })])).rejects.toThrow(TypeError);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unheard);

  expect(unheard).not.toHaveBeenCalled();
});
