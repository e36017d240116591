import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EnvironmentConfigError, parseEnvironment } from '../../../lib/config/environment-config';
import { allSettings, settings } from '../../support/settings';

const root = join(__dirname, '../../..');

/** The lines of the error, or none if the settings are accepted. */
function problemsOf(environment: unknown): string[] {
  try {
    parseEnvironment('config/shop.ts', environment);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentConfigError);
    return (error as Error).message.split('\n');
  }
}

const alarms = (change: object) => ({
  page: { emails: ['ana@clevertap-to-heap.dev'] },
  ticket: { emails: ['ana@clevertap-to-heap.dev'] },
  ...change,
});

const baseUrl = (url: unknown) => ({ ...settings, heap: { baseUrl: url } });

describe('what is accepted', () => {
  it('fills in every default', () => {
    expect(parseEnvironment('config/shop.ts', settings)).toEqual({
      heap: { baseUrl: 'https://heapanalytics.com' },
      apiKeys: ['k1'],
      apiGatewayLogRole: 'exists',
      identityOrder: ['identity', 'email'],
      mappings: [],
      campaigns: {},
      deniedIdentities: [],
      dedupeWindowMinutes: 10,
      maxEventsPerMinute: 12_000,
      batchWindowSeconds: 5,
      alarms: 'none',
      logRetentionDays: 30,
      tags: {},
      terminationProtection: true,
    });
  });

  it("F04 leaves the API's generated host open by default: campaigns may use it", () => {
    const { disableExecuteApiEndpoint, ...domain } = allSettings.domain;
    expect(disableExecuteApiEndpoint).toBe(true);
    expect(parseEnvironment('config/shop.ts', { ...allSettings, domain }).domain).toEqual({
      ...domain,
      disableExecuteApiEndpoint: false,
    });
  });

  it('keeps every setting that is given', () => {
    expect(parseEnvironment('config/shop.ts', allSettings)).toEqual(allSettings);
  });

  it.each([
    ['us', 'https://heapanalytics.com'],
    ['eu', 'https://c.eu.heap-api.com'],
  ])('knows the host of the region %s', (region, host) => {
    expect(parseEnvironment('config/shop.ts', { ...settings, heap: { region } }).heap).toEqual({
      baseUrl: host,
    });
  });

  it.each([
    ['https://heap.clevertap-to-heap.dev', 'https://heap.clevertap-to-heap.dev'],
    ['https://heap.clevertap-to-heap.dev/', 'https://heap.clevertap-to-heap.dev'],
    ['https://Heap.Clevertap-To-Heap.dev:8443', 'https://heap.clevertap-to-heap.dev:8443'],
  ])('takes %s as an origin', (url, origin) => {
    expect(parseEnvironment('config/shop.ts', baseUrl(url)).heap).toEqual({ baseUrl: origin });
  });

  it('uses the docs in the repository by default', () => {
    const docsUrlOf = (change: object): unknown =>
      parseEnvironment('config/shop.ts', { ...settings, alarms: alarms(change) }).alarms;
    expect(docsUrlOf({ docsUrl: 'https://git.shop.test/docs/' })).toMatchObject({
      docsUrl: 'https://git.shop.test/docs',
    });
  });

  it.each([7, 14, 30, 60, 90, 180, 365])('keeps logs for %d days', (days) => {
    expect(parseEnvironment('config/shop.ts', { ...settings, logRetentionDays: days }).logRetentionDays).toBe(
      days,
    );
  });

  it.each([
    { apiKeys: ['a'] },
    { apiKeys: Array.from({ length: 10 }, (_, index) => `key${index}`) },
    { apiKeys: ['k'.repeat(32)] },
    { allowedCidrs: ['52.94.76.7/32', '203.0.0.0/8', '192.0.0.0/9', '2600:1f00::/16', '2a05:d000::1/128'] },
    {
      allowedCidrs: ['9.255.255.255/32', '11.0.0.0/8', '172.15.0.0/16', '172.32.0.0/16', '223.255.255.0/24'],
    },
    { identityOrder: ['phone'] },
    { dedupeWindowMinutes: 0 },
    { dedupeWindowMinutes: 1440 },
    { maxEventsPerMinute: 0 },
    { maxEventsPerMinute: 600 },
    { maxEventsPerMinute: 15_000 },
    { alarms: alarms({ expectedTraffic: { requests: 1, hours: 1 } }) },
    { alarms: alarms({ expectedTraffic: { requests: 1_000_000, hours: 24 } }) },
    { alarms: alarms({ docsUrl: `https://git.shop.test/${'d'.repeat(178)}` }) },
    {
      account: '111122223333',
      region: 'us-west-1',
      alarms: alarms({ page: { topicArn: `arn:aws:sns:us-west-1:111122223333:${'t'.repeat(256)}` } }),
    },
    { alarms: {} },
    { alarms: { page: { emails: ['ana@clevertap-to-heap.dev'] } } },
    { alarms: alarms({ page: { emails: ['ana@test.dev', 'ana@example-shop.com', 'ana@Mail.Local.dev'] } }) },
    { tags: { [`${'k'.repeat(127)}ä`]: 'v'.repeat(256), 'a:b/c=d+e-f@g.h_i j': 'x' } },
    { tags: Object.fromEntries(Array.from({ length: 48 }, (_, index) => [`tag${index}`, 'x'])) },
    {
      ...allSettings,
      domain: { ...allSettings.domain, hostedZone: { id: 'Z1', name: allSettings.domain.name } },
    },
    { batchWindowSeconds: 1 },
    { batchWindowSeconds: 300 },
    { region: 'ap-southeast-7' },
  ])('takes the extremes: %j', (change) => {
    expect(problemsOf({ ...settings, ...change })).toEqual([]);
  });
});

