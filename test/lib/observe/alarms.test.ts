import { runInNewContext } from 'node:vm';
import type { Template } from 'aws-cdk-lib/assertions';
import { ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { metricNamespace } from '../../../lambda/contract';
import type { AlarmDefinition, CompositeAlarm, Condition } from '../../../lib/observe/alarm-definition';
import type { EnvironmentSettings } from '../../../lib/config/environment-config';
import {
  compositeAlarms,
  expressionOf,
  metricAlarms,
  readBy,
  type AlarmProperties,
} from '../../support/observed-metrics';
import { allSettings, settings } from '../../support/settings';
import { synthTemplate } from '../../support/synth';
import { addStack, newApp } from '../../support/test-stack';
import { resource, resources } from '../../support/template';

const alarms: EnvironmentSettings['alarms'] = {
  page: { emails: ['oncall@clevertap-to-heap.dev'] },
  ticket: { emails: ['team@clevertap-to-heap.dev', 'ana@clevertap-to-heap.dev'] },
};
const template = synthTemplate({ alarms });
const everything = synthTemplate(allSettings);
const prefix = 'ClevertapToHeapTest-';

const topic = (of: Template, path: 'Page' | 'Ticket') =>
  `\${${resource(of, 'AWS::SNS::Topic', `ObservabilityTopics${path}`).logicalId}}`;

interface Row {
  readonly name: string;
  /** The statistic of a metric, or the expression. */
  readonly reads: string;
  readonly comparison: string;
  readonly threshold: number;
  /** M of N periods, with their length in seconds. */
  readonly when: string;
  readonly missing: string | undefined;
}

function rowOf(alarm: AlarmProperties): Row {
  const read = Object.entries(readBy(alarm));
  const periods = new Set(read.map(([, { period }]) => period));
  expect(periods.size).toBe(1);
  const metrics = read.map(
    ([id, { statistic, name }]) => (id === 'metric' ? '' : `${id}: `) + `${statistic} ${name}`,
  );
  return {
    name: alarm.AlarmName.slice(prefix.length),
    reads: [expressionOf(alarm), ...metrics].filter((part) => part !== undefined).join('; '),
    comparison: { GreaterThanThreshold: '>', GreaterThanOrEqualToThreshold: '>=', LessThanThreshold: '<' }[
      alarm.ComparisonOperator
    ]!,
    threshold: alarm.Threshold,
    when: `${alarm.DatapointsToAlarm}/${alarm.EvaluationPeriods} x ${[...periods].join()} s`,
    missing: alarm.TreatMissingData,
  };
}

test('F72 the conditions are these', () => {
  const rows = metricAlarms(everything).map(({ Properties }) => rowOf(Properties));
  const quiet = 'notBreaching';
  const row = (
    name: string,
    reads: string,
    comparison: string,
    threshold: number,
    when: string,
    missing = quiet,
  ): Row => ({ name, reads, comparison, threshold, when, missing });
  expect(rows.sort((a, b) => a.name.localeCompare(b.name))).toEqual([
    row(
      'ConsumerStalled',
      'IF(waiting > 0 AND FILL(finished, 0) < 1, 1, 0); waiting: Maximum ApproximateNumberOfMessagesVisible; finished: Sum NumberOfMessagesDeleted',
      '>=',
      1,
      '15/15 x 60 s',
    ),
    row('DeliveryLag', 'p95 DeliveryLagMs', '>', 900_000, '2/2 x 300 s'),
    row('DeliveryLate', 'p95 DeliveryLagMs', '>', 300_000, '2/2 x 300 s'),
    row('DlqAgeing', 'Maximum ApproximateNumberOfMessagesVisible', '>=', 1, '72/72 x 3600 s'),
    row('DlqNotEmpty', 'Maximum ApproximateNumberOfMessagesVisible', '>', 0, '1/1 x 60 s'),
    row('EventsRejected', 'Sum EventsRejected', '>=', 1, '1/1 x 60 s'),
    row('FunctionErrors', 'Sum Errors', '>=', 1, '2/5 x 300 s'),
    row('FunctionNearTimeout', 'p99 Duration', '>', 114_000, '3/5 x 300 s'),
    row('FunctionThrottles', 'Sum Throttles', '>=', 1, '3/5 x 60 s'),
    row('HeapAuth', 'Sum HeapCallsUnauthorized', '>=', 1, '1/1 x 60 s'),
    row(
      'HeapFailing',
      'IF((requests >= 4 AND 2 * failed > requests) OR (waits > 0 AND 2 * failed >= requests), 1, 0); requests: Sum HeapCalls; failed: Sum HeapCallsRetryable; waits: Maximum BreakerOpen',
      '>=',
      1,
      '2/3 x 300 s',
    ),
    row('HeapThrottled', 'Sum HeapCallsThrottled', '>=', 1, '3/3 x 300 s'),
    row('InFlightHigh', 'Maximum ApproximateNumberOfMessagesNotVisible', '>', 100_000, '3/3 x 60 s'),
    row('IngressLatency', 'p99 Latency', '>', 800, '5/10 x 60 s'),
    row('IngressOccasionalErrors', 'Sum 5XXError', '>=', 1, '1/1 x 300 s'),
    row(
      'IngressRejected',
      'IF(requests > 20, 100 * refused / requests, 0); requests: Sum Count; refused: Sum 4XXError',
      '>',
      5,
      '2/3 x 300 s',
    ),
    row('IngressServerErrors', 'Sum 5XXError', '>=', 3, '1/1 x 300 s'),
    row(
      'NoTraffic',
      'FILL(requests, 0) - FILL(clientErrors, 0) - FILL(serverErrors, 0); requests: Sum Count; clientErrors: Sum 4XXError; serverErrors: Sum 5XXError',
      '<',
      100,
      '1/1 x 21600 s',
      'breaching',
    ),
    row('QueueAge', 'Maximum ApproximateAgeOfOldestMessage', '>', 300, '5/5 x 60 s'),
    row('RecursionStopped', 'Sum RecursiveInvocationsDropped', '>=', 1, '1/1 x 60 s'),
    row('SecretError', 'Sum SecretError', '>=', 1, '1/1 x 60 s'),
  ]);
});

describe('who is notified', () => {
  const byId = new Map(metricAlarms(template).map(({ logicalId, Properties }) => [logicalId, Properties]));
  const short = (logicalId: string): string => byId.get(logicalId)!.AlarmName.slice(prefix.length);
  /** The rule with alarm names instead of ARNs. */
  const ruleOf = (rule: string): string =>
    rule.replace(/ALARM\("\$\{(\w+)\.Arn\}"\)/g, (_, logicalId: string) => short(logicalId));

  test('the composite alarms are these, and those that HeapDown explains wait for it', () => {
    const composites = compositeAlarms(template).map(
      ({ Properties: { AlarmDescription, ...properties } }) => ({
        ...properties,
        AlarmRule: ruleOf(properties.AlarmRule),
      }),
    );
    const heapDown = resource(
      template,
      'AWS::CloudWatch::CompositeAlarm',
      'ObservabilityAlarmsHeapDown',
    ).logicalId;
    const page = { AlarmActions: [topic(template, 'Page')], OKActions: [topic(template, 'Page')] };
    const explained = {
      ActionsSuppressor: `\${${heapDown}.Arn}`,
      ActionsSuppressorWaitPeriod: 300,
      ActionsSuppressorExtensionPeriod: 1800,
    };
    expect(composites).toEqual([
      {
        AlarmName: `${prefix}PipelineLosingEvents`,
        AlarmRule: '(IngressServerErrors OR DlqAgeing OR HeapAuth OR SecretError OR RecursionStopped)',
        ...page,
      },
      { AlarmName: `${prefix}HeapDown`, AlarmRule: '(HeapFailing)', ...page },
      {
        AlarmName: `${prefix}DeliveryImpaired`,
        AlarmRule: '((DeliveryLag OR ConsumerStalled OR FunctionErrors) AND (NOT ((HeapFailing))))',
        ...page,
        ...explained,
      },
      {
        AlarmName: `${prefix}DeliverySlow`,
        AlarmRule: '((DeliveryLate OR QueueAge) AND (NOT ((HeapFailing))))',
        AlarmActions: [topic(template, 'Ticket')],
        ...explained,
      },
    ]);
  });

  test('tickets are these', () => {
    const acting = metricAlarms(everything).filter(({ Properties }) => Properties.AlarmActions !== undefined);
    for (const { Properties } of acting) {
      expect(Properties.AlarmActions).toEqual([topic(everything, 'Ticket')]);
      expect(Properties.OKActions).toBeUndefined();
    }
    expect(acting.map(({ Properties }) => Properties.AlarmName.slice(prefix.length)).sort()).toEqual([
      'DlqNotEmpty',
      'EventsRejected',
      'FunctionNearTimeout',
      'FunctionThrottles',
      'HeapThrottled',
      'InFlightHigh',
      'IngressLatency',
      'IngressOccasionalErrors',
      'IngressRejected',
      'NoTraffic',
    ]);
  });

  test.each([
    ['addresses', template],
    ['a topic that exists', everything],
  ])('F72 every alarm notifies someone, directly or through its parent, with %s', (_, from) => {
    const heard = compositeAlarms(from)
      .filter(({ Properties }) => (Properties.AlarmActions ?? []).length > 0)
      // Alarms behind NOT only suppress, and notify no one.
      .map(({ Properties }) => Properties.AlarmRule.replace(/NOT .*$/, ''));
    expect(heard).toHaveLength(4);
    for (const { logicalId, Properties } of metricAlarms(from)) {
      const above = heard.filter((rule) => rule.includes(`\${${logicalId}.Arn}`));
      const told = (Properties.AlarmActions ?? []).length + above.length;
      expect([Properties.AlarmName, told]).toEqual([Properties.AlarmName, 1]);
    }
  });

  test('a page goes to the existing topic', () => {
    const pages = compositeAlarms(everything).filter(({ Properties }) => Properties.OKActions !== undefined);
    expect(pages).toHaveLength(3);
    for (const { Properties } of pages) {
      expect(Properties.AlarmActions).toEqual(['arn:aws:sns:eu-west-1:111122223333:pager']);
    }
  });
});

describe('F72 every alarm', () => {
  const all = [...metricAlarms(everything), ...compositeAlarms(everything)].map(
    ({ Properties }) => Properties,
  );

  test.each(all.map((alarm) => [alarm.AlarmName.slice(prefix.length), alarm.AlarmDescription] as const))(
    '%s says what it means, where to look and where to read on',
    (name, description) => {
      const [impact = '', runbook, ...links] = description.split('\n');
      expect(impact).toMatch(/^[A-Z].{30,}\.$/);
      expect(runbook).toBe(
        `Runbook: https://git.shop.test/clevertap-to-heap/docs/runbook.md#${name.toLowerCase()}`,
      );
      expect(links.join('\n')).toMatch(/^Dashboard: .*#dashboards\/dashboard\/ClevertapToHeapTest$/m);
      for (const link of links) {
        expect(link).toMatch(/^[A-Z][a-z ]+: https:\/\/console\.aws\.amazon\.com\/[^ ]*region=eu-west-1/);
      }
    },
  );

  test('fits within the limits of CloudWatch', () => {
    // The longest docs URL, region and names that CloudFormation may generate.
    const docsUrl = `https://git.shop.test/${'d'.repeat(178)}`;
    const longest = synthTemplate({
      ...allSettings,
      alarms: { ...alarms, docsUrl, expectedTraffic: { requests: 1_000_000, hours: 24 } },
    });
    const deployed = (text: string): string =>
      text
        .replaceAll('eu-west-1', 'ap-southeast-1')
        .replace(/\$\{WebhookApiRestApi\w+\}/g, 'a'.repeat(10))
        .replace(/\$\{\w+(\.QueueName|\.6\.\d)?\}/g, 'n'.repeat(80));
    const found = [...metricAlarms(longest), ...compositeAlarms(longest)];
    expect(found).toHaveLength(25);
    for (const { Properties } of found) {
      const description = deployed(Properties.AlarmDescription);
      expect(description).not.toContain('${');
      expect([Properties.AlarmName, description.length <= 1024]).toEqual([Properties.AlarmName, true]);
      expect(Properties.AlarmName.length).toBeLessThanOrEqual(255);
    }
    for (const { Properties } of compositeAlarms(longest)) {
      // "PutCompositeAlarm": at most 10,240 characters per rule, and 1600 per ARN.
      expect(Properties.AlarmRule.replace(/\$\{\w+\.Arn\}/g, 'n'.repeat(320)).length).toBeLessThan(10_240);
    }
    for (const { Properties } of metricAlarms(longest)) {
      // "PutMetricAlarm": at most one day, or seven with periods of at least an hour.
      const { period } = Object.values(readBy(Properties))[0]!;
      expect(Properties.EvaluationPeriods * period).toBeLessThanOrEqual(period < 3600 ? 86_400 : 604_800);
      expect(Properties.DatapointsToAlarm).toBeLessThanOrEqual(Properties.EvaluationPeriods);
    }
  });
});

test("F72 missing data of the function's metrics counts as zero: neither breaches", () => {
  const own = metricAlarms(everything)
    .map(({ Properties }) => Properties)
    .filter(({ Namespace }) => Namespace === metricNamespace);
  expect(own.map(({ AlarmName }) => AlarmName.slice(prefix.length)).sort()).toEqual([
    'DeliveryLag',
    'DeliveryLate',
    'EventsRejected',
    'HeapAuth',
    'HeapThrottled',
    'SecretError',
  ]);
  for (const { AlarmName, TreatMissingData, ComparisonOperator, Threshold } of own) {
    const zeroBreaches = ComparisonOperator === 'GreaterThanThreshold' ? 0 > Threshold : 0 >= Threshold;
    expect(ComparisonOperator).toMatch(/^GreaterThan/);
    expect([AlarmName, TreatMissingData, zeroBreaches]).toEqual([AlarmName, 'notBreaching', false]);
  }
});

describe('expressions', () => {
  const alarmOf = (name: string): AlarmProperties =>
    metricAlarms(everything).find(({ Properties }) => Properties.AlarmName === `${prefix}${name}`)!
      .Properties;

  /** Evaluates CloudWatch metric math with one datapoint per metric; `undefined` is a missing one. */
  function valueOf(name: string, datapoints: Record<string, number | undefined>): number {
    const script = expressionOf(alarmOf(name))!.replaceAll(' AND ', ' && ').replaceAll(' OR ', ' || ');
    return runInNewContext(script, {
      ...datapoints,
      IF: (condition: boolean, then: number, otherwise: number) => (condition ? then : otherwise),
      FILL: (value: number | undefined, filler: number) => value ?? filler,
    }) as number;
  }

  test.each([
    ['a quiet quarter of an hour with a request that failed', 1, 1, 0, 0],
    ['nothing to send', 0, 0, 0, 0],
    ['all is well', 300, 0, 0, 0],
    ['three of four fail', 4, 3, 0, 1],
    ['half of many fail', 100, 50, 0, 0],
    ['more than half of many fail', 100, 51, 0, 1],
    ['Heap is down, one instance probes it', 4, 4, 1, 1],
    ['Heap is down, and one probe falls into this period', 1, 1, 1, 1],
    ['Heap asked for a quarter of an hour of silence', 0, 0, 1, 1],
    ['Heap came back and a backlog is on its way', 30, 3, 1, 0],
    ['Heap refuses the token, which is HeapAuth', 4, 0, 1, 0],
  ])('HeapFailing: %s', (_, requests, failed, waits, expected) => {
    expect(valueOf('HeapFailing', { requests, failed, waits })).toBe(expected);
  });

  test('F72 HeapFailing gives the same result without the unwritten zeros', () => {
    for (let requests = 0; requests <= 8; requests += 1) {
      for (let failed = 0; failed <= requests; failed += 1) {
        for (const waits of [0, 1]) {
          // lambda/forwarder/report.ts writes all three as soon as something failed or waited.
          const isQuiet = failed === 0 && waits === 0;
          const written = isQuiet
            ? { requests: requests || undefined, failed: undefined, waits: undefined }
            : { requests, failed, waits };
          expect(valueOf('HeapFailing', written)).toBe(valueOf('HeapFailing', { requests, failed, waits }));
        }
      }
    }
  });

  test.each([
    ['messages wait and nobody takes them', 5, 0, 1],
    ['messages wait and SQS says nothing of deletions', 5, undefined, 1],
    ['messages wait and some are finished', 5, 1, 0],
    ['an idle queue', 0, undefined, 0],
  ])('F71 ConsumerStalled, a disabled event source mapping: %s', (_, waiting, finished, expected) => {
    expect(valueOf('ConsumerStalled', { waiting, finished })).toBe(expected);
  });

  test.each([
    ['21 requests, two refused', 21, 2, true],
    ['20 requests, all refused', 20, 20, false],
    ['1000 requests, 50 refused', 1000, 50, false],
    ['1000 requests, 51 refused', 1000, 51, true],
  ])('IngressRejected: %s', (_, requests, refused, breaches) => {
    expect(valueOf('IngressRejected', { requests, refused }) > alarmOf('IngressRejected').Threshold).toBe(
      breaches,
    );
  });

  test.each([
    ['as expected', { requests: 100, clientErrors: 0, serverErrors: 0 }, false],
    ['silence after traffic, for which CloudWatch would go back to older datapoints', {}, true],
    ['strangers without a key', { requests: 500, clientErrors: 500, serverErrors: 0 }, true],
    ['nothing is stored', { requests: 500, clientErrors: 0, serverErrors: 500 }, true],
  ])('NoTraffic: %s', (_, datapoints, breaches) => {
    const none = { requests: undefined, clientErrors: undefined, serverErrors: undefined };
    expect(valueOf('NoTraffic', { ...none, ...datapoints }) < alarmOf('NoTraffic').Threshold).toBe(breaches);
  });
});

describe('F63 dead letters', () => {
  const { logicalId, Properties: queue } = resource<{ MessageRetentionPeriod: number }>(
    template,
    'AWS::SQS::Queue',
    'EventBufferDeadLetterQueue',
  );
  const onDeadLetters = metricAlarms(template)
    .map(({ Properties }) => Properties)
    .filter((alarm) =>
      Object.values(readBy(alarm)).some(
        ({ dimensions }) => dimensions['QueueName'] === `\${${logicalId}.QueueName}`,
      ),
    );
  const ageing = onDeadLetters.find(({ AlarmName }) => AlarmName === `${prefix}DlqAgeing`)!;

  test('raise a ticket at once, and a page long before SQS deletes them', () => {
    expect(onDeadLetters.map((alarm) => rowOf(alarm)).map(({ name, reads }) => [name, reads])).toEqual([
      ['DlqAgeing', 'Maximum ApproximateNumberOfMessagesVisible'],
      ['DlqNotEmpty', 'Maximum ApproximateNumberOfMessagesVisible'],
    ]);
    const told = ageing.EvaluationPeriods * ageing.Period;
    // A dead letter that SQS moved may have been in the buffer for 7 days.
    expect(queue.MessageRetentionPeriod - 7 * 86_400 - told).toBeGreaterThanOrEqual(3 * 86_400);
  });

  /** Whether the alarm holds at the end of a series with one datapoint a minute. */
  function rings(alarm: AlarmProperties, minutes: readonly number[]): boolean {
    const inPeriod = alarm.Period / 60;
    const of = { Maximum: Math.max, Minimum: Math.min }[alarm.Statistic!]!;
    const periods = Array.from({ length: Math.floor(minutes.length / inPeriod) }, (_, index) =>
      of(...minutes.slice(index * inPeriod, (index + 1) * inPeriod)),
    );
    expect(alarm.ComparisonOperator).toBe('GreaterThanOrEqualToThreshold');
    const breaching = periods
      .slice(-alarm.EvaluationPeriods)
      .filter((value) => value >= alarm.Threshold).length;
    return breaching >= alarm.DatapointsToAlarm;
  }

  const hour = 60;
  const visible = (hours: number): number[] => Array.from({ length: hours * hour }, () => 2);
  /** `dlq list` receives every dead letter, which hides it for a minute, even from SQS's counts. */
  const lookedAt = (series: number[], everyMinutes: number): number[] =>
    series.map((count, minute) => (minute % everyMinutes === 0 ? 0 : count));
  const emptied = (series: number[], atHour: number): number[] =>
    series.map((count, minute) => (Math.floor(minute / hour) === atHour ? 0 : count));

  test.each([
    ['never empty for three days', visible(72), true],
    ['and looked at every ten minutes', lookedAt(visible(72), 10), true],
    ['there for an hour less', visible(71), false],
    ['emptied on the second day, and new ones since', emptied(visible(72), 30), false],
    ['emptied four days ago, and never since', emptied(visible(168), 72), true],
    ['emptied now', emptied(visible(72), 71), false],
  ])('DlqAgeing: %s', (_, minutes, expected) => {
    expect(rings(ageing, minutes)).toBe(expected);
  });

  test('an hourly minimum would be silenced by listing', () => {
    const { Period, EvaluationPeriods } = ageing;
    expect([Period, EvaluationPeriods]).toEqual([3600, 72]);
    expect(rings({ ...ageing, Statistic: 'Minimum' }, lookedAt(visible(72), 60))).toBe(false);
  });
});

test('a long batch window alone is not late', () => {
  const patient = metricAlarms(synthTemplate({ alarms, batchWindowSeconds: 300 })).map(({ Properties }) =>
    rowOf(Properties),
  );
  const thresholds = Object.fromEntries(patient.map(({ name, threshold }) => [name, threshold]));
  expect(thresholds).toMatchObject({ QueueAge: 600, DeliveryLate: 600_000, DeliveryLag: 1_800_000 });
});

test('without expected traffic silence is normal', () => {
  expect(metricAlarms(template).map(({ Properties }) => Properties.AlarmName)).not.toContain(
    `${prefix}NoTraffic`,
  );
});

describe('topics', () => {
  test('each has the addresses of its severity', () => {
    const subscriptions = resources<{ TopicArn: string; Protocol: string; Endpoint: string }>(
      template,
      'AWS::SNS::Subscription',
    ).map(({ Properties }) => [Properties.TopicArn, Properties.Protocol, Properties.Endpoint]);
    expect(subscriptions).toEqual([
      [topic(template, 'Page'), 'email', 'oncall@clevertap-to-heap.dev'],
      [topic(template, 'Ticket'), 'email', 'team@clevertap-to-heap.dev'],
      [topic(template, 'Ticket'), 'email', 'ana@clevertap-to-heap.dev'],
    ]);
    expect(resources(everything, 'AWS::SNS::Topic')).toHaveLength(1);
  });

  test('F72 exist without recipients, for later subscribers', () => {
    const silent = synthTemplate({ alarms: {} });
    silent.resourceCountIs('AWS::SNS::Topic', 2);
    silent.resourceCountIs('AWS::SNS::Subscription', 0);
    expect(metricAlarms(silent)).toHaveLength(metricAlarms(template).length);
    silent.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });

  test('F73 only the alarms of this stack may publish, and only over TLS', () => {
    const policies = resources<{ Topics: string[]; PolicyDocument: { Statement: object[] } }>(
      template,
      'AWS::SNS::TopicPolicy',
    );
    expect(policies.map(({ Properties }) => Properties.Topics)).toEqual([
      [topic(template, 'Page')],
      [topic(template, 'Ticket')],
    ]);
    for (const { Properties } of policies) {
      const [arn] = Properties.Topics;
      expect(Properties.PolicyDocument.Statement).toEqual([
        {
          Sid: 'AllowPublishThroughSSLOnly',
          Effect: 'Deny',
          Principal: '*',
          Action: 'sns:Publish',
          Resource: arn,
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
        {
          Sid: expect.any(String) as string,
          Effect: 'Allow',
          Principal: { Service: 'cloudwatch.amazonaws.com' },
          Action: 'sns:Publish',
          Resource: arn,
          Condition: {
            ArnLike: {
              'aws:SourceArn': `arn:\${AWS::Partition}:cloudwatch:\${AWS::Region}:\${AWS::AccountId}:alarm:${prefix}*`,
            },
            StringEquals: { 'aws:SourceAccount': '${AWS::AccountId}' },
          },
        },
      ]);
    }
  });

  test('have no key, which CloudWatch could not use', () => {
    for (const { Properties } of resources(template, 'AWS::SNS::Topic')) {
      expect(Properties).not.toHaveProperty('KmsMasterKeyId');
    }
  });
});

test('two environments in an account share no alarm', () => {
  const app = newApp();
  const first = addStack(app, { alarms });
  expect(first.stackName).toBe('ClevertapToHeapTest');
  for (const { Properties } of [...metricAlarms(template), ...compositeAlarms(template)]) {
    expect(Properties.AlarmName.startsWith(`${first.stackName}-`)).toBe(true);
  }
});

test("'none' creates no alarm and no topic", () => {
  const silent = synthTemplate({ alarms: 'none' });
  for (const type of ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm', 'AWS::SNS::Topic']) {
    silent.resourceCountIs(type, 0);
  }
  silent.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
});

/** Mistakes that the compiler rejects; otherwise `npm run typecheck` fails. */
describe('a wrong alarm does not compile', () => {
  const condition: Condition = {
    name: 'Sample',
    impact: 'Nothing happens.',
    lookAt: ['dashboard'],
    metric: new Metric({ namespace: 'N', metricName: 'M' }),
    comparison: ComparisonOperator.GREATER_THAN_THRESHOLD,
    threshold: 1,
    datapoints: [1, 1],
    whenMissing: TreatMissingData.NOT_BREACHING,
  };
  const composite: CompositeAlarm = { ...condition, severity: 'page', anyOf: [condition] };

  test('one that notifies no one', () => {
    // @ts-expect-error a condition has no severity
    const untold: AlarmDefinition = condition;
    // @ts-expect-error this composite has no severity either
    const alsoUntold: AlarmDefinition = { ...condition, anyOf: [condition] };
    // @ts-expect-error an empty composite
    const empty: CompositeAlarm = { ...composite, anyOf: [] };
    expect([untold, alsoUntold, empty]).toHaveLength(3);
  });

  test('one without an impact, a link or a choice for missing data', () => {
    const { impact, lookAt, whenMissing, ...rest } = condition;
    // @ts-expect-error no impact sentence
    const mute: Condition = { ...rest, lookAt, whenMissing };
    // @ts-expect-error no console link
    const lost: Condition = { ...rest, impact, whenMissing };
    // @ts-expect-error no choice for missing data
    const undecided: Condition = { ...rest, impact, lookAt };
    // @ts-expect-error a third state notifies no one
    const third: Condition = { ...condition, whenMissing: TreatMissingData.MISSING };
    expect([mute, lost, undecided, third]).toHaveLength(4);
  });

  test('an environment without recipients', () => {
    const { alarms: chosen, ...others } = settings;
    // @ts-expect-error opting out must be explicit
    const forgotten: EnvironmentSettings = others;
    expect([chosen, forgotten]).toHaveLength(2);
  });
});
