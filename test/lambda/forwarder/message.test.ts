import type { SQSRecord } from 'aws-lambda';
import { mapInSlices, Message, release, type Entry } from '../../../lambda/forwarder/message';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping } from '../../../lambda/mapping/mapping';
import { noMapping } from '../../../lambda/mapping/rules';
import { attributesOf, InMemoryPorts } from '../../support/in-memory-ports';
import { sqsRecord } from '../../support/sqs-record';

const rules = { identityOrder: ['identity'], dedupeWindowMs: 600_000 };
const log = (): undefined => undefined;

/** A broadcast whose key_values are repeated in every event. */
const broadcast = (profiles: number, keyValueLength: number): ReturnType<typeof sqsRecord> => {
  const text = 'x'.repeat(1000);
  const values = Array.from({ length: keyValueLength / 1000 }, (_, index) => [`k${index}`, text]);
  return sqsRecord({
    key_values: { event: 'Reminder', ...(Object.fromEntries(values) as object) },
    profiles: Array.from({ length: profiles }, (_, index) => ({ identity: `cust-${index}` })),
  });
};

const lengthOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, { json }) => sum + json.length, 0);

/** The slices alone, without the pauses in between. */
function* slicesOf(messages: readonly Message[]): Generator<Entry[], void> {
  for (const slice of mapInSlices(messages, '11', rules, log)) if (slice !== 'unfinished') yield slice;
}

test('others have their turn at every 50 events, also while nothing is for Heap', () => {
  const words = [...mapInSlices([new Message(broadcast(1020, 0), log)], '11', rules, log)];
  const nobody = Array.from({ length: 120 }, () => new Message(sqsRecord({ event: 'x' }), log));

  expect(words.map((word) => (word === 'unfinished' ? 0 : word.length))).toEqual([
    ...Array.from({ length: 20 }, () => 0),
    ...[1000, 20],
  ]);
  expect([...mapInSlices(nobody, '11', rules, log)]).toEqual(['unfinished', 'unfinished']);
});

test('events are mapped when their slice is due, and let go of with it (F31)', () => {
  const message = new Message(broadcast(2000, 10_000), log);
  let events = 0;
  let largest = 0;
  for (const slice of slicesOf([message])) {
    events += slice.length;
    // The slice itself, and the event that did not fit into it.
    largest = Math.max(largest, lengthOf(message.entries));
    release(slice);
  }

  expect(events).toBe(2000);
  expect(largest).toBeGreaterThan(3_000_000);
  expect(largest).toBeLessThan(3_700_000);
  expect(lengthOf(message.entries)).toBe(0);
  expect(message.entries.filter(({ source }) => source !== undefined)).toEqual([]);
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

test('a message is decoded once, and not before its events are asked for (F31)', () => {
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

test('a message is decoded when those before it are on their way (F31)', () => {
  const sources = [broadcast(1001, 0), broadcast(5, 0)].map(watched);
  const messages = sources.map(({ record }) => new Message(record, log));
  const slices = slicesOf(messages);

  expect(slices.next().value).toHaveLength(1000);
  expect(sources.map(({ reads }) => reads > 0)).toEqual([true, false]);
  expect(slices.next().value).toHaveLength(6);
  expect(sources.map(({ reads }) => reads > 0)).toEqual([true, true]);
});

test('a message that fails unexpectedly while it is decoded is rejected once, and told once (F27)', () => {
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

test('what the mapping changed is counted for the message it changed', () => {
  const bodies = [{ a: null, b: [] }, {}, { a: '{{ x }}', b: null }];
  const messages = bodies.map(
    (body) => new Message(sqsRecord({ identity: 'cust-1', event: 'x', ...body }), log),
  );
  for (const slice of slicesOf(messages)) release(slice);

  expect(messages.map(({ changes }) => Object.fromEntries(changes))).toEqual([
    { value_dropped: 2 },
    {},
    { unrendered_value: 1, value_dropped: 1 },
  ]);
});

test.each([
  ['the default mapping', undefined, 33],
  // Where nothing is made of the campaign but the key.
  ['a rule', [{ name: 'a.json', when: {}, send: { properties: { a: 'x' } } }], 65],
])('a campaign id nested too deep is told for what it is: %s (F30)', async (_, ruleList, levels) => {
  const { parse } = createLiquid();
  const mapping = ruleList && compileMapping({ ...noMapping, rules: ruleList }, parse);
  const reasonOf = async (depth: number): Promise<unknown> => {
    const ports = new InMemoryPorts();
    ports.rules = { ...rules, mapping };
    const targetId = '['.repeat(depth) + '1' + ']'.repeat(depth);
    const text = `{"targetId":${targetId},"profiles":[{"identity":"cust-1"}],"key_values":{"event":"x"}}`;
    await ports.forward([sqsRecord(text)]);
    expect(ports.stored.size + ports.letters.length).toBe(1);
    return attributesOf(ports.letters[0])['reason'];
  };

  expect(await reasonOf(levels - 1)).toBeUndefined();
  for (const depth of [levels, 5_000, 100_000]) expect(await reasonOf(depth)).toBe('nested_too_deep');
});

test('a slice holds four full requests, but the first holds one', () => {
  const message = new Message(broadcast(9000, 0), log);
  const sizes: number[] = [];
  for (const slice of slicesOf([message])) sizes.push(slice.length);

  expect(sizes).toEqual([1000, 4000, 4000]);
});

test('what a small message becomes a hundredfold is delivered in parts (F31)', async () => {
  const ports = new InMemoryPorts();

  expect(await ports.forward([broadcast(1000, 20_000)])).toEqual([]);
  expect(ports.stored.size).toBe(1000);
  expect(Math.max(...ports.requests.map(({ body }) => body.length))).toBeLessThan(1_000_000);
});

test('an event that fails unexpectedly costs its neighbours nothing (F27)', async () => {
  const ports = new InMemoryPorts();
  const appId = '11';
  let calls = 0;
  ports.rules = {
    ...rules,
    mapping: {
      ruleFor: () => {
        calls += 1;
        if (calls === 2) throw new TypeError('a mistake of ours, with personal data in it');
        return undefined;
      },
      campaigns: new Map(),
      isDenied: () => false,
    },
  };
  ports.token = { appId };

  expect(await ports.forward([broadcast(3, 0)])).toEqual([]);
  expect([...ports.stored.values()].map(({ identity }) => identity)).toEqual(['cust-0', 'cust-2']);
  expect(ports.letters.map(({ body }) => body)).toEqual([
    '{"key_values":{"event":"Reminder"},"profiles":[{"identity":"cust-1"}]}',
  ]);
  expect(ports.lines.join('\n')).not.toContain('personal data');
});
