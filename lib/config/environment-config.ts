import { RegionInfo } from 'aws-cdk-lib/region-info';
import * as z from 'zod';
import { identityFields } from '../../lambda/contract';
import { heapOrigin } from './heap-origin';
import { isPublicDomain } from './public-domain';
import { problemOfRange } from './public-range';

/** Heap's documented ingestion hosts by region (developers.heap.io, "EU data residency"). */
const heapRegions = { us: 'https://heapanalytics.com', eu: 'https://c.eu.heap-api.com' };

/** Retention periods that CloudWatch Logs accepts and that suit a delivery log, in days. */
const logRetentions = [7, 14, 30, 60, 90, 180, 365] as const;

/** Regions of the commercial partition that aws-cdk-lib knows: console links contain its host. */
const regions: ReadonlySet<string> = new Set(
  RegionInfo.regions.filter(({ partition }) => partition === 'aws').map(({ name }) => name),
);

const isDistinct = (names: readonly string[]): boolean => new Set(names).size === names.length;

/** States what is allowed, unlike zod's own messages. A value's first failed check is its last. */
const must = (sentence: string): { error: string; abort: true } => ({
  error: `must ${sentence}`,
  abort: true,
});

const heapSchema = z
  .strictObject(
    {
      region: z.enum(['us', 'eu'], must('be "us" or "eu"')).optional(),
      baseUrl: z.string(must('be a string such as "https://c.eu.heap-api.com"')).optional(),
    },
    must('say where Heap receives events, e.g. { region: "us" }'),
  )
  .transform((heap, context) => {
    if ((heap.region === undefined) === (heap.baseUrl === undefined)) {
      context.addIssue('must have either region ("us" or "eu") or baseUrl ("https://…"), not both');
      return z.NEVER;
    }
    if (heap.region !== undefined) return { baseUrl: heapRegions[heap.region] };
    const checked = heapOrigin(heap.baseUrl ?? '');
    if ('origin' in checked) return { baseUrl: checked.origin };
    context.addIssue({ code: 'custom', path: ['baseUrl'], message: checked.problem });
    return z.NEVER;
  });

const hostName = 'be a host name in lower case, without https:// and path';
const publicName = 'be reachable from the internet: this domain is reserved or private';
const certificateArn = 'be the ARN of a certificate in AWS Certificate Manager';
const zone = 'be the Route 53 hosted zone for the record: { id: "Z…", name }';
const domainPattern = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

export const domainNameSchema = z
  .string(must(hostName))
  .regex(domainPattern, must(hostName))
  .refine(isPublicDomain, must(publicName));

/** Refused requests are lost: true only once no caller uses the API's own URL. */
export const disableExecuteApiEndpointSchema = z.boolean(must('be true or false')).default(false);

const zoneSchema = z.strictObject(
  {
    id: z.string(must(zone)).regex(/^Z[A-Z0-9]{1,31}$/, must('be the id of a Route 53 hosted zone, "Z…"')),
    /** The zone's name, which reveals a zone of another domain before the deployment. */
    name: z.string(must(zone)).regex(domainPattern, must(hostName)),
  },
  must(zone),
);

const domainSchema = z
  .strictObject(
    {
      name: domainNameSchema,
      certificateArn: z
        .string(must(certificateArn))
        .regex(/^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/.+$/, must(certificateArn)),
      /** Absent: create the DNS record yourself. */
      hostedZone: zoneSchema.optional(),
      disableExecuteApiEndpoint: disableExecuteApiEndpointSchema,
    },
    must('have a name and a certificateArn'),
  )
  .superRefine(({ name, hostedZone }, context) => {
    if (hostedZone === undefined || `.${name}`.endsWith(`.${hostedZone.name}`)) return;
    context.addIssue({
      code: 'custom',
      path: ['hostedZone', 'name'],
      message: `must be ${name} or a parent domain of it`,
    });
  });

