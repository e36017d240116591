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
    'users, where there are no events',
    'Campaign ID,Campaign Name,Total Sent (users),Total Sent (events)\n1650000003,Newsletter,12,',
  ],
])('reads %s', (_, text) => {
  expect(campaignsIn(text)).toEqual([newsletter]);
});

test('quoted names and grouped figures', () => {
  const text = 'Campaign ID,Campaign Name,Total Sent (events)\n1,"News, ""weekly""","12,345"';
  expect(campaignsIn(text)).toEqual([{ campaign: '1', name: 'News, "weekly"', event: null, sent: 12_345 }]);
});

test('days and variants of a campaign add up; of custom bodies it takes the event', () => {
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

test('days count in any time zone; a start date is no day', () => {
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
  // 20 November ends in UTC-12 when the window begins; 30 November begins in UTC+14 before it ends.
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
      /must say for each campaign what it sent.*"Campaign ID"/,
    ],
    ['no figure', 'Campaign ID,Campaign Name\n1,ana@shop.test', /must say for each campaign/],
    ['nothing', '', /the file has no campaigns/],
    ['headings alone', 'Campaign ID,Sent\n', /the file has no campaigns/],
    [
      'a rounded id',
      'Campaign ID,Sent\n1.65E+09,3',
      /campaign 1 of the file: a spreadsheet has rounded the id/,
    ],
    [
      'an id that is none',
      'Campaign ID,Sent\n1,3\nana@shop.test,3',
      /campaign 2 of the file: the id must be a number/,
    ],
    [
      'a figure that is none',
      'Campaign ID,Sent\n1,ana@shop.test',
      /campaign 1 .*what was sent must be a whole number/,
    ],
    ['a fraction', 'Campaign ID,Sent\n1,1.5', /whole number/],
    [
      'which campaign',
      'Campaign ID,Sent\n1,1\n,2',
      /campaign 2 of the file has neither an id, a name nor an event/,
    ],
    ['a broken quote', 'Campaign ID,Sent\n1,a"na@shop.test"\n', /no CSV: \w+ in line 2/],
    ['too many columns', 'Campaign ID,Sent\n1,2,ana@shop.test\n', /no CSV: \w+ in line 2/],
    ['a broken line of JSON', '{"id":1,"sent":2}\n{"ana@shop.test', /line 2 of the file is no JSON object/],
    ['broken JSON', '{"ana@shop.test', /no JSON with campaigns/],
    [
      'a spreadsheet',
      Buffer.from([0x50, 0x4b, 3, 4, 0, 0xff, 0xfe]),
      /no text, perhaps a spreadsheet.*CSV in UTF-8/,
    ],
    ['UTF-16', Buffer.from('\uFEFFCampaign ID', 'utf16le'), /not UTF-8 but UTF-16/],
  ])('%s', (_, text, message) => {
    const failure = (): unknown => read(text);
    expect(failure).toThrow(message);
    expect(failure).not.toThrow('@');
  });
});
