import { deadLetterAttributes } from '../../../lambda/contract';
import type { HeapMode } from '../../../local/heap/fake-heap';
import { randomOf } from '../../../local/random';
import { account, deadLettersOf, type Account } from './account';
import { peakPerMinute, SimulatedHeap } from './heap';
import { bufferName, deadLetterQueueName, Pipeline } from './pipeline';
import { Traffic } from './traffic';
import { VirtualTime } from './virtual-time';

const start = Date.UTC(2026, 9, 1, 9);
const minute = 60_000;
const hour = 60 * minute;

export interface OutageOptions {
  readonly seed: number;
  readonly hours: number;
  /** What Heap does during the outage. */
  readonly behaviour: HeapMode;
  /** Messages per second before, during and after the outage. */
  readonly arrivals: number;
  /** What SQS delivers first: the oldest messages, or those being retried. SQS promises neither. */
  readonly order?: 'oldest first' | 'retried first';
  /** The events per minute of one instance. */
  readonly pace?: number;
  /** Smaller than deployed when the run models a larger stream. */
  readonly batchSize?: number;
  /** How long the run continues after the recovery, with the same arrivals. */
  readonly minutesAfter: number;
  /** Whether arrivals then stop and everything is delivered. */
  readonly drains: boolean;
  /** Whether an operator redrives the dead letters. */
  readonly redrives?: boolean;
}

export interface OutageResult {
  readonly recoveredAt: number;
  readonly accepted: number;
  /** The messages that waited in the queue without ever being received. */
  readonly unreceived: number;
  readonly expired: number;
  readonly maxInFlight: number;
  /** The calls to Heap of one instance in the busiest minute of the outage, and on average. */
  readonly peakCallsPerMinute: number;
  readonly callsPerMinute: number;
  readonly firstDeliveryMs: number;
  /** The events Heap accepted in each whole minute after the first delivery. */
  readonly perMinute: readonly number[];
  readonly receives: number;
  /** At the recovery of Heap, at the end of the run, and after the redrive. */
  readonly atRecovery: Account;
  readonly deadLetters: Readonly<Record<string, number>>;
  /** Hours from the start of the outage to the first dead letter. */
  readonly firstDeadLetterHours: number | undefined;
  readonly atEnd: Account;
  readonly redriven: Account | undefined;
  /** The value of the metric BreakerOpen at the end of the outage. */
  readonly breakerOpen: number;
  readonly invocations: number;
}

/** Simulates an outage of Heap: five minutes of traffic, the outage, and the time after it. */
export async function playOutage(options: OutageOptions): Promise<OutageResult> {
  const { seed, hours, behaviour, arrivals, pace = 6000, batchSize = 1000, order = 'oldest first' } = options;
  const random = randomOf(`outage ${seed}`);
  const time = new VirtualTime(start);
  const from = start + 5 * minute;
  const to = from + hours * hour;
  let rowTimes: number[] = [];
  const heap = new SimulatedHeap({
    time,
    nextFault: () => ({ mode: time.now() >= from && time.now() < to ? behaviour : 'ok' }),
    latencyMs: () => 50 + Math.floor(random() * 100),
    onRow: () => rowTimes.push(time.now()),
  });

  // 3.7 million messages do not fit into memory. Each is stored just before SQS would deliver it, with its arrival
  // time; only the tail of the queue that was never received is missing.
  let stored = 0;
  let expired = 0;
  let end = Infinity;
  const due = (): number => Math.floor(((Math.min(time.now(), end) - start) / 1000) * arrivals);
  const arrivalOf = (index: number): number => start + Math.ceil((index * 1000) / arrivals);
  const storeDue = (): void => {
    if (order === 'retried first' && pipeline.sqs.nextVisibleAt(bufferName) === time.now()) return;
    const retained = time.now() - 7 * 24 * hour;
    for (; stored < due() && arrivalOf(stored) < retained; stored += 1) expired += 1;
    for (; stored < due() && stored - expired - pipeline.stats.firstReceives < 10; stored += 1)
      traffic.sendCustom(arrivalOf(stored));
  };
  const pipeline: Pipeline = new Pipeline({
    time,
    heap,
    random,
    pace,
    batchSize: () => batchSize,
    beforeReceive: storeDue,
    watchesInFlight: true,
  });
  const traffic = new Traffic(pipeline, random);
  pipeline.start();

  await time.runUntil(from);
  const deadLetters: { at: number; reason: string }[] = [];
  while (time.now() < to) {
    await time.runUntil(Math.min(to, time.now() + hour));
    if (deadLetters.length === 0 && deadLettersOf(pipeline).length > 0)
      deadLetters.push({ at: time.now(), reason: String(deadLettersOf(pipeline)[0]?.reason) });
  }
  const breakerOpen = pipeline.metrics.get('BreakerOpen') ?? 0;
  const atRecovery = account(traffic, pipeline, heap);
  const outageCalls = pipeline.heapCalls.map((calls) => calls.filter((at) => at >= from && at < to));
  const unreceived = due() - stored;

  rowTimes = [];
  await time.run(options.minutesAfter * minute);
  if (options.drains) {
    end = time.now();
    while (stored < due() || pipeline.queued > 0) await time.run(10 * minute);
  }
  const firstRowAt = rowTimes[0] ?? Infinity;
  const perMinute = Array.from({ length: Math.floor((time.now() - firstRowAt) / minute) }, () => 0);
  for (const at of rowTimes) {
    const index = Math.floor((at - firstRowAt) / minute);
    if (index < perMinute.length) perMinute[index]! += 1;
  }
  const atEnd = account(traffic, pipeline, heap);
  const reasons: Record<string, number> = {};
  for (const { attributes } of pipeline.sqs.messages(deadLetterQueueName)) {
    const reason = attributes[deadLetterAttributes.reason]?.StringValue ?? 'none';
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  let redriven: Account | undefined;
  if (options.redrives === true) {
    pipeline.redrive();
    await pipeline.drain(24 * hour);
    redriven = account(traffic, pipeline, heap);
  }
  pipeline.stop();
  await time.run(3 * minute);
  return {
    recoveredAt: to,
    accepted: due(),
    unreceived,
    expired,
    maxInFlight: pipeline.maxInFlight,
    peakCallsPerMinute: Math.max(
      ...outageCalls.map((calls) => peakPerMinute(calls.map((at) => ({ at, events: 1 })))),
    ),
    callsPerMinute: Math.max(...outageCalls.map(({ length }) => length)) / (hours * 60),
    firstDeliveryMs: firstRowAt - to,
    perMinute,
    receives: pipeline.stats.receives,
    atRecovery,
    deadLetters: reasons,
    firstDeadLetterHours: deadLetters[0] && (deadLetters[0].at - from) / hour,
    atEnd,
    redriven,
    breakerOpen,
    invocations: pipeline.stats.invocations,
  };
}
