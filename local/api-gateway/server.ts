import { randomBytes, randomUUID } from 'node:crypto';
import {
  Agent,
  request as httpRequest,
  validateHeaderValue,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { listen, readBody, type BoundServer, type RunningServer } from '../http-server';
import { substituteContext, type ExecutionContext, type RequestParameters } from './mapping-template';
import {
  readRestApi,
  type HeaderMapping,
  type Integration,
  type IntegrationResponse,
  type Method,
  type RestApi,
  type Stage,
} from './rest-api';
import type { Deployment, Template } from '../template';

export interface ApiGatewayOptions {
  /** A port (0 picks a free one) or a bound server. */
  readonly port: number | BoundServer;
  readonly template: Template;
  /** Knows the resources outside of API Gateway. */
  readonly deployment: Deployment;
  /** Origin of SQS's query protocol. */
  readonly sqsEndpoint: string;
  /**
   * API key values by logical id.
   *
   * @default - a random value for each key that has none in the template, as in AWS
   */
  readonly apiKeyValues?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Receives a line for each request, in the access log format of its stage. */
  readonly onAccessLog?: (line: string) => void;
  /** Called for each response of a stage. */
  readonly onAnswer?: (answer: StageAnswer) => void;
  /** Receives the reason for each response that API Gateway generates itself, without any part of the request body. */
  readonly onExecutionLog?: (line: string) => void;
}

/** The response of a stage. */
export interface StageAnswer {
  readonly status: number;
  /** The id of the valid key in the request. */
  readonly apiKeyId: string | undefined;
  /** The extended request id, which clients cannot choose. */
  readonly requestId: string;
  /** From the first byte of the request. */
  readonly milliseconds: number;
}

export interface RunningApiGateway extends RunningServer {
  /** The given deployment, extended by the ids of API Gateway's own resources. */
  readonly deployment: Deployment;
  /** Names of the stages: a resource is at `{origin}/{stage}{its path}`. */
  readonly stages: readonly string[];
  /** API key values by logical id. */
  readonly apiKeys: ReadonlyMap<string, string>;
}

/**
 * Serves the REST API of a template on 127.0.0.1, as API Gateway would.
 *
 * @throws an error naming the resource if the template uses an unsupported feature.
 */
export async function startApiGateway(options: ApiGatewayOptions): Promise<RunningApiGateway> {
  const { apiKeyValues = {}, now = Date.now } = options;
  const api = readRestApi(options.template, options.deployment, (id) => apiKeyValues[id] ?? randomKey());
  const agent = new Agent({ keepAlive: true });
  const gateway: Gateway = {
    api,
    accountId: options.deployment.accountId,
    now,
    admits: throttle(now),
    callSqs: (integration, headers, body) => callSqs(options.sqsEndpoint, agent, integration, headers, body),
    log: options.onExecutionLog ?? (() => undefined),
    logAccess: options.onAccessLog ?? (() => undefined),
    answered: options.onAnswer ?? (() => undefined),
  };
  // As in AWS, any Host and Origin is accepted: every method requires a key, which no web page knows.
  const server = await listen(options.port, (request, response) => void serve(gateway, request, response), {
    anyCaller: true,
  });
  return {
    origin: server.origin,
    deployment: api.deployment,
    stages: api.stages.map(({ name }) => name),
    apiKeys: api.apiKeys,
    close: async () => {
      await server.close();
      agent.destroy();
    },
  };
}

interface Gateway {
  readonly api: RestApi;
  readonly accountId: string;
  readonly now: () => number;
  readonly admits: (stage: Stage, method: Method) => boolean;
  readonly callSqs: (integration: Integration, headers: HeaderValues, body: string) => Promise<SqsAnswer>;
  readonly log: (line: string) => void;
  readonly logAccess: (line: string) => void;
  readonly answered: NonNullable<ApiGatewayOptions['onAnswer']>;
}

interface SqsAnswer {
  readonly status: number;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers: HeaderValues;
  readonly body: string;
}

type HeaderValues = Readonly<Record<string, string>>;

/** A request in progress, with the details for the access log. */
interface Invocation {
  readonly stage: Stage;
  readonly context: ExecutionContext;
  /** `undefined` if the API has no such method or resource. */
  readonly method: Method | undefined;
  readonly params: RequestParameters;
  error?: { readonly message: string; readonly messageString: string; readonly responseType: FailureType };
  integration?: { readonly status?: number; readonly latency: number };
}

/** API Gateway's payload limit: 10 MB. */
const maxBodyBytes = 10 * 1024 * 1024;

/**
 * The responses that API Gateway generates itself.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
const failures = {
  ACCESS_DENIED: {
    status: 403,
    errorType: 'AccessDeniedException',
    message: 'User: anonymous is not authorized to perform: execute-api:Invoke',
  },
  API_CONFIGURATION_ERROR: {
    status: 500,
    errorType: 'InternalServerErrorException',
    message: 'Internal server error',
  },
  INTEGRATION_FAILURE: {
    status: 500,
    errorType: 'InternalServerErrorException',
    message: 'Internal server error',
  },
  INTEGRATION_TIMEOUT: {
    status: 504,
    errorType: 'InternalServerErrorException',
    message: 'Endpoint request timed out',
  },
  INVALID_API_KEY: { status: 403, errorType: 'ForbiddenException', message: 'Forbidden' },
  MISSING_AUTHENTICATION_TOKEN: {
    status: 403,
    errorType: 'MissingAuthenticationTokenException',
    message: 'Missing Authentication Token',
  },
  REQUEST_TOO_LARGE: { status: 413, errorType: 'RequestTooLargeException', message: 'Request Too Long' },
  THROTTLED: { status: 429, errorType: 'TooManyRequestsException', message: 'Too Many Requests' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    errorType: 'BadRequestException',
    message: 'Unsupported Media Type',
  },
};

type FailureType = keyof typeof failures;

/** Ends a request with a gateway response. */
class Failure extends Error {
  constructor(
    readonly type: FailureType,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

async function serve(gateway: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const started = gateway.now();
  // Even if the request is refused: a client that is still sending would see a reset instead of the response.
  const read = await readBody(request, maxBodyBytes).then(
    (body) => ({ body }),
    () => undefined,
  );
  const clientLeft = read === undefined;
  if (clientLeft) return;
  const invocation = open(gateway, request, started);
  if (invocation === undefined) {
    send(response, unknownStage);
    return;
  }
  const answer = await invoke(gateway, invocation, request.headers, read.body).catch((error: unknown) =>
    fail(gateway, invocation, error),
  );
  const { requestId, extendedRequestId } = invocation.context;
  response.setHeader('x-amzn-requestid', requestId).setHeader('x-amz-apigw-id', extendedRequestId);
  send(response, answer);
  gateway.answered({
    status: answer.status,
    apiKeyId: invocation.context.identity.apiKeyId,
    requestId: extendedRequestId,
    milliseconds: gateway.now() - started,
  });
  logAccess(gateway, invocation, answer, started);
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.setHeader('content-type', 'application/json');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status).end(body);
}

/** A request to an unknown stage is not logged and gets no gateway response. */
const unknownStage: Answer = {
  status: 403,
  headers: { 'x-amzn-errortype': 'ForbiddenException' },
  body: '{"message":"Forbidden"}',
};

/** `undefined` if the first path segment is not a stage. */
function open({ api, accountId }: Gateway, request: IncomingMessage, now: number): Invocation | undefined {
  const { url = '/', headers, rawHeaders } = request;
  const [path = '', query = ''] = splitOnce(url, '?');
  const [stageName, ...segments] = partsOf(path);
  const stage = api.stages.find(({ name }) => name === stageName);
  if (stage === undefined) return undefined;
  const method = api.methods.find(
    ({ httpMethod, resourcePath }) =>
      httpMethod === request.method && matches(partsOf(resourcePath), segments),
  );
  const requestId = headers['x-amzn-requestid'];
  const context: ExecutionContext = {
    accountId,
    apiId: api.id,
    domainName: headers.host ?? '',
    extendedRequestId: `${randomBytes(11).toString('base64url')}=`,
    httpMethod: request.method ?? '',
    identity: { sourceIp: request.socket.remoteAddress ?? '', userAgent: headers['user-agent'] ?? '' },
    path,
    protocol: `HTTP/${request.httpVersion}`,
    // Clients may choose this id, so it identifies nothing.
    requestId: typeof requestId === 'string' ? requestId : randomUUID(),
    requestTimeEpoch: now,
    resourcePath: method?.resourcePath,
    stage: stage.name,
    responseOverride: { header: {} },
  };
  const params = {
    path: pathParameters(partsOf(method?.resourcePath ?? ''), segments),
    querystring: Object.fromEntries(new URLSearchParams(query)),
    header: Object.fromEntries(
      rawHeaders.flatMap((name, index): [string, string][] =>
        index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
      ),
    ),
  };
  return { stage, context, method, params };
}

/** Ignores trailing slashes. */
function partsOf(path: string): string[] {
  return path.replace(/\/+$/, '').split('/').slice(1);
}

function matches(parts: readonly string[], segments: readonly string[]): boolean {
  return (
    parts.length === segments.length &&
    parts.every((part, index) => (isPlaceholder(part) ? segments[index] !== '' : segments[index] === part))
  );
}

/** The value of each `{…}`, percent-encoded as in the URL. */
function pathParameters(parts: readonly string[], segments: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    parts.flatMap((part, index): [string, string][] =>
      isPlaceholder(part) ? [[part.slice(1, -1), segments[index] ?? '']] : [],
    ),
  );
}

function isPlaceholder(part: string): boolean {
  return part.startsWith('{');
}

async function invoke(
  gateway: Gateway,
  invocation: Invocation,
  headers: IncomingHttpHeaders,
  body: Buffer | undefined,
): Promise<Answer> {
  const { api } = gateway;
  const { stage, context, method, params } = invocation;
  const { sourceIp } = context.identity;
  if (!api.allows(sourceIp))
    throw new Failure('ACCESS_DENIED', `the resource policy does not allow ${sourceIp}`);
  if (method === undefined) throw new Failure('MISSING_AUTHENTICATION_TOKEN', 'no such method or resource');
  if (method.apiKeyRequired) identify(invocation, headers['x-api-key']);
  if (!gateway.admits(stage, method))
    throw new Failure('THROTTLED', `more than ${stage.throttle.rateLimit}/s`);
  if (body === undefined) throw new Failure('REQUEST_TOO_LARGE', `more than ${maxBodyBytes} bytes`);

  const { integration } = method;
  const template = requestTemplate(integration, headers['content-type']);
  const text = body.toString('utf8');
  const payload = template === undefined ? text : template.render({ body: text, params, context });
  const result = await integrate(gateway, invocation, integration, payload);

  const response = selectResponse(integration.responses, result.status);
  if (response === undefined) {
    throw new Failure('API_CONFIGURATION_ERROR', `no integration response for the status ${result.status}`);
  }
  const answer = response.template?.render({ body: result.body, params, context }) ?? result.body;
  const override = context.responseOverride;
  return {
    status: isStatus(override.status) ? override.status : response.statusCode,
    headers: { ...response.headers, ...Object.fromEntries(Object.entries(override.header).map(headerOf)) },
    body: answer,
  };
}

function identify({ stage, context }: Invocation, key: string | string[] | undefined): void {
  const id = typeof key === 'string' ? stage.keyIds.get(key) : undefined;
  if (typeof key !== 'string' || id === undefined) {
    throw new Failure('INVALID_API_KEY', 'no enabled API key in a usage plan of this stage');
  }
  context.identity.apiKey = key;
  context.identity.apiKeyId = id;
}

/** `undefined` means the body is passed through unchanged. */
function requestTemplate(
  { requestTemplates, passthroughBehavior }: Integration,
  contentType: string | undefined,
) {
  // As documented, a missing content type means JSON, and parameters such as the charset are ignored.
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  const template = requestTemplates.get(mediaType === '' ? 'application/json' : mediaType);
  const passes =
    passthroughBehavior === 'WHEN_NO_MATCH' ||
    (passthroughBehavior === 'WHEN_NO_TEMPLATES' && requestTemplates.size === 0);
  if (template === undefined && !passes) {
    throw new Failure('UNSUPPORTED_MEDIA_TYPE', 'no request template for this content type');
  }
  return template;
}

async function integrate(
  gateway: Gateway,
  invocation: Invocation,
  integration: Integration,
  payload: string,
): Promise<SqsAnswer> {
  const headers = { accept: 'application/json', ...headersOf(integration.headers, invocation.params) };
  const started = gateway.now();
  const latency = () => gateway.now() - started;
  try {
    const answer = await gateway.callSqs(integration, headers, payload);
    invocation.integration = { status: answer.status, latency: latency() };
    return answer;
  } catch (error) {
    invocation.integration = { latency: latency() };
    if (error instanceof Failure) throw error;
    throw new Failure('INTEGRATION_FAILURE', `no answer from SQS: ${messageOf(error)}`, { cause: error });
  }
}

function callSqs(
  endpoint: string,
  agent: Agent,
  { path, timeoutMillis }: Integration,
  headers: HeaderValues,
  body: string,
): Promise<SqsAnswer> {
  const signal = AbortSignal.timeout(timeoutMillis);
  return new Promise<SqsAnswer>((resolve, reject) => {
    const call = httpRequest(endpoint + path, { method: 'POST', agent, headers, signal }, (response) => {
      readBody(response, maxBodyBytes).then((bytes) => {
        resolve({ status: response.statusCode ?? 0, body: bytes?.toString('utf8') ?? '' });
      }, reject);
    });
    call.on('error', reject);
    call.end(body);
  }).catch((error: unknown) => {
    if (signal.aborted) throw new Failure('INTEGRATION_TIMEOUT', `no answer from SQS in ${timeoutMillis} ms`);
    throw error;
  });
}

function selectResponse(
  responses: readonly IntegrationResponse[],
  status: number,
): IntegrationResponse | undefined {
  return (
    responses.find(({ selectionPattern }) => selectionPattern?.test(String(status))) ??
    responses.find(({ selectionPattern }) => selectionPattern === undefined)
  );
}

/**
 * Any other override is ignored. A status need not be declared as a method response (LocalStack's `responseOverride`
 * tests, recorded on AWS; AWS's tutorial on overrides).
 */
function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value < 600;
}

