import {
  metricDimensions,
  metricNamespace,
  metrics,
  type MetricName,
  type RejectionReason,
} from '../contract';

/** Counts, or a list of measurements. */
export type MetricValues = Partial<Record<MetricName, number | readonly number[]>>;

/** Writes metrics for the current time. A reason adds the dimension `Reason`. */
export type Metrics = (values: MetricValues, reason?: RejectionReason) => void;

const milliseconds: readonly MetricName[] = [metrics.deliveryLag, metrics.heapLatency];

/** CloudWatch's limit of values per metric in one log line ("Embedded Metric Format Specification"). */
const maxValues = 100;

/**
 * Metrics as log lines in CloudWatch's embedded metric format: no call, no permission, and nothing is lost when the
 * function is frozen. A library for this would make every cold start a twelfth slower.
 *
 * @param write receives a line without its line break
 * @param now milliseconds since 1970
 */
export const createMetrics =
  (write: (line: string) => void, stackName: string, now: () => number): Metrics =>
  (values, reason) => {
    const { stack, reason: byReason } = metricDimensions;
    const dimensions =
      reason === undefined ? { [stack]: stackName } : { [stack]: stackName, [byReason]: reason };
    const used = Object.values(metrics).filter((name) => [values[name] ?? []].flat().length > 0);
    if (used.length === 0) return;
    write(
      JSON.stringify({
        _aws: {
          Timestamp: now(),
          CloudWatchMetrics: [
            {
              Namespace: metricNamespace,
              Dimensions: [Object.keys(dimensions)],
              Metrics: used.map((name) => ({
                Name: name,
                Unit: milliseconds.includes(name) ? 'Milliseconds' : 'Count',
              })),
            },
          ],
        },
        ...dimensions,
        ...Object.fromEntries(used.map((name) => [name, sampled(values[name])])),
      }),
    );
  };

/** If there are too many values for a line: evenly spaced ones of the sorted list, including smallest and largest. */
function sampled(value: number | readonly number[] | undefined): number | readonly number[] | undefined {
  if (value === undefined || typeof value === 'number' || value.length <= maxValues) return value;
  const sorted = [...value].sort((a, b) => a - b);
  const step = (sorted.length - 1) / (maxValues - 1);
  return Array.from({ length: maxValues }, (_, index) => sorted[Math.round(index * step)] ?? 0);
}
