import * as z from 'zod';

/** One resource of a CloudFormation template, its properties as they stand there: intrinsics and all. */
export interface Resource {
  readonly logicalId: string;
  /** `AWS::…::…` */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The condition it is created under, if any. */
  readonly condition: string | undefined;
}

/** The resources of a template, in its order. */
export type Template = readonly Resource[];

/** What only a deployment knows: where the stack went and what its resources came to be called there. */
export interface Deployment {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  /**
   * The value of `Fn::GetAtt`, or of `Ref` when `attribute` is `'Ref'`; `undefined` when there is none, which
   * makes whatever asks for it an error.
   */
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
 * @throws an error that names the place when it has not the shape of a template.
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
 * The outputs of a template by name, their values as a deployment sees them. One that names a resource nothing is
 * known of is left out: it is about something that is not there.
 *
 * @param document the parsed JSON.
 * @throws an error that names the output when its value is not interpreted.
 */
export function resolveOutputs(document: unknown, deployment: Deployment): Record<string, string> {
  const outputs = outputsSchema.safeParse(document);
  if (!outputs.success) throw new Error(`the outputs of the template: ${z.prettifyError(outputs.error)}`);
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

/** The logical ids a value refers to. */
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

/** @throws when one of them is created under a condition: whether it exists is not known here. */
export function resourcesOfType(template: Template, type: string): Resource[] {
  const resources = template.filter((resource) => resource.type === type);
  for (const { logicalId, condition } of resources) {
    if (condition !== undefined) {
      throw new Error(`${logicalId} (${type}): conditions are not interpreted, and it has ${condition}`);
    }
  }
  return resources;
}

/** The types of the template's resources that are not `interpreted`, each once, sorted. */
export function uninterpretedTypes(template: Template, interpreted: ReadonlySet<string>): string[] {
  return [...new Set(template.map(({ type }) => type))].filter((type) => !interpreted.has(type)).sort();
}

/**
 * The properties of a resource with every intrinsic function replaced by its value, as a deployment sees them.
 *
 * @param except paths of properties to leave out, such as `Integration.Credentials`: what is not needed need
 *   not be known.
 * @throws an error naming logical id, path and intrinsic when a function or what it refers to is not known.
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

/** A use of an intrinsic function, its own argument already resolved. */
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
  // The attribute may hold dots itself, as in `Nested.Outputs.Url`.
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
  if (intrinsic === undefined) return fail(`${name} is not interpreted`);
  const argument = resolve(scope, value[name], at);
  return intrinsic({ deployment: scope.deployment, argument, fail });
}

/** `AWS::NoValue` becomes `undefined`, and what is undefined is not there at all. */
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
  return deployment.attributes(logicalId, attribute) ?? fail(`nothing is known of ${logicalId}.${attribute}`);
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
      return fail(`the pseudo parameter ${name} is not interpreted`);
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
