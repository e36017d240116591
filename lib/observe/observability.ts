import { Unit, type Dashboard, type IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Severity } from './alarm-definition';
import { AlarmTopics, type Destination } from './alarm-topics';
import { Alarms } from './alarms';
import { consoleLinks } from './console-links';
import { type Pipeline, PipelineMetrics, refusalStatuses, refusedRequests } from './pipeline-metrics';
import { pipelineAlarms, pipelineConditions, type ExpectedTraffic } from './pipeline-alarms';
import { PipelineDashboard } from './pipeline-dashboard';

/** Who is notified when something is wrong, and which silence counts as wrong. */
export interface AlarmSettings {
  /** @default - a topic without subscriptions */
  readonly page?: Destination;
  /** @default - a topic without subscriptions */
  readonly ticket?: Destination;
  /**
   * Fewer requests raise an alarm.
   *
   * @default - silence is normal
   */
  readonly expectedTraffic?: ExpectedTraffic;
  /** Where to read this repository's `docs`. */
  readonly docsUrl: string;
}

export interface ObservabilityProps {
  /** The name of the dashboard and the prefix of the alarm names. */
  readonly name: string;
  /** The observed pipeline. */
  readonly pipeline: Pipeline;
  /** `'none'` creates no alarms. The dashboard exists either way. */
  readonly alarms: AlarmSettings | 'none';
}

/** Shows operators how an environment is doing, and notifies them of failures. */
export class Observability extends Construct {
  readonly metrics: PipelineMetrics;
  /** Those with a recipient first; empty without alarms. */
  readonly alarms: readonly IAlarm[];
  readonly dashboard: Dashboard;
  /** Its URL in the console. */
  readonly dashboardUrl: string;
  /** Where notices of each severity go; undefined without alarms. */
  readonly topics: Record<Severity, ITopic> | undefined;

  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id);
    const { name, pipeline, alarms } = props;

    const metric = new PipelineMetrics(pipeline, name);
    const links = consoleLinks(pipeline, name);
    const conditions = pipelineConditions(metric, pipeline);

    new MetricFilter(this, 'RefusedRequests', {
      logGroup: pipeline.accessLog,
      filterPattern: FilterPattern.any(
        ...refusalStatuses.map((status) => FilterPattern.stringValue('$.status', '=', status)),
      ),
      metricNamespace: metric.refusedNamespace,
      metricName: refusedRequests.name,
      metricValue: '1',
      unit: Unit.COUNT,
      // A fixed list, so callers cannot create metrics.
      dimensions: { [refusedRequests.dimension]: '$.status' },
    });

    this.topics =
      alarms === 'none'
        ? undefined
        : new AlarmTopics(this, 'Topics', {
            destinations: { page: alarms.page, ticket: alarms.ticket },
            name,
          }).topics;

    this.alarms =
      alarms === 'none' || this.topics === undefined
        ? []
        : new Alarms(this, 'Alarms', {
            definitions: pipelineAlarms(conditions, metric, alarms.expectedTraffic),
            topics: this.topics,
            name,
            runbookUrl: `${alarms.docsUrl}/runbook.md`,
            links,
          }).all;
    this.metrics = metric;
    this.dashboard = new PipelineDashboard(this, 'Dashboard', {
      pipeline,
      metric,
      conditions,
      name,
      alarms: this.alarms,
    }).dashboard;
    this.dashboardUrl = links.dashboard.url;
  }
}
