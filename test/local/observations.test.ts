import { startAwsEndpoint } from '../../local/aws/endpoint';
import { Observations } from '../../local/observations';
import { SecretsManagerService } from '../../local/aws/secrets-manager/service';
import { SkippingClock } from '../../local/skipping-clock';
import { SqsService } from '../../local/aws/sqs/service';

const clock = new SkippingClock();

const observationsOf = (): Observations =>
  new Observations({ clock, keyName: (id) => (id === 'KeyK1' ? 'k1' : id) });

/** A log line of the function in the embedded metric format. */
function metricLine(
  values: Record<string, unknown>,
  {
    at = Date.now(),
    dimensions = [['Stack']],
    ...rest
  }: { at?: number; dimensions?: string[][]; Reason?: string } = {},
): string {
  return JSON.stringify({
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        {
          Namespace: 'ClevertapToHeap',
          Dimensions: dimensions,
          Metrics: Object.keys(values).map((Name) => ({ Name, Unit: 'Count' })),
        },
      ],
    },
    Stack: 'Local',
    ...rest,
    ...values,
  });
}

describe('the ledger', () => {
  const row = { campaign: '1650000001', event: 'Purchase', outcome: 'received', events: 2 };
  const line = (message: string, fields: object): string =>
    JSON.stringify({ level: 'info', message, ...fields });

  it('has the campaigns of every batch, without counting those of single requests again', () => {
    const observations = observationsOf();
    observations.functionLog(line('batch forwarded', { campaigns: [row] }));
    observations.functionLog(line('no Heap app id; all messages wait', { campaigns: [row, row] }));
    observations.functionLog(line('batch forwarded', { campaigns: [] }));
    observations.functionLog(line('settled', { requests: [{ requestId: 'r', campaigns: [row] }] }));
    observations.functionLog('"campaigns":[{ of a line that is not JSON');

    expect(observations.answer('/_local/ledger', new URLSearchParams('from=0'))).toEqual({
      rows: [row, row, row],
    });
    const later = new URLSearchParams({ from: String(Date.now() + 1000) });
    expect(observations.answer('/_local/ledger', later)).toEqual({ rows: [] });
    const earlier = new URLSearchParams({ from: '0', to: String(Date.now() - 1000) });
    expect(observations.answer('/_local/ledger', earlier)).toEqual({ rows: [] });
  });

  it('reaches back further than the kept lines', () => {
    const observations = observationsOf();
    observations.functionLog(line('batch forwarded', { campaigns: [row] }));
    for (let index = 0; index < 20_001; index += 1) observations.functionLog('{}');

    expect(observations.log(0, 'batch')).toEqual([]);
    expect(observations.ledger(0)).toEqual([row]);
  });
});

describe('the metrics of the function', () => {
  it('are numbers and lists of numbers', () => {
    const observations = observationsOf();
    observations.functionLog(metricLine({ EventsReceived: 3, HeapLatencyMs: [20, 5] }));
    observations.functionLog(metricLine({ EventsReceived: 4, HeapLatencyMs: [] }));
    expect(observations.metrics(0).metrics).toEqual({
      EventsReceived: { sum: 7, count: 2, max: 4, values: [3, 4] },
      HeapLatencyMs: { sum: 25, count: 2, max: 20, values: [20, 5] },
    });
  });

  it('with a reason are separate metrics, in the same line or another one', () => {
    const observations = observationsOf();
    const split = { dimensions: [['Stack', 'Reason']], Reason: 'missing_identity' };
    observations.functionLog(metricLine({ EventsRejected: 3 }));
    observations.functionLog(metricLine({ EventsRejected: 2 }, split));
    observations.functionLog(metricLine({ EventsRejected: 1 }, { ...split, Reason: 'invalid_json' }));
    observations.functionLog(
      metricLine({ EventsRejected: 4 }, { ...split, dimensions: [['Stack'], ['Stack', 'Reason']] }),
    );
    const { metrics, byReason } = observations.metrics(0);
    expect(metrics).toEqual({ EventsRejected: { sum: 7, count: 2, max: 4, values: [3, 4] } });
    expect(byReason).toEqual({ missing_identity: 6, invalid_json: 1 });
  });

  it("count at their own time, converted to this machine's clock", () => {
    const ahead = new SkippingClock();
    ahead.skip(3_600_000);
    const observations = new Observations({ clock: ahead, keyName: String });
    observations.functionLog(metricLine({ HeapCalls: 1 }, { at: 3_600_000 + 999 }));
    observations.functionLog(metricLine({ HeapCalls: 2 }, { at: 3_600_000 + 1000 }));
    expect(observations.metrics(1000).metrics['HeapCalls']).toMatchObject({ sum: 2, count: 1 });
  });

  it('are only in embedded metric lines', () => {
    const observations = observationsOf();
    for (const line of [
      '{"level":"info","message":"\\"_aws\\""}',
      '{"_aws":{"CloudWatchMetrics":[]}}',
      metricLine({ HeapCalls: 1 }).slice(0, -5),
      metricLine({ HeapCalls: '1' }),
      'START "_aws"',
    ])
      observations.functionLog(line);
    expect(observations.metrics(0)).toMatchObject({ metrics: {}, byReason: {} });
  });
});

