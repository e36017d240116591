import type { ComparisonOperator, IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Place } from './console-links';

/** `page`: somebody looks at once, at night as well. `ticket`: on the next working day. */
export type Severity = 'page' | 'ticket';

/** What a notice says besides the state of a metric. */
interface Notice {
  /** Name without the stack's; a heading in docs/runbook.md. */
  readonly name: string;
  /** What it means for events and for those who wait for them, in a sentence or two. */
  readonly impact: string;
  /** Where to look, best first. */
  readonly lookAt: readonly [Place, ...Place[]];
}

/**
 * A condition of one metric. It tells nobody by itself and cannot be deployed by itself: it becomes part of a
 * `MetricAlarm` or of a `CompositeAlarm`, which have a severity and so a recipient.
 */
export interface Condition extends Notice {
  readonly metric: IMetric;
  readonly comparison: ComparisonOperator;
  readonly threshold: number;
  /** So many datapoints, of the last so many, must breach. */
  readonly datapoints: readonly [breaching: number, of: number];
  /** What silence means; never left to CloudWatch, whose default is a third state that tells nobody (F72). */
  readonly whenMissing: TreatMissingData.BREACHING | TreatMissingData.NOT_BREACHING;
}

/** A condition somebody is told of. */
export interface MetricAlarm {
  readonly severity: Severity;
  readonly when: Condition;
}

/** Conditions that are one matter to whoever is called: one notice, however many of them hold. */
export interface CompositeAlarm extends Notice {
  readonly severity: Severity;
  readonly anyOf: readonly [Condition, ...Condition[]];
  /**
   * An alarm that explains this one: while it holds, nobody is told of this one.
   *
   * @default - nothing explains it
   */
  readonly explainedBy?: CompositeAlarm;
}

export type AlarmDefinition = MetricAlarm | CompositeAlarm;
