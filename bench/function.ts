import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { environmentVariables } from '../lambda/contract';
import { startAwsEndpoint } from '../local/aws/endpoint';
import { SecretsManagerService } from '../local/aws/secrets-manager/service';
import { SqsService } from '../local/aws/sqs/service';
import { appId } from './pipeline';
import { startWorker } from './workers';

/** What the function finds around it: a secret, and a Heap. */
export interface Surroundings {
  readonly heapUrl: string;
  /** Environment variables of the function. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** @param latencyMs how long Heap takes for an answer */
export async function startSurroundings(latencyMs: number): Promise<Surroundings> {
  const aws = await startAwsEndpoint({
    port: 0,
    sqs: new SqsService(),
    secrets: new SecretsManagerService(),
  });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SecretsManagerClient({ endpoint: aws.origin, region: 'us-east-1', credentials });
  const { ARN = '' } = await client.send(
    new CreateSecretCommand({ Name: 'heap-tokens', SecretString: JSON.stringify({ appId }) }),
  );
  client.destroy();
  const heap = await startWorker('heap', { args: [latencyMs] });
  const heapUrl = String(heap.result);
  const queueUrl = `${aws.origin}/000000000000/queue`;
  return {
    heapUrl,
    environment: {
      [environmentVariables.heapBaseUrl]: heapUrl,
      [environmentVariables.heapTokensArn]: ARN,
      [environmentVariables.eventBufferUrl]: queueUrl,
      [environmentVariables.deadLetterQueueUrl]: queueUrl,
      [environmentVariables.identityOrder]: 'identity,email',
      [environmentVariables.dedupeWindowMinutes]: '10',
      [environmentVariables.maxEventsPerMinute]: '0',
      [environmentVariables.stackName]: 'Bench',
      AWS_ENDPOINT_URL: aws.origin,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      TZ: 'UTC',
    },
    stop: async () => {
      heap.stop();
      await aws.close();
    },
  };
}
