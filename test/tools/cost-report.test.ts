import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { createApp } from '../../bin/clevertap-to-heap';
import {
  costOfMillion,
  costTables,
  fixedCost,
  functionLogBytes,
  healthyMetrics,
  prices,
  traffics,
  type CostLine,
} from '../../tools/cost-report';
import { environmentNames, isDeployed, stackName } from '../../lib/config/environments';
import { searchedGbUsd } from '../../relay/ledger/ledger';
import { InMemoryPorts } from '../support/in-memory-ports';
import { sqsRecord } from '../support/sqs-record';
import { allSettings } from '../support/settings';
import { synthTemplate } from '../support/synth';
import { withoutBundling } from '../support/test-stack';

const page = readFileSync(join(__dirname, '../../docs/cost.md'), 'utf8');
const total = (lines: readonly CostLine[]): number => lines.reduce((sum, { usd }) => sum + usd, 0);

// CDK prints warnings in every synthesis.
beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});

it('docs/cost.md holds the current output of npm run cost', () => {
  const names = environmentNames().filter(isDeployed);
  const app = createApp({ names, context: withoutBundling });
  const templates = names.map((name): [string, unknown] => {
    const stack = app.node.children.find(
      (child) => Stack.isStack(child) && child.stackName === stackName(name),
    );
    return [name, Template.fromStack(stack as Stack).toJSON()];
  });
  // Prettier pads tables.
  const bare = (text: string): string => text.replace(/-+/g, '-').replace(/[ \n]+/g, ' ');
  expect(bare(page)).toContain(bare(costTables(new Map(templates))).trim());
});

it.each(traffics)('$name: the function logs as much as the report says a search reads', async (traffic) => {
  const { eventsInRequest, requestsInBatch } = traffic;
  const ports = new InMemoryPorts();
  const profiles = Array.from({ length: eventsInRequest }, (_, index) => ({ identity: `cust-${index}` }));
  const requests = Array.from({ length: requestsInBatch }, (_, index) =>
    sqsRecord(
      { targetId: 1650000001, key_values: { event: 'Purchase' }, profiles },
      { messageId: `m${index}`, requestId: `JKJaXmPLvHcESH${index}=` },
    ),
  );
  await ports.forward(requests);

  // The metrics in the embedded format, and Lambda's own three lines.
  const written = ports.lines.join('\n').length + 1000 + 400;
  const said = functionLogBytes(traffic) / (1e6 / eventsInRequest / requestsInBatch);
  expect(written / said).toBeGreaterThan(0.8);
  expect(written / said).toBeLessThan(1.2);
});

it('relay gives the same price for a search', () => {
  expect(searchedGbUsd).toBe(prices.logSearchGb);
});

describe('an environment', () => {
  it('costs at most $12 a month, with all alarms', () => {
    const bill = total(fixedCost(synthTemplate(allSettings).toJSON()));
    expect(bill).toBeGreaterThan(11);
    expect(bill).toBeLessThanOrEqual(12);
  });

  it('pays for the metrics that the function always writes', async () => {
    const ports = new InMemoryPorts();
    await ports.forward([sqsRecord({ event: 'Purchase', identity: 'cust-1' })]);
    expect(ports.stored.size).toBe(1);
    const written = ports.metered.flatMap(({ values }) => Object.keys(values));
    expect(written.sort()).toEqual([...healthyMetrics].sort());
    expect(fixedCost(synthTemplate().toJSON())).toContainEqual({
      item: "The function's own metrics",
      count: healthyMetrics.length,
      usd: expect.closeTo(healthyMetrics.length * prices.customMetricMonth, 6) as number,
    });
  });

  const alarms = {
    page: { emails: ['a@clevertap-to-heap.dev'] },
    ticket: { emails: ['a@clevertap-to-heap.dev'] },
  };

  it('costs nothing for alarms it does not have', () => {
    const silent = fixedCost(synthTemplate({ alarms: 'none' }).toJSON());
    const watched = fixedCost(synthTemplate({ alarms }).toJSON());
    // 24 metrics in 20 alarms, and four composite ones.
    expect(total(watched) - total(silent)).toBeCloseTo(24 * 0.1 + 4 * 0.5);
  });

  it('pays for each metric an alarm reads, and for what the template enables', () => {
    const resources = (properties: Record<string, object>): unknown => ({
      Resources: Object.fromEntries(
        Object.entries(properties).map(([Type, Properties]) => [Type, { Type, Properties }]),
      ),
    });
    const nothing = total(fixedCost(resources({})));
    const cost = (properties: Record<string, object>): number =>
      total(fixedCost(resources(properties))) - nothing;
    expect(cost({ 'AWS::CloudWatch::Alarm': { MetricName: 'Errors' } })).toBeCloseTo(0.1);
    expect(
      cost({
        'AWS::CloudWatch::Alarm': {
          Metrics: [{ Expression: 'a + b' }, { MetricStat: {} }, { MetricStat: {} }],
        },
      }),
    ).toBeCloseTo(0.2);
    expect(
      cost({ 'AWS::Lambda::EventSourceMapping': { MetricsConfig: { Metrics: ['EventCount'] } } }),
    ).toBeCloseTo(1.5);
    expect(cost({ 'AWS::Lambda::EventSourceMapping': {} })).toBe(0);
    expect(
      cost({
        'AWS::ApiGateway::Stage': { MethodSettings: [{ MetricsEnabled: true }] },
        'AWS::ApiGateway::Method': {},
      }),
    ).toBeCloseTo(1.5);
    expect(cost({ 'AWS::ApiGateway::Stage': {}, 'AWS::ApiGateway::Method': {} })).toBe(0);
  });
});

describe('a million events', () => {
  const template = synthTemplate().toJSON();
  const [single, broadcast] = traffics.map((traffic) =>
    Object.fromEntries(costOfMillion(template, traffic).map(({ item, usd }) => [item, usd])),
  );

  it('in a million webhooks of 8 kB', () => {
    expect(single).toEqual({
      'API Gateway, requests': 3.5,
      // One call to store, and a tenth of a call each to receive and delete. 8.2 kB are an eighth of a unit.
      'SQS: stored, received, deleted': expect.closeTo(0.4 * (1 + 8_200 / 65_536 + 0.1), 6) as number,
      'Lambda, invocations': expect.closeTo(0.02, 6) as number,
      // 100,000 times 0.35 s with a quarter of a GB.
      'Lambda, time': expect.closeTo(8_750 * prices.lambdaGbSecond, 6) as number,
      Logs: expect.closeTo(0.325, 6) as number,
      'Transfer to Heap': expect.closeTo(0.063, 6) as number,
    });
  });

  it('in ten thousand webhooks of 200 kB: four SQS units each', () => {
    expect(broadcast).toMatchObject({
      'API Gateway, requests': expect.closeTo(0.035, 6) as number,
      'SQS: stored, received, deleted': expect.closeTo((4 + 200_200 / 65_536 + 0.1) * 0.004, 6) as number,
    });
  });
});
