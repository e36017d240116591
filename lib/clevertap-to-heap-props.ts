import { readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { Token, type Duration } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import * as z from 'zod';
import type { IdentityField } from '../lambda/contract';
import type { MappingRule, MappingSettings } from '../lambda/mapping/rule-format';
import {
  disableExecuteApiEndpointSchema,
  docsUrlSchema,
  domainNameSchema,
  emailsSchema,
  expectedTrafficSchema,
  mistakesOf,
  pipelineFields,
  valueAt,
} from './config/environment-config';
import { plainData } from './plain-data';
import { describeRuleError } from './config/rule-files';
import { parseRules, type RuleError } from './config/rule-parser';
import type { ExpectedTraffic } from './observe/pipeline-alarms';

/** Props of the pipeline from CleverTap to Heap. Defaults match those of an environment in `config/`. */
export interface ClevertapToHeapProps {
  /** Where Heap receives events: its region, or a base URL if Heap gave you another one. */
  readonly heap: HeapLocation;
  /**
   * Names of the API keys that may call the webhook, two while one is being rotated; renaming one replaces its value.
   *
   * @default ['k1']
   */
  readonly apiKeys?: readonly string[];
  /**
   * IPv4 or IPv6 ranges that may call the webhook.
   *
   * @default - any address that sends a valid key
   */
  readonly allowedCidrs?: readonly string[];
  /**
   * Your own domain for the webhook. If the API is ever rebuilt, campaigns keep their URL.
   *
   * @default - only the generated `execute-api` host
   */
  readonly domain?: WebhookDomainProps;
  /**
   * Whether to create API Gateway's logging role: one per account and region, shared by all APIs.
   *
   * @default 'exists'
   */
  readonly apiGatewayLogRole?: 'create' | 'exists';
  /**
   * Profile fields that identify a user, best first.
   *
   * @default ['identity', 'email']
   */
  readonly identityOrder?: readonly IdentityField[];
  /**
   * How CleverTap events are mapped to Heap events.
   *
   * @default - the default mapping alone
   */
  readonly mapping?: MappingProps;
  /**
   * Equal events of a user within this time count once. Whole minutes up to a day; zero: only within one call.
   *
   * @default Duration.minutes(10)
   */
  readonly dedupeWindow?: Duration;
  /**
   * Maximum events a minute sent to Heap, which allows 15,000 per app across all senders. 0 means no limit.
   *
   * @default 12000
   */
  readonly maxEventsPerMinute?: number;
  /**
   * How long a batch may wait for more messages before it is delivered: 1 to 300 seconds.
   *
   * @default Duration.seconds(5)
   */
  readonly batchWindow?: Duration;
  /**
   * Who is notified when something is wrong; `'none'` creates no alarms.
   *
   * @default - topics without subscriptions, with a warning at synthesis
   */
  readonly alarms?: AlarmProps | 'none';
  /**
   * How long CloudWatch keeps the function's and the endpoint's logs.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}

/** Where Heap receives events. */
export type HeapLocation =
  | {
      /** Heap's region. */
      readonly region: 'us' | 'eu';
    }
  | {
      /** An `https://` origin that Heap gave you. */
      readonly baseUrl: string;
    };

/** Your own domain for the webhook. */
export interface WebhookDomainProps {
  /** The host, in lower case. */
  readonly name: string;
  /** A certificate for it, in the same account and region as the stack. */
  readonly certificate: ICertificate;
  /**
   * The public hosted zone that gets the record.
   *
   * @default - no record: create it yourself
   */
  readonly hostedZone?: IHostedZone;
  /**
   * Whether the generated host refuses requests. Enable it once no campaign uses it: refused requests are lost.
   *
   * @default false
   */
  readonly disableExecuteApiEndpoint?: boolean;
}

/** How CleverTap events are mapped to Heap events. */
export interface MappingProps {
  /**
   * Rules, or paths of JSON files with one or a list of them; the first rule that matches an event applies.
   *
   * @default - none
   */
  readonly rules?: readonly (MappingRuleProps | string)[];
  /**
   * Event names by `targetId`, for campaigns whose webhooks do not name their event.
   *
   * @default - none
   */
  readonly campaigns?: Readonly<Record<string, string>>;
  /**
   * Identities to refuse besides the built-in placeholders; `*` matches any string.
   *
   * @default - none
   */
  readonly deniedIdentities?: readonly string[];
}

/** A rule as written in a rule file. */
export type MappingRuleProps = Omit<MappingRule, 'name'>;

/** Who is notified when something is wrong. */
export interface AlarmProps {
  /**
   * Who is paged, day and night, when events are being lost or delayed.
   *
   * @default - a topic without subscriptions, with a warning at synthesis
   */
  readonly page?: AlarmRecipients;
  /**
   * Who is notified of what can wait for the next working day.
   *
   * @default - a topic without subscriptions, with a warning at synthesis
   */
  readonly ticket?: AlarmRecipients;
  /**
   * Minimum of accepted requests in a number of hours; fewer raise an alarm.
   *
   * @default - silence is normal
   */
  readonly expectedTraffic?: ExpectedTraffic;
  /**
   * The `https://` URL of a folder with this package's `docs`; notices link to the runbook there.
   *
   * @default - notices name the file in this package
   */
  readonly docsUrl?: string;
}

/** Recipients of notices. */
export type AlarmRecipients =
  | {
      /** Email addresses; each must confirm a mail from AWS. */
      readonly emails: readonly string[];
    }
  | {
      /** Your own standard topic, for a pager or a chat; its policy must let CloudWatch publish. */
      readonly topic: ITopic;
    };

/** Invalid props: one line per mistake, with the prop, the value and what is allowed. */
export class ClevertapToHeapPropsError extends Error {
  /** The name of the class, as for every error. */
  override readonly name = 'ClevertapToHeapPropsError';
}

const must = (sentence: string): string => `must ${sentence}`;

/** Checks a member, not the class: another copy of CDK has other classes. */
const having = <T>(member: string, error: string): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === 'object' && value !== null && member in value, {
    error,
    abort: true,
  });

const certificate = having<ICertificate>(
  'certificateArn',
  must('be a certificate, such as Certificate.fromCertificateArn(this, "Certificate", "arn:…")'),
);
const hostedZone = having<IHostedZone>(
  'hostedZoneId',
  must('be a hosted zone, such as HostedZone.fromHostedZoneAttributes(this, "Zone", { … })'),
);
const topic = having<ITopic>(
  'topicArn',
  must('be a topic, such as Topic.fromTopicArn(this, "Pager", "arn:…")'),
).refine(
  ({ fifo, topicArn }) => !fifo && !topicArn.endsWith('.fifo'),
  must('be a standard topic: CloudWatch cannot publish to a FIFO topic'),
);
const duration = (example: string): z.ZodType<Duration> =>
  having<Duration>('toMilliseconds', must(`be a Duration, such as Duration.${example}`)).refine(
    (window) => !window.isUnresolved(),
    {
      error: must(`be known at synthesis, such as Duration.${example}: this one is made of a token`),
      abort: true,
    },
  );

const domainSchema = z
  .strictObject(
    {
      name: domainNameSchema,
      certificate,
      hostedZone: hostedZone.optional(),
      disableExecuteApiEndpoint: disableExecuteApiEndpointSchema,
    },
    must('have a name and a certificate'),
  )
  .superRefine(({ name, hostedZone: zone }, context) => {
    const message = zone && problemOfZone(zone, name);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['hostedZone'], message });
  });

