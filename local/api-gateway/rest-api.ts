import { validateHeaderName, validateHeaderValue } from 'node:http';
import { BlockList } from 'node:net';
import * as z from 'zod';
import { readMappingTemplate, type MappingTemplate } from './mapping-template';
import {
  resolveProperties,
  resourcesOfType,
  type Deployment,
  type Resource,
  type Template,
} from '../template';

/** The API Gateway part of a template, ready to be served. */
export interface RestApi {
  readonly id: string;
  /** The deployment it was read with, extended by the ids of API Gateway's own resources. */
  readonly deployment: Deployment;
  /** Whether the resource policy allows requests from an address. */
  readonly allows: (sourceIp: string) => boolean;
  /** Literal paths come before those with `{…}`. */
  readonly methods: readonly Method[];
  readonly stages: readonly Stage[];
  /** The customized responses, by response type. */
  readonly gatewayResponses: ReadonlyMap<string, GatewayResponse>;
  /** API key values by logical id. */
  readonly apiKeys: ReadonlyMap<string, string>;
}

export interface Method {
  readonly httpMethod: string;
  /** Such as `/webhook/{event}`. */
  readonly resourcePath: string;
  readonly apiKeyRequired: boolean;
  readonly integration: Integration;
}

export interface Stage {
  readonly name: string;
  /** Requests per second and the burst limit. */
  readonly throttle: { readonly rateLimit: number; readonly burstLimit: number };
  readonly accessLogFormat: string | undefined;
  /** Ids of the enabled API keys in the stage's usage plans, by key value. */
  readonly keyIds: ReadonlyMap<string, string>;
}

/** An integration with SQS: POSTs what the request template renders. */
export interface Integration {
  /** `/{account}/{queue}` */
  readonly path: string;
  readonly headers: readonly HeaderMapping[];
  /** By media type, in lower case. */
  readonly requestTemplates: ReadonlyMap<string, MappingTemplate>;
  readonly passthroughBehavior: 'NEVER' | 'WHEN_NO_MATCH' | 'WHEN_NO_TEMPLATES';
  readonly timeoutMillis: number;
  readonly responses: readonly IntegrationResponse[];
}

export interface IntegrationResponse {
  readonly statusCode: number;
  /** Must match the whole status of the integration. The response without a pattern is the default. */
  readonly selectionPattern: RegExp | undefined;
  /** Without a template, the integration's response is passed through. */
  readonly template: MappingTemplate | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface GatewayResponse {
  readonly statusCode: number | undefined;
  /** Not VTL: only `$context.…` is replaced. */
  readonly template: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** A header of the integration request and the source of its value: a literal or a request parameter. */
export interface HeaderMapping {
  readonly header: string;
  readonly value:
    { readonly literal: string } | { readonly location: (typeof locations)[number]; readonly name: string };
}

const locations = ['path', 'querystring', 'header'] as const;

const type = (name: string) => `AWS::ApiGateway::${name}`;

/** The resource types that `readRestApi` reads. Deployments are ignored: all resources are live at once. */
export const supportedTypes: ReadonlySet<string> = new Set(
  [
    'RestApi',
    'Resource',
    'Method',
    'Deployment',
    'Stage',
    'ApiKey',
    'UsagePlan',
    'UsagePlanKey',
    'GatewayResponse',
  ].map(type),
);

/** The default account-level throttle in most regions, used where a stage sets none. */
const accountThrottle = { rateLimit: 10_000, burstLimit: 5_000 };

/**
 * Reads the only REST API of a template.
 *
 * Roles and permissions, log groups, tags and descriptions are ignored.
 *
 * @param deployment knows the resources outside of API Gateway, such as the queue.
 * @param keyValue returns the value of an API key by logical id if the template has none.
 * @throws an error naming the resource if it uses an unsupported feature or CloudFormation would reject it.
 */
export function readRestApi(
  template: Template,
  deployment: Deployment,
  keyValue: (logicalId: string) => string,
): RestApi {
  const [api, ...others] = resourcesOfType(template, type('RestApi'));
  if (api === undefined || others.length > 0) {
    throw new Error(
      `exactly one ${type('RestApi')} is supported, and the template has ${api ? 'more than one' : 'none'}`,
    );
  }
  const scope: Scope = { template, deployment: within(template, deployment) };
  const apiKeys = readKeys(scope, keyValue);
  const { Policy } = read(scope, api, restApi, ['Name', 'Description', 'EndpointConfiguration', 'Tags']);
  return {
    id: api.logicalId,
    deployment: scope.deployment,
    allows: Policy === undefined ? () => true : (sourceIp) => allowed(Policy.Statement, sourceIp),
    methods: readMethods(scope),
    stages: readStages(scope, apiKeys),
    gatewayResponses: readGatewayResponses(scope),
    apiKeys: new Map(Array.from(apiKeys, ([id, { value }]) => [id, value])),
  };
}

interface Scope {
  readonly template: Template;
  readonly deployment: Deployment;
}

const strings = z.record(z.string(), z.string());
const status = z.string().regex(/^[1-5]\d\d$/, 'invalid HTTP status');
const oneOrMany = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value));

