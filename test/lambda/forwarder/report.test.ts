import { metrics } from '../../../lambda/contract';
import { InMemoryPorts } from '../../support/in-memory-ports';
import { sqsRecord } from '../../support/sqs-record';

const webhook = sqsRecord({ key_values: { event: 'Reminder' }, profiles: [{ identity: 'cust-1' }] });

/** Metrics of the batch, without those by reason. */
function written(ports: InMemoryPorts): Record<string, unknown> {
  const batches = ports.metered.filter(({ reason }) => reason === undefined);
  expect(batches).toHaveLength(1);
  return { ...batches[0]?.values };
}

it('a batch without failures writes no zeros', async () => {
  const ports = new InMemoryPorts();
  await ports.forward([webhook]);

  expect(written(ports)).toEqual({
    [metrics.eventsReceived]: 1,
    [metrics.eventsDelivered]: 1,
    [metrics.deliveryLag]: [1000],
    [metrics.heapCalls]: 1,
    [metrics.heapLatency]: [0],
    [metrics.bulkSize]: [1],
  });
});

it('a rejected batch writes its rejections and no Heap metrics', async () => {
  const ports = new InMemoryPorts();
  await ports.forward([sqsRecord('not JSON')]);

  const {
    [metrics.deliveryLag]: lag,
    [metrics.heapLatency]: latency,
    [metrics.bulkSize]: size,
    ...counts
  } = written(ports);
  expect([lag, latency, size]).toEqual([[], [], []]);
  expect(counts).toEqual({ [metrics.eventsReceived]: 1, [metrics.eventsRejected]: 1 });
});

describe('F72 the metrics that HeapFailing reads together are written together, including zeros', () => {
  const { heapCalls, heapCallsRetryable, breakerOpen } = metrics;

  it('a request that fails before the function waits', async () => {
    const ports = new InMemoryPorts();
    ports.remaining = 30_000;
    ports.answer = () => ({ status: 503, body: '' });
    await ports.forward([webhook]);

    expect(written(ports)).toMatchObject({ [heapCalls]: 1, [heapCallsRetryable]: 1, [breakerOpen]: 0 });
  });

  it('a function that waits and sends nothing, because Heap asked for a quarter of an hour', async () => {
    const ports = new InMemoryPorts();
    ports.breaker.failed(ports.time, true, 900);
    await ports.forward([webhook]);

    expect(written(ports)).toMatchObject({ [heapCalls]: 0, [heapCallsRetryable]: 0, [breakerOpen]: 1 });
  });

  it('a function that waits until Heap is up again', async () => {
    const ports = new InMemoryPorts();
    ports.breaker.failed(ports.time, true, 30);
    await ports.forward([webhook]);

    expect(written(ports)).toMatchObject({ [heapCalls]: 1, [heapCallsRetryable]: 0, [breakerOpen]: 1 });
  });
});
