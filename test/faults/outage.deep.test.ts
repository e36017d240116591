import { addFaultCounts } from '../support/fault-counts';
import type { OutageOptions, OutageResult } from '../support/simulation/outage';
import { PlainNode } from '../support/simulation/plain-node';

/** Heap is down for hours and days, in virtual time, and no operator intervenes. */
const isSoak = process.env['SOAK'] !== undefined;
let node: PlainNode;

beforeAll(() => {
  node = new PlainNode();
});

afterAll(() => {
  node.stop();
});

async function play(options: OutageOptions): Promise<OutageResult> {
  const result = await node.play('outage', options);
  expect([result.atRecovery, result.atEnd, result.redriven].flatMap((one) => one?.violations ?? [])).toEqual(
    [],
  );
  addFaultCounts({
    events: result.atEnd.accepted,
    lost: result.atEnd.missing,
    duplicatesInHeap: result.atEnd.doubled,
  });
  return result;
}

/**
 * Lambda and SQS as deployed with 170 messages per second, or everything scaled down to a tenth, which takes a tenth
 * of the time: batches, pace, arrivals and messages in flight scale together. Waits are not scaled.
 */
const scale = isSoak ? 1 : 10;
const stream = { arrivals: 170 / scale, batchSize: 1000 / scale, pace: 6000 / scale };

describe(`an outage of 6 hours at 170 messages a second, ${scale === 1 ? 'at full size' : `1 : ${scale}`}`, () => {
  test.each([
    ['oldest first', '503'],
    // The worst case of SQS's loose ordering: retried messages are delivered before new ones.
    ['retried first', 'timeout'],
  ] as const)(
    'delays events but loses none, whatever SQS delivers first: %s, with Heap in mode %s (F21, F56)',
    async (order, behaviour) => {
      const result = await play({
        seed: 6,
        hours: 6,
        behaviour,
        order,
        ...stream,
        minutesAfter: 10,
        drains: false,
      });
      const { accepted, unreceived, atRecovery, atEnd, deadLetters } = result;

      // Of 3.8 million messages most were never received, and not one was given up.
      expect(accepted).toBeGreaterThan((6 * 3600 * 170) / scale);
      expect(unreceived).toBeGreaterThan(0.8 * accepted);
      expect([deadLetters, atRecovery.rejected, atEnd.rejected]).toEqual([{}, 0, 0]);
      expect(atRecovery.queued).toBeGreaterThan(0);
      expect(result.maxInFlight).toBeLessThan(120_000 / scale);
      expect(result.peakCallsPerMinute).toBeLessThan(5);
      expect(result.callsPerMinute).toBeLessThanOrEqual(2.1);
      expect(result.breakerOpen).toBeGreaterThan(0);

      // Delivery then resumes immediately at the pace of both instances; each may have saved up one bulk.
      expect(result.firstDeliveryMs).toBeLessThan(120_000);
      const perMinute = (2 * 6000) / scale;
      const steady = result.perMinute.slice(1);
      expect(steady.length).toBeGreaterThan(6);
      for (const events of steady) expect(Math.abs(events - perMinute)).toBeLessThanOrEqual(2000 / scale);
      const average = steady.reduce((sum, events) => sum + events, 0) / steady.length;
      expect(Math.abs(average - perMinute)).toBeLessThan(0.05 * perMinute);
    },
    600_000,
  );
});

describe('an outage with modest traffic', () => {
  test.each(['503', 'reset', 'redirect', '401', '429'] as const)(
    'of 24 hours loses nothing and dead-letters nothing: everything is delivered afterwards (F56), with %s',
    async (behaviour) => {
      const { deadLetters, atRecovery, atEnd, firstDeliveryMs, peakCallsPerMinute } = await play({
        seed: 24,
        hours: 24,
        behaviour,
        arrivals: 1 / 60,
        minutesAfter: 60,
        drains: true,
      });
      expect(atRecovery.queued).toBeGreaterThan(1400);
      expect(deadLetters).toEqual({});
      expect(atEnd).toMatchObject({
        delivered: atEnd.accepted,
        queued: 0,
        rejected: 0,
        missing: 0,
        doubled: 0,
      });
      expect(firstDeliveryMs).toBeLessThan(120_000);
      expect(peakCallsPerMinute).toBeLessThan(5);
    },
    600_000,
  );

  test('of 27 hours dead-letters events older than a day as retries_exhausted, and a redrive delivers them unchanged (F65)', async () => {
    const { deadLetters, firstDeadLetterHours, atRecovery, atEnd, redriven } = await play({
      seed: 27,
      hours: 27,
      behaviour: '503',
      arrivals: 1 / 30,
      minutesAfter: 10,
      drains: true,
      redrives: true,
    });
    expect(Object.keys(deadLetters)).toEqual(['retries_exhausted']);
    expect(firstDeadLetterHours).toBe(25);
    // Two to three hours of arrivals: the last attempt may be up to 72 minutes earlier.
    expect(atRecovery.rejected).toBeGreaterThan(1.7 * 120);
    expect(atRecovery.rejected).toBeLessThanOrEqual(3 * 120);
    expect(atEnd.delivered + atEnd.rejected).toBe(atEnd.accepted);
    expect(redriven).toMatchObject({
      delivered: atEnd.accepted,
      queued: 0,
      rejected: 0,
      missing: 0,
      doubled: 0,
    });
  }, 600_000);

  test('of 8 days loses nothing: all but the last day is dead-lettered, with a reason (F17)', async () => {
    const { deadLetters, atRecovery, atEnd, redriven, breakerOpen, invocations } = await play({
      seed: 8,
      hours: 8 * 24,
      behaviour: '503',
      arrivals: 1 / 600,
      minutesAfter: 10,
      drains: true,
      redrives: true,
    });
    expect(Object.keys(deadLetters)).toEqual(['retries_exhausted']);
    expect(atRecovery.rejected).toBeGreaterThan(6.9 * 144);
    expect(atRecovery.queued).toBeGreaterThanOrEqual(144);
    expect(redriven).toMatchObject({
      delivered: atEnd.accepted,
      queued: 0,
      rejected: 0,
      missing: 0,
      doubled: 0,
    });
    // Hard to overlook: nearly every invocation reported it.
    expect(breakerOpen).toBeGreaterThan(0.95 * (invocations - 20));
  }, 600_000);

  test('of 8 days with more messages than can be received loses those that SQS kept for 7 days, and reports it throughout (F17)', async () => {
    // 170 messages per second at 1 : 1000. While they wait, the two instances receive a ninth of that.
    const run = {
      seed: 8,
      behaviour: '503',
      arrivals: 0.17,
      batchSize: 1,
      pace: 6,
      minutesAfter: 0,
      drains: false,
    } as const;
    const [days7, days8] = await Promise.all([
      play({ ...run, hours: 6.9 * 24 }),
      node.play('outage', { ...run, hours: 8 * 24 }),
    ]);
    expect(days7.expired).toBe(0);

    const { atRecovery, expired, recoveredAt } = days8;
    expect(atRecovery.missing + expired).toBeGreaterThan(0);
    // Only messages that were older than 7 days and not yet dead-lettered.
    expect(recoveredAt - atRecovery.newestLostAt).toBeGreaterThan(7 * 24 * 3_600_000);
    expect(atRecovery.violations.filter((violation) => !violation.startsWith('lost: '))).toEqual([]);
    expect(days8.breakerOpen).toBeGreaterThan(0.95 * (days8.invocations - 20));
  }, 600_000);
});
