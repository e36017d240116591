import type { SQSRecord } from 'aws-lambda';
import { mapMessages, Message, release, type Entry } from '../../../lambda/forwarder/message';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping } from '../../../lambda/mapping/rule-format';
import { attributesOf, InMemoryPorts, ok } from '../../support/in-memory-ports';
import { mappingContext } from '../../support/source-event';
import { sqsRecord, type SqsRecordOptions } from '../../support/sqs-record';

const log = (): undefined => undefined;
const always = (): boolean => true;

/** The events of messages that are meant for Heap, mapped lazily. */
const mappedOf = (messages: readonly Message[], hasTime = always): Generator<Entry, void> =>
  mapMessages(messages, mappingContext(), log, hasTime);

/** Ports with a default mapping that records each event before it is mapped. */
function portsThatTell(onMapping: (ports: InMemoryPorts) => void): InMemoryPorts {
  const ports = new InMemoryPorts();
  const ruleFor = (): undefined => {
    onMapping(ports);
  };
  ports.rules = { ...ports.rules, mapping: { ...ports.rules.mapping, ruleFor } };
  return ports;
}

/** A broadcast whose key_values are repeated in every event. */
const broadcast = (profiles: number, keyValueLength: number, options: SqsRecordOptions = {}): SQSRecord => {
  const value = 'x'.repeat(1000);
  const values = Array.from({ length: keyValueLength / 1000 }, (_, index) => [`k${index}`, value]);
  return sqsRecord(
    {
      key_values: { event: 'Reminder', ...(Object.fromEntries(values) as object) },
      profiles: Array.from({ length: profiles }, (_, index) => ({ identity: `cust-${index}` })),
    },
    options,
  );
};

const lengthOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, { json }) => sum + json.length, 0);

test('events are mapped lazily (F31)', () => {
  const message = new Message(broadcast(3, 0), log);
  const isMapped = (): boolean[] => message.entries.map(({ source, json }) => !source && json.length > 0);
  const mapped = mappedOf([message]);

  expect(isMapped()).toEqual([false, false, false]);
  for (const [index, entry] of message.entries.entries()) {
    expect(mapped.next().value).toBe(entry);
    expect(isMapped()).toEqual([0, 1, 2].map((other) => other <= index));
  }
  expect(mapped.next().done).toBe(true);

  release(message.entries);
  expect(lengthOf(message.entries)).toBe(0);
});

test('only one request and the event that did not fit into it are mapped (F31)', async () => {
  let mapped = 0;
  let sent = 0;
  const ahead: number[] = [];
  const ports = portsThatTell(() => (mapped += 1));
  ports.answer = ({ events }) => {
    sent += events.length;
    ahead.push(mapped - sent);
    return ok;
  };
  await ports.forward(['m1', 'm2', 'm3'].map((messageId) => broadcast(900, 0, { messageId })));

  expect([mapped, sent]).toEqual([2700, 2700]);
  expect(ahead).toEqual([1, 1, 0]);
});

/** A record that counts how often its body is read. */
function watched(record: SQSRecord): { record: SQSRecord; readonly reads: number } {
  const { body } = record;
  let reads = 0;
  return {
    record: {
      ...record,
      get body(): string {
        reads += 1;
        return body;
      },
    },
    get reads() {
      return reads;
    },
  };
}

test('a message is decoded once, and only when its events are read (F31)', () => {
  const source = watched(broadcast(3, 0));
  const message = new Message(source.record, log);

  expect([message.ingress?.requestId, message.changes.size, source.reads]).toEqual(['request-of-m1', 0, 0]);
  const { entries } = message;
  expect(entries.map(({ location }) => location)).toEqual(
    [0, 1, 2].map((index) => ({ kind: 'element', key: 'profiles', index })),
  );
  const { reads } = source;
  expect(reads).toBeGreaterThan(0);
  expect(message.entries).toBe(entries);
  expect(source.reads).toBe(reads);
});

test('a message is decoded after the events before it have been sent (F31)', async () => {
  const ports = new InMemoryPorts();
  // A thousand events of each are sent, and one more has been mapped by then.
  const sources = ['m1', 'm2', 'm3'].map((messageId) => watched(broadcast(1001, 0, { messageId })));
  const readAt: boolean[][] = [];
  ports.answer = () => {
    readAt.push(sources.map(({ reads }) => reads > 0));
    return ok;
  };
  await ports.forward(sources.map(({ record }) => record));

  expect(ports.requests.map(({ events }) => events.length)).toEqual([1000, 1000, 1000, 3]);
  expect(readAt).toEqual([
    [true, false, false],
    [true, true, false],
    [true, true, true],
    [true, true, true],
  ]);
});

test('a message received four times is read only after all others are delivered (F27)', async () => {
  const ports = new InMemoryPorts();
  const suspect = watched(broadcast(1, 0, { messageId: 'suspect', receiveCount: 4 }));
  const others = ['m1', 'm2', 'm3'].map((messageId) => broadcast(700, 0, { messageId, receiveCount: 3 }));
  const readAt: number[] = [];
  ports.answer = () => {
    readAt.push(suspect.reads);
    return ok;
  };

  expect(await ports.forward([suspect.record, ...others])).toEqual([]);
  expect(ports.requests.map(({ events }) => events.length)).toEqual([1000, 1000, 100, 1]);
  expect(readAt.map((reads) => reads > 0)).toEqual([false, false, false, true]);
});

