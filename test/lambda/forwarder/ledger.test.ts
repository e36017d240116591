import fc from 'fast-check';
import type { SQSRecord } from 'aws-lambda';
import type { LedgerRow } from '../../../lambda/forwarder/ledger';
import { Pace } from '../../../lambda/heap/pace';
import { InMemoryPorts, redriven } from '../../support/in-memory-ports';
import { RECEIVED_AT, sqsRecord, type SqsRecordOptions } from '../../support/sqs-record';

const broadcast = (targetId: unknown, identities: unknown[], options: SqsRecordOptions = {}): SQSRecord =>
  sqsRecord(
    {
      targetId,
      key_values: { event: 'Newsletter' },
      profiles: identities.map((identity) => ({ identity })),
    },
    options,
  );

const custom = (event: unknown, options: SqsRecordOptions = {}): SQSRecord =>
  sqsRecord({ event, identity: 'cust-1', properties: {} }, options);

const rowsOf = (ports: InMemoryPorts): LedgerRow[] =>
  ports.logged('batch forwarded').flatMap(({ campaigns }) => campaigns as LedgerRow[]);

const sumOf = (rows: readonly LedgerRow[], outcome: LedgerRow['outcome']): number =>
  rows.filter((row) => row.outcome === outcome).reduce((sum, { events }) => sum + events, 0);

