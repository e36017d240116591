import { Names, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** What a pipeline is called where people look for it, and where AWS takes names for keys. */
export interface PipelineName {
  /**
   * The name of its dashboard, its REST API and its metrics, and what the names of its alarms begin with, before a dash:
   * the name of the stack and the ids of the constructs below it, joined with underscores. No name of a stack holds one,
   * so none begins with that of another pipeline and a dash.
   */
  readonly name: string;
  /** What the names of its outputs begin with: the ids below the stack that has them. */
  readonly outputPrefix: string;
}

/** With the name of an alarm after it, CloudWatch's limit of 255 is not reached. */
const longestName = 200;

/**
 * The name of a pipeline by its path. CDK leaves an id of `Default` out of every name, and so does this: a stack around
 * one pipeline has the name of the stack and no prefix.
 */
export function pipelineName(scope: Construct): PipelineName {
  const stack = Stack.of(scope);
  let outermost = stack;
  // What a nested stack is called only its deployment knows.
  while (outermost.nestedStackParent !== undefined) outermost = outermost.nestedStackParent;
  const ids = idsBelow(outermost, scope);
  const name = [outermost.stackName, ...ids.map(alphanumeric)].join('_');
  // Two ids may differ in other characters alone.
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