/** What is wrong with a hosted zone for a host; undefined also if the zone's name is a token. */
function problemOfZone(zone: IHostedZone, host: string): string | undefined {
  let zoneName: string;
  try {
    ({ zoneName } = zone);
  } catch {
    return must('have a name: import it with HostedZone.fromHostedZoneAttributes or fromLookup');
  }
  const parent = zoneName.replace(/\.$/, '').toLowerCase();
  return Token.isUnresolved(zoneName) || `.${host}`.endsWith(`.${parent}`)
    ? undefined
    : must(`be the zone of ${host} or of a parent domain of it, and this one is of ${parent}`);
}

const recipientsSchema = z
  .strictObject(
    { emails: emailsSchema.optional(), topic: topic.optional() },
    must('be { emails: ["…"] } or { topic }'),
  )
  .transform((recipients, context): { emails: string[] } | { topic: ITopic } => {
    if (recipients.emails !== undefined && recipients.topic === undefined)
      return { emails: recipients.emails };
    if (recipients.topic !== undefined && recipients.emails === undefined) return { topic: recipients.topic };
    context.addIssue('must have either emails or topic, not both');
    return z.NEVER;
  });

const alarmsSchema = z.strictObject(
  {
    page: recipientsSchema.optional(),
    ticket: recipientsSchema.optional(),
    expectedTraffic: expectedTrafficSchema.optional(),
    docsUrl: docsUrlSchema.default('docs'),
  },
  must('be { page, ticket }, or "none"'),
);

const mappingSchema = z.strictObject(
  {
    rules: z.array(plainData, must('be a list of rules and paths of rule files')).default([]),
    campaigns: plainData.optional().pipe(pipelineFields.campaigns),
    deniedIdentities: plainData.optional().pipe(pipelineFields.deniedIdentities),
  },
  must('be { rules, campaigns, deniedIdentities }'),
);

const {
  campaigns: _,
  deniedIdentities: __,
  dedupeWindowMinutes,
  batchWindowSeconds,
  ...fields
} = pipelineFields;

const propsSchema = z.strictObject(
  {
    ...fields,
    apiKeys: fields.apiKeys.default(['k1']),
    apiGatewayLogRole: fields.apiGatewayLogRole.default('exists'),
    domain: domainSchema.optional(),
    mapping: mappingSchema.prefault({}),
    dedupeWindow: duration('minutes(10)')
      .transform((window) => window.toMinutes({ integral: false }))
      .optional()
      .pipe(dedupeWindowMinutes),
    batchWindow: duration('seconds(5)')
      .transform((window) => window.toSeconds({ integral: false }))
      .optional()
      .pipe(batchWindowSeconds),
    alarms: z.union([z.literal('none'), alarmsSchema], must('be { page, ticket }, or "none"')).prefault({}),
    logRetention: z
      .enum(RetentionDays, must('be one of RetentionDays, such as RetentionDays.ONE_MONTH'))
      .default(RetentionDays.ONE_MONTH),
  },
  must('be an object such as { heap: { region: "us" } }'),
);

