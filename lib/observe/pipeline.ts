import type { Duration } from 'aws-cdk-lib';
import type { IRestApi, IStage } from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/** What is observed: the parts of one environment, and the two times that say what is slow. */
export interface Pipeline {
  readonly api: IRestApi;
  readonly stage: IStage;
  readonly accessLog: ILogGroup;
  readonly eventBuffer: IQueue;
  readonly deadLetterQueue: IQueue;
  readonly forwarder: IFunction;
  readonly forwarderLog: ILogGroup;
  /** UUID of the event source mapping between the buffer and the forwarder. */
  readonly eventSourceMappingId: string;
  /** The secret with the Heap app id. */
  readonly heapTokens: ISecret;
  /** After which Lambda ends an invocation of the forwarder. */
  readonly forwarderTimeout: Duration;
  /** How long a batch may wait for more messages. */
  readonly batchWindow: Duration;
}
