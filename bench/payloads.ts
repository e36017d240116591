import type { MappingRule } from '../lambda/mapping/rule-format';

// Invented data for the benchmarks, the same in every run, in the format of CleverTap's own payload
// (docs.clevertap.com, "Create Message Webhook").

/** All events belong to one campaign, so that one rule can match them all. */
const campaignId = 1_650_000_001;

/** Returns a number from 0 to below 1. */
type Random = () => number;

/**
 * Webhooks of a set. `own`: event properties of three shapes (70 % small, 25 % medium, 5 % large) with nested values,
 * dates, nulls and many scripts. `varied`: no two events have the same shape.
 *
 * @param profiles number of profiles per webhook
 */
export const webhooksOf = (set: string, count: number, profiles: number, seed = 1): string[] => {
  if (set === 'varied') return variedWebhooks(count, seed);
  if (profiles === 1) return singleEventWebhooks(count, seed);
  return Array.from({ length: count }, (_, index) => broadcastWebhook(profiles, index));
};

/** Webhooks of the set `own` with one event each. */
export const singleEventWebhooks = (count: number, seed = 1): string[] => singles(count, seed, profile);

/** One broadcast of the set `own` with the given number of different profiles. */
export function broadcastWebhook(profiles: number, seed = 1): string {
  const random = mulberry32(seed);
  return webhook(
    'Campaign Sent',
    list(profiles, (index) => profile(index, random)),
  );
}

/**
 * Webhooks with one event each. The shape of its properties is unique: names, their number and order, nesting, kinds of
 * values, scripts. Caching the shape of one event does not help with the next.
 */
export const variedWebhooks = (count: number, seed = 1): string[] =>
  singles(count, seed, (index, random) => ({
    ...user(index, random),
    event_properties: variedObject(3 + whole(random, 16), 2, random),
  }));

const singles = (count: number, seed: number, of: (index: number, random: Random) => object): string[] => {
  const random = mulberry32(seed);
  const names = ['Purchase', 'Viewed', 'Added To Cart'] as const;
  return list(count, (index) => webhook(names[index % 3] ?? names[0], [of(index, random)]));
};

const webhook = (event: string, profiles: readonly object[]): string =>
  JSON.stringify({ targetId: campaignId, key_values: { event, channel: 'webhook' }, profiles });

/** A rule whose templates are single values. */
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

/** Small: the fields a marketer selects. Medium: the full payload, with items. Large: a shop that sends everything. */
function profile(index: number, random: Random): object {
  const share = random();
  if (share < 0.7) {
    return {
      ...user(index, random),
      event_properties: {
        Product: pick(products, random),
        'Product Id': whole(random, 100_000),
        Price: price(random),
        Date: clevertapDate(random),
        Gift: random() < 0.3,
      },
    };
  }
  return {
    key_values: { channel: 'webhook', coupon: `SAVE${whole(random, 50)}` },
    ...user(index, random),
    ...details(index, random),
    event_properties: { ...purchase(random), ...(share < 0.95 ? medium(random) : large(random)) },
  };
}

const medium = (random: Random): object => ({
  Items: items(2, random),
  Categories: 'shoes,sport,new',
  'CT Source': 'Mobile',
  'SDK Version': 30_200,
  'OS Version': '9.1',
  ct_latitude: 19.16,
  ct_longitude: 72.84,
});

const large = (random: Random): object => ({
  Items: items(12, random),
  Shipping: { Method: 'express', Address: { City: pick(cities, random), Zip: hex(random, 5) } },
  Description: list(8, () => pick(sentences, random)).join(' '),
  ...Object.fromEntries(
    list(40, (index) => [
      `Attribute ${index}`,
      index % 4 === 0 ? whole(random, 1_000_000) : `${pick(products, random)} ${pick(cities, random)}`,
    ]),
  ),
});

const user = (index: number, random: Random): object => ({
  identity: `cust-${index}`,
  email: `user${index}@shop.test`,
  objectId: `__g${hex(random, 16)}`,
});

