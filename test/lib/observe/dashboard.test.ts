import { runInNewContext } from 'node:vm';
import { rejectionReasons } from '../../../lambda/contract';
import { ledgerQuery } from '../../../lib/observe/ledger-query';
import {
  compositeAlarms,
  expressionsOf,
  metricAlarms,
  readBy,
  shownBy,
  widgets,
  type Widget,
} from '../../support/observed-metrics';
import { allSettings } from '../../support/settings';
import { synthTemplate } from '../../support/synth';
import { outputs, resource } from '../../support/template';

const template = synthTemplate(allSettings);
const shown = widgets(template);
const titled = (title: string): Widget => {
  const found = shown.filter(({ properties }) => properties.title === title);
  expect(found).toHaveLength(1);
  return found[0]!;
};

test('follows the events from top to bottom', () => {
  const headings = shown
    .filter(({ type }) => type === 'text')
    .sort((a, b) => a.y - b.y)
    .map(({ properties }) => (properties.markdown ?? '').split('\n')[0]);
  expect(headings).toEqual([
    '## ClevertapToHeapTest: what was accepted is delivered, or waits, or is a dead letter',
    '## Door',
    '## Queue',
    '## Forwarder',
    '## Heap',
    '## Data quality',
    '## Logs',
  ]);
});

test('fills its rows without overlaps', () => {
  const cells = new Set<string>();
  for (const { x, y, width, height } of shown) {
    expect(x + width).toBeLessThanOrEqual(24);
    for (let column = x; column < x + width; column += 1) {
      for (let row = y; row < y + height; row += 1) {
        expect(cells.has(`${column} ${row}`)).toBe(false);
        cells.add(`${column} ${row}`);
      }
    }
  }
  const bottom = Math.max(...shown.map(({ y, height }) => y + height));
  expect(cells.size).toBe(24 * bottom);
});

test('shows the state of every alarm', () => {
  const arns = [...compositeAlarms(template), ...metricAlarms(template)].map(
    ({ logicalId }) => `\${${logicalId}.Arn}`,
  );
  expect([...(titled('Alarms').properties.alarms ?? [])].sort()).toEqual(arns.sort());
});

test("draws every alarm's threshold on a graph of its metric", () => {
  const drawn = metricAlarms(template)
    .filter(({ Properties }) => !Properties.AlarmName.endsWith('-NoTraffic'))
    .map(({ Properties }) => {
      const name = Properties.AlarmName.replace(/^.*-/, '');
      const watched = new Set(Object.values(readBy(Properties)).map((metric) => metric.name));
      const graphs = shown.filter(
        (widget) =>
          widget.properties.annotations?.horizontal.some(
            ({ label, value }) => label.split(' ')[0] === name && value === Properties.Threshold,
          ) === true && shownBy(widget).some((metric) => watched.has(metric.name)),
      );
      return [name, graphs.length];
    });
  expect(drawn.filter(([, graphs]) => graphs !== 1)).toEqual([]);
  expect(drawn.length).toBe(20);
});

describe('F67 the promise can be verified', () => {
  const [sum = ''] = expressionsOf(titled('Received and not yet done, since the start of the time range'));
  const waiting = (minutes: Record<string, number | undefined>[]): number => {
    let total = 0;
    for (const minute of minutes) {
      total = runInNewContext(sum, {
        ...{ received: undefined, delivered: undefined, rejected: undefined, ignored: undefined },
        ...minute,
        FILL: (value: number | undefined, filler: number) => value ?? filler,
        RUNNING_SUM: (value: number) => total + value,
      }) as number;
    }
    return total;
  };

  it.each([
    ['all delivered at once', [{ received: 5, delivered: 5 }], 0],
    ['delivered later', [{ received: 5 }, {}, { delivered: 5 }], 0],
    ['each its own fate', [{ received: 5, delivered: 2, rejected: 1, ignored: 1 }, {}], 1],
    ['one that vanished', [{ received: 5, delivered: 4 }], 1],
  ])('%s', (_, minutes, expected) => {
    expect(waiting(minutes)).toBe(expected);
  });

  it('counts the events themselves', () => {
    expect(
      shownBy(titled('Received and not yet done, since the start of the time range')).map(({ name }) => name),
    ).toEqual(['EventsReceived', 'EventsDelivered', 'EventsRejected', 'EventsIgnored']);
  });
});