const sourceIp = z.strictObject({ 'aws:SourceIp': oneOrMany });
const statement = z.strictObject({
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.union([z.literal('*'), z.strictObject({ AWS: z.literal('*') })]),
  Action: z.literal('execute-api:Invoke'),
  Resource: z.literal('execute-api:/*'),
  Condition: z
    .strictObject({ IpAddress: sourceIp.optional(), NotIpAddress: sourceIp.optional() })
    .default({}),
});
const restApi = z.strictObject({
  ApiKeySourceType: z.literal('HEADER').optional(),
  Policy: z.strictObject({ Version: z.string(), Statement: z.array(statement) }).optional(),
});

/** An explicit deny wins; anything not explicitly allowed is denied. */
function allowed(statements: readonly z.infer<typeof statement>[], address: string): boolean {
  const effects = statements
    .filter(({ Condition: { IpAddress, NotIpAddress } }) => {
      const inside = !IpAddress || among(IpAddress['aws:SourceIp'], address);
      return inside && !(NotIpAddress && among(NotIpAddress['aws:SourceIp'], address));
    })
    .map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

function among(ranges: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefix] = range.split('/');
    const family = network.includes(':') ? 'ipv6' : 'ipv4';
    list.addSubnet(network, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return list.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
}

const apiKey = z.strictObject({ Enabled: z.boolean().default(false), Value: z.string().optional() });

interface ApiKey {
  readonly enabled: boolean;
  readonly value: string;
}

function readKeys(scope: Scope, keyValue: (logicalId: string) => string): ReadonlyMap<string, ApiKey> {
  const except = ['Name', 'Description', 'Tags', 'GenerateDistinctId', 'StageKeys'];
  return new Map(
    resourcesOfType(scope.template, type('ApiKey')).map((resource) => {
      const { Enabled, Value } = read(scope, resource, apiKey, except);
      return [resource.logicalId, { enabled: Enabled, value: Value ?? keyValue(resource.logicalId) }];
    }),
  );
}

const usagePlan = z.strictObject({
  ApiStages: z
    .array(z.strictObject({ ApiId: z.string(), Stage: z.string(), Throttle: z.strictObject({}).optional() }))
    .default([]),
});
const usagePlanKey = z.strictObject({
  KeyId: z.string(),
  KeyType: z.literal('API_KEY'),
  UsagePlanId: z.string(),
});

/** The ids of the API keys that a usage plan allows on a stage. */
function keyIdsOf(scope: Scope, stage: string): Set<string> {
  const plans = resourcesOfType(scope.template, type('UsagePlan'))
    .filter((resource) =>
      read(scope, resource, usagePlan, ['UsagePlanName', 'Description', 'Tags']).ApiStages.some(
        ({ Stage }) => Stage === stage,
      ),
    )
    .map(({ logicalId }) => logicalId);
  const keys = resourcesOfType(scope.template, type('UsagePlanKey'))
    .map((resource) => read(scope, resource, usagePlanKey))
    .filter(({ UsagePlanId }) => plans.includes(UsagePlanId));
  return new Set(keys.map(({ KeyId }) => KeyId));
}

const stage = z.strictObject({
  StageName: z.string(),
  AccessLogSetting: z.strictObject({ Format: z.string() }).optional(),
  MethodSettings: z
    .array(
      z.strictObject({
        HttpMethod: z.literal('*'),
        ResourcePath: z.literal('/*'),
        ThrottlingRateLimit: z.number().optional(),
        ThrottlingBurstLimit: z.number().optional(),
        MetricsEnabled: z.boolean().optional(),
        DataTraceEnabled: z.boolean().optional(),
        LoggingLevel: z.string().optional(),
      }),
    )
    .max(1)
    .default([]),
});

function readStages(scope: Scope, apiKeys: ReadonlyMap<string, ApiKey>): Stage[] {
  const except = ['RestApiId', 'DeploymentId', 'Description', 'Tags', 'TracingEnabled'];
  return resourcesOfType(scope.template, type('Stage')).map((resource) => {
    const { StageName, AccessLogSetting, MethodSettings } = read(scope, resource, stage, [
      ...except,
      'AccessLogSetting.DestinationArn',
    ]);
    const keyIds = keyIdsOf(scope, StageName);
    const [settings] = MethodSettings;
    return {
      name: StageName,
      throttle: {
        rateLimit: settings?.ThrottlingRateLimit ?? accountThrottle.rateLimit,
        burstLimit: settings?.ThrottlingBurstLimit ?? accountThrottle.burstLimit,
      },
      accessLogFormat: AccessLogSetting?.Format,
      keyIds: new Map(
        Array.from(apiKeys)
          .filter(([id, { enabled }]) => enabled && keyIds.has(id))
          .map(([id, { value }]) => [value, id]),
      ),
    };
  });
}

const apiResource = z.strictObject({
  PathPart: z.string().regex(/^(?:\{\w+\}|[^{}/]+)$/, 'a greedy or mixed path part is not supported'),
  ParentId: z.string(),
});
const jsonTemplate = z.strictObject({ 'application/json': z.string().optional() }).default({});
const method = z.strictObject({
  HttpMethod: z.enum(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']),
  ResourceId: z.string(),
  AuthorizationType: z.literal('NONE').optional(),
  ApiKeyRequired: z.boolean().default(false),
  MethodResponses: z.array(z.object({ StatusCode: status })).default([]),
  Integration: z.strictObject({
    Type: z.literal('AWS'),
    IntegrationHttpMethod: z.literal('POST'),
    Uri: z
      .string()
      .regex(
        /^arn:[^:]+:apigateway:[^:]+:sqs:path\/\d{12}\/[^/]+$/,
        'only sqs:path/{account}/{queue} is supported',
      ),
    RequestParameters: strings.default({}),
    RequestTemplates: strings.default({}),
    PassthroughBehavior: z.enum(['NEVER', 'WHEN_NO_MATCH', 'WHEN_NO_TEMPLATES']).default('WHEN_NO_MATCH'),
    TimeoutInMillis: z.number().default(29_000),
    IntegrationResponses: z
      .array(
        z.strictObject({
          StatusCode: status,
          SelectionPattern: z.string().optional(),
          ResponseTemplates: jsonTemplate,
          ResponseParameters: strings.default({}),
        }),
      )
      .default([]),
  }),
});

function readMethods(scope: Scope): Method[] {
  const paths = new Map(
    resourcesOfType(scope.template, type('Resource')).map((resource) => [
      resource.logicalId,
      read(scope, resource, apiResource, ['RestApiId']),
    ]),
  );
  const pathOf = (id: string): string => {
    const part = paths.get(id);
    return part === undefined ? '' : `${pathOf(part.ParentId)}/${part.PathPart}`;
  };
  const except = ['RestApiId', 'OperationName', 'RequestParameters', 'Integration.Credentials'];
  return resourcesOfType(scope.template, type('Method'))
    .map((resource) => {
      const properties = read(scope, resource, method, except);
      return {
        httpMethod: properties.HttpMethod,
        resourcePath: pathOf(properties.ResourceId) || '/',
        apiKeyRequired: properties.ApiKeyRequired,
        integration: named(resource, () => readIntegration(properties)),
      };
    })
    .sort((one, other) => Number(one.resourcePath.includes('{')) - Number(other.resourcePath.includes('{')));
}

function readIntegration({ Integration, MethodResponses }: z.infer<typeof method>): Integration {
  const declared = new Set(MethodResponses.map(({ StatusCode }) => StatusCode));
  const responses = Integration.IntegrationResponses.map((response) => {
    const { SelectionPattern: pattern, StatusCode: statusCode } = response;
    if (!declared.has(statusCode)) throw new Error(`no method response declares the status ${statusCode}`);
    const source = response.ResponseTemplates['application/json'];
    return {
      statusCode: Number(statusCode),
      selectionPattern: pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`),
      template: source === undefined ? undefined : readTemplateOf(source, `of ${statusCode}`),
      headers: readLiterals('method.response.header.', response.ResponseParameters),
    };
  });
  if (responses.filter(({ selectionPattern }) => selectionPattern === undefined).length > 1) {
    throw new Error('more than one integration response has no selection pattern');
  }
  return {
    path: `/${Integration.Uri.split('/').slice(1).join('/')}`,
    headers: readHeaders('integration.request.header.', Integration.RequestParameters),
    requestTemplates: new Map(
      Object.entries(Integration.RequestTemplates).map(([mediaType, source]) => [
        mediaType.toLowerCase(),
        readTemplateOf(source, `for ${mediaType}`),
      ]),
    ),
    passthroughBehavior: Integration.PassthroughBehavior,
    timeoutMillis: Integration.TimeoutInMillis,
    responses,
  };
}

function readTemplateOf(source: string, where: string): MappingTemplate {
  try {
    return readMappingTemplate(source);
  } catch (error) {
    throw new Error(`the mapping template ${where}: ${messageOf(error)}`, { cause: error });
  }
}

const gatewayResponse = z.strictObject({
  ResponseType: z.string(),
  StatusCode: status.optional(),
  ResponseTemplates: jsonTemplate,
  ResponseParameters: strings.default({}),
});

function readGatewayResponses(scope: Scope): ReadonlyMap<string, GatewayResponse> {
  return new Map(
    resourcesOfType(scope.template, type('GatewayResponse')).map((resource) => {
      const properties = read(scope, resource, gatewayResponse, ['RestApiId']);
      return [
        properties.ResponseType,
        {
          statusCode: properties.StatusCode === undefined ? undefined : Number(properties.StatusCode),
          template: properties.ResponseTemplates['application/json'],
          headers: named(resource, () =>
            readLiterals('gatewayresponse.header.', properties.ResponseParameters),
          ),
        },
      ];
    }),
  );
}

function readHeaders(prefix: string, parameters: Readonly<Record<string, string>>): HeaderMapping[] {
  return Object.entries(parameters).map(([target, source]) => {
    const header = target.startsWith(prefix) ? target.slice(prefix.length) : '';
    const literal = /^'(.*)'$/s.exec(source)?.[1];
    const [, where, name] = /^method\.request\.(\w+)\.(.+)$/s.exec(source) ?? [];
    const location = locations.find((candidate) => candidate === where);
    if (header !== '' && literal !== undefined) {
      validateHeaderName(header);
      validateHeaderValue(header, literal);
      return { header, value: { literal } };
    }
    if (header !== '' && location !== undefined && name !== undefined) {
      return { header, value: { location, name } };
    }
    throw new Error(`the parameter mapping ${target} from ${source} is not supported`);
  });
}

function readLiterals(prefix: string, parameters: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    readHeaders(prefix, parameters).map(({ header, value }): [string, string] => {
      if ('literal' in value) return [header, value.literal];
      throw new Error(`a parameter mapping to ${header} must be a literal`);
    }),
  );
}

/** A deployment that also knows API Gateway's own resources, whose ids are their logical ids. */
function within(template: Template, deployment: Deployment): Deployment {
  const own = new Map(
    template
      .filter((resource) => supportedTypes.has(resource.type))
      .map((resource) => [resource.logicalId, resource]),
  );
  return {
    ...deployment,
    attributes: (logicalId, attribute) => {
      const resource = own.get(logicalId);
      if (resource === undefined) return deployment.attributes(logicalId, attribute);
      if (attribute === 'RootResourceId') return `${logicalId}/`;
      return resource.type === type('Stage') ? resource.properties['StageName'] : logicalId;
    },
  };
}

function read<T>(
  { deployment }: Scope,
  resource: Resource,
  schema: z.ZodType<T>,
  except: readonly string[] = [],
): T {
  const properties = schema.safeParse(resolveProperties(resource, deployment, except));
  if (properties.success) return properties.data;
  return named(resource, () => {
    throw new Error(`not supported: ${z.prettifyError(properties.error)}`);
  });
}

function named<T>(resource: Resource, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${resource.logicalId} (${resource.type}): ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
