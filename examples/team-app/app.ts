import { App, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { ClevertapToHeap } from 'clevertap-to-heap';

const stack = new Stack(new App(), 'Marketing', { terminationProtection: true });

const webhooks = new ClevertapToHeap(stack, 'Webhooks', {
  heap: { region: 'eu' },
  // 'create' for the first API with a log in this account and region; 'exists' everywhere else.
  apiGatewayLogRole: 'create',
  mapping: { rules: ['mappings/purchase.json'] },
  alarms: {
    page: { emails: ['on-call@marketing-team.dev'] },
    ticket: { emails: ['marketing@marketing-team.dev'] },
  },
});

// Notifies the team of each event rejected for its identity.
new Alarm(stack, 'PlaceholderIdentities', {
  metric: webhooks.metrics.rejectedFor('placeholder_identity', {
    statistic: 'Sum',
    period: Duration.hours(1),
  }),
  threshold: 1,
  evaluationPeriods: 1,
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  treatMissingData: TreatMissingData.NOT_BREACHING,
});
