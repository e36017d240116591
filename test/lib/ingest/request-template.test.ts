import fc from 'fast-check';
import { render } from 'velocityjs';
import { sendMessageTemplate } from '../../../lib/ingest/request-template';
import { anyCharacter } from '../../support/any-character';

const both = [{ withEvent: false }, { withEvent: true }];

/** What SQS receives when a client posts this body to this path. */
function sent({ withEvent }: { withEvent: boolean }, body: string, event: string): [string, string][] {
  const request = render(sendMessageTemplate({ withEvent }), {
    input: { body, params: () => ({ path: { get: (name: string) => (name === 'event' ? event : '') } }) },
    util: { urlEncode: (text: string) => encodeURIComponent(text).replaceAll('%20', '+') },
    context: { extendedRequestId: 'a=b&c', requestTimeEpoch: '1700000000000' },
  });
  return [...new URLSearchParams(request)];
}

const withoutEvent: [string, string][] = [
  ['MessageAttribute.1.Name', 'requestId'],
  ['MessageAttribute.1.Value.DataType', 'String'],
  ['MessageAttribute.1.Value.StringValue', 'a=b&c'],
  ['MessageAttribute.2.Name', 'receivedAt'],
  ['MessageAttribute.2.Value.DataType', 'Number'],
  ['MessageAttribute.2.Value.StringValue', '1700000000000'],
];

const withEvent = (event: string): [string, string][] => [
  ...withoutEvent,
  ['MessageAttribute.3.Name', 'event'],
  ['MessageAttribute.3.Value.DataType', 'String'],
  ['MessageAttribute.3.Value.StringValue', event],
];

const hostile = fc.oneof(
  fc.string({ unit: anyCharacter }).map((text) => text.toWellFormed()),
  fc
    .array(
      fc.constantFrom(
        ...[
          '&Action=PurgeQueue',
          '&MessageAttribute.1.Name=x',
          '+',
          '%',
          '%26',
          '=',
          ';',
          '#',
          '"',
          "'",
          '\r\n',
        ],
        ...['$input.body', '${context}', '$util.urlEncode($input.body)', '#set($x = 1)', '#if(true)', '#end'],
        ...['##', '#*', '*#', '#[[', ']]#', '\\$', 'é', '\u2028', '😀'],
      ),
    )
    .map((parts) => parts.join('')),
);

describe.each(both)('the request template %j', (options) => {
  it('F12 F13 sends any body as one value without adding parameters', () => {
    fc.assert(
      fc.property(hostile, hostile, (body, event) => {
        expect(sent(options, body, event)).toEqual([
          ['Action', 'SendMessage'],
          ['MessageBody', body],
          ...(options.withEvent ? withEvent(event) : withoutEvent),
        ]);
      }),
    );
  });

  it('F14 encodes everything that a client controls', () => {
    const unencoded = sendMessageTemplate(options).replaceAll(
      /\$util\.urlEncode\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)/g,
      '',
    );
    expect(unencoded.match(/\$[\w.]+/g)).toEqual(['$context.requestTimeEpoch']);
  });

  it('reads neither headers nor the query', () => {
    expect(sendMessageTemplate(options)).not.toMatch(/header|query/i);
  });
});