describe('the ledger of a batch', () => {
  it('counts by campaign, and rejections by reason', async () => {
    const ports = new InMemoryPorts();
    await ports.forward([broadcast(1650000001, ['a', 'b', 'guest']), broadcast('1650000001', [undefined])]);

    const campaign = { campaign: '1650000001', event: 'Newsletter' };
    expect(rowsOf(ports)).toEqual([
      { ...campaign, outcome: 'received', events: 4 },
      { ...campaign, outcome: 'delivered', events: 2 },
      { ...campaign, outcome: 'rejected', reason: 'placeholder_identity', events: 1 },
      { ...campaign, outcome: 'rejected', reason: 'missing_identity', events: 1 },
    ]);
  });

  it("counts a custom body by its event's name, even if it names a campaign", async () => {
    const ports = new InMemoryPorts();
    await ports.forward([
      sqsRecord({ event: 'Purchase', identity: 'a', targetId: '4912345' }),
      sqsRecord({ event: 'Purchase', identity: 'b' }, { messageId: 'm2' }),
      sqsRecord('{', { messageId: 'm3', event: 'Purchase' }),
    ]);

    expect(rowsOf(ports)).toEqual([
      { event: 'Purchase', outcome: 'received', events: 3 },
      { event: 'Purchase', outcome: 'delivered', events: 2 },
      { event: 'Purchase', outcome: 'rejected', reason: 'invalid_json', events: 1 },
    ]);
  });

  it.each([
    'ana@shop.test',
    'Purchase by ana@shop.test',
    '+49 123456',
    'Order 12345',
    'Anruf ٠٥٠١٢٣٤٥٦٧',
    'Tel ０９０１２３４５６７８',
    'Call 0501 234 5678',
    'User 4111-1111-1111-1111',
    'DE89 3704 0044 0532 0130 00',
    'tel 555_010_0199',
    'a&1&2&3&4&5',
    "x 1'2'3'4'5",
    'Maria Mustermann 12.03.1980',
    'ana%40shop.test',
    '404',
    `Purchase ${'x'.repeat(60)}`,
    'Pur\u202Echase',
    { first: 'Ana' },
  ])('does not log the name %j, which may be personal data (F68)', async (name) => {
    const ports = new InMemoryPorts();
    await ports.forward([
      custom(name),
      sqsRecord({ targetId: 'ana@shop.test', key_values: { event: name }, profiles: [{ identity: 'a' }] }),
      sqsRecord('{', { event: encodeURIComponent(JSON.stringify(name)) }),
    ]);

    expect(sumOf(rowsOf(ports), 'received')).toBe(3);
    expect(new Set(rowsOf(ports).map(({ event }) => event))).toEqual(new Set(['other']));
    expect(rowsOf(ports).filter(({ campaign }) => campaign !== undefined)).toEqual([]);
  });

  it('names the fifty largest campaigns and counts the others together', async () => {
    const ports = new InMemoryPorts();
    const identities = Array.from({ length: 60 }, (_, index) => `cust-${index}`);
    await ports.forward(
      identities.map((_, index) =>
        broadcast(index + 1, identities.slice(0, index + 1), { messageId: `m${index}` }),
      ),
    );

    const rows = rowsOf(ports);
    expect(rows.filter(({ campaign }) => campaign !== undefined).map(({ campaign }) => campaign)).toEqual(
      expect.not.arrayContaining(['1', '10']),
    );
    expect(new Set(rows.map(({ campaign }) => campaign))).toHaveProperty('size', 51);
    expect(rows.filter(({ campaign }) => campaign === undefined)).toEqual([
      { event: 'other', outcome: 'received', events: 55 },
      { event: 'other', outcome: 'delivered', events: 55 },
    ]);
    expect([sumOf(rows, 'received'), sumOf(rows, 'delivered')]).toEqual([1830, 1830]);
  });

  it('adds up to the counts of its batch, whatever the outcomes', async () => {
    const record = fc.oneof(
      fc.tuple(fc.nat(70), fc.array(fc.constantFrom('a', 'b', 'guest', ''), { minLength: 1, maxLength: 5 })),
      fc.constantFrom('Purchase', 'Refund', 'ana@shop.test', 'other'),
      fc.constantFrom('{', '{"profiles":[],"is_test":true}', '[]', '{"profiles":[1]}'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(record, fc.integer({ min: 1, max: 3 })), { maxLength: 80 }),
        fc.constantFrom(200, 500, 404),
        fc.constantFrom(0, 30_000),
        fc.boolean(),
        async (records, status, remaining, takesLetters) => {
          const ports = new InMemoryPorts();
          ports.answer = () => ({ status, body: '' });
          ports.remaining = remaining;
          ports.takesLetter = () => takesLetters;
          await ports.forward(
            records.map(([body, receiveCount], index) => {
              const options = { messageId: `m${index}`, receiveCount };
              if (Array.isArray(body)) return broadcast(body[0], body[1], options);
              return body.startsWith('{') || body === '[]' ? sqsRecord(body, options) : custom(body, options);
            }),
          );

          const [batch] = ports.logged('batch forwarded');
          for (const outcome of ['received', 'delivered', 'rejected', 'ignored'] as const)
            expect(sumOf(rowsOf(ports), outcome)).toBe(batch?.[outcome]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('does not count events of a continuation as received again, and counts each delivery once', async () => {
    const ports = new InMemoryPorts();
    ports.pace = new Pace(6000);
    ports.remaining = 20_001;
    const record = broadcast(
      7,
      Array.from({ length: 1500 }, (_, index) => `cust-${index}`),
    );
    await ports.forward([record]);
    ports.time += 3_600_000;
    ports.remaining = 20_001;
    await ports.forward([redriven(record, ports.sentBack[0]!)]);

    expect(rowsOf(ports).map(({ outcome, events }) => [outcome, events])).toEqual([
      ['received', 1500],
      ['delivered', 1000],
      ['delivered', 500],
    ]);
  });

  it('counts nothing if an invocation dies between delivery and settling, and everything in the next', async () => {
    const ports = new InMemoryPorts();
    const died = new Promise<never>(() => undefined);
    ports.queues.sendDeadLetters = () => died;
    const message = broadcast(7, ['a', 'guest']);
    await Promise.race([ports.forward([message]), new Promise((resolve) => setImmediate(resolve))]);
    expect(ports.stored.size).toBe(1);
    expect(rowsOf(ports)).toEqual([]);

    const next = new InMemoryPorts();
    await next.forward([broadcast(7, ['a', 'guest'], { receiveCount: 2 })]);
    expect(rowsOf(next).map(({ outcome, events }) => [outcome, events])).toEqual([
      ['delivered', 1],
      ['rejected', 1],
    ]);
  });

  it('counts messages that wait for a token as received', async () => {
    const ports = new InMemoryPorts();
    ports.token = undefined;
    await ports.forward([broadcast(7, ['a', 'b']), custom('Purchase', { messageId: 'm2', receiveCount: 2 })]);

    expect(ports.logged('no Heap app id; all messages wait')).toMatchObject([
      { messages: 2, campaigns: [{ campaign: '7', outcome: 'received', events: 2 }] },
    ]);
  });
});

describe('the line "settled"', () => {
  it('gives the outcome of the first twenty requests', async () => {
    const ports = new InMemoryPorts();
    ports.time = RECEIVED_AT + 6000;
    await ports.forward([
      broadcast(7, ['a', 'guest', 'b', ''], { messageId: 'm0' }),
      ...Array.from({ length: 30 }, (_, index) => custom('Purchase', { messageId: `m${index + 1}` })),
    ]);

    const [settled] = ports.logged('settled');
    expect(settled?.['requestIds']).toHaveLength(31);
    expect(settled?.['requests']).toHaveLength(20);
    expect(settled?.['requests']).toMatchObject([
      {
        requestId: 'request-of-m0',
        lagMs: 6000,
        campaigns: [
          { campaign: '7', event: 'Newsletter', outcome: 'delivered', events: 2 },
          {
            campaign: '7',
            event: 'Newsletter',
            outcome: 'rejected',
            reason: 'placeholder_identity',
            events: 2,
          },
        ],
      },
      { lagMs: 6000, campaigns: [{ event: 'Purchase', outcome: 'delivered', events: 1 }] },
      ...Array.from({ length: 18 }, () => ({})),
    ]);
  });
});