test('F72 a sum or share has a value even if the function wrote no zeros', () => {
  const healthy = { received: 5, delivered: 5, calls: 1 };
  const ofOwnMetrics = shown
    .filter((widget) => shownBy(widget).some(({ namespace }) => namespace === 'ClevertapToHeap'))
    .flatMap(expressionsOf)
    // An alarm's expression: no value means no failure.
    .filter((expression) => !expression.startsWith('IF('));
  const written = ofOwnMetrics.filter((expression) => /received|delivered|calls|rejected/.test(expression));
  expect(written.length).toBeGreaterThanOrEqual(7);
  for (const expression of written) {
    const value = runInNewContext(expression, {
      ...{ rejected: undefined, ignored: undefined },
      ...{ failed: undefined, failures: undefined, unauthorized: undefined, refused: undefined },
      ...healthy,
      FILL: (metric: number | undefined, filler: number) => metric ?? filler,
      RUNNING_SUM: (sum: number) => sum,
    }) as number;
    expect([expression, Number.isFinite(value)]).toEqual([expression, true]);
  }
});

test('counts rejections by every reason', () => {
  const reasons = shownBy(titled('Events rejected, by reason')).map(({ dimensions }) => dimensions['Reason']);
  expect(reasons).toEqual([...rejectionReasons]);
});

describe('log queries', () => {
  const queryOf = (title: string): string => titled(title).properties.query ?? '';
  const fieldsOf = (query: string): string[] =>
    query
      .split('\n| ')
      .filter((part) => part.startsWith('fields '))
      .flatMap((part) => part.slice('fields '.length).split(', '));

  it('list rejections by the fields of their log line', () => {
    const query = queryOf('Recent rejections');
    expect(query).toContain(
      `SOURCE '\${${resource(template, 'AWS::Logs::LogGroup', 'HeapForwarderLogGroup').logicalId}}'`,
    );
    expect(query).toContain('filter message = "rejected"');
    expect(fieldsOf(query)).toEqual(['@timestamp', 'reason', 'detail', 'events', 'requestId']);
  });

  it("list each campaign's outcomes from the ledger lines, newest campaign first", () => {
    const query = queryOf('What became of each campaign');
    expect(query).toContain(
      `SOURCE '\${${resource(template, 'AWS::Logs::LogGroup', 'HeapForwarderLogGroup').logicalId}}'`,
    );
    expect(query.slice(query.indexOf(' | ') + 3).split('\n| ')).toEqual([
      ...ledgerQuery,
      'stats sum(entry.events) as events by entry.campaign, entry.event, entry.outcome, entry.reason',
      'sort entry.campaign desc',
      'limit 500',
    ]);
  });

  it('list refusals by fields of the access log', () => {
    const query = queryOf('Recent refusals at the door');
    const { Format } = resource<{ AccessLogSetting: { Format: string } }>(template, 'AWS::ApiGateway::Stage')
      .Properties.AccessLogSetting;
    const groups = / by (.*)/.exec(query)?.[1]?.split(', ') ?? [];
    expect(groups).toEqual(['status', 'errorType', 'resourcePath', 'apiKeyId']);
    expect(Object.keys(JSON.parse(Format) as object)).toEqual(expect.arrayContaining(groups));
  });
});

test('is found by its URL and by name', () => {
  const { DashboardName: name } = resource(template, 'AWS::CloudWatch::Dashboard').Properties;
  expect(name).toBe('ClevertapToHeapTest');
  expect(outputs(template)['DashboardUrl']).toBe(
    'https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/ClevertapToHeapTest',
  );
});

test('exists without alarms, with all thresholds', () => {
  const silent = widgets(synthTemplate({ alarms: 'none' }));
  expect(silent.some(({ properties }) => properties.alarms !== undefined)).toBe(false);
  const lines = (of: Widget[]): number =>
    of.reduce((count, { properties }) => count + (properties.annotations?.horizontal.length ?? 0), 0);
  expect(lines(silent)).toBe(lines(shown));
});
