import { isIP } from 'node:net';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';
import { identityFields } from '../lambda/forwarder/contract';

/** Heap's documented ingestion hosts by region (developers.heap.io, "EU data residency"). */
const heapRegions = { us: 'https://heapanalytics.com', eu: 'https://c.eu.heap-api.com' };

/** Retention periods CloudWatch Logs accepts, in days, as far as they make sense for a delivery log. */
const logRetentions = new Map([
  [7, RetentionDays.ONE_WEEK],
  [14, RetentionDays.TWO_WEEKS],
  [30, RetentionDays.ONE_MONTH],
  [60, RetentionDays.TWO_MONTHS],
  [90, RetentionDays.THREE_MONTHS],
  [180, RetentionDays.SIX_MONTHS],
  [365, RetentionDays.ONE_YEAR],
]);

const heapSchema = z
  .strictObject({
    region: z.enum(['us', 'eu']).optional(),
    baseUrl: z.string().optional(),
  })
  .transform((heap, context) => {
    if ((heap.region === undefined) === (heap.baseUrl === undefined)) {
      context.addIssue('set either region ("us" or "eu") or baseUrl ("https://…"), and only one of them');
      return z.NEVER;
    }
    if (heap.region !== undefined) return { baseUrl: heapRegions[heap.region] };
    const problem = baseUrlProblem(heap.baseUrl ?? '');
    if (problem === undefined) return { baseUrl: new URL(heap.baseUrl ?? '').origin };
    context.addIssue({ code: 'custom', path: ['baseUrl'], message: problem });
    return z.NEVER;
  });

/**
 * The settings of one environment. Every key is listed in docs/configuration.md; an unknown key is an error,
 * because a misspelt one would silently deploy the default.
 */
const environmentSchema = z.strictObject({
  /** AWS account and region; absent: those of the credentials that deploy. */
  account: z
    .string()
    .regex(/^\d{12}$/, 'must be the 12 digits of an AWS account id')
    .optional(),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be an AWS region such as "eu-west-1"')
    .optional(),
  /** Where Heap receives events: its region, or a base URL if Heap gave you another one. */
  heap: heapSchema,
  /** Names of the API keys that may call the webhook; two while one is being rotated. */
  apiKeys: z
    .array(z.string().regex(/^[a-z][a-z0-9]{0,31}$/, 'must be a name such as "k1": up to 32 of a-z and 0-9'))
    .min(1, 'must name at least one key, or nobody can call the webhook')
    .max(10, 'must name at most ten keys')
    .refine((names) => new Set(names).size === names.length, 'must not name a key twice'),
  /** IPv4 or IPv6 ranges that may call the webhook; absent: any address with a valid key. */
  allowedCidrs: z
    .array(z.union([z.cidrv4(), z.cidrv6()], 'must be a CIDR range such as "203.0.113.0/24"'))
    .min(1, 'must list at least one range; leave the key out to allow any address')
    .optional(),
  /** Own domain of the webhook, so that a rebuilt API never means editing every campaign. */
  domain: z
    .strictObject({
      name: z.hostname('must be a host name such as "hooks.shop.test"'),
      certificateArn: z
        .string()
        .regex(/^arn:[a-z-]+:acm:/, 'must be the ARN of a certificate in AWS Certificate Manager'),
    })
    .optional(),
  /** `create` in the first environment of an account and region, `exists` in all others. */
  apiGatewayLogRole: z.enum(['create', 'exists']),
  /** Profile fields that identify a user, best first. */
  identityOrder: z
    .array(z.enum(identityFields))
    .min(1, 'must name at least one field')
    .default(['identity', 'email']),
  /** Equal events of one user within this many minutes count once; 0: only within one webhook call. */
  dedupeWindowMinutes: z.int().min(0).max(1440).default(10),
  /** How long a batch may wait for more messages before it is delivered. */
  batchWindowSeconds: z.int().min(1).max(300).default(5),
  /** How long CloudWatch keeps the function's and the endpoint's logs. */
  logRetentionDays: z
    .number()
    .transform((days, context) => {
      const retention = logRetentions.get(days);
      if (retention !== undefined) return retention;
      context.addIssue(`must be one of ${[...logRetentions.keys()].join(', ')}`);
      return z.NEVER;
    })
    .prefault(30),
});

/** What a file in `config/` may say. */
export type EnvironmentSettings = z.input<typeof environmentSchema>;

/** The same, checked and with every default filled in. */
export type EnvironmentConfig = z.output<typeof environmentSchema>;

/** A mistake in `config/`: one line for each, naming file and key, the value got, and what is allowed. */
export class EnvironmentConfigError extends Error {
  override readonly name = 'EnvironmentConfigError';
}

/**
 * Checks the settings of one environment.
 *
 * @param file where they stand, for the message, e.g. `config/dev.ts`
 * @throws {EnvironmentConfigError} listing every mistake at once
 */
export function parseEnvironment(file: string, settings: unknown): EnvironmentConfig {
  const result = environmentSchema.safeParse(settings);
  if (result.success) return result.data;
  throw new EnvironmentConfigError(
    result.error.issues.map((issue) => describe(file, issue, settings)).join('\n'),
  );
}

function describe(file: string, issue: z.core.$ZodIssue, settings: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(
      issue.path.length === 0 ? environmentSchema.shape : (nested[issue.path.join('.')] ?? {}),
    );
    return issue.keys
      .map(
        (key) => `${file}: ${[...issue.path, key].join('.')}: unknown key; known here: ${known.join(', ')}`,
      )
      .join('\n');
  }
  const got = issue.path.reduce<unknown>(valueAt, settings);
  const value = got === undefined ? 'nothing' : JSON.stringify(got);
  return `${file}: ${issue.path.join('.')}: ${issue.message}; got ${value}`;
}

const nested: Record<string, object> = {
  heap: heapSchema.in.shape,
  domain: environmentSchema.shape.domain.unwrap().shape,
};

function valueAt(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/**
 * Why Heap must not be reached by this URL, if so. The events carry personal data: they go to a public host
 * over TLS or nowhere (F58).
 */
function baseUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL such as "https://heap.shop.test"';
  const url = new URL(text);
  if (url.hostname === 'eu.heapanalytics.com') {
    return 'is the web application of Heap EU and does not receive events; set region: "eu" (https://c.eu.heap-api.com)';
  }
  if (url.protocol !== 'https:') return 'must start with https://';
  if (url.username !== '' || url.password !== '')
    return 'must not carry credentials; they belong in the secret';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'must be an origin without path or query';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return 'must name a host, not an IP address';
  if (!host.includes('.') || /\.(local|internal|localhost)$/.test(host)) return 'must name a public host';
  return undefined;
}
