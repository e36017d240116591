import { Compile, parse } from 'velocityjs';

/**
 * `$context` of a request.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
 */
export interface ExecutionContext {
  readonly accountId: string;
  readonly apiId: string;
  readonly domainName: string;
  /** Made by API Gateway for each request; a client cannot choose it. */
  readonly extendedRequestId: string;
  readonly httpMethod: string;
  readonly identity: {
    readonly sourceIp: string;
    readonly userAgent: string;
    apiKey?: string;
    apiKeyId?: string;
  };
  /** The path as requested, with the stage. */
  readonly path: string;
  readonly protocol: string;
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly requestTimeEpoch: number;
  /** The path of the resource, as in `/webhook/{event}`; none when the request found no resource. */
  readonly resourcePath: string | undefined;
  readonly stage: string;
  /** What a template may set: the status and headers of the answer. */
  readonly responseOverride: { status?: unknown; readonly header: Record<string, unknown> };
}

/** The parameters of a request, by where they stand. */
export interface RequestParameters {
  readonly path: Readonly<Record<string, string>>;
  readonly querystring: Readonly<Record<string, string>>;
  readonly header: Readonly<Record<string, string>>;
}

/** What a mapping template sees. */
export interface MappingInput {
  /** The payload; an empty one is `{}` to a template. */
  readonly body: string;
  readonly params: RequestParameters;
  /** A template may change its `responseOverride`. */
  readonly context: ExecutionContext;
}

/** A mapping template of API Gateway that was read and found to use nothing that is not interpreted. */
export interface MappingTemplate {
  /** @throws when a function of `$util` refuses its argument, which is an internal server error in API Gateway. */
  render(input: MappingInput): string;
}

/** What the variables of API Gateway have that is no method. */
const members: Readonly<Record<string, readonly string[]>> = {
  input: ['body'],
  util: [],
  context: [
    'accountId',
    'apiId',
    'domainName',
    'extendedRequestId',
    'httpMethod',
    'identity',
    'path',
    'protocol',
    'requestId',
    'requestTimeEpoch',
    'resourcePath',
    'responseOverride',
    'stage',
  ] satisfies (keyof ExecutionContext)[],
};

/** Those of `$util`. */
const functions = {
  urlEncode: (text: unknown) => urlEncode(textOf(text)),
  urlDecode: (text: unknown) => decodeURIComponent(textOf(text).replaceAll('+', ' ')),
  escapeJavaScript: (text: unknown) => escapeJavaScript(textOf(text)),
  base64Encode: (text: unknown) => Buffer.from(textOf(text)).toString('base64'),
  base64Decode: (text: unknown) => Buffer.from(textOf(text), 'base64').toString(),
  parseJson: (text: unknown) => parseOrNothing(textOf(text), withoutNull) ?? refuse('parseJson'),
};

/**
 * The methods a template may call: those of `$util` and `$input`, and two of maps. Others of Java's strings and
 * lists mean something else, or nothing, to velocityjs.
 */
const methods: ReadonlySet<string> = new Set([
  ...Object.keys(functions),
  'params',
  'path',
  'json',
  'get',
  'keySet',
]);

/**
 * Reads a template in the Velocity Template Language.
 *
 * velocityjs differs from Apache Velocity in arithmetic, in doubled quotes and in the truth of `""` and `0`;
 * what it renders is what API Gateway renders as long as a template uses none of these.
 *
 * @throws when it does not parse, or uses a variable, a method or a JSONPath that is not interpreted.
 */
export function readMappingTemplate(source: string): MappingTemplate {
  const asts = parse(source);
  const syntax = [...nodes(asts)];
  const variables = new Set([...Object.keys(members), 'foreach', ...syntax.flatMap(assigned)]);
  for (const node of syntax) check(node, variables);
  return {
    render: (input) =>
      new Compile(asts, { customMethodHandlers: [getOfMap] }).render(
        { input: inputVariable(input), util: { ...functions }, context: input.context },
        {},
        // Unlike Velocity, API Gateway renders a reference without a value as nothing.
        true,
      ),
  };
}

/**
 * Replaces `$context.…` in an access log format or in the body of a gateway response, neither of which is VTL.
 *
 * @param missing what stands for a variable without a value.
 */
export function substituteContext(text: string, context: object, missing: string): string {
  return text.replace(/\$context((?:\.[A-Za-z]\w*)+)/g, (_, path: string) => {
    const value = valueAt(context, path.slice(1).split('.'));
    return typeof value === 'string' || typeof value === 'number' ? String(value) : missing;
  });
}

