import { InMemoryPorts, ok } from '../../support/in-memory-ports';
import { collectGarbage } from '../../support/kept-memory';
import { sqsRecord } from '../../support/sqs-record';

test('memory of sent events is freed, so that at most one request is in memory (F31)', async () => {
  /** Bytes of all buffers in use: JSON of events, and bodies. */
  const buffered = (): number => {
    for (let time = 0; time < 2; time += 1) collectGarbage();
    return process.memoryUsage().arrayBuffers;
  };
  const ports = new InMemoryPorts();
  const held: number[] = [];
  ports.answer = () => {
    held.push(buffered());
    return ok;
  };
  const before = buffered();
  // Each event repeats the key_values of its request.
  const values = Array.from({ length: 20 }, (_, index) => [`k${index}`, 'x'.repeat(1000)]);
  await ports.forward([
    sqsRecord({
      key_values: { event: 'Reminder', ...(Object.fromEntries(values) as object) },
      profiles: Array.from({ length: 1000 }, (_, index) => ({ identity: `cust-${index}` })),
    }),
  ]);

  expect(ports.stored.size).toBe(1000);
  expect(held.length).toBeGreaterThan(20);
  // The request's events and its body, 900 kB each.
  expect(Math.max(...held) - before).toBeLessThan(2_500_000);
});
