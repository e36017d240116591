import type { DeployedPolicy } from '../support/iam/deployed-policies';
import type { Statement } from '../support/iam/evaluate-policy';
import { deployed, failing, serviceOf } from './table';

/** The policies with one statement changed or removed. */
function changed(
  { logicalId }: DeployedPolicy,
  index: number,
  change: (statement: Statement) => Statement | undefined,
): DeployedPolicy[] {
  return deployed.map((policy) =>
    policy.logicalId === logicalId
      ? {
          ...policy,
          document: {
            ...policy.document,
            Statement: policy.document.Statement.flatMap((each, at) =>
              at === index ? (change(each) ?? []) : each,
            ),
          },
        }
      : policy,
  );
}

const statements = deployed.flatMap((policy) =>
  policy.document.Statement.map((statement, index) => ({ policy, statement, index })),
);
const listOf = (value: string | readonly string[] = []): string[] => [value].flat();
const label = ({ logicalId }: DeployedPolicy, ...more: readonly unknown[]): string =>
  [logicalId.replace(/[0-9A-F]{8}$/, ''), ...more].join(' ');

describe('the table notices', () => {
  it.each(
    statements.map(({ policy, statement, index }) => ({
      policy,
      what: label(policy, index, statement.Effect, listOf(statement.Action)[0]),
      policies: changed(policy, index, () => undefined),
    })),
  )('a missing statement: $what', ({ policies, policy }) => {
    expect(failing(policies, policy)).not.toEqual([]);
  });

  it.each(
    statements.flatMap(({ policy, statement, index }) =>
      listOf(statement.Action).map((action) => ({
        policy,
        what: label(policy, action),
        policies: changed(policy, index, (each) => ({
          ...each,
          Action: listOf(each.Action).filter((other) => other !== action),
        })),
      })),
    ),
  )('a missing action: $what', ({ policies, policy }) => {
    expect(failing(policies, policy)).not.toEqual([]);
  });

  it.each(
    statements.flatMap(({ policy, statement, index }) =>
      listOf(statement.Resource).map((resource) => ({
        policy,
        what: label(policy, index, resource),
        policies: changed(policy, index, (each) => ({
          ...each,
          Resource: listOf(each.Resource).filter((other) => other !== resource),
        })),
      })),
    ),
  )('a missing resource: $what', ({ policies, policy }) => {
    expect(failing(policies, policy)).not.toEqual([]);
  });

  it.each(
    statements
      .filter(({ policy, statement }) => policy.kind === 'identity' && statement.Effect === 'Allow')
      // AWS allows these only for the whole account.
      .filter(({ statement }) => statement.Resource !== '*')
      .flatMap(({ policy, statement, index }) =>
        listOf(statement.Action).map((action) => ({
          policy,
          what: label(policy, action),
          policies: changed(policy, index, (each) => ({ ...each, Action: action, Resource: '*' })),
          action,
        })),
      ),
  )('a resource widened to everything: $what', ({ policies, policy, action }) => {
    expect(
      failing(policies, policy).filter((line) => line.startsWith('denied') && line.includes(` ${action} `)),
    ).not.toEqual([]);
  });

  it.each(
    statements
      .filter(({ policy, statement }) => policy.kind === 'identity' && statement.Effect === 'Allow')
      .map(({ policy, statement, index }) => ({
        policy,
        what: label(policy, index, listOf(statement.Action)[0]),
        policies: changed(policy, index, (each) => ({
          ...each,
          Action: [...new Set(listOf(each.Action).map((action) => `${serviceOf(action)}:*`))],
        })),
      })),
  )('actions widened to the whole service: $what', ({ policies, policy }) => {
    expect(failing(policies, policy)).not.toEqual([]);
  });

  it.each(
    statements
      .filter(({ policy, statement }) => policy.kind !== 'identity' && statement.Effect === 'Allow')
      .filter(({ statement }) => JSON.stringify(statement.Principal) !== '{"AWS":"*"}')
      .map(({ policy, statement, index }) => ({
        policy,
        what: label(policy, index, JSON.stringify(statement.Principal)),
        policies: changed(policy, index, (each) => ({ ...each, Principal: '*' })),
      })),
  )('a principal widened to everyone: $what', ({ policies, policy }) => {
    expect(failing(policies, policy)).not.toEqual([]);
  });

  it.each(
    statements.flatMap(({ policy, statement, index }) =>
      Object.keys(statement.Condition ?? {}).map((operator) => ({
        policy,
        what: label(policy, index, operator),
        policies: changed(policy, index, (each) => ({
          ...each,
          Condition: Object.fromEntries(
            Object.entries(each.Condition ?? {}).filter(([other]) => other !== operator),
          ),
        })),
      })),
    ),
  )('a missing condition: $what', ({ policies, policy }) => {
    expect(failing(policies, policy)).not.toEqual([]);
  });
});