function inputVariable({ body, params }: MappingInput) {
  // An empty body is the empty object to a template (LocalStack's `test_sqs_aws_integration`, recorded on AWS).
  const payload = body === '' ? '{}' : body;
  return {
    body: payload,
    params: (name?: string) =>
      name === undefined
        ? params
        : [params.path, params.querystring, params.header].find((map) => Object.hasOwn(map, name))?.[name],
    path: (path: string) => valueAt(parseOrNothing(payload, withoutNull), stepsOf(path)),
    json: (path: string) => JSON.stringify(valueAt(parseOrNothing(payload), stepsOf(path)) ?? ''),
  };
}

/** velocityjs's own `get` also tries the name with its first letter in the other case. */
const getOfMap = {
  uid: 'get of a map',
  match: ({ property, context }: { property: string; context: unknown }) =>
    property === 'get' && isRecord(context),
  resolve: ({ context, params }: { context: unknown; params: unknown[] }) =>
    valueAt(context, [textOf(params[0])]),
};

/** Every node of a syntax tree, also those within double-quoted strings, which are templates themselves. */
function* nodes(value: unknown): Generator<Record<string, unknown>> {
  if (isList(value)) {
    for (const item of value) yield* nodes(item);
  } else if (isRecord(value)) {
    yield value;
    for (const item of Object.values(value)) yield* nodes(item);
    if (value['type'] === 'string' && value['isEval'] === true) yield* nodes(parse(textOf(value['value'])));
  }
}

/** The variables a node gives a value. */
function assigned(node: Record<string, unknown>): string[] {
  if (node['type'] === 'foreach') return [textOf(node['to'])];
  const target = node['type'] === 'set' ? firstOf(node['equal']) : undefined;
  return isRecord(target) ? [textOf(target['id'])] : [];
}

function check(node: Record<string, unknown>, variables: ReadonlySet<string>): void {
  if (node['type'] === 'macro_call') throw new Error(`#${textOf(node['id'])} is not interpreted`);
  if (node['type'] === 'references') checkReference(node, variables);
  if (node['type'] === 'method') checkMethod(node);
}

function checkReference({ id, path }: Record<string, unknown>, variables: ReadonlySet<string>): void {
  const name = textOf(id);
  if (!variables.has(name)) throw new Error(`$${name} is not interpreted`);
  const member = firstOf(path);
  if (!Object.hasOwn(members, name) || !isRecord(member) || member['type'] !== 'property') return;
  const property = textOf(member['id']);
  if (!members[name]?.includes(property)) throw new Error(`$${name}.${property} is not interpreted`);
}

function checkMethod({ id, args }: Record<string, unknown>): void {
  const name = textOf(id);
  if (!methods.has(name)) throw new Error(`the method ${name} is not interpreted`);
  const argument = firstOf(args);
  if ((name === 'path' || name === 'json') && isRecord(argument) && argument['type'] === 'string') {
    stepsOf(textOf(argument['value']));
  }
}

/** The steps of a JSONPath of dotted names, `['name']` and `[0]`. */
function stepsOf(path: string): string[] {
  if (!/^\$(?:\.[A-Za-z_][\w-]*|\['[^']*'\]|\[\d+\])*$/.test(path)) {
    throw new Error(`the JSONPath ${path} is not interpreted`);
  }
  return Array.from(
    path.matchAll(/\.([A-Za-z_][\w-]*)|\['([^']*)'\]|\[(\d+)\]/g),
    ([, name, quoted, index]) => name ?? quoted ?? index ?? '',
  );
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let found = value;
  for (const step of steps) found = isRecord(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  return found;
}

function parseOrNothing(json: string, reviver?: (name: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(json, reviver);
  } catch {
    return undefined;
  }
}

/** API Gateway renders null as nothing, velocityjs as "null". */
function withoutNull(_: string, value: unknown): unknown {
  return value ?? undefined;
}

/** Names no value: what is thrown ends in a log. */
function refuse(name: string): never {
  throw new Error(`$util.${name} got no JSON`);
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error('a text is needed here, and this is a list or an object');
}

/** As `java.net.URLEncoder` with UTF-8, which keeps `*-._`, writes a space as `+` and a lone surrogate as `?`. */
function urlEncode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '?'))
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

/** As `StringEscapeUtils.escapeJavaScript` of Commons Lang 2, which makes `\'` of a single quote: no JSON. */
function escapeJavaScript(text: string): string {
  return text.replace(
    /["'\\/]|[^ -~]/g,
    (character) =>
      shortEscapes[character] ??
      (/[ -~]/.test(character)
        ? `\\${character}`
        : `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`),
  );
}

function firstOf(value: unknown): unknown {
  return isList(value) ? value[0] : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
