import type { SendMessageInput, SendMessageResult, SqsService } from './service';
import { queueNameOfUrl } from './actions';
import { SqsError } from './error';
import type { MessageAttributes, MessageAttributeValue } from './message';

export interface QueryRequest {
  /** Path of the URL: the path of a queue URL, or `/` with the parameter QueueUrl. */
  readonly path: string;
  /** The body; `undefined` if it was longer than `MAXIMUM_FORM_BYTES`. */
  readonly form: Buffer | undefined;
  /** The Accept header. */
  readonly accept: string | undefined;
  readonly requestId: string;
}

export interface QueryAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The structures that both encodings can express; null is omitted from XML. */
interface Members {
  readonly [name: string]: string | null | Members;
}

/** Limit of the encoded form: percent-encoding turns one byte into up to three. */
export const MAXIMUM_FORM_BYTES = 4 * 1024 * 1024;

const NAMESPACE = 'http://queue.amazonaws.com/doc/2012-11-05/';

/**
 * Answers a request in the Query protocol, which API Gateway uses. SendMessage is the only action. The response is
 * XML, or JSON if the Accept header prefers it. Errors are returned as responses too.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
 */
export function answerQuery(sqs: SqsService, request: QueryRequest): QueryAnswer {
  const { accept = '', requestId } = request;
  const isJson =
    quality(accept, 'application/json') >
    Math.max(quality(accept, 'application/xml'), quality(accept, 'text/xml'));
  try {
    const { MessageId, MD5OfMessageBody, MD5OfMessageAttributes = null } = sendMessage(sqs, request);
    const response: Members = {
      SendMessageResult: { MessageId, MD5OfMessageBody, MD5OfMessageAttributes },
      ResponseMetadata: { RequestId: requestId },
    };
    return isJson ? json(200, { SendMessageResponse: response }) : xml(200, 'SendMessageResponse', response);
  } catch (error) {
    if (!(error instanceof SqsError)) throw error;
    const { queryCode: Code, message: Message, status } = error;
    const response: Members = { Error: { Type: 'Sender', Code, Message }, RequestId: requestId };
    return isJson ? json(status, response) : xml(status, 'ErrorResponse', response);
  }
}

function sendMessage(sqs: SqsService, { path, form }: QueryRequest): SendMessageResult {
  if (form === undefined)
    throw new SqsError('RequestEntityTooLarge', `The request is longer than ${MAXIMUM_FORM_BYTES} bytes.`);
  const parameters = new URLSearchParams(form.toString());
  const action = parameters.get('Action') ?? '';
  if (action !== 'SendMessage')
    throw new SqsError('InvalidAction', `The action ${action} is not valid for this endpoint.`);
  const queueName = queueNameOfUrl(parameters.get('QueueUrl') ?? path);
  if (queueName === '')
    throw new SqsError('InvalidAddress', `The address ${path} is not valid for this endpoint.`);
  return sqs.sendMessage(queueName, sendMessageInput(parameters));
}

function sendMessageInput(parameters: URLSearchParams): SendMessageInput {
  const delaySeconds = parameters.get('DelaySeconds');
  return {
    MessageBody: parameters.get('MessageBody') ?? '',
    DelaySeconds: delaySeconds === null ? undefined : Number(delaySeconds),
    MessageAttributes: messageAttributes(parameters),
  };
}

/** List items are numbered from 1, without gaps. */
function messageAttributes(parameters: URLSearchParams): MessageAttributes {
  const attributes: [string, MessageAttributeValue][] = [];
  for (let n = 1; ; n++) {
    const member = (name: string): string | undefined =>
      parameters.get(`MessageAttribute.${n}.${name}`) ?? undefined;
    const name = member('Name');
    if (name === undefined) return Object.fromEntries(attributes);
    const binary = member('Value.BinaryValue');
    attributes.push([
      name,
      {
        DataType: member('Value.DataType') ?? '',
        StringValue: member('Value.StringValue'),
        BinaryValue: binary === undefined ? undefined : Buffer.from(binary, 'base64'),
      },
    ]);
  }
}

/** The weight that an Accept header gives to a type it names, or 0. */
function quality(accept: string, type: string): number {
  const range = accept
    .toLowerCase()
    .split(',')
    .find((part) => part.split(';')[0]?.trim() === type);
  return range === undefined ? 0 : Number(/;\s*q=([\d.]+)/.exec(range)?.[1] ?? 1);
}

function json(status: number, response: Members): QueryAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(response) };
}

function xml(status: number, root: string, response: Members): QueryAnswer {
  const body = `<?xml version="1.0"?><${root} xmlns="${NAMESPACE}">${xmlMembers(response)}</${root}>`;
  return { status, contentType: 'text/xml', body };
}

function xmlMembers(members: Members): string {
  return Object.entries(members)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `<${name}>${xmlContent(value)}</${name}>`)
    .join('');
}

function xmlContent(value: string | null | Members): string {
  if (typeof value !== 'string') return xmlMembers(value ?? {});
  return value.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`);
}