test('mapping stops when time runs out, and the rest has no fate (F25)', () => {
  const messages = ['m1', 'm2', 'm3'].map((messageId) => new Message(broadcast(2, 0, { messageId }), log));
  let left = 3;
  const mapped = [...mappedOf(messages, () => left-- > 0)];

  const entries = messages.flatMap((message) => message.entries);
  expect(mapped).toEqual(entries.slice(0, 3));
  expect(entries.map(({ fate }) => fate)).toEqual(Array(6).fill(undefined));
  expect(entries.map(({ source }) => source !== undefined)).toEqual([false, false, false, true, true, true]);
});

test('if mapping uses up the time, the mapped events are sent and the rest goes back to the buffer (F25)', async () => {
  const ports = portsThatTell((told) => void told.sleep(1000));
  const leftAt: number[] = [];
  ports.answer = () => {
    leftAt.push(ports.remaining);
    return ok;
  };

  expect(await ports.forward([broadcast(1000, 0), broadcast(1, 0, { messageId: 'm2' })])).toEqual(['m2']);
  expect(ports.stored.size).toBeGreaterThan(20);
  expect(leftAt).toEqual([expect.any(Number)]);
  expect(leftAt[0]).toBeGreaterThan(20_000);
  const rest = ports.sentBack.map(
    ({ body }) => (JSON.parse(body) as { profiles: unknown[] }).profiles.length,
  );
  expect(rest).toEqual([1000 - ports.stored.size]);
  expect([ports.letters, ports.delays]).toEqual([[], [{ receiptHandle: 'receipt-of-m2', seconds: 30 }]]);
});

test('a message that fails unexpectedly in decoding is rejected once and logged once (F27)', () => {
  const told: unknown[] = [];
  const record = {
    ...broadcast(1, 0),
    get body(): string {
      throw new TypeError('a mistake of ours, with personal data in it');
    },
  };
  const message = new Message(record, (...line) => told.push(line));

  for (let time = 0; time < 2; time += 1) {
    expect(message.entries).toMatchObject([
      { location: { kind: 'whole' }, fate: { kind: 'rejected', reason: 'internal_error' } },
    ]);
  }
  expect(told).toHaveLength(1);
  expect(JSON.stringify(told)).not.toContain('personal data');
});

test("the mapping's changes are counted for the message they concern", () => {
  const bodies = [{ a: null, b: [] }, {}, { a: '{{ x }}', b: null }];
  const messages = bodies.map(
    (body) => new Message(sqsRecord({ identity: 'cust-1', event: 'x', ...body }), log),
  );
  expect([...mappedOf(messages)]).toHaveLength(3);

  expect(messages.map(({ changes }) => Object.fromEntries(changes))).toEqual([
    { value_dropped: 2 },
    {},
    { unrendered_value: 1, value_dropped: 1 },
  ]);
});

test.each([
  ['the default mapping', [], 33],
  // The campaign is only used for the key.
  ['a rule', [{ name: 'a.json', when: {}, send: { properties: { a: 'x' } } }], 65],
])('a campaign id nested too deep is reported as such: %s (F30)', async (_, ruleList, levels) => {
  const mapping = compileMapping({ ...noMapping, rules: ruleList }, createLiquid().parse);
  const reasonOf = async (depth: number): Promise<unknown> => {
    const ports = new InMemoryPorts();
    ports.rules = { ...ports.rules, mapping };
    const targetId = '['.repeat(depth) + '1' + ']'.repeat(depth);
    const text = `{"targetId":${targetId},"profiles":[{"identity":"cust-1"}],"key_values":{"event":"x"}}`;
    await ports.forward([sqsRecord(text)]);
    expect(ports.stored.size + ports.letters.length).toBe(1);
    return attributesOf(ports.letters[0])['reason'];
  };

  expect(await reasonOf(levels - 1)).toBeUndefined();
  for (const depth of [levels, 5_000, 100_000]) expect(await reasonOf(depth)).toBe('nested_too_deep');
});

test('a small message that grows a hundredfold is delivered in parts (F31)', async () => {
  const ports = new InMemoryPorts();

  expect(await ports.forward([broadcast(1000, 20_000)])).toEqual([]);
  expect(ports.stored.size).toBe(1000);
  expect(Math.max(...ports.requests.map(({ body }) => body.length))).toBeLessThan(1_000_000);
});

test('an event that fails unexpectedly does not affect its neighbours (F27)', async () => {
  let calls = 0;
  const ports = portsThatTell(() => {
    calls += 1;
    if (calls === 2) throw new TypeError('a mistake of ours, with personal data in it');
  });

  expect(await ports.forward([broadcast(3, 0)])).toEqual([]);
  expect([...ports.stored.values()].map(({ identity }) => identity)).toEqual(['cust-0', 'cust-2']);
  expect(ports.letters.map(({ body }) => body)).toEqual([
    '{"key_values":{"event":"Reminder"},"profiles":[{"identity":"cust-1"}]}',
  ]);
  expect(ports.lines.join('\n')).not.toContain('personal data');
});
