import { metrics } from '../../../lambda/contract';
import { createMetrics, type MetricValues } from '../../../lambda/telemetry/metrics';

const written = (values: MetricValues, reason?: 'missing_identity'): Record<string, unknown>[] => {
  const lines: string[] = [];
  createMetrics(
    (line) => lines.push(line),
    'ClevertapToHeapDev',
    () => 1_790_000_000_000,
  )(values, reason);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};

test('a line is CloudWatch’s embedded metric format', () => {
  expect(written({ EventsDelivered: 3, HeapLatencyMs: [12, 15] })).toEqual([
    {
      _aws: {
        Timestamp: 1_790_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'ClevertapToHeap',
            Dimensions: [['Stack']],
            Metrics: [
              { Name: 'EventsDelivered', Unit: 'Count' },
              { Name: 'HeapLatencyMs', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      Stack: 'ClevertapToHeapDev',
      EventsDelivered: 3,
      HeapLatencyMs: [12, 15],
    },
  ]);
});

test('a reason is a dimension', () => {
  expect(written({ EventsRejected: 2 }, 'missing_identity')).toMatchObject([
    {
      _aws: { CloudWatchMetrics: [{ Dimensions: [['Stack', 'Reason']] }] },
      Reason: 'missing_identity',
      EventsRejected: 2,
    },
  ]);
});

test('without measurements nothing is written', () => {
  expect(written({})).toEqual([]);
  expect(written({ BulkSize: [] })).toEqual([]);
});

test('many measurements are reduced to a hundred, including the smallest and the largest', () => {
  const values = Array.from({ length: 10_000 }, (_, index) => 10_000 - index);
  const sampled = written({ DeliveryLagMs: values })[0]?.[metrics.deliveryLag] as number[];

  expect(sampled).toHaveLength(100);
  expect([sampled.at(0), sampled.at(-1)]).toEqual([1, 10_000]);
  expect(sampled[50]).toBeGreaterThan(4900);
  expect(sampled[50]).toBeLessThan(5150);
});
