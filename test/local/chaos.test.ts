import { Chaos } from '../../local/chaos';
import { randomOf } from '../../local/random';
import type { HeapFault } from '../../local/heap/fake-heap';
import type { SqsEvent, SqsEventRecord } from '../../local/lambda/event-source-mapping';

const chaosOf = (seed = 'seed', played: string[] = []): Chaos =>
  new Chaos({ seed, onPlay: (what) => played.push(what) });

const recordOf = (n: number): SqsEventRecord => ({
  messageId: `m${n}`,
  receiptHandle: '',
  body: '',
  attributes: {},
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: '',
  awsRegion: '',
});
const eventOf = (count: number): SqsEvent => ({
  Records: Array.from({ length: count }, (_, n) => recordOf(n)),
});

/** A function whose invocations last until they are killed, or end immediately. */
class TestFunction {
  readonly events: SqsEvent[] = [];
  killed = 0;
  #end: (error: Error) => void = () => undefined;

  constructor(private readonly lasts: boolean) {}

  start = (): Promise<void> => Promise.resolve();

  invoke = (event: unknown): Promise<unknown> => {
    this.events.push(event as SqsEvent);
    return this.lasts ? new Promise((_, reject) => (this.#end = reject)) : Promise.resolve('done');
  };

  kill = (): void => {
    this.killed += 1;
    this.#end(new Error('killed'));
  };
}

/** The fates of invocations that last until they are killed. Those that are not killed end immediately. */
async function fatesOf(chaos: Chaos, count: number): Promise<string[]> {
  const fates: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const before = { ...chaos.played };
    const lambda = new TestFunction(false);
    await chaos.invoke(eventOf(1), lambda).catch(() => undefined);
    fates.push(chaos.played.throttledInvocations > before.throttledInvocations ? 'throttled' : 'ran');
  }
  return fates;
}

const faultsOf = (chaos: Chaos, count: number): HeapFault[] =>
  Array.from({ length: count }, () => chaos.nextHeapFault());

describe('a seed', () => {
  it('determines everything', async () => {
    const series = async (seed: string): Promise<unknown> => {
      const played: string[] = [];
      const chaos = chaosOf(seed, played);
      return [
        faultsOf(chaos, 200),
        await fatesOf(chaos, 100),
        Array.from({ length: 100 }, chaos.losesDelete),
        played,
      ];
    };
    expect(await series('7')).toEqual(await series('7'));
    expect(await series('7')).not.toEqual(await series('8'));
  });

  it('gives an independent series to each kind of fault', async () => {
    const [quiet, busy] = [chaosOf(), chaosOf()];
    for (let n = 0; n < 50; n += 1) busy.losesDelete();
    await fatesOf(busy, 50);
    expect(faultsOf(busy, 200)).toEqual(faultsOf(quiet, 200));
  });
});

describe('Heap', () => {
  it('fails in spells of one fault with calm in between, so that everything is delivered in the end', () => {
    const chaos = chaosOf();
    const modes = faultsOf(chaos, 5000).map(({ mode }) => mode);
    const runs = modes.join(' ').match(/(\S+)(?: \1(?=\s|$))*/g) ?? [];
    for (const [index, run] of runs.entries()) {
      const [mode] = run.split(' ');
      if (index > 0) expect([mode, runs[index - 1]?.startsWith('ok')]).toEqual([mode, mode !== 'ok']);
      expect(run.split(' ').length).toBeLessThanOrEqual(mode === 'ok' ? 8 : 6);
    }
    expect(new Set(modes)).toEqual(
      new Set(['ok', '500', '429', '400-index', '413', 'reset', 'timeout', 'store-then-hang', 'redirect']),
    );
    const failed = modes.filter((mode) => mode !== 'ok').length;
    expect(chaos.played).toMatchObject({ heapRequests: 5000, heapFaults: failed });
  });

  it('never hangs for long, and sends Retry-After only with a 429', () => {
    for (const { mode, latencyMs, retryAfter } of faultsOf(chaosOf(), 2000)) {
      const hangs = mode === 'timeout' || mode === 'store-then-hang';
      expect([mode, (latencyMs ?? Infinity) <= 1000]).toEqual([mode, hangs]);
      expect([mode, retryAfter !== undefined]).toEqual([mode, mode === '429']);
    }
  });
});

describe('an invocation', () => {
  it('may be throttled, unseen by the function', async () => {
    const chaos = chaosOf();
    let throttled = 0;
    for (let n = 0; n < 200; n += 1) {
      const lambda = new TestFunction(false);
      const answer = await chaos.invoke(eventOf(2), lambda).catch((error: unknown) => String(error));
      if (answer === 'done') continue;
      throttled += 1;
      expect(answer).toContain('TooManyRequestsException');
      expect(lambda.events).toEqual([]);
    }
    expect(throttled).toBe(chaos.played.throttledInvocations);
    expect(throttled).toBeGreaterThan(0);
    expect(throttled).toBeLessThan(100);
  });

  it('may be killed, but only while it runs', async () => {
    const chaos = chaosOf();
    for (let n = 0; n < 200; n += 1) await chaos.invoke(eventOf(1), new TestFunction(false)).catch(String);
    // All of them had already ended.
    expect(chaos.played.killedInvocations).toBe(0);

    const played: string[] = [];
    const deadly = chaosOf('seed', played);
    while (deadly.played.killedInvocations === 0) {
      const lambda = new TestFunction(true);
      // An invocation that is neither killed nor throttled never ends.
      await Promise.race([
        deadly.invoke(eventOf(1), lambda).catch(String),
        new Promise((resolve) => setTimeout(resolve, 300)),
      ]);
      expect(lambda.killed).toBe(deadly.played.killedInvocations);
    }
    expect(played).toEqual([expect.stringMatching(/^chaos: the function is killed \d+ ms after its start$/)]);
  });

  it('receives some messages twice and loses none', async () => {
    const chaos = chaosOf();
    const event = eventOf(1000);
    const lambda = new TestFunction(false);
    while (lambda.events.length === 0) await chaos.invoke(event, lambda).catch(String);
    const [seen] = lambda.events;
    expect(seen!.Records.length).toBe(1000 + chaos.played.repeatedMessages);
    expect(chaos.played.repeatedMessages).toBeGreaterThan(0);
    expect([...new Set(seen!.Records)]).toEqual(event.Records);
  });
});

test('some deletes are lost, but most are not', () => {
  const chaos = chaosOf();
  const lost = Array.from({ length: 1000 }, chaos.losesDelete).filter(Boolean).length;
  expect(lost).toBe(chaos.played.lostDeletes);
  expect(lost).toBeGreaterThan(20);
  expect(lost).toBeLessThan(250);
});

test('random numbers are uniformly distributed from 0 to 1', () => {
  const random = randomOf('any');
  const tenths = new Array<number>(10).fill(0);
  for (let n = 0; n < 10_000; n += 1) tenths[Math.floor(random() * 10)]! += 1;
  for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(200);
});
