import { labelled } from './terminal/terminal-text';

/** A webhook as CleverTap sends it. Its users are invented: each identity begins with `sample-`. */
export interface Sample {
  readonly summary: string;
  /** A string, because some samples are invalid JSON. */
  readonly body: string;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const user = { identity: 'sample-cust-77', email: 'sample-ana@shop.test' };

/** A profile with every field that a marketer can tick. */
const fullProfile = {
  key_values: { event: 'Purchase' },
  ...user,
  all_identities: [user.identity, user.email],
  objectId: '__gsample0123',
  phone: '+14155550100',
  name: 'Ana Sample',
  push_token: 'sample-token',
  systemProfileData: {
    webPushSubscription: 'Unsubscribed',
    mobilePushSubscription: 'Unsubscribed',
    emailSubscription: 'Subscribed',
    smsSubscription: 'Subscribed',
    whatsappSubscription: 'Subscribed',
    timezone: 'Eastern Standard Time',
    country: 'Unknown',
    region: 'Unknown',
    city: 'Unknown',
    latitude: 19.16,
    longitude: 72.84,
    age: '2 years 1 months',
  },
  profileData: { 'customer type': 'gold', replayed: true, multi: ['a', 'b'], ts: 1586937505801 },
  event_properties: {
    'Product Id': 1,
    price: 19.99,
    date: '$D_1664890781',
    Make: 'x',
    Model: 'y',
    'SDK Version': 30200,
    'OS Version': '9.1',
    Version: 6.55,
    ct_sdk_version: 30700,
    ct_latitude: 19.1,
    ct_longitude: 72.8,
    ct_os_version: '9.1',
    ct_app_version: 6.55,
    'CT Source': 'Mobile',
  },
  session_props: {},
};

const samples: Readonly<Record<string, Sample>> = {
  'custom-body': {
    summary: "the custom body of CleverTap's Heap guide, rendered",
    body: json({
      app_id: '<app id>',
      identity: user.email,
      event: 'Purchase',
      properties: { item_names: 'Watch', value: '100', campaign_name: 'Cart Reminder Push' },
    }),
  },
  'profile-variables': {
    summary: 'all profile variables, one profile in a list',
    body: json({ targetId: 1650000001, key_values: { event: 'Purchase' }, profiles: [fullProfile] }),
  },
  'single-profile': {
    summary: 'profile variables, one profile without a list',
    body: json({
      targetId: 1650000002,
      key_values: { event: 'Purchase' },
      profiles: { ...user, objectId: '__gsample0124', event_properties: { price: 19.99 } },
    }),
  },
  broadcast: {
    summary: 'three users in one request, names in capitals; one identity is a placeholder',
    body: json({
      targetId: 1650000003,
      key_values: { Event: 'Newsletter' },
      profiles: [
        { Identity: 'sample-cust-1', Email: 'sample-one@shop.test', Push_token: 'sample-token-1' },
        { Identity: 'guest', Email: 'user@example.com', Push_token: 'sample-token-2' },
        { Identity: 'sample-cust-3', Email: 'sample-three@shop.test', Push_token: 'sample-token-3' },
      ],
    }),
  },
  journey: {
    summary: 'a node of a journey; the event name must be in the URL',
    body: json({
      profiles: [
        {
          identity: 'sample-cust-82',
          Name: 'Eve Sample',
          phone: '+14155550103',
          email: 'sample-eve@shop.test',
          objectId: '__gsample0125',
        },
      ],
    }),
  },
  'post-action': {
    summary: 'after a delivered push; the event name must be in the URL',
    body: json({
      targetId: 1650000004,
      profiles: [
        {
          identity: 'sample-cust-83',
          all_identities: ['sample-cust-83'],
          objectId: '__gsample0126',
          payload: {
            title: 'Your cart',
            body: 'It waits for you',
            kvs: {
              wzrk_cid: 'sample-channel',
              wzrk_bi: '2',
              wzrk_ttl: '1666000000',
              wzrk_acct_id: 'TEST-000',
              wzrk_id: '1650000004_20261001',
              wzrk_dl: 'https://shop.test/cart',
            },
          },
        },
      ],
    }),
  },
  'evt-name': {
    summary: 'a custom body with the names evtName and evtData',
    body: json({ identity: 'sample-cust-79', evtName: 'Charged', evtData: { Amount: 300 } }),
  },
  'event-list': {
    summary: 'a list of custom bodies',
    body: json([
      { identity: 'sample-cust-80', event: 'Added', properties: { item: 'Hat' } },
      { identity: 'sample-cust-81', evtName: 'Removed', evtData: { item: 'Cap' } },
    ]),
  },
  'setup-ping': {
    summary: 'what CleverTap sends when the webhook is saved; never reaches Heap',
    body: json({
      is_test: true,
      targetId: 1234,
      key_values: { key: 'value' },
      profiles: Array.from({ length: 5 }, () => ({
        Identity: 'UserId',
        Email: 'User@user.com',
        push_token: 'Token',
      })),
    }),
  },
  'send-test': {
    summary: 'a custom body marked as a test by is_test; is delivered',
    body: json({
      is_test: true,
      identity: 'sample-cust-86',
      event: 'Purchase',
      properties: { value: '100' },
    }),
  },
  unrendered: {
    summary: "the guide's body as printed, not rendered by CleverTap; is rejected",
    body: json({
      app_id: '<app id>',
      identity: "{{ Profile.Email | default: 'user@example.com' }}",
      event: 'Purchase',
      properties: {
        item_names: "{{ Profile.MyStuff | default: 'Watch' }}",
        value: "{{ Profile.wallet_balance | default: '100' }}",
        campaign_name: 'Cart Reminder Push',
      },
    }),
  },
  placeholder: {
    summary: 'an identity filled in by a default: filter; is rejected',
    body: json({ identity: 'user@example.com', event: 'Purchase', properties: { value: '100' } }),
  },
  'plain-text': {
    summary: 'a custom body that is plain text, so invalid JSON; is rejected',
    body: 'Purchase of a watch by sample-cust-88\n',
  },
  'broken-json': {
    summary: 'a custom body with a blank value, so invalid JSON; is rejected',
    body: '{\n  "identity": "sample-cust-88",\n  "event": "Purchase",\n  "properties": { "value": }\n}\n',
  },
};

export const sampleNames: readonly string[] = Object.keys(samples);

/** Undefined for an unknown name. */
export const sampleOf = (name: string): Sample | undefined =>
  Object.hasOwn(samples, name) ? samples[name] : undefined;

/** All names with their summaries. */
export const describeSamples = (): string =>
  Object.entries(samples)
    .map(([name, { summary }]) => labelled(name, summary, { labelColumns: 22 }))
    .join('\n');
