import { Names, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** The names of a pipeline, for operators and for AWS. */
export interface PipelineName {
  /**
   * The name of its dashboard, REST API and metrics, and, before a dash, the prefix of its alarm names: the
   * stack's name and the construct ids below it, joined with underscores. What follows the dash has letters alone:
   * the alarms of a stack `Prod-Team` also start with `Prod-`.
   */
  readonly name: string;
  /** The prefix of its output names: the ids below the stack that has them. */
  readonly outputPrefix: string;
}

/** Leaves room for an alarm's name within CloudWatch's limit of 255. */
const longestName = 200;

/**
 * Derives the names of a pipeline from its path. Like CDK, it leaves out the id `Default`: a stack with one
 * pipeline has the stack's name and no prefix.
 */
export function pipelineName(scope: Construct): PipelineName {
  const stack = Stack.of(scope);
  let outermost = stack;
  // The name of a nested stack is known only at deployment.
  while (outermost.nestedStackParent !== undefined) outermost = outermost.nestedStackParent;
  const ids = idsBelow(outermost, scope);
  const name = [outermost.stackName, ...ids.map(alphanumeric)].join('_');
  // Two ids may differ only in other characters.
  const isUnique = ids.every((id) => id === alphanumeric(id)) && name.length <= longestName;
  return {
    name: isUnique ? name : Names.uniqueResourceName(scope, { maxLength: longestName, separator: '_' }),
    outputPrefix: idsBelow(stack, scope).map(alphanumeric).join(''),
  };
}

const idsBelow = (stack: Stack, { node: { scopes } }: Construct): string[] =>
  scopes
    .slice(scopes.indexOf(stack) + 1)
    .map(({ node }) => node.id)
    .filter((id) => id !== 'Default');

const alphanumeric = (id: string): string => id.replace(/[^A-Za-z0-9]/g, '');
