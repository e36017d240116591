import { decodeMessage, isUnreadable } from '../../../lambda/clevertap/decode-message';
import { isAborted } from '../../../lambda/mapping/map-event';
import { isRejected } from '../../../lambda/mapping/findings';
import { fixture, fixtureNames } from '../../support/clevertap-fixture';
import { mapEvent } from '../../support/mapped-event';
import { mappingContext } from '../../support/source-event';

/** The result of a body under the default mapping: one per event, or one for the whole body. */
function fatesOf(text: string, pathEvent?: string): unknown[] {
  const decoded = decodeMessage(text, pathEvent);
  if (decoded.kind === 'ping') return ['ping'];
  if (decoded.kind === 'undecodable') return [[decoded.reason, decoded.detail]];
  return decoded.events.map((source) => {
    const mapped = isUnreadable(source) ? source : mapEvent(source, mappingContext());
    if (isAborted(mapped)) throw new Error('aborted without a rule');
    if (isRejected(mapped)) return [mapped.reason, mapped.detail];
    const { event, identity, properties } = mapped.event;
    return { event, identity, properties: Object.keys(properties).sort() };
  });
}

const campaign = 'clevertap_campaign_id';
/** The key-value pairs that CleverTap gives every push. */
const push = ['wzrk_acct_id', 'wzrk_bi', 'wzrk_cid', 'wzrk_dl', 'wzrk_id', 'wzrk_ttl'];

/** Each shape CleverTap is known to send (docs.clevertap.com, "Create Message Webhook"), without a name in the URL. */
const shapes: Readonly<Record<string, readonly unknown[]>> = {
  'stock-lower-case': [
    {
      event: 'Purchase',
      identity: 'pii-cust-77',
      properties: [
        ...[
          'CT Source',
          'Items.0.name',
          'Items.0.quantity',
          'Items.1.name',
          'Items.1.quantity',
          'Make',
          'Model',
        ],
        ...[
          'OS Version',
          'Product Id',
          'SDK Version',
          'channel',
          campaign,
          'coupon',
          'date',
          'gift',
          'price',
          'sizes',
        ],
      ],
    },
  ],
  // The profile's key_values override the request's, and its event_id is not a property.
  'stock-lower-case-single': [
    {
      event: 'Order placed',
      identity: 'pii-cust-84',
      properties: ['Make', 'Product Id', 'channel', campaign],
    },
  ],
  'stock-capitalised-single': [
    { event: 'Viewed', identity: 'pii-cust-78', properties: ['Page', 'Seconds', campaign] },
  ],
  'stock-capitalised-broadcast': [
    { event: 'Restocked', identity: 'pii-cust-85', properties: ['Item', 'Seconds', campaign] },
    { event: 'Restocked', identity: 'pii.hal@shop.test', properties: ['Item', 'Seconds', campaign] },
    ['missing_identity', 'identity: missing; email: missing'],
  ],
  'broadcast-with-placeholder': [
    { event: 'Newsletter', identity: 'pii-cust-1', properties: [campaign, 'issue'] },
    ['placeholder_identity', 'identity: a placeholder; email: a placeholder'],
    { event: 'Newsletter', identity: 'pii-cust-3', properties: [campaign, 'issue'] },
  ],
  'guide-rendered': [
    {
      event: 'Purchase',
      identity: 'pii.ana@shop.test',
      properties: ['campaign_name', 'item_names', 'value'],
    },
  ],
  'guide-as-printed': [['unrendered_template', 'identity still holds a template']],
  'evt-name-evt-data': [
    { event: 'Charged', identity: 'pii-cust-79', properties: ['Amount', 'Payment mode'] },
  ],
  'list-of-events': [
    { event: 'Added', identity: 'pii-cust-80', properties: ['item'] },
    { event: 'Removed', identity: 'pii-cust-81', properties: ['item'] },
    { event: 'Viewed', identity: 'pii.dee@shop.test', properties: [] },
  ],
  'journey-node': [['missing_event_name', expect.stringContaining('use /webhook/{event}')]],
  'post-action': [['missing_event_name', expect.stringContaining('use /webhook/{event}')]],
  'setup-ping': ['ping'],
  'send-test-custom-body': [{ event: 'Purchase', identity: 'pii-cust-86', properties: ['item', 'value'] }],
  'unknown-shape': [['unknown_shape', 'neither profiles nor an event: keys found: data, sent_at, …']],
};

