import { readSentList, type SentList } from '../../../relay/ledger/sent-list';

const window = { from: Date.parse('2026-11-21T12:00:00Z'), to: Date.parse('2026-11-28T12:00:00Z') };
const read = (text: string | Buffer): SentList => readSentList(Buffer.from(text), window);
const campaignsIn = (text: string | Buffer): SentList['campaigns'] => read(text).campaigns;
const newsletter = { campaign: '1650000003', name: 'Newsletter', event: null, sent: 12 };

test.each([
  [
    'a campaign report',
    'Campaign ID,Campaign Name,Channel,Total Sent (events)\n1650000003,Newsletter,Webhook,12\n',
  ],
  [
    'CRLF, a byte order mark, and semicolons',
    '\uFEFFCampaign ID;Campaign Name;Total Sent (events)\r\n1650000003;Newsletter;12\r\n',
  ],
  ['tabs', 'Campaign ID\tCampaign Name\tTotal Sent (events)\n1650000003\tNewsletter\t12'],
  [
    'the message report',
    JSON.stringify({
      status: 'success',
      messages: [{ 'message id': 1650000003, 'message name': 'Newsletter', channel: 'webhooks', sent: 12 }],
    }),
  ],
  ['a list', '[{"message_id":1650000003,"message_name":"Newsletter","sent":"12"}]'],
  [
    'JSON lines',
    '{"id":"1650000003","name":"Newsletter","sent":5}\n\n{"id":"1650000003","name":"Newsletter","sent":7}\n',
  ],
  ['one JSON object', '{"targetId":1650000003,"name":"Newsletter","sent":12}'],
  [
    'users, if there are no events',
    'Campaign ID,Campaign Name,Total Sent (users),Total Sent (events)\n1650000003,Newsletter,12,',
  ],
])('reads %s', (_, text) => {
  expect(campaignsIn(text)).toEqual([newsletter]);
});

test('quoted names and grouped figures', () => {
  const text = 'Campaign ID,Campaign Name,Total Sent (events)\n1,"News, ""weekly""","12,345"';
  expect(campaignsIn(text)).toEqual([{ campaign: '1', name: 'News, "weekly"', event: null, sent: 12_345 }]);
});

test.each([
  ['12.0', 12],
  ['12.00', 12],
  ['1,23,456', 123_456],
  ['12,34,567.0', 1_234_567],
  ['1,234,567', 1_234_567],
])('the figure %s is %i', (figure, sent) => {
  expect(campaignsIn(`id;sent\n1;${figure}`)).toMatchObject([{ sent }]);
});

test.each([
  ['a percentage beside it', 'id,Sent,Sent %\n1,10,98'],
  ['a percentage before it', 'id,Sent (%),Sent\n1,98,10'],
  ['a second column of its name', 'id,Sent,sent\n1,10,98'],
  ['an empty column of its name', 'id,Sent,sent\n1,,10'],
  ['fields of JSON', '{"id":1,"Sent":10,"sent":98,"Sent %":98}'],
])('a figure is not replaced by %s', (_, text) => {
  expect(campaignsIn(text)).toMatchObject([{ sent: 10 }]);
});

test('a name is one line', () => {
  const expected = [{ campaign: '1', name: 'News letter', event: 'Order Placed' }];

  expect(campaignsIn('id,name,event,sent\n1,"News\r\n letter","Order\tPlaced",2')).toMatchObject(expected);
  expect(campaignsIn('{"id":1,"name":"News\\nletter","event":"Order\\u2028Placed","sent":2}')).toMatchObject(
    expected,
  );
});

test('lines of empty cells do not count, nor do empty cells beyond the headings', () => {
  const { campaigns, leftOut } = read('id,sent\n,\n1,2,,\n,,,,\n');

  expect(campaigns).toMatchObject([{ campaign: '1', sent: 2 }]);
  expect(leftOut.withoutFigure).toBe(0);
});

test('days and variants of a campaign add up; custom bodies have their event', () => {
  expect(campaignsIn('name,event,sent\nSync,Purchase,1\nSync,Purchase,2\nOther,,3')).toEqual([
    { campaign: null, name: 'Sync', event: 'Purchase', sent: 3 },
    { campaign: null, name: 'Other', event: null, sent: 3 },
  ]);
});

