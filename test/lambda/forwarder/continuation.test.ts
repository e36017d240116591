import { Pace } from '../../../lambda/heap/pace';
import { InMemoryPorts, redriven } from '../../support/in-memory-ports';
import { sqsRecord } from '../../support/sqs-record';

it('the largest body at the slowest pace is sent back more than 16 times, each time with fewer events', async () => {
  const count = 11_500;
  const profiles = Array.from({ length: count }, (_, index) => ({ identity: `cust-${100_000_000 + index}` }));
  let record = sqsRecord({ key_values: { event: 'Reminder' }, profiles });
  expect(Buffer.byteLength(record.body)).toBeLessThanOrEqual(512 * 1024);

  const ports = new InMemoryPorts();
  // One of two instances at 600 events a minute.
  ports.pace = new Pace(300);
  const left = [count];
  for (;;) {
    ports.remaining = 120_000;
    expect(await ports.forward([record])).toEqual([]);
    const continuation = ports.sentBack.pop();
    if (continuation === undefined) break;
    record = redriven(record, continuation);
    left.push((JSON.parse(record.body) as { profiles: unknown[] }).profiles.length);
    expect(left.at(-1)).toBeLessThan(left.at(-2)!);
  }
  expect(left.length).toBeGreaterThan(16);
  expect(ports.stored.size).toBe(count);
});