describe('each refusal is one line with the file, key, value and what is allowed', () => {
  it.each<[key: string, change: object, got: string, ...allowed: string[]]>([
    ['account', { account: '123' }, '"123"', 'must be the 12 digits of an AWS account id'],
    ['account', { account: 111122223333 }, '111122223333', 'string'],
    ['region', { region: 'Ireland' }, '"Ireland"', 'must be a region of the commercial AWS partition'],
    ['region', { region: 'eu-wst-9' }, '"eu-wst-9"', 'must be a region of the commercial AWS partition'],
    ['region', { region: 'us-gov-west-1' }, '"us-gov-west-1"', 'of the commercial AWS partition'],
    ['region', { region: 'cn-north-1' }, '"cn-north-1"', 'of the commercial AWS partition'],
    ['region', { region: 'toString' }, '"toString"', 'such as "eu-west-1"'],
    ['heap', { heap: undefined }, 'nothing'],
    ['heap', { heap: 'us' }, '"us"'],
    [
      'heap',
      { heap: {} },
      '{}',
      'must have either region ("us" or "eu") or baseUrl ("https://…")',
      'not both',
    ],
    [
      'heap',
      { heap: { region: 'us', baseUrl: 'https://heap.clevertap-to-heap.dev' } },
      '{"region":"us","baseUrl":"https://heap.clevertap-to-heap.dev"}',
      'must have either region ("us" or "eu") or baseUrl ("https://…")',
      'not both',
    ],
    ['heap.region', { heap: { region: 'uk' } }, '"uk"', '"us"', '"eu"'],
    ['heap.baseUrl', { heap: { baseUrl: 5 } }, '5', 'string'],
    ['apiKeys', { apiKeys: undefined }, 'nothing'],
    ['apiKeys', { apiKeys: 'k1' }, '"k1"'],
    ['apiKeys', { apiKeys: [] }, '[]', 'must have at least one key'],
    ['apiKeys', { apiKeys: ['k1', 'k1'] }, '["k1","k1"]', 'must not list a key twice'],
    [
      'apiKeys',
      { apiKeys: 'abcdefghijk'.split('') },
      '["a","b","c","d","e","f","g","h","i","j","k"]',
      'must have at most ten keys',
    ],
    ['apiKeys.1', { apiKeys: ['k1', ''] }, '""', 'must be a name such as "k1": up to 32 of a-z and 0-9'],
    ['apiKeys.0', { apiKeys: ['K1'] }, '"K1"', 'must be a name such as "k1": up to 32 of a-z and 0-9'],
    ['apiKeys.0', { apiKeys: ['k 1'] }, '"k 1"', 'must be a name such as "k1": up to 32 of a-z and 0-9'],
    ['apiKeys.0', { apiKeys: ['k-1'] }, '"k-1"', 'must be a name such as "k1": up to 32 of a-z and 0-9'],
    ['apiKeys.0', { apiKeys: ['1k'] }, '"1k"', 'must be a name such as "k1": up to 32 of a-z and 0-9'],
    ['apiKeys.0', { apiKeys: ['k'.repeat(33)] }, `"${'k'.repeat(33)}"`, 'must be a name such as "k1"'],
    ['allowedCidrs', { allowedCidrs: [] }, '[]', 'at least one range', 'leave the key out'],
    [
      'allowedCidrs.0',
      { allowedCidrs: ['52.94.76.7'] },
      '"52.94.76.7"',
      'must be a CIDR range: an address, a slash',
    ],
    [
      'allowedCidrs.0',
      { allowedCidrs: ['52.94.76.0/33'] },
      '"52.94.76.0/33"',
      'must be a CIDR range: an address, a slash',
    ],
    ...[
      ...['0.0.0.0/0', '52.94.76.0/0', '::/0', '2600:1f00::/0'],
      // Each half of the internet, and the shortest refused prefixes.
      ...['0.0.0.0/1', '128.0.0.0/1', '52.0.0.0/7', '2000::/3', '8000::/1', '2600::/15'],
    ].map((range): [string, object, string, string, string] => [
      'allowedCidrs.1',
      { allowedCidrs: ['52.94.76.0/24', range] },
      `"${range}"`,
      'must have a prefix of at least /8 (IPv4) or /16 (IPv6)',
      'leave allowedCidrs out',
    ]),
    ...[
      ...['10.0.0.0/8', '10.1.2.3/32', '100.127.0.0/16', '127.0.0.1/32', '169.254.169.254/32', '0.0.0.0/8'],
      ...['172.16.0.0/12', '172.31.255.0/24', '192.168.0.0/16', '224.0.0.1/32', '255.255.255.255/32'],
      ...['192.0.2.0/24', '198.51.100.7/32', '203.0.113.0/24', '198.19.0.0/16'],
      ...['::1/128', 'fe80::/16', 'fd00::/16', 'ff02::1/128', '2001:db8::/32', '3fff::/20', '64:ff9b::/96'],
      // The whole IPv4 internet, in IPv6 notation.
      ...['::ffff:0.0.0.0/96', '::ffff:0:0/96', '::ffff:52.94.76.0/120'],
    ].map((range): [string, object, string, string] => [
      'allowedCidrs.0',
      { allowedCidrs: [range] },
      `"${range}"`,
      'must be public addresses',
    ]),
    ['allowedCidrs.1', { allowedCidrs: ['52.94.76.0/24', 'office'] }, '"office"', 'must be a CIDR range'],
    [
      'domain.name',
      { domain: { ...allSettings.domain, name: 'https://hooks.clevertap-to-heap.dev' } },
      '"https://hooks.clevertap-to-heap.dev"',
      'must be a host name in lower case, without https:// and path',
    ],
    [
      'domain.name',
      { domain: { ...allSettings.domain, name: 'hooks shop' } },
      '"hooks shop"',
      'must be a host name in lower case, without https:// and path',
    ],
    [
      'domain.certificateArn',
      { domain: { name: 'hooks.clevertap-to-heap.dev', certificateArn: 'arn:aws:iam::111122223333:role/x' } },
      '"arn:aws:iam::111122223333:role/x"',
      'must be the ARN of a certificate in AWS Certificate Manager',
    ],
    ['domain.certificateArn', { domain: { name: 'hooks.clevertap-to-heap.dev' } }, 'nothing'],
    ...['hooks.shop.test', 'hooks.example.com', 'hooks.corp.internal'].map(
      (name): [string, object, string, string] => [
        'domain.name',
        { ...allSettings, domain: { ...allSettings.domain, hostedZone: undefined, name } },
        `"${name}"`,
        'must be reachable from the internet',
      ],
    ),
    ...[undefined, 'us-east-1'].map((region): [string, object, string, ...string[]] =>
      region === undefined
        ? [
            'region',
            { ...allSettings, region, alarms: 'none' },
            'nothing',
            'domain.certificateArn',
            '"eu-west-1"',
          ]
        : [
            'domain.certificateArn',
            { ...allSettings, region, alarms: 'none' },
            `"${allSettings.domain.certificateArn}"`,
            `must be in the stack's region, "us-east-1"`,
          ],
    ),
    [
      'domain.certificateArn',
      { ...allSettings, account: '999988887777', alarms: 'none' },
      `"${allSettings.domain.certificateArn}"`,
      `must be in the stack's account, "999988887777"`,
    ],
    [
      'domain.hostedZone.id',
      {
        domain: {
          ...allSettings.domain,
          hostedZone: { id: '/hostedzone/Z1', name: 'clevertap-to-heap.dev' },
        },
      },
      '"/hostedzone/Z1"',
      'must be the id of a Route 53 hosted zone, "Z…"',
    ],
    ...['heap.dev', 'other.dev', 'a.hooks.clevertap-to-heap.dev'].map(
      (name): [string, object, string, string] => [
        'domain.hostedZone.name',
        { ...allSettings, domain: { ...allSettings.domain, hostedZone: { id: 'Z1', name } } },
        `"${name}"`,
        'must be hooks.clevertap-to-heap.dev or a parent domain of it',
      ],
    ),
    [
      'domain.disableExecuteApiEndpoint',
      { domain: { ...allSettings.domain, disableExecuteApiEndpoint: 'no' } },
      '"no"',
      'must be true or false',
    ],
    ['terminationProtection', { terminationProtection: 'no' }, '"no"', 'must be true or false'],
    ['tags', { tags: 'x' }, '"x"', 'must be an object such as { "cost-center": "marketing" }'],
    [
      'tags',
      { tags: Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`t${index}`, 'x'])) },
      JSON.stringify(Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`t${index}`, 'x']))),
      'must have at most 48 tags',
    ],
    ['tags.a', { tags: { a: 5 } }, '5', 'must be a string of 1 to 256'],
    ...['x'.repeat(257), '', ' ', ' x', 'x '].map((value): [string, object, string, string] => [
      'tags.a',
      { tags: { a: value } },
      JSON.stringify(value),
      'must be a string of 1 to 256',
    ]),
    ...['', ' ', ' a', 'a '].map((key): [string, object, string, string] => [
      `tags.${key}`,
      { tags: { [key]: 'x' } },
      '"x"',
      'must have a valid tag key',
    ]),
    ['tags.a,b', { tags: { 'a,b': 'x' } }, '"x"', 'must have a valid tag key'],
    ['tags.Environment', { tags: { Environment: 'x' } }, '"x"', 'this app sets this tag itself'],
    ['tags.application', { tags: { application: 'x' } }, '"x"', 'this app sets this tag itself'],
    ['tags.AWS:x', { tags: { 'AWS:x': 'x' } }, '"x"', 'AWS reserves the prefix aws:'],
    ['tags.Team', { tags: { team: 'x', Team: 'y' } }, '"y"', 'IAM ignores the case of keys'],
    ['apiGatewayLogRole', { apiGatewayLogRole: 'maybe' }, '"maybe"', '"create"', '"exists"'],
    ['apiGatewayLogRole', { apiGatewayLogRole: undefined }, 'nothing', '"create"', '"exists"'],
    [
      'identityOrder.1',
      { identityOrder: ['email', 'mail'] },
      '"mail"',
      '"identity"',
      '"email"',
      '"phone"',
      '"objectId"',
    ],
    ['identityOrder', { identityOrder: [] }, '[]', 'must have at least one field'],
    ['dedupeWindowMinutes', { dedupeWindowMinutes: -1 }, '-1', '0'],
    ['dedupeWindowMinutes', { dedupeWindowMinutes: 1441 }, '1441', '1440'],
    ['dedupeWindowMinutes', { dedupeWindowMinutes: 1.5 }, '1.5'],
    ['dedupeWindowMinutes', { dedupeWindowMinutes: '10' }, '"10"', 'number'],
    ...[-1, 1, 599, 15_001, 600.5].map((events): [string, object, string, string] => [
      'maxEventsPerMinute',
      { maxEventsPerMinute: events },
      String(events),
      'must be 0 (no limit) or a whole number from 600 to 15000, the limit of Heap',
    ]),
    ['maxEventsPerMinute', { maxEventsPerMinute: '12000' }, '"12000"', 'number'],
    ['batchWindowSeconds', { batchWindowSeconds: 0 }, '0', '1'],
    ['batchWindowSeconds', { batchWindowSeconds: 301 }, '301', '300'],
    ['alarms', { alarms: undefined }, 'nothing', '{ page, ticket }', 'or "none"'],
    ['alarms', { alarms: 'no' }, '"no"', '{ page, ticket }', '"none"'],
    ['alarms', { alarms: [] }, '[]', '{ page, ticket }', '"none"'],
    ['alarms', { alarms: null }, 'null', '{ page, ticket }', '"none"'],
    [
      'alarms.ticket',
      { alarms: alarms({ ticket: 'ana' }) },
      '"ana"',
      '{ emails: ["…"] } or { topicArn: "arn:aws:sns:…" }',
    ],
    ...[
      'shop.test',
      'Shop.Test',
      'mail.shop.example',
      'nowhere.invalid',
      'pc.localhost',
      'example.com',
      'mail.example.net',
      'example.org',
      'nas.local',
      'mail.corp.internal',
      'shop.lan',
    ].map((domain): [string, object, string, string] => [
      'alarms.page.emails.0',
      { alarms: alarms({ page: { emails: [`oncall@${domain}`] } }) },
      `"…@${domain}"`,
      'must be at a domain that receives mail',
    ]),
    [
      'alarms.page.topicArn',
      { ...allSettings, domain: undefined, region: 'us-east-1' },
      '"arn:aws:sns:eu-west-1:111122223333:pager"',
      `must be in the stack's region, "us-east-1"`,
    ],
    [
      'alarms.page.topicArn',
      { ...allSettings, domain: undefined, account: '999988887777' },
      '"arn:aws:sns:eu-west-1:111122223333:pager"',
      `must be in the stack's account, "999988887777"`,
    ],
    [
      'account',
      {
        region: 'eu-west-1',
        alarms: alarms({ ticket: { topicArn: 'arn:aws:sns:eu-west-1:111122223333:t' } }),
      },
      'nothing',
      'must be "111122223333", as in alarms.ticket.topicArn',
    ],
    [
      'alarms.page.topicArn',
      { alarms: alarms({ page: { topicArn: 'arn:aws-cn:sns:cn-north-1:111122223333:t' } }) },
      '"arn:aws-cn:sns:cn-north-1:111122223333:t"',
      'must be the ARN of a standard SNS topic',
    ],
    [
      'alarms.page',
      { alarms: alarms({ page: {} }) },
      '{}',
      'must have either emails or topicArn',
      'not both',
    ],
    [
      'alarms.page',
      {
        alarms: alarms({
          page: { emails: ['ana@clevertap-to-heap.dev'], topicArn: 'arn:aws:sns:eu-west-1:111122223333:t' },
        }),
      },
      '{"emails":["…@clevertap-to-heap.dev"],"topicArn":"arn:aws:sns:eu-west-1:111122223333:t"}',
      'not both',
    ],
    ['alarms.page.emails', { alarms: alarms({ page: { emails: [] } }) }, '[]', 'at least one address'],
    [
      'alarms.page.emails',
      { alarms: alarms({ page: { emails: ['a@clevertap-to-heap.dev', 'a@clevertap-to-heap.dev'] } }) },
      '["…@clevertap-to-heap.dev","…@clevertap-to-heap.dev"]',
      'must not list an address twice',
    ],
    ['alarms.page.emails.0', { alarms: alarms({ page: { emails: ['ana'] } }) }, '"ana"', 'email address'],
    [
      'alarms.page.topicArn',
      // CloudWatch publishes only to standard topics.
      { alarms: alarms({ page: { topicArn: 'arn:aws:sns:eu-west-1:111122223333:t.fifo' } }) },
      '"arn:aws:sns:eu-west-1:111122223333:t.fifo"',
      'must be the ARN of a standard SNS topic',
    ],
    [
      'alarms.expectedTraffic',
      { alarms: alarms({ expectedTraffic: 5 }) },
      '5',
      '{ requests: 100, hours: 6 }',
    ],
    [
      'alarms.expectedTraffic.requests',
      { alarms: alarms({ expectedTraffic: { requests: 0, hours: 1 } }) },
      '0',
      'at least 1',
    ],
    [
      'alarms.expectedTraffic.hours',
      { alarms: alarms({ expectedTraffic: { requests: 1, hours: 25 } }) },
      '25',
      'from 1 to 24',
    ],
    [
      'alarms.docsUrl',
      { alarms: alarms({ docsUrl: 'http://git.shop.test' }) },
      '"http://git.shop.test"',
      'must be the URL of a folder with these docs, "https://…"',
    ],
    [
      'alarms.docsUrl',
      { alarms: alarms({ docsUrl: `https://git.shop.test/${'d'.repeat(179)}` }) },
      `"https://git.shop.test/${'d'.repeat(179)}"`,
      'must be at most 200 characters long',
    ],
    ['mappings', { mappings: 'purchase' }, '"purchase"', 'must be a list of file names'],
    ['mappings.0', { mappings: ['Purchase.json'] }, '"Purchase.json"', 'without .json, such as "purchase"'],
    ['mappings', { mappings: ['a', 'a'] }, '["a","a"]', 'must not list a file twice'],
    ['campaigns', { campaigns: [] }, '[]', 'must be an object such as { "1650000001": "Reminder Sent" }'],
    ['campaigns.x', { campaigns: { x: 'A' } }, '"A"', 'must have a campaign id as its key'],
    ['campaigns.1', { campaigns: { 1: ' ' } }, '" "', 'must be the name of an event'],
    ['deniedIdentities', { deniedIdentities: 'x' }, '"x"', 'must be a list of patterns'],
    ['deniedIdentities.0', { deniedIdentities: ['*'] }, '"*"', 'such as "*@test.shop.test"'],
    ['logRetentionDays', { logRetentionDays: 31 }, '31', 'must be one of 7, 14, 30, 60, 90, 180, 365'],
    ['logRetentionDays', { logRetentionDays: '30' }, '"30"', 'number'],
  ])('%s: %j', (key, change, got, ...allowed) => {
    const problems = problemsOf({ ...settings, ...change });
    expect(problems).toHaveLength(1);
    const [problem = ''] = problems;
    expect(problem.startsWith(`config/shop.ts: ${key}: `)).toBe(true);
    expect(problem.endsWith(`; got ${got}`)).toBe(true);
    const message = problem.slice(`config/shop.ts: ${key}: `.length, -`; got ${got}`.length);
    for (const fragment of allowed) expect(message).toContain(fragment);
  });

  it.each([undefined, null, 'us', []])('invalid settings: %j', (environment) => {
    expect(problemsOf(environment)).toEqual([expect.stringMatching(/^config\/shop\.ts: /)]);
  });
});