describe('a request of the shape', () => {
  it.each(fixtureNames)('%s gives the expected events', (name) => {
    // A sample that is not listed above would not be tested.
    expect(Object.keys(shapes)).toContain(name);
    expect(fatesOf(fixture(name))).toEqual(shapes[name]);
  });

  it.each([
    ['journey-node', 'pii-cust-82', []],
    ['post-action', 'pii-cust-83', ['body', campaign, 'title', ...push]],
  ])('%s takes its name from the URL', (name, identity, properties) => {
    expect(fatesOf(fixture(name), 'Reached')).toEqual([{ event: 'Reached', identity, properties }]);
  });

  it.each(fixtureNames)('%s means the same however it is laid out', (name) => {
    const compact = JSON.stringify(JSON.parse(fixture(name)));

    for (const text of [
      compact,
      `\uFEFF${compact}`,
      `\r\n\t ${compact} \n`,
      fixture(name).replaceAll('\n', '\r\n'),
    ])
      expect(fatesOf(text)).toEqual(fatesOf(fixture(name)));
  });

  it.each(fixtureNames)('%s means the same when every character of a string is escaped', (name) => {
    const escaped = fixture(name).replace(/"(?:[^"\\]|\\.)*"/g, (text) => escape(JSON.parse(text) as string));

    expect(escaped).toContain('\\u00');
    expect(fatesOf(escaped)).toEqual(fatesOf(fixture(name)));
  });
});

/** A JSON string in which every character is escaped. */
const escape = (text: string): string =>
  `"${text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;

describe('a CleverTap "Send Test"', () => {
  it('is an event if a custom body has the marker; in its own payload it looks like a setup ping', () => {
    const profiles = [{ identity: 'cust-1' }];

    expect(fatesOf(JSON.stringify({ is_test: true, identity: 'cust-1', event: 'x' }))).toHaveLength(1);
    expect(
      fatesOf(JSON.stringify({ is_test: true, targetId: 5, key_values: { event: 'x' }, profiles })),
    ).toEqual(['ping']);
    expect(fatesOf(JSON.stringify({ targetId: 5, key_values: { event: 'x' }, profiles }))).toEqual([
      { event: 'x', identity: 'cust-1', properties: [campaign] },
    ]);
  });
});

describe('a body in no format that CleverTap documents', () => {
  it.each([
    ['identity=a&event=x', 'invalid_json', /line 1 column 1: a word/],
    ['<xml/>', 'invalid_json', /line 1 column 1/],
    ['{"identity":"a","event":"x",12345678901234567890:1}', 'invalid_json', /line 1 column 29/],
    ['{"identity":"a","event":"x",12345678901234567890 \n :1}', 'invalid_json', /line 1 column 29/],
    [
      '{"identity":"a","event":"x","n":12345678901234567890}12345678901234567890',
      'invalid_json',
      /data after the end/,
    ],
    [
      '[{"profiles":[{"identity":"a"}]}]',
      'unknown_shape',
      /a list of CleverTap payloads; send one per request/,
    ],
    ['{"profiles":"a"}', 'unknown_shape', /neither a list nor an object/],
    ['"{\\"identity\\":\\"a\\",\\"event\\":\\"x\\"}"', 'unknown_shape', /the body is a string/],
  ])('is rejected with what was found: %s (F29)', (text, reason, detail) => {
    expect(fatesOf(text)).toEqual([[reason, expect.stringMatching(detail)]]);
  });
});
