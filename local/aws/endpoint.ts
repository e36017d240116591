import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AwsError, unknownOperation } from './error';
import { JsonInput } from './json';
import { secretsManagerActions } from './secrets-manager/actions';
import { listen, readBody, type BoundServer, type RunningServer } from '../http-server';
import type { SecretsManagerService } from './secrets-manager/service';
import type { SqsService } from './sqs/service';
import { sqsActions } from './sqs/actions';
import { SqsError } from './sqs/error';
import { answerQuery, MAXIMUM_FORM_BYTES } from './sqs/query';

export interface AwsEndpointOptions {
  /** A port (0 picks a free one) or a bound server. */
  readonly port: number | BoundServer;
  readonly sqs: SqsService;
  readonly secrets: SecretsManagerService;
  /**
   * Origin of queue URLs without a trailing slash.
   *
   * @default - the server's own origin
   */
  readonly queueUrlOrigin?: string;
  /**
   * Answers a GET of a path with an object that is sent as JSON, or `undefined` if the path is unknown. May throw an
   * AwsError.
   *
   * @default - no path is known
   */
  readonly local?: LocalPart;
}

type LocalPart = (path: string, query: URLSearchParams) => object | undefined;

/** A service in the AWS JSON protocols. */
interface JsonService {
  readonly contentType: string;
  /** The member that contains an error's message, as the service spells it. */
  readonly messageMember: 'message' | 'Message';
  readonly actions: ReadonlyMap<string, (input: JsonInput, hungUp: AbortSignal) => object | Promise<object>>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly queryError?: string;
}

/** Enough for a batch of 1 MiB with every byte escaped as `\u00XX`. */
const MAXIMUM_JSON_BYTES = 8 * 1024 * 1024;

/**
 * Starts one server for SQS and Secrets Manager. It accepts the AWS JSON protocols for both, distinguished by
 * `X-Amz-Target`, and the Query protocol of SQS for form posts. Any credentials are accepted, and nothing is logged.
 *
 * @throws Node's `EADDRINUSE` error if the port is taken.
 */
export async function startAwsEndpoint(options: AwsEndpointOptions): Promise<RunningServer> {
  const { port, sqs, secrets, queueUrlOrigin, local = () => undefined } = options;
  const services: ReadonlyMap<string, JsonService> = new Map<string, JsonService>([
    [
      'AmazonSQS',
      {
        contentType: 'application/x-amz-json-1.0',
        messageMember: 'message',
        actions: sqsActions(sqs, () => queueUrlOrigin ?? server.origin),
      },
    ],
    [
      'secretsmanager',
      {
        contentType: 'application/x-amz-json-1.1',
        messageMember: 'Message',
        actions: secretsManagerActions(secrets),
      },
    ],
  ]);
  const server = await listen(port, (request, response) => {
    const requestId = randomUUID();
    const hangUp = new AbortController();
    response.on('close', () => {
      hangUp.abort();
    });
    void answer(request, requestId, services, sqs, local, hangUp.signal)
      .catch(internalFailure)
      .then(({ status, contentType, body, queryError }) => {
        response.writeHead(status, {
          'Content-Type': contentType,
          'x-amzn-RequestId': requestId,
          ...(queryError !== undefined && { 'x-amzn-query-error': queryError }),
        });
        response.end(body);
      });
  });
  return server;
}

async function answer(
  request: IncomingMessage,
  requestId: string,
  services: ReadonlyMap<string, JsonService>,
  sqs: SqsService,
  local: LocalPart,
  hungUp: AbortSignal,
): Promise<Answer> {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const { 'x-amz-target': target, 'content-type': contentType = '', accept } = request.headers;
  if (typeof target === 'string') {
    const [prefix = '', action = ''] = target.split('.');
    return answerJson(services.get(prefix), action, await readBody(request, MAXIMUM_JSON_BYTES), hungUp);
  }
  if (request.method === 'POST' && contentType.startsWith('application/x-www-form-urlencoded')) {
    const form = await readBody(request, MAXIMUM_FORM_BYTES);
    return answerQuery(sqs, { path, form, accept, requestId });
  }
  const found = request.method === 'GET' ? answerGet(path, new URLSearchParams(query), local) : undefined;
  return found ?? { status: 404, contentType: 'text/xml', body: '<UnknownOperationException/>' };
}

function answerGet(path: string, query: URLSearchParams, local: LocalPart): Answer | undefined {
  const contentType = 'application/json';
  try {
    const output = local(path, query);
    return output && { status: 200, contentType, body: JSON.stringify(output) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { status: error.status, contentType, body: JSON.stringify({ message: error.message }) };
  }
}

async function answerJson(
  service: JsonService | undefined,
  action: string,
  body: Buffer | undefined,
  hungUp: AbortSignal,
): Promise<Answer> {
  const { contentType = 'application/x-amz-json-1.0', messageMember = 'message', actions } = service ?? {};
  try {
    const act = actions?.get(action);
    if (act === undefined) throw unknownOperation(action);
    if (body === undefined) throw new SqsError('RequestEntityTooLarge', 'The request is too long.');
    const output = await act(JsonInput.parse(body.toString()), hungUp);
    return { status: 200, contentType, body: JSON.stringify(output) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      status: error.status,
      contentType,
      body: JSON.stringify({ __type: error.type, [messageMember]: error.message }),
      ...(error instanceof SqsError && { queryError: `${error.queryCode};Sender` }),
    };
  }
}

function internalFailure(error: unknown): Answer {
  return {
    status: 500,
    contentType: 'application/x-amz-json-1.0',
    body: JSON.stringify({ __type: 'InternalFailure', message: String(error) }),
  };
}
