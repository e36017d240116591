import { ingressStamps } from '../../lambda/contract';
import { count, grouped } from '../terminal/terminal-text';
import { otherEncoding, type OtherEncoding } from './text-encoding';

/** The endpoint's response to a payload. */
export interface EndpointAnswer {
  /** 200: it is stored. 400, 413: it is never stored, and CleverTap does not send it again. */
  readonly status: 200 | 400 | 413;
  /** The size of the SQS message, which is the body and its stamps, in bytes of UTF-8. */
  readonly bytes: number;
  /** Whether docs/reliability.md promises to accept bodies of this size. */
  readonly promised: boolean;
  /** Why it is refused or not promised, or what is wrong with the file, and what to do; otherwise null. */
  readonly detail: string | null;
}

/** The body size that docs/reliability.md promises to accept. */
const promisedBytes = 524_288;

/** SQS's limit for a message with its attributes (docs.aws.amazon.com, "Amazon SQS message quotas"). */
const maxMessageBytes = 1_048_576;

/** Characters that SQS does not accept in a message (docs.aws.amazon.com, "SendMessage"). */
const refusedCharacter = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

const encodings: Readonly<Record<OtherEncoding, string>> = {
  'UTF-16': 'The payload is UTF-16. CleverTap sends UTF-8: save the file as UTF-8.',
  binary: 'The payload is binary: give the file that holds the JSON.',
  other: 'The payload is not UTF-8: invalid bytes arrive as U+FFFD. Save the file as UTF-8.',
};

/**
 * The endpoint's response to a payload that is sent with a valid API key.
 *
 * @param payload the body of the webhook as sent
 * @param segment the event name as written in the URL, if there is one
 */
export function endpointAnswer(payload: Uint8Array, segment: string | undefined): EndpointAnswer {
  // API Gateway decodes UTF-8, with U+FFFD for invalid bytes, and passes on an empty body as an empty object.
  const body = payload.length === 0 ? '{}' : new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload);
  const bytes = messageBytes(body, segment);
  const promised = payload.length <= promisedBytes;
  const encoding = otherEncoding(payload);
  const about = encoding && encodings[encoding];
  if (bytes > maxMessageBytes) {
    const tooLong = `With its stamps it is ${count(bytes, 'byte')} long. SQS takes ${grouped(maxMessageBytes)}, and ${grouped(promisedBytes)} are promised for a body. Send fewer profiles in a request, or fewer and shorter values.`;
    return { status: 413, bytes, promised, detail: about ?? tooLong };
  }
  const refused = refusedCharacter.exec(body);
  if (refused !== null) {
    const character = `${nameOf(refused[0])} at ${placeOf(body, refused.index)} is a character that SQS refuses: all below U+0020 except tab and line breaks, and U+FFFE and U+FFFF. Remove it from the value in CleverTap.`;
    return { status: 400, bytes, promised, detail: about ?? character };
  }
  const long = `The body is ${count(payload.length, 'byte')} long. ${grouped(promisedBytes)} are promised: send fewer profiles in a request, or fewer and shorter values.`;
  return { status: 200, bytes, promised, detail: about ?? (promised ? null : long) };
}

/** What SQS counts: the body, and the name, type and value of each attribute. */
function messageBytes(body: string, segment = ''): number {
  const stamps = [
    [ingressStamps.requestId, 'String', 'TwP-kJvSHnX3Z9A='],
    [ingressStamps.receivedAt, 'Number', '1700000000000'],
    // A URL is all ASCII.
    ...(segment === ''
      ? []
      : [[ingressStamps.event, 'String', segment.replace(/[^!-~]+/g, encodeURIComponent)]]),
  ];
  return new TextEncoder().encode([body, ...stamps.flat()].join('')).length;
}

const nameOf = (character: string): string =>
  `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `line ${lines.length} column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
