import { SqsError } from '../../../local/aws/sqs/error';
import type { MessageAttributeValue } from '../../../local/aws/sqs/message';
import { SqsService } from '../../../local/aws/sqs/service';
import { endpointAnswer } from '../../../relay/preview/endpoint-answer';
import { printAnswer } from '../../../relay/preview/print-preview';
import { otherEncoding } from '../../../relay/preview/text-encoding';

const answer = (payload: string | Uint8Array, segment?: string) =>
  endpointAnswer(Buffer.from(payload as string), segment);

const sqs = new SqsService();
sqs.createQueue('buffer');

/** The local SQS's response to the message that the endpoint makes of a body. */
function statusInSqs(body: string, event?: string): number {
  const string = (StringValue: string): MessageAttributeValue => ({ DataType: 'String', StringValue });
  try {
    sqs.sendMessage('buffer', {
      MessageBody: body,
      MessageAttributes: {
        requestId: string('TwP-kJvSHnX3Z9A='),
        receivedAt: { DataType: 'Number', StringValue: '1700000000123' },
        ...(event !== undefined && { event: string(event) }),
      },
    });
    return 200;
  } catch (error) {
    if (!(error instanceof SqsError)) throw error;
    return error.queryCode === 'InvalidMessageContents' ? 400 : 413;
  }
}

test('SQS refuses exactly the characters that the message names', () => {
  expect(answer('a\u0001').detail).toContain('all below U+0020 except tab and line breaks');
  for (const character of ['\u007f', '\u0080', '\u009f', '\t', '\r', '\n']) {
    expect([answer(character).status, statusInSqs(character)]).toEqual([200, 200]);
  }
  for (const character of ['\u0000', '\u000b', '\u001f', '\ufffe', '\uffff']) {
    expect([answer(character).status, statusInSqs(character)]).toEqual([400, 400]);
  }
});

describe('the length of a body', () => {
  test.each([undefined, 'Purchase', 'Caf%C3%A9%20au%20lait'])(
    'is refused if SQS refuses it with its stamps, with the event %s in the URL',
    (segment) => {
      const stamps = answer('a', segment).bytes - 1;
      const longest = 1_048_576 - stamps;

      expect(stamps).toBeGreaterThan(50);
      for (const [length, status] of [
        [longest, 200],
        [longest + 1, 413],
      ] as const) {
        const body = 'a'.repeat(length);
        expect(answer(body, segment)).toMatchObject({ status, bytes: length + stamps });
        expect(statusInSqs(body, segment)).toBe(status);
      }
    },
  );

  test('counts bytes of UTF-8, and the event as written in a URL', () => {
    const stamps = answer('a').bytes - 1;

    expect(answer('é€😀').bytes).toBe(9 + stamps);
    // An invalid byte arrives as U+FFFD, which has three bytes.
    expect(answer(Buffer.from([0x22, 0xe9, 0x22])).bytes).toBe(5 + stamps);
    expect(answer('{}', 'é 100%25').bytes).toBe(answer('{}', '%C3%A9%20100%25').bytes);
    expect(answer('').bytes).toBe(2 + stamps);
    expect(answer('{}', '').bytes).toBe(2 + stamps);
  });

  test('is promised up to 512 KiB', () => {
    expect(answer('a'.repeat(524_288))).toMatchObject({ status: 200, promised: true, detail: null });
    expect(answer('a'.repeat(524_289))).toMatchObject({
      status: 200,
      promised: false,
      detail: expect.stringMatching(/^The body is 524,289 bytes long\. 524,288 are promised/) as string,
    });
    expect(answer('a'.repeat(2_000_000))).toMatchObject({
      status: 413,
      promised: false,
      detail: expect.stringContaining('SQS takes 1,048,576') as string,
    });
  });
});