const alarmChoice = 'be { page, ticket }, or "none"';
const docsUrl = 'be the URL of a folder with these docs, "https://…"';
const alarmDestination = 'be { emails: ["…"] } or { topicArn: "arn:aws:sns:…" }';
const topicArn = 'be the ARN of a standard SNS topic';
const trafficHours = 'be a whole number of hours from 1 to 24';
const trafficRequests = 'be a whole number of requests, at least 1';

/** Addresses to subscribe to a new topic; each must confirm a mail from AWS. */
export const emailsSchema = z
  .array(
    z
      .email(must('be an email address'))
      .refine((address) => isPublicDomain(address.slice(address.lastIndexOf('@') + 1)), {
        error: 'must be at a domain that receives mail: this one is reserved or private',
      }),
    must('be a list of email addresses'),
  )
  .min(1, must('have at least one address'))
  .refine(isDistinct, must('not list an address twice'));

/** Recipients of the notices of one severity. */
const destinationSchema = z
  .strictObject(
    {
      emails: emailsSchema.optional(),
      /** An existing topic, for a pager or a chat. CloudWatch cannot publish to FIFO topics. */
      topicArn: z
        .string(must(topicArn))
        .regex(/^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/, must(topicArn))
        .optional(),
    },
    must(alarmDestination),
  )
  .transform(({ emails, topicArn: arn }, context): { emails: string[] } | { topicArn: string } => {
    if (emails !== undefined && arn === undefined) return { emails };
    if (arn !== undefined && emails === undefined) return { topicArn: arn };
    context.addIssue('must have either emails or topicArn, not both');
    return z.NEVER;
  });

export const expectedTrafficSchema = z.strictObject(
  {
    requests: z.int(must(trafficRequests)).min(1, must(trafficRequests)),
    hours: z.int(must(trafficHours)).min(1, must(trafficHours)).max(24, must(trafficHours)),
  },
  must('have requests and hours, e.g. { requests: 100, hours: 6 }'),
);

export const docsUrlSchema = z
  .url({ protocol: /^https$/, ...must(docsUrl) })
  // CloudWatch limits an alarm description to 1024 characters.
  .max(200, must('be at most 200 characters long'))
  .transform((url) => url.replace(/\/+$/, ''));

const alarmsSchema = z.strictObject(
  {
    /** For what is losing or delaying events now. Absent: a topic without subscriptions. */
    page: destinationSchema.optional(),
    /** For what can wait for the next working day. Absent: a topic without subscriptions. */
    ticket: destinationSchema.optional(),
    /** Minimum of accepted requests in a number of hours; fewer raise an alarm. Absent: silence is normal. */
    expectedTraffic: expectedTrafficSchema.optional(),
    /** Where to read this repository's `docs`; notices link to its runbook. Absent: notices name the file. */
    docsUrl: docsUrlSchema.optional(),
  },
  must(alarmChoice),
);

const apiKeyNames = 'be a list of names such as ["k1"]';
const keyName = 'be a name such as "k1": up to 32 of a-z and 0-9';
const region = 'be a region of the commercial AWS partition, such as "eu-west-1"';
const cidr = 'be a CIDR range: an address, a slash and a prefix length';
const narrowCidr =
  'have a prefix of at least /8 (IPv4) or /16 (IPv6); leave allowedCidrs out to allow any address';
const publicCidr = 'be public addresses: these are private, reserved or for documentation';
const fileName = 'be the name of a file in config/mappings/ without .json, such as "purchase"';
const denied = 'be an identity or a pattern such as "*@test.shop.test"';
const dedupeWindow = 'be a whole number of minutes from 0 to 1440';
const batchWindow = 'be a whole number of seconds from 1 to 300';
const tagKey =
  'must have a valid tag key: 1 to 128 letters, digits, spaces and _.:/=+@-, not starting or ending with a space';
const tagValue =
  'be a string of 1 to 256 letters, digits, spaces and _.:/=+@-, not starting or ending with a space';
