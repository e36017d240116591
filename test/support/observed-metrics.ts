import type { SynthesizedTemplate } from './synthesized';
import { resource, resources } from './template';

/** A metric as an alarm or a graph reads it. */
export interface ObservedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
  /** Seconds. */
  readonly period: number;
}

interface MetricStat {
  Metric: { Namespace: string; MetricName: string; Dimensions: { Name: string; Value: string }[] };
  Period: number;
  Stat: string;
}

/** An `AWS::CloudWatch::Alarm`. */
export interface AlarmProperties {
  AlarmName: string;
  AlarmDescription: string;
  AlarmActions?: string[];
  OKActions?: string[];
  ComparisonOperator: string;
  Threshold: number;
  DatapointsToAlarm: number;
  EvaluationPeriods: number;
  TreatMissingData?: string;
  Namespace: string;
  MetricName?: string;
  Dimensions: { Name: string; Value: string }[];
  Period: number;
  Statistic?: string;
  ExtendedStatistic?: string;
  Metrics?: { Id: string; Expression?: string; MetricStat?: MetricStat; ReturnData?: boolean }[];
}

/** An `AWS::CloudWatch::CompositeAlarm`. */
export interface CompositeProperties {
  AlarmName: string;
  AlarmDescription: string;
  AlarmActions?: string[];
  OKActions?: string[];
  AlarmRule: string;
  ActionsSuppressor?: string;
  ActionsSuppressorWaitPeriod?: number;
  ActionsSuppressorExtensionPeriod?: number;
}

export const metricAlarms = (template: SynthesizedTemplate) =>
  resources<AlarmProperties>(template, 'AWS::CloudWatch::Alarm');

export const compositeAlarms = (template: SynthesizedTemplate) =>
  resources<CompositeProperties>(template, 'AWS::CloudWatch::CompositeAlarm');

const fromPairs = (pairs: { Name: string; Value: string }[]): Record<string, string> =>
  Object.fromEntries(pairs.map(({ Name, Value }) => [Name, Value]));

/** The metrics an alarm reads, by their name in its expression. */
export function readBy(alarm: AlarmProperties): Record<string, ObservedMetric> {
  if (alarm.MetricName !== undefined) {
    return {
      metric: {
        namespace: alarm.Namespace,
        name: alarm.MetricName,
        dimensions: fromPairs(alarm.Dimensions),
        statistic: alarm.Statistic ?? alarm.ExtendedStatistic ?? '',
        period: alarm.Period,
      },
    };
  }
  return Object.fromEntries(
    (alarm.Metrics ?? []).flatMap(({ Id, MetricStat: stat }) =>
      stat === undefined
        ? []
        : [
            [
              Id,
              {
                namespace: stat.Metric.Namespace,
                name: stat.Metric.MetricName,
                dimensions: fromPairs(stat.Metric.Dimensions),
                statistic: stat.Stat,
                period: stat.Period,
              },
            ],
          ],
    ),
  );
}

/** The expression an alarm compares, if any. */
export const expressionOf = (alarm: AlarmProperties): string | undefined =>
  alarm.Metrics?.find(({ Expression }) => Expression !== undefined)?.Expression;

interface MetricOptions {
  stat?: string;
  period?: number;
  label?: string;
  id?: string;
  visible?: boolean;
  expression?: string;
  yAxis?: string;
}

export interface Widget {
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  properties: {
    title?: string;
    markdown?: string;
    query?: string;
    alarms?: string[];
    view?: string;
    metrics?: (string | MetricOptions)[][];
    annotations?: { horizontal: { value: number; label: string; yAxis: string }[] };
  };
}

/** The widgets of the only dashboard. */
export function widgets(template: SynthesizedTemplate): Widget[] {
  const { DashboardBody } = resource<{ DashboardBody: string }>(
    template,
    'AWS::CloudWatch::Dashboard',
  ).Properties;
  return (JSON.parse(DashboardBody) as { widgets: Widget[] }).widgets;
}

/** The metrics a widget reads, including those in expressions. */
export function shownBy({ properties }: Widget): ObservedMetric[] {
  return (properties.metrics ?? []).flatMap((entry) => {
    const options = entry.at(-1) as MetricOptions;
    const [namespace, name, ...pairs] = entry.filter((part) => typeof part === 'string');
    if (namespace === undefined || name === undefined) return [];
    const dimensions: Record<string, string> = {};
    for (let index = 0; index < pairs.length; index += 2) dimensions[pairs[index]!] = pairs[index + 1]!;
    return [
      { namespace, name, dimensions, statistic: options.stat ?? 'Average', period: options.period ?? 300 },
    ];
  });
}

/** The expressions of a widget. */
export const expressionsOf = ({ properties }: Widget): string[] =>
  (properties.metrics ?? []).flatMap((entry) => {
    const [only] = entry;
    return typeof only === 'object' && only.expression !== undefined ? [only.expression] : [];
  });
