import { deadLetterAttributes } from '../../../lambda/contract';
import type { HeapMode } from '../../../local/heap/fake-heap';
import { randomOf } from '../../../local/random';
import { account, lettersOf, type Account } from './account';
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
  /** What Heap does in it. */
  readonly behaviour: HeapMode;
  /** Messages a second, before, during and after it. */
  readonly arrivals: number;
  /** What SQS hands out first: what was stored first, or what comes back. It promises neither. */
  readonly order?: 'stored first' | 'returning first';
  /** Events a minute of one instance. */
  readonly pace?: number;
  /** Smaller than deployed in a model of a larger stream. */
  readonly batchSize?: number;
  /** How long the run goes on after Heap is back, with as many arrivals. */
  readonly minutesAfter: number;
  /** Whether arrivals end then, and everything is delivered to the end. */
  readonly drains: boolean;
  /** Whether an operator redrives what became a dead letter. */
  readonly redrives?: boolean;
}

export interface OutageResult {
  readonly recoveredAt: number;
  readonly accepted: number;
  /** Waited in the queue without having been received. */
  readonly unreceived: number;
  readonly expired: number;
  readonly maxInFlight: number;
  /** Calls to Heap of one instance in its busiest minute of the outage, and over all of it. */
  readonly peakCallsPerMinute: number;
  readonly callsPerMinute: number;
  readonly firstDeliveryMs: number;
  /** Events that Heap took in each whole minute after the first delivery. */
  readonly perMinute: readonly number[];
  readonly receives: number;
  /** When Heap is back, at the end of the run, and after the redrive. */
  readonly atRecovery: Account;
  readonly letters: Readonly<Record<string, number>>;
  /** Hours from the first receive to the first letter that gives up, as its own text cannot tell. */
  readonly firstLetterHours: number | undefined;
  readonly atEnd: Account;
  readonly redriven: Account | undefined;
  /** Messages in the buffer at the end of the outage, by how often they were received. */
  readonly breakerOpen: number;
  readonly invocations: number;
}

/** Plays an outage of Heap: an hour of traffic, the outage, and what comes after. */
export async function playOutage(options: OutageOptions): Promise<OutageResult> {
  const { seed, hours, behaviour, arrivals, pace = 6000, batchSize = 1000, order = 'stored first' } = options;
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

  // 3.7 million messages do not fit into memory, so each is stored only when SQS is about to hand it out, with the
  // time of its arrival: the queue then holds what a real one would, but for the end that nobody has seen yet.
  let stored = 0;
  let expired = 0;
  let end = Infinity;
  const due = (): number => Math.floor(((Math.min(time.now(), end) - start) / 1000) * arrivals);
  const arrivalOf = (index: number): number => start + Math.ceil((index * 1000) / arrivals);
  const storeDue = (): void => {
    if (order === 'returning first' && pipeline.sqs.nextVisibleAt(bufferName) === time.now()) return;
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
  const letters: { at: number; reason: string }[] = [];
  while (time.now() < to) {
    await time.runUntil(Math.min(to, time.now() + hour));
    if (letters.length === 0 && lettersOf(pipeline).length > 0)
      letters.push({ at: time.now(), reason: String(lettersOf(pipeline)[0]?.reason) });
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
    letters: reasons,
    firstLetterHours: letters[0] && (letters[0].at - from) / hour,
    atEnd,
    redriven,
    breakerOpen,
    invocations: pipeline.stats.invocations,
  };
}
