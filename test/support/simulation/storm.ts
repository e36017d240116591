import { secretPlaceholder, type MetricName } from '../../../lambda/contract';
import type { ForwardingRules } from '../../../lambda/forwarder/message';
import { createLiquid } from '../../../lambda/mapping/liquid';
import { compileMapping, unexpectedTemplate } from '../../../lambda/mapping/mapping';
import { noMapping } from '../../../lambda/mapping/rule-format';
import { Faults, heapSpells } from '../../../local/faults';
import type { HeapFault } from '../../../local/heap/fake-heap';
import { between as betweenOf, randomOf } from '../../../local/random';
import { account, deadLettersOf, type Account } from './account';
import { SimulatedHeap } from './heap';
import { noFaults, Pipeline, type PipelineFaults, type Sabotage } from './pipeline';
import { dedupeWindowMs, refusedMark, Traffic } from './traffic';
import { VirtualTime } from './virtual-time';

const start = Date.UTC(2026, 9, 1, 9);
const minute = 60_000;
const hour = 60 * minute;

const outages: readonly HeapFault[] = [
  { mode: '503' },
  { mode: 'reset' },
  { mode: 'timeout' },
  { mode: 'store-then-hang' },
  { mode: '429', retryAfter: 300 },
  { mode: 'redirect' },
];

/** The conditions of a run, all determined by its seed. */
interface Weather {
  /** No crash, throttle or duplicate: metrics and dead letters must add up exactly. */
  readonly isCalm: boolean;
  readonly hasUserProperties: boolean;
  readonly hasBroadcasts: boolean;
  readonly maxReceiveCount: number;
  readonly pace: number;
  readonly outage: { readonly from: number; readonly to: number; readonly fault: HeapFault } | undefined;
}

export interface StormResult {
  readonly seed: number;
  readonly weather: Weather;
  /** At the end of the faults. */
  readonly checks: readonly Account[];
  /** After Heap recovered and all dead letters were redriven. */
  readonly recovered: Account;
  readonly redriven: Account;
  readonly violations: readonly string[];
  readonly heapDuplicates: number;
  readonly injected: {
    readonly repeated: number;
    readonly lostDeletes: number;
    readonly repetitions: number;
  };
  readonly stats: Pipeline['stats'];
  /** Dead letters that SQS created on its own, before the redrive. */
  readonly receivesExhausted: number;
  readonly heapCalls: number;
}

export interface StormOptions {
  readonly seed: number;
  readonly messages: number;
  readonly sabotage?: Sabotage;
}

