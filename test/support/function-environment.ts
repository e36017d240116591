import { environmentVariables } from '../../lambda/contract';

/** The services a function under test uses, as URLs and an ARN. */
export interface FunctionSurroundings {
  readonly heap: string;
  readonly secret: string;
  readonly aws: string;
  readonly buffer: string;
  readonly deadLetters: string;
}

/** The function's environment variables, without a limit on events per minute. */
export const functionEnvironment = (around: FunctionSurroundings): Record<string, string> => ({
  [environmentVariables.heapBaseUrl]: around.heap,
  [environmentVariables.heapTokensArn]: around.secret,
  [environmentVariables.eventBufferUrl]: around.buffer,
  [environmentVariables.deadLetterQueueUrl]: around.deadLetters,
  [environmentVariables.identityOrder]: 'identity,email',
  [environmentVariables.dedupeWindowMinutes]: '10',
  [environmentVariables.maxEventsPerMinute]: '0',
  [environmentVariables.stackName]: 'Test',
  AWS_ENDPOINT_URL: around.aws,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
});
