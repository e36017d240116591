import type { ComparisonOperator, IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Place } from './console-links';

/** `page`: someone responds at once, also at night. `ticket`: on the next working day. */
export type Severity = 'page' | 'ticket';

/** The content of a notice besides the state of a metric. */
interface Notice {
  /** Name without the stack's; a heading in docs/runbook.md. */
  readonly name: string;
  /** What it means for the events and the people waiting for them, in one or two sentences. */
  readonly impact: string;
  /** Where to look, best first. */
  readonly lookAt: readonly [Place, ...Place[]];
}

/**
 * A condition of one metric. It notifies no one and is deployed only as part of a `MetricAlarm` or
 * `CompositeAlarm`, which have a severity and thus a recipient.
 */
export interface Condition extends Notice {
  readonly metric: IMetric;
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  /** How many of the last datapoints must breach. */
  readonly datapoints: readonly [breaching: number, of: number];
  /** What missing data means. Always set: CloudWatch's default is a third state that notifies no one. */
  readonly whenMissing: TreatMissingData.BREACHING | TreatMissingData.NOT_BREACHING;
}

/** A condition that notifies someone. */
export interface MetricAlarm {
  readonly severity: Severity;
  readonly when: Condition;
}

/** Conditions that have one cause for the responder: one notice, however many of them hold. */
export interface CompositeAlarm extends Notice {
  readonly severity: Severity;
  readonly anyOf: readonly [Condition, ...Condition[]];
  /**
   * An alarm that explains this one. While it holds, this one sends no notices.
   *
   * @default - nothing explains it
   */
  readonly explainedBy?: CompositeAlarm;
}

export type AlarmDefinition = MetricAlarm | CompositeAlarm;
