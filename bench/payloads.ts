import type { MappingRule } from '../lambda/mapping/rule-format';

// Invented data for the benchmarks, the same in every run: CleverTap's own payload as its documentation has it
// (docs.clevertap.com, "Create Message Webhook"), in three sizes.

/** All events are of one campaign, so that one rule can match them all. */
export const campaignId = 1_650_000_001;

/** From 0 to below 1. */
type Random = () => number;

/**
 * Webhooks with one event each, all different: 70 of 100 small, 25 medium, 5 large; nested values, dates, nulls and
 * letters of many scripts among them. About 800 bytes on average.
 */
export function singleEventWebhooks(count: number, seed = 1): string[] {
  const random = mulberry32(seed);
  return Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      targetId: campaignId,
      key_values: { event: eventName(index), channel: 'webhook' },
      profiles: [profile(index, random)],
    }),
  );
}

/** One broadcast with so many different profiles. */
export function broadcastWebhook(profiles: number, seed = 1): string {
  const random = mulberry32(seed);
  return JSON.stringify({
    targetId: campaignId,
    key_values: { event: 'Campaign Sent', channel: 'webhook' },
    profiles: Array.from({ length: profiles }, (_, index) => profile(index, random)),
  });
}

/** A rule whose templates are each one value. */
export const simpleRule: MappingRule = {
  name: 'simple',
  when: { campaign: campaignId },
  send: {
    identity: '{{ Profile.Identity }}',
    event: '{{ KeyValues.event }}',
    properties: {
      product: '{{ Event.Product }}',
      product_id: '{{ Event["Product Id"] }}',
      price: '{{ Event.Price }}',
      currency: '{{ Event.Currency | default: "EUR" }}',
      ordered_at: '{{ Event.Date }}',
      gift: '{{ Event.Gift | default: "no" }}',
      items: '{{ Event.Items }}',
      plan: '{{ Profile.plan | default: "free" }}',
      city: '{{ Profile.systemProfileData.city }}',
      channel: '{{ KeyValues.channel }}',
      campaign: '{{ Campaign.id }}',
      source: 'clevertap',
    },
  },
  types: { price: 'number' },
};

/** A rule with tags, loops and filters. */
export const complexRule: MappingRule = {
  name: 'complex',
  when: { campaign: campaignId },
  send: {
    identity: '{{ Profile.Identity | strip }}',
    event: '{{ KeyValues.event | default: "Unknown" | capitalize }}',
    properties: {
      summary:
        '{{ Profile.Name | default: "Someone" }} bought {{ Event.Product }} for {{ Event.Price | round: 2 }}',
      size: '{% if Event.Price > 100 %}large{% elsif Event.Price > 20 %}medium{% else %}small{% endif %}',
      item_names:
        '{% for item in Event.Items %}{{ item.name | upcase }}{% unless forloop.last %}, {% endunless %}{% endfor %}',
      first_category: '{{ Event.Categories | split: "," | first }}',
      total: '{% assign net = Event.Price | times: 0.8 %}{{ net | floor }}',
      day: '{{ Received.at | date: "%Y-%m-%d" }}',
      plan: '{% case Profile.plan %}{% when "gold", "silver" %}paying{% else %}free{% endcase %}',
      link: 'https://shop.test/p/{{ Event["Product Id"] }}?c={{ Campaign.id | url_encode }}',
    },
  },
};

function profile(index: number, random: Random): object {
  const share = random();
  if (share < 0.7) return smallProfile(index, random);
  return share < 0.95 ? mediumProfile(index, random) : largeProfile(index, random);
}

/** The fields a marketer ticks, and a few event properties. */
function smallProfile(index: number, random: Random): object {
  return {
    identity: `cust-${index}`,
    email: `user${index}@shop.test`,
    objectId: `__g${hex(random, 16)}`,
    event_properties: {
      Product: pick(products, random),
      'Product Id': whole(random, 100_000),
      Price: price(random),
      Date: clevertapDate(random),
      Gift: random() < 0.3,
    },
  };
}

