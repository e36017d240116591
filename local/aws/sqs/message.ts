import { createHash, hash } from 'node:crypto';
import { invalidParameter, SqsError } from './error';

/**
 * `StringValue` for the types String and Number, `BinaryValue` for Binary, each with an optional `.label`.
 */
export interface MessageAttributeValue {
  readonly DataType: string;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
}

export type MessageAttributes = Readonly<Record<string, MessageAttributeValue>>;

/** The limit in bytes for one message, and for a batch: body plus attribute names, types and values. */
export const MAXIMUM_MESSAGE_SIZE = 1_048_576;

const MAXIMUM_ATTRIBUTES = 10;
const MAXIMUM_NAME_BYTES = 256;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const REFUSED_CHARACTER = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
const ALLOWED_CHARACTERS = '#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]';
const ATTRIBUTE_NAME = /^(?!\.)(?!.*\.\.)(?!(?:aws|amazon)\.)[\w.-]+(?<!\.)$/i;
const DATA_TYPE = /^(String|Number|Binary)(\..+)?$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** The type markers of values in the digest. */
const STRING_MARK = Buffer.from([1]);
const BINARY_MARK = Buffer.from([2]);

/** The size that counts towards the limits of messages and batches, in bytes of UTF-8. */
export function messageSize(body: string, attributes: MessageAttributes): number {
  let size = Buffer.byteLength(body);
  for (const [name, attribute] of Object.entries(attributes))
    size += Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType) + valueOf(attribute).length;
  return size;
}

/**
 * Rejects message contents that SQS rejects, except for their size.
 *
 * @throws MissingParameter, InvalidMessageContents, InvalidParameterValue
 */
export function checkContents(body: string, attributes: MessageAttributes): void {
  if (body === '')
    throw new SqsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  const refused = refusedCharacter(body);
  if (refused !== undefined) {
    throw new SqsError(
      'InvalidMessageContents',
      `Invalid binary character '${refused}' was found in the message body, ` +
        `the set of allowed characters is ${ALLOWED_CHARACTERS}.`,
    );
  }
  const entries = Object.entries(attributes);
  if (entries.length > MAXIMUM_ATTRIBUTES) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${MAXIMUM_ATTRIBUTES}].`,
    );
  }
  for (const [name, attribute] of entries) checkAttribute(name, attribute);
}

/** MD5OfMessageBody and MD5OfBody: the hex digest of the UTF-8 bytes. */
export function md5OfBody(body: string): string {
  return hash('md5', body);
}

/**
 * MD5OfMessageAttributes: the hex digest of the attributes sorted by name, or `undefined` if there are none.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
export function md5OfMessageAttributes(attributes: MessageAttributes): string | undefined {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  const digest = createHash('md5');
  for (const [name, attribute] of entries) {
    digest.update(withLength(Buffer.from(name)));
    digest.update(withLength(Buffer.from(attribute.DataType)));
    digest.update(isBinary(attribute) ? BINARY_MARK : STRING_MARK);
    digest.update(withLength(valueOf(attribute)));
  }
  return digest.digest('hex');
}

/** Selects attributes by MessageAttributeNames: `All`, `.*`, names, and prefixes ending in `.*`. */
export function selectAttributes(attributes: MessageAttributes, names: readonly string[]): MessageAttributes {
  const isWanted = (name: string): boolean =>
    names.some((wanted) =>
      wanted.endsWith('.*') ? name.startsWith(wanted.slice(0, -2)) : wanted === 'All' || wanted === name,
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isWanted(name)));
}

function checkAttribute(name: string, attribute: MessageAttributeValue): void {
  if (!ATTRIBUTE_NAME.test(name) || name.length > MAXIMUM_NAME_BYTES) {
    throw invalidParameter(
      `Message (user) attribute name '${name}' is invalid. Reason: It can only contain A-Z, a-z, 0-9, underscores, ` +
        `hyphens and single periods inside, must not start with AWS. or Amazon., and be ` +
        `1 to ${MAXIMUM_NAME_BYTES} in length.`,
    );
  }
  const [, type] = DATA_TYPE.exec(attribute.DataType) ?? [];
  if (type === undefined || Buffer.byteLength(attribute.DataType) > MAXIMUM_NAME_BYTES) {
    throw invalidParameter(
      `The type of message (user) attribute '${name}' is invalid. You must use only the following supported type ` +
        `prefixes: Binary, Number, String.`,
    );
  }
  if (valueOf(attribute).length === 0) {
    throw invalidParameter(
      `Message (user) attribute '${name}' must contain a non-empty value of type '${attribute.DataType}'.`,
    );
  }
  const value = isBinary(attribute) ? '' : (attribute.StringValue ?? '');
  const refused = refusedCharacter(value);
  if (refused !== undefined) {
    throw invalidParameter(
      `Invalid binary character '${refused}' was found in message (user) attribute '${name}', ` +
        `the set of allowed characters is ${ALLOWED_CHARACTERS}.`,
    );
  }
  if (type === 'Number' && !NUMBER.test(value))
    throw invalidParameter(`Can't cast the value of message (user) attribute '${name}' to a number.`);
}

function refusedCharacter(value: string): string | undefined {
  const code = REFUSED_CHARACTER.exec(value)?.[0].codePointAt(0);
  return code === undefined ? undefined : `#x${code.toString(16).toUpperCase()}`;
}

function isBinary({ DataType }: MessageAttributeValue): boolean {
  return DataType.startsWith('Binary');
}

function valueOf(attribute: MessageAttributeValue): Uint8Array {
  return isBinary(attribute)
    ? (attribute.BinaryValue ?? Buffer.alloc(0))
    : Buffer.from(attribute.StringValue ?? '');
}

function withLength(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