describe('the characters of a body', () => {
  test('are refused if SQS refuses them: each of the first plane, and the bounds of the others', () => {
    for (let code = 0; code <= 0xffff; code += 1) {
      // A lone surrogate cannot be encoded as UTF-8.
      if (code >= 0xd800 && code <= 0xdfff) continue;
      // A sample of the many accepted ones is enough.
      if (code > 0x100 && code < 0xff00 && code % 97 !== 0) continue;
      const body = `a${String.fromCharCode(code)}`;
      expect([code, answer(body).status]).toEqual([code, statusInSqs(body)]);
    }
    for (const body of ['\u{10000}', '\u{1FFFE}', '\u{1FFFF}', '\u{10FFFF}']) {
      expect(answer(body).status).toBe(200);
      expect(statusInSqs(body)).toBe(200);
    }
  });

  test.each([
    ['{"a":"\u0000"}', 'U+0000 at line 1 column 7 '],
    ['{\r\n\t"a":\n"😀\u001f"}', 'U+001F at line 3 column 4 '],
    ['{"a":"pii\ufffe"}', 'U+FFFE at line 1 column 10 '],
    ['\uffff', 'U+FFFF at line 1 column 1 '],
  ])('are named with their position: %j', (body, place) => {
    const { status, detail } = answer(body);

    expect(status).toBe(400);
    expect(detail).toContain(`${place}is a character that SQS refuses`);
    expect(detail).not.toContain('pii');
  });

  test('are those of the body, not those that JSON escapes stand for', () => {
    expect(answer('{"a":"\\u0000\\uffff"}').status).toBe(200);
  });

  test('may be tabs, line breaks, DEL, C1 controls and U+FFFD, and a byte order mark', () => {
    expect(answer('\ufeff{\t\r\n\u007f\u0080\u009f\ufffd}')).toMatchObject({ status: 200, detail: null });
  });
});

describe('a file that is not UTF-8 is named', () => {
  const json = '{"event":"Buy"}';
  const swapped = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

  test.each<[string, Buffer, ReturnType<typeof otherEncoding>, number]>([
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${json}`, 'utf16le'), 'UTF-16', 400],
    ['UTF-16 big-endian with a byte order mark', swapped(`\ufeff${json}`), 'UTF-16', 400],
    ['UTF-16 without one', Buffer.from(json, 'utf16le'), 'UTF-16', 400],
    ['UTF-16 big-endian without one', swapped(json), 'UTF-16', 400],
    ['the shortest JSON in UTF-16', Buffer.from('{}', 'utf16le'), 'UTF-16', 400],
    ['a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'binary', 400],
    ['gzip', Buffer.from('1f8b0800000000000003ab', 'hex'), 'binary', 400],
    ['Windows-1252', Buffer.from('{"event":"Café"}', 'latin1'), 'other', 200],
    ['UTF-8', Buffer.from('{"event":"Café 😀"}'), undefined, 200],
    ['UTF-8 with a byte order mark', Buffer.from('\ufeff{}'), undefined, 200],
    ['nothing', Buffer.alloc(0), undefined, 200],
    ['one byte', Buffer.from('1'), undefined, 200],
    // Text with a character that SQS refuses is still text.
    ['UTF-8 with NUL', Buffer.from('{"a":"\u0000"}'), undefined, 400],
  ])('%s', (_, bytes, encoding, status) => {
    expect(otherEncoding(bytes)).toBe(encoding);
    const { detail, ...rest } = endpointAnswer(bytes, undefined);
    expect(rest.status).toBe(status);
    const named = { 'UTF-16': 'is UTF-16', binary: 'is binary', other: 'is not UTF-8' };
    if (encoding !== undefined) expect(detail).toContain(named[encoding]);
  });
});

describe('printed', () => {
  test('is nothing if there is nothing to say', () => {
    expect(printAnswer(answer('{}'))).toBeUndefined();
  });

  test.each([
    ['a'.repeat(600_000), /^The endpoint would answer 200: the payload would be stored\n {2}But /],
    ['a'.repeat(2_000_000), /^The endpoint would answer 413: the payload would not be stored/],
    ['\u0000', /^The endpoint would answer 400: the payload would not be stored/],
  ])('is the status and why, in 80 columns', (body, start) => {
    const text = printAnswer(answer(body)) ?? '';

    expect(text).toMatch(start);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