/** Runs one seed: traffic under faults, recovery, and a redrive of the dead letters. */
export async function playStorm({ seed, messages, sabotage }: StormOptions): Promise<StormResult> {
  const random = randomOf(`storm ${seed}`);
  const chance = (probability: number): boolean => random() < probability;
  const between = (min: number, max: number): number => betweenOf(random(), { min, max });
  const pick = <T>(items: readonly T[]): T => items[between(0, items.length - 1)]!;

  const trafficMs = between(5, 60) * minute;
  const faultsEnd = start + trafficMs + 30 * minute;
  const isCalm = seed % 4 === 0;
  const hasBroadcasts = seed % 20 === 1;
  const outageMs = seed % 40 === 7 ? between(25, 30) * hour : between(1, 120) * minute;
  const outageFrom = start + between(0, trafficMs);
  const weather: Weather = {
    isCalm,
    hasUserProperties: seed % 8 === 3,
    hasBroadcasts,
    maxReceiveCount: seed % 20 === 9 ? 6 : 60,
    // Broadcasts matter when there is no time for a whole one.
    pace: pick(hasBroadcasts ? [300, 1500] : [0, 0, 300, 1500, 6000]),
    outage: chance(0.5) ? { from: outageFrom, to: outageFrom + outageMs, fault: pick(outages) } : undefined,
  };

  const time = new VirtualTime(start);
  let isStormy = true;
  const faults = new Faults({
    seed: `storm ${seed}`,
    heapSpells,
    calm: { min: 1, max: pick([2, 8, 40]) },
  });
  const nextFault = (): HeapFault => {
    const { outage } = weather;
    if (outage !== undefined && time.now() >= outage.from && time.now() < outage.to) return outage.fault;
    return isStormy ? faults.nextHeapFault() : { mode: 'ok' };
  };
  const heap = new SimulatedHeap({
    time,
    nextFault,
    latencyMs: () => between(20, 400),
    refuses: ({ properties }) => properties['mark'] === refusedMark,
    namesRefused: chance(0.5),
  });

  // Some runs start like every deployment: without a stored app id.
  const firstSecret = chance(0.2) ? secretPlaceholder : '{"appId":"11"}';
  let secret: () => string = () => firstSecret;
  const pipeline = new Pipeline({
    time,
    heap,
    random,
    secret: () => secret(),
    rules: rulesOf(weather),
    pace: weather.pace,
    batchSize: () => pick([1, 10, 100, 1000]),
    windowMs: pick([1000, 5000]),
    maxReceiveCount: weather.maxReceiveCount,
    hasUserProperties: weather.hasUserProperties,
    sabotage,
  });
  const traffic = new Traffic(pipeline, random, weather.hasUserProperties, 0.03);
  const clockOffsets = [0, 0];
  pipeline.faults = {
    ...(isCalm ? calmFaults(chance) : wildFaults(faults, chance)),
    clockOffset: (n) => clockOffsets[n] ?? 0,
  };

  // CleverTap
  time.spawn(async () => {
    for (let sent = 0; sent < messages; sent += 1) {
      if (weather.hasBroadcasts && sent % 200 === 50) traffic.sendProfiles(between(400, 1600), 0.01);
      else traffic.sendAny();
      // Most requests are sent in bursts, like those of a campaign.
      if (chance(0.2)) await time.sleep((random() * 2 * trafficMs * 5) / messages);
    }
  });
  // The operator who rotates the token, and sometimes stores an invalid one first
  time.spawn(async () => {
    for (let rotation = 1; time.now() < faultsEnd; rotation += 1) {
      await time.sleep(between(1, 30) * minute);
      if (time.now() >= faultsEnd) return;
      const value = `token-${rotation}`;
      const good = `{"appId":"11","header":{"name":"X-Token","value":"${value}"}}`;
      const unusable = pick([
        () => secretPlaceholder,
        () => 'not JSON',
        () => {
          throw new Error('AccessDenied');
        },
      ]);
      heap.token = { name: 'X-Token', value };
      if (chance(0.3)) {
        secret = unusable;
        await time.sleep(between(1, 20) * minute);
      }
      secret = () => good;
    }
  });
  // An operator who redrives during the faults
  time.spawn(async () => {
    while (time.now() < faultsEnd) {
      await time.sleep(between(5, 60) * minute);
      if (!isCalm && chance(0.3)) pipeline.redrive();
    }
  });
  // The clocks of the instances
  time.spawn(async () => {
    while (time.now() < faultsEnd) {
      await time.sleep(between(1, 20) * minute);
      clockOffsets[between(0, 1)] = chance(0.5) ? 0 : between(-10, 10) * minute;
    }
  });
  pipeline.start();

  const checks: Account[] = [];
  for (let part = 1; part <= 4; part += 1) {
    await time.runUntil(start + ((faultsEnd - start) * part) / 4);
    checks.push(account(traffic, pipeline, heap));
  }
  isStormy = false;
  pipeline.faults = noFaults;
  if (weather.outage !== undefined) await time.runUntil(Math.max(time.now(), weather.outage.to));
  const violations: string[] = [];
  if (!(await pipeline.drain(3 * 24 * hour, 10 * minute))) violations.push('the buffer did not drain');
  const recovered = account(traffic, pipeline, heap);
  const receivesExhausted = deadLettersOf(pipeline).filter(({ reason }) => reason === undefined).length;
  if (isCalm) violations.push(...inexactSums(traffic, pipeline, heap));
  pipeline.redrive();
  if (!(await pipeline.drain(24 * hour, 10 * minute))) violations.push('the redriven buffer did not drain');
  const redriven = account(traffic, pipeline, heap);
  violations.push(...unfinished(traffic, pipeline, redriven));
  if (pipeline.stats.timedOut > 0) violations.push(`${pipeline.stats.timedOut} invocations ran out of time`);
  pipeline.stop();
  await time.run(minute);

  return {
    seed,
    weather,
    checks,
    recovered,
    redriven,
    violations: [...violations, ...[...checks, recovered, redriven].flatMap((one) => one.violations)],
    heapDuplicates: heap.duplicates,
    injected: {
      repeated: pipeline.stats.repeated,
      lostDeletes: pipeline.stats.lostDeletes,
      repetitions: traffic.repetitions,
    },
    stats: pipeline.stats,
    receivesExhausted,
    heapCalls: heap.requestTimes.length,
  };
}

