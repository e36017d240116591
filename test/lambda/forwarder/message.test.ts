import { mapInSlices, readMessage, release, type Entry } from '../../../lambda/forwarder/message';
import { InMemoryPorts } from '../../support/in-memory-ports';
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

test('events are mapped when their slice is due, and let go of with it (F31)', () => {
  const message = readMessage(broadcast(2000, 10_000), log);
  let events = 0;
  let largest = 0;
  for (const slice of mapInSlices([message], '11', rules, log)) {
    events += slice.length;
    // The slice itself, and the event that did not fit into it.
    largest = Math.max(largest, lengthOf(message.entries));
    release(slice);
  }

  expect(events).toBe(2000);
  expect(largest).toBeGreaterThan(3_000_000);
  expect(largest).toBeLessThan(3_700_000);
  expect(lengthOf(message.entries)).toBe(0);
});

test('a slice holds four full requests', () => {
  const message = readMessage(broadcast(9000, 0), log);
  const sizes: number[] = [];
  for (const slice of mapInSlices([message], '11', rules, log)) sizes.push(slice.length);

  expect(sizes).toEqual([4000, 4000, 1000]);
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