describe('a misspelt key', () => {
  it('at the root is named with all known keys', () => {
    const known = Object.keys(allSettings).sort();
    const [problem = '', ...others] = problemsOf({ ...settings, batchWindow: 5 });
    expect(others).toEqual([]);
    expect(problem).toContain('config/shop.ts: batchWindow: unknown key; known here: ');
    expect(
      problem
        .replace(/^.*known here: /, '')
        .split(', ')
        .sort(),
    ).toEqual(known);
  });

  it.each([
    [
      'heap.token',
      { heap: { region: 'us', token: 'x' } },
      'config/shop.ts: heap.token: unknown key; known here: region, baseUrl',
    ],
    [
      'domain.zone',
      { ...allSettings, domain: { ...allSettings.domain, zone: 'clevertap-to-heap.dev' } },
      'config/shop.ts: domain.zone: unknown key; known here: name, certificateArn, hostedZone, disableExecuteApiEndpoint',
    ],
    [
      'domain.hostedZone.zone',
      {
        ...allSettings,
        domain: { ...allSettings.domain, hostedZone: { ...allSettings.domain.hostedZone, zone: 'x' } },
      },
      'config/shop.ts: domain.hostedZone.zone: unknown key; known here: id, name',
    ],
    [
      'alarms.tickets',
      { alarms: alarms({ tickets: {} }) },
      'config/shop.ts: alarms.tickets: unknown key; known here: page, ticket, expectedTraffic, docsUrl',
    ],
    [
      'alarms.page.email',
      {
        alarms: alarms({
          page: { emails: ['ana@clevertap-to-heap.dev'], email: 'ana@clevertap-to-heap.dev' },
        }),
      },
      'config/shop.ts: alarms.page.email: unknown key; known here: emails, topicArn',
    ],
    [
      'alarms.expectedTraffic.days',
      { alarms: alarms({ expectedTraffic: { requests: 1, hours: 1, days: 1 } }) },
      'config/shop.ts: alarms.expectedTraffic.days: unknown key; known here: requests, hours',
    ],
  ])('in a group is named with the keys of the group: %s', (_, change, problem) => {
    expect(problemsOf({ ...settings, ...change })).toEqual([problem]);
  });

  it('is one line each', () => {
    expect(problemsOf({ ...settings, apikeys: [], allowedCidr: [] })).toEqual([
      expect.stringMatching(/^config\/shop\.ts: apikeys: unknown key; /),
      expect.stringMatching(/^config\/shop\.ts: allowedCidr: unknown key; /),
    ]);
  });

  it('cannot reach a prototype', () => {
    const hostile: unknown = JSON.parse(`{"__proto__":{"x":1},${JSON.stringify(settings).slice(1)}`);
    expect(problemsOf(hostile)).toEqual([
      expect.stringMatching(/^config\/shop\.ts: __proto__: unknown key; /),
    ]);
  });
});