const eventsPerMinute = 'be 0 (no limit) or a whole number from 600 to 15000, the limit of Heap';

/** Set by this app, to find orphaned queues. IAM, unlike other services, ignores the case of a key. */
const ownTags = ['application', 'environment'];

/** CloudFormation refuses empty values, and services differ in how they treat surrounding spaces. */
const tagText = (longest: number): RegExp =>
  new RegExp(`^(?! )[\\p{L}\\p{N} _.:/=+@-]{1,${longest}}(?<! )$`, 'u');

const tagsSchema = z
  .record(z.string().regex(tagText(128)), z.string(must(tagValue)).regex(tagText(256), must(tagValue)), {
    error: ({ code }) =>
      code === 'invalid_key' ? tagKey : 'must be an object such as { "cost-center": "marketing" }',
  })
  .superRefine((tags, context) => {
    const keys = Object.keys(tags);
    // AWS allows 50 per resource; two are ours.
    if (keys.length > 48) context.addIssue('must have at most 48 tags');
    const lowerCase = keys.map((key) => key.toLowerCase());
    for (const [index, key] of keys.entries()) {
      const folded = key.toLowerCase();
      const problem = ownTags.includes(folded)
        ? 'must have another key: this app sets this tag itself'
        : folded.startsWith('aws:')
          ? 'must have another key: AWS reserves the prefix aws:'
          : lowerCase.indexOf(folded) < index
            ? 'must have another key: IAM ignores the case of keys'
            : undefined;
      if (problem !== undefined) context.addIssue({ code: 'custom', path: [key], message: problem });
    }
  });

/** The settings that environments share with the construct. */
export const pipelineFields = {
  /** Where Heap receives events: its region, or a base URL if Heap gave you another one. */
  heap: heapSchema,
  /** Names of the API keys that may call the webhook; two while one is being rotated. */
  apiKeys: z
    .array(z.string(must(keyName)).regex(/^[a-z][a-z0-9]{0,31}$/, must(keyName)), must(apiKeyNames))
    .min(1, must('have at least one key: every call needs one'))
    .max(10, must('have at most ten keys'))
    .refine(isDistinct, must('not list a key twice')),
  /** IPv4 or IPv6 ranges that may call the webhook; absent: any address with a valid key. */
  allowedCidrs: z
    .array(
      z
        .union([z.cidrv4(), z.cidrv6()], must(cidr))
        .refine((range) => problemOfRange(range) !== 'too wide', must(narrowCidr))
        .refine((range) => problemOfRange(range) !== 'not public', must(publicCidr)),
      must('be a list of CIDR ranges'),
    )
    .min(1, must('have at least one range; leave the key out to allow any address'))
    .optional(),
  /** `create` in the first environment of an account and region, `exists` in all others. */
  apiGatewayLogRole: z.enum(
    ['create', 'exists'],
    must('be "create" (once in an account and region) or "exists"'),
  ),
  /** Profile fields that identify a user, best first. */
  identityOrder: z
    .array(
      z.enum(identityFields, must(`be one of ${identityFields.map((name) => `"${name}"`).join(', ')}`)),
      must('be a list of profile fields'),
    )
    .min(1, must('have at least one field'))
    .refine(isDistinct, must('not list a field twice'))
    .default(['identity', 'email']),
  /** Event names by `targetId`, for campaigns whose webhooks do not name their event. */
  campaigns: z
    .record(
      z.string().regex(/^\d+$/),
      z.string(must('be the name of an event')).trim().min(1, must('be the name of an event')),
      {
        error: ({ code }) =>
          code === 'invalid_key'
            ? 'must have a campaign id as its key: the targetId of its webhooks, in digits'
            : 'must be an object such as { "1650000001": "Reminder Sent" }',
      },
    )
    .default({}),
  /** Identities to refuse besides the built-in placeholders; `*` matches any string. */
  deniedIdentities: z
    .array(z.string(must(denied)).trim().regex(/[^*]/, must(denied)), must('be a list of patterns'))
    .default([]),
  /** Equal events of a user within this many minutes count once. 0: only within one webhook call. */
  dedupeWindowMinutes: z
    .int(must(dedupeWindow))
    .min(0, must(dedupeWindow))
    .max(1440, must(dedupeWindow))
    .default(10),
  /** Maximum events a minute sent to Heap, which allows 15,000 per app across all senders. 0: no limit. */
  maxEventsPerMinute: z
    .int(must(eventsPerMinute))
    .refine((events) => events === 0 || (events >= 600 && events <= 15_000), must(eventsPerMinute))
    .default(12_000),
  /** How long a batch may wait for more messages before it is delivered. */
  batchWindowSeconds: z
    .int(must(batchWindow))
    .min(1, must(batchWindow))
    .max(300, must(batchWindow))
    .default(5),
};