const shapes = {
  '': propsSchema.shape,
  heap: pipelineFields.heap.in.shape,
  domain: domainSchema.shape,
  mapping: mappingSchema.shape,
  alarms: alarmsSchema.shape,
  'alarms.page': recipientsSchema.in.shape,
  'alarms.ticket': recipientsSchema.in.shape,
  'alarms.expectedTraffic': expectedTrafficSchema.shape,
};

/** Checked props with every default filled in. Times are numbers in the unit that AWS takes. */
export interface CheckedProps extends Omit<z.output<typeof propsSchema>, 'mapping'> {
  readonly mapping: MappingSettings;
  /** Parts of the mapping that have no effect. */
  readonly warnings: readonly string[];
}

/** Where the pipeline is deployed; undefined where only the deployment decides. */
export interface DeploymentTarget {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
}

/**
 * Checks props and reads rule files.
 *
 * @param path of the construct, for the messages
 * @param target of the stack, which its topics and its certificate must share
 * @throws {ClevertapToHeapPropsError} listing every mistake
 */
export function checkProps(
  path: string,
  props: ClevertapToHeapProps,
  target: DeploymentTarget = {},
): CheckedProps {
  const where = `ClevertapToHeap ${path}`;
  const result = propsSchema.safeParse(props);
  const issues = result.error?.issues ?? [];
  const given: unknown = valueAt(valueAt(props, 'mapping'), 'rules');
  const rules = (Array.isArray(given) ? given : []).flatMap((rule: unknown, index) => {
    const isReported = issues.some(
      ({ path: [first, second, third] }) => first === 'mapping' && second === 'rules' && third === index,
    );
    return isReported ? [] : [readRules(`${where}: mapping.rules.${index}`, rule, index)];
  });
  const mistakes = [
    ...(result.error === undefined ? [] : mistakesOf(result.error, { where, settings: props, shapes })),
    ...misplaced(props, target).map((mistake) => `${where}: ${mistake}`),
    ...rules.flatMap((read) => read.mistakes),
  ];
  if (!result.success || mistakes.length > 0) throw new ClevertapToHeapPropsError(mistakes.join('\n'));
  const { mapping, ...checked } = result.data;
  return {
    ...checked,
    mapping: { ...mapping, rules: rules.flatMap((read) => read.rules) },
    warnings: rules.flatMap((read) => read.warnings),
  };
}

/** Topics and a certificate that are known to be in another account or region than the stack. */
function misplaced(props: unknown, target: DeploymentTarget): string[] {
  return [
    ['domain', 'certificate', 'certificateArn'],
    ['alarms', 'page', 'topic', 'topicArn'],
    ['alarms', 'ticket', 'topic', 'topicArn'],
  ].flatMap((keys) => {
    const path = keys.slice(0, -1);
    const construct = path.reduce(valueAt, props);
    const arn = keys.reduce(valueAt, props);
    const [, , , ofRegion, ofAccount] = typeof arn === 'string' ? arn.split(':') : [];
    const env = valueAt(construct, 'env');
    return (['account', 'region'] as const).flatMap((key) => {
      const own = target[key];
      // The ARN of a construct of this app is a token, and its stack is known.
      const theirs = (key === 'account' ? ofAccount : ofRegion) ?? valueAt(env, key);
      const isKnown = typeof theirs === 'string' && theirs !== '' && !Token.isUnresolved(theirs);
      return own === undefined || !isKnown || own === theirs
        ? []
        : [`${path.join('.')}: must be in the stack's ${key}, "${own}"; got "${theirs}"`];
    });
  });
}

interface ReadRules {
  readonly rules: readonly MappingRule[];
  readonly mistakes: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Reads an entry of `mapping.rules`: a rule, or a file path relative to the working directory, as CDK
 * resolves assets.
 */
function readRules(where: string, rule: unknown, index: number): ReadRules {
  if (typeof rule !== 'string') {
    const { rules, errors, warnings } = parseRules(`rules[${index}]`, JSON.stringify(rule));
    const describe = ({ key, message }: RuleError): string => [where, key ?? 'rule', message].join(': ');
    return { rules, mistakes: errors.map(describe), warnings: warnings.map(describe) };
  }
  const path = resolve(rule);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    const mistake = `${where}: must be a rule or the path of a readable file; got ${JSON.stringify(rule)}, looked for at ${path}`;
    return { rules: [], mistakes: [mistake], warnings: [] };
  }
  const { rules, errors, warnings } = parseRules(basename(path, '.json'), text);
  const file = relative(process.cwd(), path);
  const describe = (error: RuleError): string => describeRuleError(file, error);
  return { rules, mistakes: errors.map(describe), warnings: warnings.map(describe) };
}
