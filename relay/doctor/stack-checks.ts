import {
  APIGatewayClient,
  GetApiKeyCommand,
  GetUsagePlanCommand,
  GetUsagePlanKeysCommand,
} from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, GetTemplateCommand, type Stack } from '@aws-sdk/client-cloudformation';
import {
  GetFunctionConcurrencyCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { countsOf } from '../dead-letters/visit-dead-letters';
import { apiKeyNames, outputOf, type Environment } from '../environment/environment';
import { count } from '../terminal/terminal-text';
import { allRight, deployAnew, fault, isMissing, type Check, type Finding } from './check';
import type { Synthesis } from './synthesis';
import { differences, parseTemplate, type Template } from './template';

/** The template that the stack was deployed from. */
export async function deployedTemplate(region: string | undefined, stackName: string): Promise<Template> {
  const { TemplateBody = '' } = await new CloudFormationClient({ region }).send(
    // As it was submitted, before CloudFormation processed it.
    new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' }),
  );
  return parseTemplate(TemplateBody);
}

/**
 * Judges the state of the stack.
 *
 * @param terminationProtection as in the settings
 * @param isPreflight whether a deployment comes next: the stack may not exist, and its last deployment may have failed
 */
export function stackState(
  stackName: string,
  stack: Stack | undefined,
  terminationProtection: boolean,
  isPreflight: boolean,
): Finding {
  const status = stack?.StackStatus ?? 'REVIEW_IN_PROGRESS';
  // A change set that was never executed leaves an empty stack.
  if (status === 'REVIEW_IN_PROGRESS') {
    return isPreflight
      ? allRight(`there is no stack ${stackName} yet; the deployment creates it`)
      : fault(
          `there is no stack ${stackName} yet`,
          `Deploy it: npx cdk deploy ${stackName} (docs/deploy.md).`,
        );
  }
  if (status.endsWith('_IN_PROGRESS')) {
    return fault(`${status}: a deployment is running`, 'Wait until it is done.');
  }
  const isProtected = stack?.EnableTerminationProtection === true;
  // CDK must delete a stack whose first deployment failed before it can deploy again, but protects it from deletion.
  const isNeverCreated = /^ROLLBACK_(?:COMPLETE|FAILED)$/.test(status);
  if (isNeverCreated && isProtected) {
    return fault(
      `${status}: the first deployment failed, and the next one fails because the stack is protected from deletion`,
      `Run: aws cloudformation update-termination-protection --stack-name ${stackName} --no-enable-termination-protection (needs administrator rights), then deploy again.`,
    );
  }
  if (/^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) {
    return isProtected === terminationProtection || isPreflight
      ? allRight(status)
      : fault(
          `${status}, but termination protection is ${isProtected ? 'on' : 'off'} and the settings say ${terminationProtection ? 'on' : 'off'}`,
          `npx cdk deploy ${stackName} sets it.`,
        );
  }
  const reason = stack?.StackStatusReason === undefined ? '' : `: ${stack.StackStatusReason}`;
  if (isPreflight && (isNeverCreated || /^(?:UPDATE|IMPORT)_ROLLBACK_COMPLETE$/.test(status))) {
    return allRight(`${status}; the next deployment replaces what failed`);
  }
  return fault(
    `${status}${reason}`,
    'See the events of the stack in the CloudFormation console, correct the cause, and deploy again.',
  );
}

/** Whether the deployed stack is the one that this checkout would deploy. */
export const code = (
  stackName: string,
  deployed: Promise<Template>,
  synthesis: Promise<Synthesis>,
): Check => ({
  name: 'code',
  look: async () => {
    const changed = differences(await deployed, (await synthesis).template);
    if (changed.length === 0) return allRight('the stack is what this checkout deploys');
    const shown = changed.slice(0, 5).join(', ');
    const more = changed.length > 5 ? ` and ${changed.length - 5} more` : '';
    return fault(
      `the stack is not what this checkout deploys; different: ${shown}${more}`,
      `Run: npx cdk diff ${stackName}. Then deploy, or check out what is deployed.`,
    );
  },
});

/** Whether the function, and nothing else, consumes every message of the buffer. */
export const eventSource = (environment: Environment, region: string | undefined): Check => ({
  name: 'event source mapping',
  look: async () => {
    const { arn } = await countsOf({ sqs: environment.sqs, url: outputOf(environment, 'EventBufferUrl') });
    const lambda = new LambdaClient({ region });
    const { EventSourceMappings: mappings = [] } = await lambda.send(
      new ListEventSourceMappingsCommand({ EventSourceArn: arn }),
    );
    const forwarder = outputOf(environment, 'ForwarderArn');
    const [mapping, ...others] = mappings;
    if (mapping === undefined) {
      return fault('nothing consumes the event buffer', deployAnew(environment));
    }
    if (others.length > 0) {
      const consumers = mappings.map(({ FunctionArn = '' }) => FunctionArn.split(':').at(-1) ?? '');
      return fault(
        `${count(mappings.length, 'function')} consume the event buffer and take events from each other: ${consumers.join(', ')}`,
        'Delete the mapping that is not of this stack (needs administrator rights).',
      );
    }
    if (mapping.FunctionArn !== forwarder) {
      return fault(
        `another function consumes the event buffer: ${mapping.FunctionArn ?? 'unknown'}`,
        `What it takes does not reach Heap: delete its mapping (needs administrator rights). ${deployAnew(environment)}`,
      );
    }
    const { State: state = 'unknown', FilterCriteria, FunctionResponseTypes: responses = [] } = mapping;
    if (state !== 'Enabled') {
      return fault(
        `the mapping ${mapping.UUID ?? ''} is ${state}: nothing is delivered`,
        /^(?:Disabled|Disabling)$/.test(state)
          ? 'See docs/runbook.md, "How to stop and start delivery".'
          : 'Check again in a minute.',
      );
    }
    if ((FilterCriteria?.Filters ?? []).length > 0) {
      return fault(
        'the mapping has a filter: messages that do not match are deleted',
        'Remove it at once: aws lambda update-event-source-mapping --uuid UUID --filter-criteria "{}".',
      );
    }
    if (!responses.includes('ReportBatchItemFailures')) {
      return fault(
        'the mapping does not report batch item failures: one failed event repeats its whole batch',
        deployAnew(environment),
      );
    }
    const { ReservedConcurrentExecutions: reserved } = await lambda.send(
      new GetFunctionConcurrencyCommand({ FunctionName: forwarder }),
    );
    return reserved === 0
      ? fault(
          'the reserved concurrency of the function is 0: it is never invoked, and nothing is delivered',
          `Run: aws lambda delete-function-concurrency --function-name ${forwarder} (needs administrator rights).`,
        )
      : allRight('Enabled');
  },
});

/** Whether every API key exists, is enabled, and is in the usage plan of the stage. Otherwise API Gateway refuses it. */
export const apiKeys = (environment: Environment, region: string | undefined): Check => ({
  name: 'API keys',
  look: async () => {
    const apiGateway = new APIGatewayClient({ region });
    const names = apiKeyNames(environment);
    if (names.length === 0) return fault('the stack has no API key', 'Deploy it again: npx cdk deploy.');
    const usagePlanId = outputOf(environment, 'UsagePlanId');
    const [apiId, stage] = [outputOf(environment, 'ApiId'), outputOf(environment, 'StageName')];
    const remedy = deployAnew(environment);
    try {
      const { apiStages = [] } = await apiGateway.send(new GetUsagePlanCommand({ usagePlanId }));
      if (!apiStages.some((of) => of.apiId === apiId && of.stage === stage)) {
        return fault('the usage plan is not that of the stage: every request gets 403', remedy);
      }
      // More than the ten keys that the settings allow, so one page has all.
      const { items = [] } = await apiGateway.send(new GetUsagePlanKeysCommand({ usagePlanId, limit: 500 }));
      for (const name of names) {
        const id = outputOf(environment, `ApiKeyId${name}`);
        const { enabled } = await apiGateway.send(new GetApiKeyCommand({ apiKey: id }));
        if (enabled !== true)
          return fault(`the key ${name} (${id}) is disabled: its requests get 403`, remedy);
        if (!items.some((item) => item.id === id)) {
          return fault(`the key ${name} (${id}) is not in the usage plan: its requests get 403`, remedy);
        }
      }
    } catch (error) {
      if (!isMissing(error)) throw error;
      return fault('a key or the usage plan of the stack no longer exists', remedy);
    }
    return allRight(`${names.join(', ')}: enabled and in the plan`);
  },
});