/** @throws if the value contains characters that are not allowed in a header. */
function headerOf([name, value]: [string, unknown]): [string, string] {
  const text = String(value);
  validateHeaderValue(name, text);
  return [name, text];
}

function headersOf(mappings: readonly HeaderMapping[], params: RequestParameters): HeaderValues {
  return Object.fromEntries(
    mappings.flatMap(({ header, value }): [string, string][] => {
      const text = 'literal' in value ? value.literal : params[value.location][value.name];
      return text === undefined ? [] : [[header, text]];
    }),
  );
}

/** The gateway response for an error. */
function fail({ api, log }: Gateway, invocation: Invocation, cause: unknown): Answer {
  // Any error other than a Failure comes from a mapping template.
  const type = cause instanceof Failure ? cause.type : 'API_CONFIGURATION_ERROR';
  const { status, errorType, message } = failures[type];
  log(`${invocation.context.extendedRequestId} ${type}: ${messageOf(cause)}`);
  invocation.error = { message, messageString: JSON.stringify(message), responseType: type };
  const response =
    api.gatewayResponses.get(type) ?? api.gatewayResponses.get(status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX');
  return {
    status: response?.statusCode ?? status,
    headers: { 'x-amzn-errortype': errorType, ...response?.headers },
    body: substituteContext(
      response?.template ?? '{"message":$context.error.messageString}',
      { ...invocation.context, error: invocation.error },
      '',
    ),
  };
}

function logAccess(gateway: Gateway, invocation: Invocation, answer: Answer, started: number): void {
  const { stage, context, error, integration } = invocation;
  if (stage.accessLogFormat === undefined) return;
  const variables = {
    ...context,
    error,
    integration,
    integrationLatency: integration?.latency,
    integrationStatus: integration?.status,
    responseLatency: gateway.now() - started,
    responseLength: Buffer.byteLength(answer.body),
    status: answer.status,
  };
  gateway.logAccess(substituteContext(stage.accessLogFormat, variables, '-'));
}

/** A token bucket per method of a stage, initially full. */
function throttle(now: () => number): Gateway['admits'] {
  const buckets = new Map<string, { readonly tokens: number; readonly at: number }>();
  return ({ name, throttle: { rateLimit, burstLimit } }, { httpMethod, resourcePath }) => {
    const key = `${name} ${httpMethod} ${resourcePath}`;
    const time = now();
    const { tokens, at } = buckets.get(key) ?? { tokens: burstLimit, at: time };
    const filled = Math.min(burstLimit, tokens + (Math.max(0, time - at) / 1000) * rateLimit);
    buckets.set(key, { tokens: filled < 1 ? filled : filled - 1, at: time });
    return filled >= 1;
  };
}

/** 40 characters, like the keys that API Gateway generates. */
function randomKey(): string {
  return randomBytes(20).toString('hex');
}

function splitOnce(text: string, delimiter: string): string[] {
  const at = text.indexOf(delimiter);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + delimiter.length)];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
