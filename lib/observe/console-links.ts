import { Stack } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Pipeline } from './pipeline-metrics';

/** A page of the AWS console. */
export type Place =
  | 'accessLog'
  | 'api'
  | 'dashboard'
  | 'deadLetterQueue'
  | 'eventBuffer'
  | 'forwarder'
  | 'forwarderLog'
  | 'heapTokens';

interface Link {
  readonly title: string;
  readonly url: string;
}

const console = 'https://console.aws.amazon.com';

/** URLs of the console pages for the parts of a pipeline. */
export function consoleLinks(pipeline: Pipeline, dashboardName: string): Record<Place, Link> {
  const { region } = Stack.of(pipeline.api);
  const { restApiId } = pipeline.api;
  const cloudWatch = `${console}/cloudwatch/home?region=${region}#`;
  const logGroup = (name: string): string => `${cloudWatch}logsV2:log-groups/log-group/${name}`;
  return {
    dashboard: { title: 'Dashboard', url: `${cloudWatch}dashboards/dashboard/${dashboardName}` },
    api: {
      title: 'Endpoint',
      url: `${console}/apigateway/main/apis/${restApiId}/stages?api=${restApiId}&region=${region}`,
    },
    accessLog: { title: 'Access log', url: logGroup(pipeline.accessLog.logGroupName) },
    eventBuffer: { title: 'Queue', url: queueUrl(pipeline.eventBuffer) },
    deadLetterQueue: { title: 'Dead letters', url: queueUrl(pipeline.deadLetterQueue) },
    forwarder: {
      title: 'Function',
      url: `${console}/lambda/home?region=${region}#/functions/${pipeline.forwarder.functionName}`,
    },
    forwarderLog: { title: 'Log', url: logGroup(pipeline.forwarderLog.logGroupName) },
    heapTokens: {
      title: 'Secret',
      url: `${console}/secretsmanager/secret?name=${pipeline.heapTokens.secretName}&region=${region}`,
    },
  };
}

/** The console identifies a queue by its percent-encoded URL. */
function queueUrl(queue: IQueue): string {
  const { region, account } = Stack.of(queue);
  const url = `https%3A%2F%2Fsqs.${region}.amazonaws.com%2F${account}%2F${queue.queueName}`;
  return `${console}/sqs/v3/home?region=${region}#/queues/${url}`;
}