const calmFaults = (chance: (probability: number) => boolean): PipelineFaults => ({
  ...noFaults,
  failsCall: (call) => call === 'changeMessageVisibilityBatch' && chance(0.1),
  failsEntry: (call) => call === 'changeMessageVisibilityBatch' && chance(0.05),
});

function wildFaults(faults: Faults, chance: (probability: number) => boolean): PipelineFaults {
  let killedAt: number | undefined;
  return {
    ...noFaults,
    throttles: () => {
      const next = faults.nextInvocation();
      killedAt = next.killedAt;
      return next.isThrottled;
    },
    kill: () =>
      killedAt === undefined
        ? undefined
        : { atCall: betweenOf(killedAt, { min: 1, max: 12 }), afterEffect: chance(0.5) },
    losesDelete: faults.losesDelete,
    repeats: faults.repeats,
    failsCall: () => chance(0.1),
    failsEntry: () => chance(0.03),
  };
}

function rulesOf({ hasUserProperties }: Weather): ForwardingRules {
  const rules = { identityOrder: ['identity', 'email'], dedupeWindowMs };
  if (!hasUserProperties) return { ...rules, mapping: compileMapping(noMapping, unexpectedTemplate) };
  const properties = { n: '{{ Body.properties.n }}' };
  return {
    ...rules,
    mapping: compileMapping(
      {
        ...noMapping,
        rules: [
          {
            name: 'bought',
            when: { event: 'Bought' },
            send: { properties },
            userProperties: { last: '{{ Body.properties.n }}' },
          },
          { name: 'skip', when: { event: 'Skip' }, send: { event: '{% abort %}' } },
        ],
      },
      createLiquid().parse,
    ),
  };
}

/** If nothing crashed, each event is counted once, and each message has one dead letter per reason. */
function inexactSums(traffic: Traffic, pipeline: Pipeline, heap: SimulatedHeap): string[] {
  const deadLetters = deadLettersOf(pipeline);
  const metric = (name: MetricName): number => pipeline.metrics.get(name) ?? 0;
  const byReason = [...pipeline.rejectedByReason.values()].reduce((sum, count) => sum + count, 0);
  const rejected = metric('EventsRejected');
  const sums: readonly (readonly [string, number, number])[] = [
    ['received', metric('EventsReceived'), traffic.eventsSent],
    [
      'delivered + rejected + ignored',
      metric('EventsDelivered') + rejected + metric('EventsIgnored'),
      traffic.eventsSent,
    ],
    ['rejected', rejected, deadLetters.reduce((sum, { serials }) => sum + serials.length, 0)],
    ['rejected by reason', byReason, rejected],
    ...(['received', 'delivered', 'rejected', 'ignored'] as const).map(
      (outcome): readonly [string, number, number] => [
        `${outcome}, by campaign`,
        pipeline.campaigns.get(outcome) ?? 0,
        metric(metricOf[outcome]),
      ],
    ),
    ['calls to Heap', metric('HeapCalls'), heap.requestTimes.length],
    [
      'dead letters',
      new Set(
        deadLetters.map(
          ({ requestId, reason, serials }) => `${requestId ?? serials.join()} ${String(reason)}`,
        ),
      ).size,
      deadLetters.length,
    ],
  ];
  return sums
    .filter(([, one, other]) => one !== other)
    .map(([what, one, other]) => `${what}: ${one} instead of ${other}`);
}

const metricOf = {
  received: 'EventsReceived',
  delivered: 'EventsDelivered',
  rejected: 'EventsRejected',
  ignored: 'EventsIgnored',
} as const;

/** With Heap up and everything redriven, only undeliverable events are left. */
function unfinished(traffic: Traffic, pipeline: Pipeline, { delivered, queued }: Account): string[] {
  const deliverable = [...traffic.events.values()].filter(({ destiny }) => destiny.kind === 'delivered');
  const found: string[] = [];
  if (delivered !== deliverable.length)
    found.push(`${delivered} of ${deliverable.length} are in Heap at the end`);
  if (queued !== 0) found.push(`${queued} are queued at the end`);
  for (const { reason, serials } of deadLettersOf(pipeline)) {
    for (const serial of serials) {
      const destiny = traffic.events.get(serial)?.destiny;
      const expected =
        destiny?.kind === 'rejected'
          ? destiny.reason
          : destiny?.kind === 'refused'
            ? 'heap_rejected'
            : 'none';
      if (reason !== expected)
        found.push(`at the end a dead letter for ${String(reason)} instead of ${expected} holds ${serial}`);
    }
  }
  return found;
}
