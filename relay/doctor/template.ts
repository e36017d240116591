import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { OperatorError } from '../terminal/operator-error';

const resourceSchema = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).optional(),
  Metadata: z.unknown().optional(),
});

/** The parts of a CloudFormation template that are read here. */
export const templateSchema = z.looseObject({
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown() })).default({}),
});

export type Template = z.output<typeof templateSchema>;

/** @throws {OperatorError} for a template that is not JSON or has no resources, as another tool may have deployed */
export function parseTemplate(text: string): Template {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new OperatorError('the deployed template is not JSON: the stack was not deployed by this app');
  }
  const template = templateSchema.safeParse(json);
  if (template.success) return template.data;
  throw new OperatorError('the deployed template has no resources: the stack was not deployed by this app');
}

/**
 * What a deployment of `next` would change in a stack that was deployed from `deployed`: logical ids of resources, and
 * names of other sections. Ignores metadata, which depends on how CDK was called and changes nothing.
 */
export function differences(deployed: Template, next: Template): string[] {
  const [before, after] = [comparable(deployed), comparable(next)];
  const ids = [...new Set([...Object.keys(before.Resources), ...Object.keys(after.Resources)])].sort();
  const sections = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const { Resources: old, ...oldSections } = before;
  const { Resources: fresh, ...freshSections } = after;
  return [
    ...ids.filter((id) => !isDeepStrictEqual(old[id], fresh[id])),
    ...sections.filter((name) => !isDeepStrictEqual(oldSections[name], freshSections[name])),
  ];
}

function comparable({ Resources, ...sections }: Template): Template {
  const resources = Object.entries(Resources)
    .filter(([, { Type }]) => Type !== 'AWS::CDK::Metadata')
    .map(([id, { Metadata: _, ...resource }]) => [id, resource] as const);
  const { Conditions: conditions, Metadata: _, ...rest } = sections;
  const own = Object.entries(conditions ?? {}).filter(([name]) => name !== 'CDKMetadataAvailable');
  return templateSchema.parse(
    asAscii({
      ...rest,
      ...(own.length > 0 && { Conditions: Object.fromEntries(own) }),
      Resources: Object.fromEntries(resources),
    }),
  );
}

/**
 * CloudFormation returns a template with question marks instead of non-ASCII characters
 * (github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220).
 */
const asAscii = (template: object): unknown =>
  JSON.parse(JSON.stringify(template).replace(/[?\u0080-\uFFFF]+/g, '?'));

/** The logical id of the resource that an output refers to; undefined if the output is missing or no reference. */
export function resourceOf({ Outputs }: Template, output: string): string | undefined {
  const value = Outputs[output]?.Value;
  const reference: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'Ref') : undefined;
  return typeof reference === 'string' ? reference : undefined;
}

/**
 * A template value in a canonical form that can be compared: references resolved to ARNs, keys and lists sorted, numbers
 * and booleans as strings, and a list of one element replaced by that element.
 *
 * @param arns by logical id
 * @throws {OperatorError} for a reference to anything else
 */
export function canonical(value: unknown, arns: ReadonlyMap<string, string> = new Map()): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item, arns));
    return items.length === 1
      ? items[0]
      : items.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const entries: [string, unknown][] = Object.entries(value);
  const [name = '', argument] = entries.length === 1 ? (entries[0] ?? []) : [];
  if (name === 'Fn::GetAtt' && Array.isArray(argument) && argument[1] === 'Arn') {
    const arn = arns.get(String(argument[0]));
    if (arn !== undefined) return arn;
  }
  if (name === 'Ref' || name.startsWith('Fn::')) {
    throw new OperatorError(`cannot resolve ${name} ${JSON.stringify(argument)} of the template`);
  }
  // In a resource policy, the principals `{"AWS":"*"}` and `"*"` mean the same.
  if (name === 'AWS' && argument === '*') return '*';
  return Object.fromEntries(
    entries
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, member]) => [key, canonical(member, arns)]),
  );
}