describe('the door', () => {
  it('counts its responses, and the requests of each key by name', () => {
    const observations = observationsOf();
    for (const [status, apiKeyId] of [
      [200, 'KeyK1'],
      [413, 'KeyK1'],
      [200, 'KeyK2'],
      [403, undefined],
      [500, 'KeyK1'],
    ] as const)
      observations.doorAnswered({ status, apiKeyId });
    expect(observations.metrics(0)).toMatchObject({
      door: { count: 5, '4XXError': 2, '5XXError': 1 },
      requestsByKey: { k1: 3, KeyK2: 1 },
    });
    expect(observations.metrics(0, Date.now() - 1000)).toMatchObject({ door: { count: 0 } });
    expect(observations.metrics(Date.now() + 60_000)).toMatchObject({
      door: { count: 0, '4XXError': 0, '5XXError': 0 },
      requestsByKey: {},
    });
  });
});

describe('the log', () => {
  it('finds lines by string and time, among the last 10,000', () => {
    const observations = observationsOf();
    for (let n = 0; n < 25_000; n += 1) observations.functionLog(`{"n":${n}}`);
    expect(observations.log(0, '')).toHaveLength(10_000);
    expect(observations.log(0, '{"n":15000}')).toEqual(['{"n":15000}']);
    expect(observations.log(0, '{"n":14999}')).toEqual([]);
    expect(observations.log(Date.now() + 60_000, '')).toEqual([]);
  });
});

describe('the lines', () => {
  it('have ids and the instance that wrote them', () => {
    const observations = observationsOf();
    observations.functionLog('same', 'worker-1');
    observations.functionLog('same', 'worker-0');
    const at = expect.any(Number) as number;
    expect(observations.lines(0)).toEqual([
      { id: 0, at, stream: 'worker-1', line: 'same' },
      { id: 1, at, stream: 'worker-0', line: 'same' },
    ]);
    expect(observations.lines(Date.now() + 60_000)).toEqual([]);
  });
});

describe('over HTTP', () => {
  it('answers under /_local/ and nowhere else', async () => {
    const observations = observationsOf();
    observations.functionLog('{"message":"settled","requestIds":["a?&="]}');
    observations.functionLog(metricLine({ HeapCalls: 2 }));
    const server = await startAwsEndpoint({
      port: 0,
      sqs: new SqsService(),
      secrets: new SecretsManagerService(),
      local: observations.answer,
    });
    const get = async (path: string): Promise<[number, unknown]> => {
      const answer = await fetch(server.origin + path);
      const body = await answer.text();
      return [answer.status, body.startsWith('{') ? JSON.parse(body) : body];
    };
    try {
      expect(await get(`/_local/log?from=0&contains=${encodeURIComponent('"a?&="')}`)).toEqual([
        200,
        { lines: ['{"message":"settled","requestIds":["a?&="]}'] },
      ]);
      expect(await get('/_local/lines?from=0')).toMatchObject([
        200,
        { lines: [{ id: 0, stream: 'worker-0' }, { id: 1 }] },
      ]);
      expect(await get('/_local/metrics')).toMatchObject([200, { metrics: { HeapCalls: { sum: 2 } } }]);
      expect(await get(`/_local/metrics?from=${Date.now() + 60_000}`)).toEqual([
        200,
        {
          metrics: {},
          byReason: {},
          door: { count: 0, '4XXError': 0, '5XXError': 0 },
          requestsByKey: {},
        },
      ]);
      expect(await get('/_local/metrics?to=today')).toEqual([
        400,
        { message: 'to should be a number of milliseconds since 1970' },
      ]);
      expect(await get('/_local/log?from=yesterday')).toEqual([
        400,
        { message: 'from should be a number of milliseconds since 1970' },
      ]);
      expect((await get('/_local/nothing'))[0]).toBe(404);
      expect((await get('/'))[0]).toBe(404);
    } finally {
      await server.close();
    }
  });
});