/** The payload in full, with a list of items. */
function mediumProfile(index: number, random: Random): object {
  return {
    key_values: { channel: 'webhook', coupon: `SAVE${whole(random, 50)}` },
    ...userFields(index, random),
    event_properties: {
      ...purchase(random),
      Items: items(2, random),
      Categories: 'shoes,sport,new',
      'CT Source': 'Mobile',
      'SDK Version': 30_200,
      'OS Version': '9.1',
      ct_latitude: 19.16,
      ct_longitude: 72.84,
    },
  };
}

/** A shop that sends all it has. */
function largeProfile(index: number, random: Random): object {
  const attributes = Object.fromEntries(
    Array.from({ length: 40 }, (_, place) => [
      `Attribute ${place}`,
      place % 4 === 0 ? whole(random, 1_000_000) : `${pick(products, random)} ${pick(cities, random)}`,
    ]),
  );
  return {
    key_values: { channel: 'webhook', coupon: `SAVE${whole(random, 50)}` },
    ...userFields(index, random),
    event_properties: {
      ...purchase(random),
      Items: items(12, random),
      Shipping: { Method: 'express', Address: { City: pick(cities, random), Zip: hex(random, 5) } },
      Description: Array.from({ length: 8 }, () => pick(sentences, random)).join(' '),
      ...attributes,
    },
  };
}

function userFields(index: number, random: Random): object {
  return {
    identity: `cust-${index}`,
    email: `user${index}@shop.test`,
    all_identities: [`cust-${index}`, `user${index}@shop.test`],
    objectId: `__g${hex(random, 16)}`,
    phone: `+1415${String(5_550_000 + (index % 10_000))}`,
    name: pick(people, random),
    systemProfileData: {
      webPushSubscription: 'Unsubscribed',
      emailSubscription: 'Subscribed',
      timezone: 'Eastern Standard Time',
      country: 'India',
      city: pick(cities, random),
      age: '2 years 1 months',
    },
    profileData: {
      plan: pick(['free', 'silver', 'gold'], random),
      'customer id': whole(random, 1_000_000),
      replayed: random() < 0.5,
      multi: ['a', 'b'],
    },
  };
}

function purchase(random: Random): object {
  return {
    Product: pick(products, random),
    'Product Id': whole(random, 100_000),
    Price: price(random),
    Currency: pick(['EUR', 'USD', 'INR'], random),
    Date: clevertapDate(random),
    Gift: random() < 0.3,
    Note: null,
    Sizes: ['42', '43'],
  };
}

const items = (count: number, random: Random): object[] =>
  Array.from({ length: count }, () => ({
    name: pick(products, random),
    quantity: 1 + whole(random, 3),
    price: price(random),
  }));

const eventName = (index: number): string => ['Purchase', 'Viewed', 'Added To Cart'][index % 3] ?? 'Purchase';

const price = (random: Random): number => whole(random, 20_000) / 100;

const clevertapDate = (random: Random): string => `$D_${1_780_000_000 + whole(random, 10_000_000)}`;

const whole = (random: Random, limit: number): number => Math.floor(random() * limit);

const hex = (random: Random, length: number): string =>
  Array.from({ length }, () => whole(random, 16).toString(16)).join('');

const pick = (list: readonly string[], random: Random): string => list[whole(random, list.length)] ?? '';

const products = [
  ...['Watch', 'Running Shoes', 'T-Shirt', 'Rain Jacket', 'Backpack 30 l', 'Wool Socks'],
  ...['Café crème', '手表', 'Кроссовки', 'Rucksack „Alpin“'],
];
const cities = ['Mumbai', 'São Paulo', 'München', 'San Francisco', 'Singapore', '東京', 'القاهرة'];
const people = ['Ana Souza', 'Jürgen Groß', 'Priya Nair', 'Bo Li', '山田 太郎'];
const sentences = [
  'A light shoe for long roads, with a "soft" sole.',
  'Leicht, wasserdicht und für große Füße gemacht.',
  'とても軽くて丈夫な一足です。',
  'Two years of warranty; see https://shop.test/terms.',
];

/** A small generator of random numbers whose sequence a seed fixes (public domain, Tommy Ettinger). */
function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