test('rows of other channels and without a figure are left out, and counted', () => {
  const { campaigns, leftOut } = read(
    'Campaign ID,Channel,Sent\n1,Mobile Push,9\n2,Webhooks,N/A\n3,Webhook,\n4,Webhook,1',
  );
  expect(campaigns.map(({ campaign }) => campaign)).toEqual(['4']);
  expect(leftOut).toEqual({ otherChannels: 1, otherDays: 0, withoutFigure: 2 });
});

test('a day counts if it may be in the window in any time zone; a start date is no day', () => {
  const days = [
    '2026-11-19',
    '20261120',
    '2026-11-21',
    '2026-11-25',
    '2026-11-28 00:00',
    '2026-11-30',
    '11/25/26',
  ];
  const { campaigns, leftOut, partialDays, unknownDays } = read(
    [
      'Campaign ID,Run Date,Start Date,Sent',
      ...days.map((day, index) => `${index},${day},2020-01-01,1`),
    ].join('\n'),
  );
  // In UTC-12, 20 November ends when the window begins. In UTC+14, 30 November begins before the window ends.
  expect(campaigns.map(({ campaign }) => campaign)).toEqual(['2', '3', '4', '6']);
  expect({ otherDays: leftOut.otherDays, partialDays, unknownDays }).toEqual({
    otherDays: 3,
    partialDays: 2,
    unknownDays: 1,
  });
});

describe('a file that cannot be used says why, without its values', () => {
  test.each([
    [
      'no heading',
      'ana@shop.test,12\nbob@shop.test,13',
      /must identify each campaign and say what it sent.*"Campaign ID"/,
    ],
    ['no figure', 'Campaign ID,Campaign Name\n1,ana@shop.test', /must identify each campaign/],
    ['nothing', '', /the file has no campaigns/],
    ['headings alone', 'Campaign ID,Sent\n', /the file has no campaigns/],
    [
      'a rounded id',
      'Campaign ID,Sent\n1.65E+09,3',
      /campaign 1 of the file: a spreadsheet has rounded the id/,
    ],
    [
      'an invalid id',
      'Campaign ID,Sent\n1,3\nana@shop.test,3',
      /campaign 2 of the file: the id must be up to 15 digits/,
    ],
    [
      'an invalid figure',
      'Campaign ID,Sent\n1,ana@shop.test',
      /campaign 1 .*the sent figure must be a whole number/,
    ],
    ['a fraction', 'Campaign ID,Sent\n1,1.5', /whole number such as 1234, not 1\.5\./],
    ['a percentage', 'Campaign ID,Sent\n1,98 %', /whole number such as 1234, not 98 %\./],
    ['twelve or twelve thousand', 'Campaign ID,Sent\n1,12.000', /not 12\.000\./],
    ['a figure too large to count', 'Campaign ID,Sent\n1,9007199254740993', /not 9007199254740993\./],
    [
      'which campaign',
      'Campaign ID,Sent\n1,1\n,2',
      /campaign 2 of the file has neither an id, a name nor an event/,
    ],
    ['a broken quote', 'Campaign ID,Sent\n1,a"na@shop.test"\n', /not CSV: line 2 has a quote within a value/],
    [
      'a quote left open',
      'Campaign ID,Campaign Name,Sent\n1,"ana@shop.test,3\n',
      /not CSV: a quote is not closed\./,
    ],
    [
      'more after a quote',
      'Campaign ID,Sent\n1,"3"ana@shop.test\n',
      /not CSV: line 2 has characters after a closing quote/,
    ],
    [
      'too many columns',
      'Campaign ID,Sent\n1,2,ana@shop.test\n',
      /not CSV: line 2 has more values than headings/,
    ],
    [
      'a broken line of JSON',
      '{"id":1,"sent":2}\n{"ana@shop.test',
      /line 2 of the file is not a JSON object/,
    ],
    ['broken JSON', '{"ana@shop.test', /is not JSON with campaigns/],
    [
      'a spreadsheet',
      Buffer.from([0x50, 0x4b, 3, 4, 0, 0xff, 0xfe]),
      /is binary, perhaps a spreadsheet.*CSV in UTF-8/,
    ],
    ['UTF-16', Buffer.from('\uFEFFCampaign ID', 'utf16le'), /not UTF-8 but UTF-16/],
  ])('%s', (_, text, message) => {
    const failure = (): unknown => read(text);
    expect(failure).toThrow(message);
    expect(failure).not.toThrow('@');
  });
});
