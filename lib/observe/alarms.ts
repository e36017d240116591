import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmRule,
  CompositeAlarm as CloudWatchCompositeAlarm,
  type AlarmBase,
  type IAlarm,
  type IAlarmRule,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AlarmDefinition, CompositeAlarm, Condition, Severity } from './alarm-definition';
import type { Place } from './console-links';

export interface AlarmsProps {
  readonly definitions: readonly AlarmDefinition[];
  /** Where notices of each severity go. */
  readonly topics: Record<Severity, ITopic>;
  /** Prefix of the alarm names, before a dash. Mails and pagers show them, so they are not generated. */
  readonly name: string;
  /** Where the runbook can be read, with a heading for each alarm. */
  readonly runbookUrl: string;
  readonly links: Record<Place, { readonly title: string; readonly url: string }>;
}

/**
 * HeapFailing may take this much longer to hold than what it explains: its periods are five times as long.
 */
const explanationDelay = Duration.minutes(5);

/** Once Heap is back, a backlog stays late for a while, which is not news. */
const drainTime = Duration.minutes(30);

/** The alarms in CloudWatch. Each has a recipient, or is below a composite alarm that has one. */
export class Alarms extends Construct {
  /** All alarms, those with a recipient first. */
  readonly all: readonly IAlarm[];
  private readonly props: AlarmsProps;
  private readonly composites = new Map<CompositeAlarm, CloudWatchCompositeAlarm>();
  private readonly conditions = new Map<Condition, Alarm>();

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.props = props;

    const notifying = props.definitions.map((definition) =>
      'when' in definition ? this.metricAlarm(definition) : this.composite(definition),
    );
    this.all = [...new Set([...notifying, ...this.conditions.values()])];
  }

  private metricAlarm({ severity, when }: Extract<AlarmDefinition, { when: Condition }>): Alarm {
    return this.notifies(severity, this.condition(when));
  }

  private composite(definition: CompositeAlarm): CloudWatchCompositeAlarm {
    const existing = this.composites.get(definition);
    if (existing !== undefined) return existing;
    const { severity, anyOf, explainedBy } = definition;
    const alarm = new CloudWatchCompositeAlarm(this, definition.name, {
      compositeAlarmName: `${this.props.name}-${definition.name}`,
      alarmDescription: this.describe(definition),
      alarmRule: explainedBy
        ? AlarmRule.allOf(this.any(anyOf), AlarmRule.not(this.any(explainedBy.anyOf)))
        : this.any(anyOf),
      ...(explainedBy && {
        actionsSuppressor: this.composite(explainedBy),
        actionsSuppressorWaitPeriod: explanationDelay,
        actionsSuppressorExtensionPeriod: drainTime,
      }),
    });
    this.composites.set(definition, alarm);
    return this.notifies(severity, alarm);
  }

  private any(conditions: readonly Condition[]): IAlarmRule {
    return AlarmRule.anyOf(...conditions.map((condition) => this.condition(condition)));
  }

  private condition(condition: Condition): Alarm {
    const existing = this.conditions.get(condition);
    if (existing !== undefined) return existing;
    const [datapointsToAlarm, evaluationPeriods] = condition.datapoints;
    const alarm = new Alarm(this, condition.name, {
      alarmName: `${this.props.name}-${condition.name}`,
      alarmDescription: this.describe(condition),
      metric: condition.metric,
      comparisonOperator: condition.comparison,
      threshold: condition.threshold,
      datapointsToAlarm,
      evaluationPeriods,
      treatMissingData: condition.whenMissing,
    });
    this.conditions.set(condition, alarm);
    return alarm;
  }

  private notifies<T extends AlarmBase>(severity: Severity, alarm: T): T {
    const action = new SnsAction(this.props.topics[severity]);
    alarm.addAlarmAction(action);
    // Responders also want to know when the incident is over.
    if (severity === 'page') alarm.addOkAction(action);
    return alarm;
  }

  private describe({ name, impact, lookAt }: Condition | CompositeAlarm): string {
    const { runbookUrl, links } = this.props;
    return [
      impact,
      `Runbook: ${runbookUrl}#${name.toLowerCase()}`,
      ...lookAt.map((place) => `${links[place].title}: ${links[place].url}`),
    ].join('\n');
  }
}
