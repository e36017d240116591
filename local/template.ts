import * as z from 'zod';

/** A resource of a CloudFormation template. Its properties are unresolved, with intrinsic functions. */
export interface Resource {
  readonly logicalId: string;
  /** `AWS::…::…` */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The condition it is created under, if any. */
  readonly condition: string | undefined;
}

/** The resources of a template, in order. */
export type Template = readonly Resource[];

/** What only a deployment knows: where the stack is deployed, and the ids and attributes of its resources. */
export interface Deployment {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  /** The value of `Fn::GetAtt`, or of `Ref` if `attribute` is `'Ref'`. `undefined` makes the reference an error. */
  readonly attributes: (logicalId: string, attribute: string) => unknown;
}

const properties = z.record(z.string(), z.unknown()).default({});

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Properties: properties,
      Metadata: properties,
      Condition: z.string().optional(),
    }),
  ),
});

/**
 * Reads a CloudFormation template.
 *
 * @param document the parsed JSON.
 * @throws an error that names the path at which the document is not a template.
 */
export function readTemplate(document: unknown): Template {
  const template = templateSchema.safeParse(document);
  if (!template.success) throw new Error(`not a CloudFormation template: ${z.prettifyError(template.error)}`);
  return Object.entries(template.data.Resources).map(([logicalId, resource]) => ({
    logicalId,
    type: resource.Type,
    properties: resource.Properties,
    metadata: resource.Metadata,
    condition: resource.Condition,
  }));
}

const outputsSchema = z.object({
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })).default({}),
});

/**
 * The outputs of a template by name, with their values resolved by a deployment. Outputs that refer to unknown
 * resources are omitted: they describe something that does not exist here.
 *
 * @param document the parsed JSON.
 * @throws an error that names the output if its value uses an unsupported feature.
 */
export function resolveOutputs(document: unknown, deployment: Deployment): Record<string, string> {
  const outputs = outputsSchema.safeParse(document);
  if (!outputs.success) throw new Error(`invalid outputs in the template: ${z.prettifyError(outputs.error)}`);
  return Object.fromEntries(
    Object.entries(outputs.data.Outputs)
      .filter(([, { Value }]) => resourcesIn(Value).every((id) => isKnown(deployment, id)))
      .map(([name, { Value }]): [string, string] => {
        const resource: Resource = {
          logicalId: name,
          type: 'output',
          properties: { Value },
          metadata: {},
          condition: undefined,
        };
        return [name, String(resolveProperties(resource, deployment)['Value'])];
      }),
  );
}

const isKnown = (deployment: Deployment, logicalId: string): boolean =>
  logicalId.startsWith('AWS::') || deployment.attributes(logicalId, 'Ref') !== undefined;

/** The logical ids that a value refers to. */
function resourcesIn(value: unknown): string[] {
  if (isList(value)) return value.flatMap(resourcesIn);
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, argument]) => {
    if (name === 'Ref' && typeof argument === 'string') return [argument];
    if (name !== 'Fn::GetAtt') return resourcesIn(argument);
    const [logicalId] = isList(argument) ? argument : String(argument).split('.');
    return [String(logicalId)];
  });
}

/** @throws if a resource has a condition, since it may not exist. */
export function resourcesOfType(template: Template, type: string): Resource[] {
  const resources = template.filter((resource) => resource.type === type);
  for (const { logicalId, condition } of resources) {
    if (condition !== undefined) {
      throw new Error(`${logicalId} (${type}): conditions are not supported, got ${condition}`);
    }
  }
  return resources;
}

/** The sorted, distinct types of the template's resources that are not in `supported`. */
export function unsupportedTypes(template: Template, supported: ReadonlySet<string>): string[] {
  return [...new Set(template.map(({ type }) => type))].filter((type) => !supported.has(type)).sort();
}

/**
 * The properties of a resource with every intrinsic function resolved by a deployment.
 *
 * @param except paths of properties to omit, such as `Integration.Credentials`, whose values may be unknown.
 * @throws an error naming logical id, path and intrinsic if a function or its target is unknown.
 */
export function resolveProperties(
  resource: Resource,
  deployment: Deployment,
  except: readonly string[] = [],
): Record<string, unknown> {
  const scope: Scope = { resource, deployment, except };
  return resolveEntries(scope, resource.properties, '');
}

interface Scope {
  readonly resource: Resource;
  readonly deployment: Deployment;
  readonly except: readonly string[];
}