/**
 * The settings of one environment, all listed in docs/configuration.md. Unknown keys are errors: a misspelt
 * key would silently deploy the default.
 */
const environmentSchema = z
  .strictObject(
    {
      /** AWS account and region. Absent: those of the deploying credentials. */
      account: z
        .string(must('be the 12 digits of an AWS account id, as a string'))
        .regex(/^\d{12}$/, must('be the 12 digits of an AWS account id'))
        .optional(),
      region: z
        .string(must(region))
        .refine((name) => regions.has(name), must(region))
        .optional(),
      /** Tags of the stack and its resources, besides `application` and `environment`. */
      tags: tagsSchema.default({}),
      /** Whether CloudFormation refuses to delete the stack. */
      terminationProtection: z.boolean(must('be true or false')).default(true),
      ...pipelineFields,
      /** Own domain for the webhook. If the API is ever rebuilt, campaigns keep their URL. */
      domain: domainSchema.optional(),
      /** Rule files in `config/mappings/`, without `.json`; the first rule that matches an event applies. */
      mappings: z
        .array(
          z.string(must(fileName)).regex(/^[a-z0-9][a-z0-9-]*$/, must(fileName)),
          must('be a list of file names'),
        )
        .refine(isDistinct, must('not list a file twice'))
        .default([]),
      /** Who is notified when something is wrong. Having no alarms takes an explicit `'none'`. */
      alarms: z.union([z.literal('none'), alarmsSchema], must(alarmChoice)),
      /** How long CloudWatch keeps the function's and the endpoint's logs. */
      logRetentionDays: z
        .number(must('be a number of days'))
        .transform((days, context) => {
          const retention = logRetentions.find((known) => known === days);
          if (retention !== undefined) return retention;
          context.addIssue(`must be one of ${logRetentions.join(', ')}`);
          return z.NEVER;
        })
        .prefault(30),
    },
    must('be the settings of an environment'),
  )
  .superRefine(({ account, region: stackRegion, domain, alarms }, context) => {
    const arns: [path: string[], arn: string | undefined][] = [
      [['domain', 'certificateArn'], domain?.certificateArn],
      ...(['page', 'ticket'] as const).map((severity): [string[], string | undefined] => {
        const destination = alarms === 'none' ? undefined : alarms[severity];
        const arn = destination && 'topicArn' in destination ? destination.topicArn : undefined;
        return [['alarms', severity, 'topicArn'], arn];
      }),
    ];
    const missing = new Set<string>();
    for (const [path, arn = ''] of arns) {
      const [, , , ofRegion = '', ofAccount = ''] = arn.split(':');
      if (arn === '') continue;
      for (const [key, own, theirs] of [
        ['region', stackRegion, ofRegion],
        ['account', account, ofAccount],
      ] as const) {
        if (own === theirs) continue;
        if (own !== undefined) {
          context.addIssue({ code: 'custom', path, message: `must be in the stack's ${key}, "${own}"` });
        } else if (!missing.has(key)) {
          // Without the setting, the credentials decide, and the ARN may not exist there.
          missing.add(key);
          context.addIssue({
            code: 'custom',
            path: [key],
            message: `must be "${theirs}", as in ${path.join('.')}`,
          });
        }
      }
    }
  });