const details = (index: number, random: Random): object => ({
  all_identities: [`cust-${index}`, `user${index}@shop.test`],
  phone: `+1415${5_550_000 + (index % 10_000)}`,
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
});

const purchase = (random: Random) => ({
  Product: pick(products, random),
  'Product Id': whole(random, 100_000),
  Price: price(random),
  Currency: pick(['EUR', 'USD', 'INR'], random),
  Date: clevertapDate(random),
  Gift: random() < 0.3,
  Note: null,
  Sizes: ['42', '43'],
});

const items = (count: number, random: Random): object[] =>
  list(count, () => ({
    name: pick(products, random),
    quantity: 1 + whole(random, 3),
    price: price(random),
  }));

const variedObject = (members: number, levels: number, random: Random): object =>
  Object.fromEntries(list(members, () => [variedName(random), variedValue(levels, random)]));

/** One of about 1000 realistic names. One in 50 contains a number that should have been a value. */
function variedName(random: Random): string {
  const name = `${pick(words, random)}${pick(['_', ' '], random)}${pick(words, random)}`;
  return random() < 0.02 ? `${name} ${whole(random, 1_000_000)}` : name;
}

/** @param levels how deep objects may be nested in it */
function variedValue(levels: number, random: Random): unknown {
  const kind = random();
  if (kind < 0.3) return pick([...products, ...cities, ...people], random);
  if (kind < 0.4) return pick(sentences, random);
  if (kind < 0.6) return whole(random, 10 ** (1 + whole(random, 12)));
  if (kind < 0.7) return price(random);
  if (kind < 0.76) return random() < 0.5;
  if (kind < 0.8) return null;
  if (kind < 0.88) return clevertapDate(random);
  if (kind < 0.93 || levels === 0) return list(whole(random, 4), () => pick(words, random));
  const object = (): object => variedObject(1 + whole(random, 4), levels - 1, random);
  return kind < 0.97 ? object() : list(1 + whole(random, 3), object);
}

const list = <Item>(length: number, of: (index: number) => Item): Item[] =>
  Array.from({ length }, (_, index) => of(index));

const price = (random: Random): number => whole(random, 20_000) / 100;

const clevertapDate = (random: Random): string => `$D_${1_780_000_000 + whole(random, 10_000_000)}`;

const whole = (random: Random, limit: number): number => Math.floor(random() * limit);

const hex = (random: Random, length: number): string =>
  list(length, () => whole(random, 16).toString(16)).join('');

const pick = (from: readonly string[], random: Random): string => from[whole(random, from.length)] ?? '';

const products = [
  ...['Watch', 'Running Shoes', 'T-Shirt', 'Rain Jacket', 'Backpack 30 l', 'Wool Socks'],
  ...['Café crème', '手表', 'Кроссовки', 'Rucksack „Alpin“'],
];
const cities = ['Mumbai', 'São Paulo', 'München', 'San Francisco', 'Singapore', '東京', 'القاهرة'];
const people = ['Ana Souza', 'Jürgen Groß', 'Priya Nair', 'Bo Li', '山田 太郎'];
const words = [
  ...[
    'price',
    'Item',
    'count',
    'store',
    'utm',
    'score',
    'Größe',
    'último',
    'цвет',
    'сумма',
    '尺码',
    'カテゴリ',
  ],
  ...[
    'العلامة',
    'मूल्य',
    'is_new',
    'ref',
    'Channel',
    'variant',
    'position',
    'Rabatt',
    'étage',
    '가격',
    'last',
    'id',
  ],
];
const sentences = [
  'A light shoe for long roads, with a "soft" sole.',
  'Leicht, wasserdicht und für große Füße gemacht.',
  'とても軽くて丈夫な一足です。',
  'Two years of warranty; see https://shop.test/terms.',
];

/** A small seeded random number generator (public domain, Tommy Ettinger). */
function mulberry32(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