it('lists all mistakes at once', () => {
  const problems = problemsOf({
    account: '1',
    heap: { baseUrl: 'http://heap.clevertap-to-heap.dev' },
    apiKeys: ['K1'],
    allowedCidrs: ['office'],
    domain: { name: 'a b', certificateArn: 'none' },
    apiGatewayLogRole: 'maybe',
    batchWindowSeconds: 0,
    alarms: { page: {}, ticket: { emails: ['a'] } },
    logRetentionDays: 31,
    retries: 3,
  });
  expect(problems.map((problem) => problem.split(': ')[1]).sort()).toEqual([
    'account',
    'alarms.page',
    'alarms.ticket.emails.0',
    'allowedCidrs.0',
    'apiGatewayLogRole',
    'apiKeys.0',
    'batchWindowSeconds',
    'domain.certificateArn',
    'domain.name',
    'heap.baseUrl',
    'logRetentionDays',
    'retries',
  ]);
});

describe('F58 events go only to a public host over TLS', () => {
  it.each([
    ['heap.clevertap-to-heap.dev', 'must be a URL such as "https://c.eu.heap-api.com"'],
    ['', 'must be a URL such as "https://c.eu.heap-api.com"'],
    ['https://', 'must be a URL such as "https://c.eu.heap-api.com"'],
    ['http://heap.clevertap-to-heap.dev', 'must start with https://'],
    ['ftp://heap.clevertap-to-heap.dev', 'must start with https://'],
    ['file:///etc/passwd', 'must start with https://'],
    ['https://ana:pa55@heap.clevertap-to-heap.dev', 'must not have credentials'],
    ['https://ana@heap.clevertap-to-heap.dev', 'must not have credentials'],
    ['https://heap.clevertap-to-heap.dev/api', 'must be an origin without path or query'],
    ['https://heap.clevertap-to-heap.dev?a=1', 'must be an origin without path or query'],
    ['https://heap.clevertap-to-heap.dev#a', 'must be an origin without path or query'],
    ['https://heap.clevertap-to-heap.dev\\@other.test', 'must be an origin without path or query'],
    ['https://93.184.216.34', 'must name a host, not an IP address'],
    ['https://127.0.0.1', 'must name a host, not an IP address'],
    ['https://127.1', 'must name a host, not an IP address'],
    ['https://169.254.169.254', 'must name a host, not an IP address'],
    ['https://169.254.169.254.', 'must name a host, not an IP address'],
    ['https://0xa9fea9fe', 'must name a host, not an IP address'],
    ['https://2852039166', 'must name a host, not an IP address'],
    ['https://169。254。169。254', 'must name a host, not an IP address'],
    ['https://[::1]', 'must name a host, not an IP address'],
    ['https://[::ffff:127.0.0.1]', 'must name a host, not an IP address'],
    ['https://[fd00:ec2::254]', 'must name a host, not an IP address'],
    ['https://heap.shop.test', 'must name a public host'],
    ['https://heap.example.com', 'must name a public host'],
    ['https://localhost', 'must name a public host'],
    ['https://LOCALHOST:8443', 'must name a public host'],
    ['https://heap.localhost', 'must name a public host'],
    ['https://heap.local', 'must name a public host'],
    ['https://heap', 'must name a public host'],
    ['https://metadata.google.internal', 'must name a public host'],
    ['https://ip-10-0-0-1.eu-west-1.compute.internal', 'must name a public host'],
  ])('%s', (url, allowed) => {
    const [problem = '', ...others] = problemsOf(baseUrl(url));
    expect(others).toEqual([]);
    expect(problem.startsWith('config/shop.ts: heap.baseUrl: ')).toBe(true);
    expect(problem).toContain(allowed);
  });

  // A trailing dot does not change the host.
  it.each([
    'https://localhost.',
    'https://heap.localhost.',
    'https://metadata.google.internal.',
    'https://heap.',
    'https://eu.heapanalytics.com.',
  ])('%s', (url) => {
    expect(problemsOf(baseUrl(url))).toHaveLength(1);
  });

  it.each([
    'https://ana:pa55@heap.clevertap-to-heap.dev',
    'https://pa55@heap.clevertap-to-heap.dev',
    'https://ana:pa55/w@heap.clevertap-to-heap.dev',
    'https://ana:pa55 w@heap.clevertap-to-heap.dev',
    'https://ana:pa55"w@heap.clevertap-to-heap.dev',
    'https://ana:pa55@w@heap.clevertap-to-heap.dev',
    'https:/ana:pa55@heap.clevertap-to-heap.dev',
    'https:\\\\ana:pa55@heap.clevertap-to-heap.dev',
    'ana:pa55@heap.clevertap-to-heap.dev',
  ])('repeats no password: %s', (url) => {
    const [problem = ''] = problemsOf(baseUrl(url));
    expect(problem).toMatch(/got ".*…@(w@)?heap\.clevertap-to-heap\.dev"$/);
    expect(problem).not.toContain('pa55');
  });

  it.each([
    'https://eu.heapanalytics.com',
    'https://EU.heapanalytics.com/',
    'http://eu.heapanalytics.com/api/track',
  ])('names the host that receives events instead of %s', (url) => {
    expect(problemsOf(baseUrl(url))).toEqual([
      `config/shop.ts: heap.baseUrl: must be https://c.eu.heap-api.com (region: "eu"): this host is the web application of Heap EU and receives no events; got ${JSON.stringify(url)}`,
    ]);
  });
});

test('F72 docs and settings contain no example address for notices: someone might deploy it', () => {
  const files = ['config', 'lib/config', 'docs'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => /\.(ts|md)$/.test(name))
      .map((name) => join(folder, name)),
  );
  expect(files.length).toBeGreaterThan(20);
  const proposed = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/(?:emails|mail -s).*[\w…]@\w[\w.-]*/g)].map(
      ([line]) => `${file}: ${line}`,
    ),
  );
  // The value that an error quotes.
  expect(proposed.filter((line) => !line.includes('; got "…@'))).toEqual([]);
});