/** The settings that a file in `config/` may have. */
export type EnvironmentSettings = z.input<typeof environmentSchema>;

/** The same, checked and with every default filled in. */
export type EnvironmentConfig = z.output<typeof environmentSchema>;

/**
 * Invalid settings in `config/`: one line per mistake, with the file, the key, the value and what is allowed.
 */
export class EnvironmentConfigError extends Error {
  override readonly name = 'EnvironmentConfigError';
}

/** Known keys by their path, e.g. `domain.hostedZone`. */
type Shapes = Readonly<Record<string, object>>;

const shapes: Shapes = {
  '': environmentSchema.shape,
  heap: heapSchema.in.shape,
  domain: domainSchema.shape,
  'domain.hostedZone': zoneSchema.shape,
  alarms: alarmsSchema.shape,
  'alarms.page': destinationSchema.in.shape,
  'alarms.ticket': destinationSchema.in.shape,
  'alarms.expectedTraffic': expectedTrafficSchema.shape,
};

/**
 * Checks the settings of one environment.
 *
 * @param file named in messages, e.g. `config/dev.ts`
 * @throws {EnvironmentConfigError} listing every mistake at once
 */
export function parseEnvironment(file: string, settings: unknown): EnvironmentConfig {
  const result = environmentSchema.safeParse(settings);
  if (result.success) return result.data;
  throw new EnvironmentConfigError(mistakesOf(result.error, { where: file, settings, shapes }).join('\n'));
}

/** Settings as written in a file. */
interface Written {
  /** The start of each line, e.g. `config/dev.ts`. */
  readonly where: string;
  readonly settings: unknown;
  readonly shapes: Shapes;
}

/** One line per mistake that a schema found, with the key, the value and what is allowed. */
export const mistakesOf = (error: z.ZodError, written: Written): string[] =>
  error.issues.flatMap((issue) => withinUnion(issue, written)).map((issue) => describe(issue, written));

/** For a key that takes a word or an object: the mistakes in the object, if there is one. */
function withinUnion(issue: z.core.$ZodIssue, { settings }: Written): z.core.$ZodIssue[] {
  const value = issue.path.reduce(valueAt, settings);
  if (issue.code !== 'invalid_union' || typeof value !== 'object' || value === null) return [issue];
  const ofObject = issue.errors.at(-1) ?? [];
  return ofObject.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function describe(issue: z.core.$ZodIssue, written: Written): string {
  const at = (key: readonly PropertyKey[]): string =>
    [written.where, key.join('.')].filter((part) => part !== '').join(': ');
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(written.shapes[issue.path.join('.')] ?? {}).join(', ');
    return issue.keys
      .map((key) => `${at([...issue.path, key])}: unknown key; known here: ${known}`)
      .join('\n');
  }
  return `${at(issue.path)}: ${issue.message}; got ${show(issue.path.reduce(valueAt, written.settings))}`;
}

/** A value as written, without URL credentials or local parts of addresses: build logs show messages. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const seen = new Set<unknown>();
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'function' || typeof inner === 'symbol') return typeof inner;
    if (typeof inner === 'object' && inner !== null && seen.size === seen.add(inner).size) return '…';
    // A CDK object describes itself, and may contain cycles.
    const shown = typeof inner === 'bigint' || isOfClass(inner) ? inner.toString() : inner;
    // Up to the last @: a password may contain anything, slashes and spaces included.
    return typeof shown === 'string' ? shown.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^]*@/i, '$1…@') : shown;
  }).replace(/[\w.+-]+@/g, '…@');
}

function isOfClass(value: unknown): value is { toString(): string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

/** The member of an object; undefined of anything else. */
export function valueAt(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