/** A use of an intrinsic function with its argument already resolved. */
interface Use {
  readonly deployment: Deployment;
  readonly argument: unknown;
  readonly fail: (problem: string) => never;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const joinArgument = z.tuple([z.string(), z.array(scalar)]);
const splitArgument = z.tuple([z.string(), z.string()]);
const selectArgument = z.tuple([z.coerce.number().int().nonnegative(), z.array(z.unknown())]);
const getAttArgument = z.union([
  z.tuple([z.string(), z.string()]),
  // The attribute itself may contain dots, as in `Nested.Outputs.Url`.
  z.templateLiteral([z.string(), '.', z.string()]).transform((text) => splitOnce(text, '.')),
]);
const subArgument = z.union([
  z.tuple([z.string(), z.record(z.string(), scalar)]),
  z.string().transform((text): [string, Record<string, string>] => [text, {}]),
]);

const intrinsics: Readonly<Record<string, (use: Use) => unknown>> = {
  Ref: (use) => refer(use, parse(use, z.string(), 'a logical id'), 'Ref'),
  'Fn::GetAtt': (use) => {
    const [logicalId, attribute] = parse(use, getAttArgument, '[logical id, attribute]');
    return refer(use, logicalId, attribute);
  },
  'Fn::Join': (use) => {
    const [delimiter, values] = parse(use, joinArgument, '[delimiter, values]');
    return values.join(delimiter);
  },
  'Fn::Split': (use) => {
    const [delimiter, text] = parse(use, splitArgument, '[delimiter, string]');
    return text.split(delimiter);
  },
  'Fn::Select': (use) => {
    const [index, values] = parse(use, selectArgument, '[index, values]');
    return values[index] ?? use.fail(`there is no item ${index} among ${values.length}`);
  },
  'Fn::Sub': (use) => {
    const [text, variables] = parse(use, subArgument, 'a string or [string, variables]');
    return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      if (Object.hasOwn(variables, name)) return String(variables[name]);
      const [logicalId, attribute] = name.includes('.') ? splitOnce(name, '.') : [name, 'Ref'];
      return String(parse({ ...use, argument: refer(use, logicalId, attribute) }, scalar, `\${${name}}`));
    });
  },
};

function resolve(scope: Scope, value: unknown, path: string): unknown {
  if (isList(value)) {
    return value
      .map((item, index) => resolve(scope, item, `${path}[${index}]`))
      .filter((item) => item !== undefined);
  }
  if (!isRecord(value)) return value;
  const [name, ...others] = Object.keys(value);
  if (name === undefined || others.length > 0 || !(name === 'Ref' || name.startsWith('Fn::'))) {
    return resolveEntries(scope, value, `${path}.`);
  }
  const at = `${path}.${name}`;
  const fail = (problem: string): never => {
    throw new Error(`${scope.resource.logicalId} (${scope.resource.type}) at Properties.${at}: ${problem}`);
  };
  const intrinsic = Object.hasOwn(intrinsics, name) ? intrinsics[name] : undefined;
  if (intrinsic === undefined) return fail(`${name} is not supported`);
  const argument = resolve(scope, value[name], at);
  return intrinsic({ deployment: scope.deployment, argument, fail });
}

/** Removes undefined values, such as `AWS::NoValue`. */
function resolveEntries(
  scope: Scope,
  value: Readonly<Record<string, unknown>>,
  prefix: string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !scope.except.includes(prefix + name))
      .map(([name, item]): [string, unknown] => [name, resolve(scope, item, prefix + name)])
      .filter(([, item]) => item !== undefined),
  );
}

function refer({ deployment, fail }: Use, logicalId: string, attribute: string): unknown {
  if (logicalId.startsWith('AWS::')) return pseudoParameter(deployment, logicalId, fail);
  return deployment.attributes(logicalId, attribute) ?? fail(`${logicalId}.${attribute} is unknown`);
}

function pseudoParameter({ region, accountId, stackName }: Deployment, name: string, fail: Use['fail']) {
  switch (name) {
    case 'AWS::Region':
      return region;
    case 'AWS::AccountId':
      return accountId;
    case 'AWS::Partition':
      return 'aws';
    case 'AWS::URLSuffix':
      return 'amazonaws.com';
    case 'AWS::StackName':
      return stackName;
    case 'AWS::StackId':
      return `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/local`;
    case 'AWS::NoValue':
      return undefined;
    default:
      return fail(`the pseudo parameter ${name} is not supported`);
  }
}

function parse<T>({ argument, fail }: Use, schema: z.ZodType<T>, expected: string): T {
  const parsed = schema.safeParse(argument);
  return parsed.success ? parsed.data : fail(`${expected} expected, got ${JSON.stringify(argument)}`);
}

function splitOnce(text: string, delimiter: string): [string, string] {
  const at = text.indexOf(delimiter);
  return [text.slice(0, at), text.slice(at + delimiter.length)];
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
