import { readFileSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import type { Duration } from 'aws-cdk-lib';
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
} from './config/environment-config';
import { describeRuleError } from './config/rule-files';
import { parseRules, type RuleError } from './config/rule-parser';
import type { ExpectedTraffic } from './observe/pipeline-alarms';

/** What a pipeline from CleverTap to Heap is made with; every default is that of an environment in `config/`. */
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
   * A domain of yours for the webhook, so that a rebuilt API never means editing every campaign.
   *
   * @default - only the generated `execute-api` host
   */
  readonly domain?: WebhookDomainProps;
  /**
   * Whether to create the role by which API Gateway writes logs: one per account and region, shared by all APIs.
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
   * How CleverTap's events become Heap's.
   *
   * @default - the default mapping alone
   */
  readonly mapping?: MappingProps;
  /**
   * Equal events of one user within this time count once: whole minutes up to a day; zero is only within one call.
   *
   * @default Duration.minutes(10)
   */
  readonly dedupeWindow?: Duration;
  /**
   * Events a minute sent to Heap at most, of the 15,000 it allows an app and all its senders; 0 is no limit.
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
   * Who is told when something is wrong; `'none'` in words for no alarms.
   *
   * @default - alarms that notify topics without subscriptions, of which the synthesis warns
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

/** A domain of the webhook. */
export interface WebhookDomainProps {
  /** The host, in lower case. */
  readonly name: string;
  /** A certificate for it, in the stack's account and region. */
  readonly certificate: ICertificate;
  /**
   * The public hosted zone that gets the record.
   *
   * @default - no record: somebody else makes it
   */
  readonly hostedZone?: IHostedZone;
  /**
   * Whether the generated host refuses requests; true once no campaign uses it, since a refused request is lost.
   *
   * @default false
   */
  readonly disableExecuteApiEndpoint?: boolean;
}

/** How CleverTap's events become Heap's. */
export interface MappingProps {
  /**
   * Rules, or paths of JSON files with one or a list of them; the first rule that matches an event applies.
   *
   * @default - none
   */
  readonly rules?: readonly (MappingRuleProps | string)[];
  /**
   * Event names by `targetId`, for campaigns whose webhooks name their event nowhere else.
   *
   * @default - none
   */
  readonly campaigns?: Readonly<Record<string, string>>;
  /**
   * Identities to refuse besides the built-in placeholders; `*` stands for any string.
   *
   * @default - none
   */
  readonly deniedIdentities?: readonly string[];
}

/** A rule as it stands in a file of rules. */
export type MappingRuleProps = Omit<MappingRule, 'name'>;

/** Who is told when something is wrong. */
export interface AlarmProps {
  /**
   * Who is called for what loses or delays events now, at night as well.
   *
   * @default - a topic without subscriptions, of which the synthesis warns
   */
  readonly page?: AlarmRecipients;
  /**
   * Who is told of what can wait for the next working day.
   *
   * @default - a topic without subscriptions, of which the synthesis warns
   */
  readonly ticket?: AlarmRecipients;
  /**
   * Fewer accepted requests than these in these hours are an alarm.
   *
   * @default - silence is normal
   */
  readonly expectedTraffic?: ExpectedTraffic;
  /**
   * The `https://` URL of a folder with this package's `docs`, for the links of notices to the runbook.
   *
   * @default - notices name the file in this package
   */
  readonly docsUrl?: string;
}

/** Who gets notices. */
export type AlarmRecipients =
  | {
      /** Addresses, each of which must confirm a mail from AWS. */
      readonly emails: readonly string[];
    }
  | {
      /** A standard topic of yours, for a pager or a chat; its policy must let CloudWatch publish. */
      readonly topic: ITopic;
    };

/** A mistake in the props: a line for each, with prop, value and what is allowed. */
export class ClevertapToHeapPropsError extends Error {
  /** As of every error: what its class is called. */
  override readonly name = 'ClevertapToHeapPropsError';
}

const must = (sentence: string): string => `must ${sentence}`;

/** Of another copy of CDK they are instances of other classes. */
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
);
const duration = (example: string): z.ZodType<Duration> =>
  having<Duration>('toMilliseconds', must(`be a Duration, such as Duration.${example}`));

const domainSchema = z.strictObject(
  {
    name: domainNameSchema,
    certificate,
    hostedZone: hostedZone.optional(),
    disableExecuteApiEndpoint: disableExecuteApiEndpointSchema,
  },
  must('have a name and a certificate'),
);

const recipientsSchema = z
  .strictObject(
    { emails: emailsSchema.optional(), topic: topic.optional() },
    must('be { emails: ["…"] } or { topic }'),
  )
  .transform((recipients, context): { emails: string[] } | { topic: ITopic } => {
    if (recipients.emails !== undefined && recipients.topic === undefined)
      return { emails: recipients.emails };
    if (recipients.topic !== undefined && recipients.emails === undefined) return { topic: recipients.topic };
    context.addIssue('set either emails or topic, and only one of them');
    return z.NEVER;
  });

const alarmsSchema = z.strictObject(
  {
    page: recipientsSchema.optional(),
    ticket: recipientsSchema.optional(),
    expectedTraffic: expectedTrafficSchema.optional(),
    docsUrl: docsUrlSchema.default('docs'),
  },
  must('be { page, ticket }, or "none" where nobody is to be told'),
);

const mappingSchema = z.strictObject(
  {
    rules: z.array(z.unknown(), must('be a list of rules and paths of rule files')).default([]),
    campaigns: pipelineFields.campaigns,
    deniedIdentities: pipelineFields.deniedIdentities,
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

/** Props, checked and with every default filled in; times are numbers of the unit that AWS takes. */
export interface CheckedProps extends Omit<z.output<typeof propsSchema>, 'mapping'> {
  readonly mapping: MappingSettings;
  /** What the mapping has without an effect. */
  readonly warnings: readonly string[];
}

/**
 * Checks props and reads the files of rules.
 *
 * @param path of the construct, for the messages
 * @throws {ClevertapToHeapPropsError} listing every mistake
 */
export function checkProps(path: string, props: ClevertapToHeapProps): CheckedProps {
  const where = `ClevertapToHeap ${path}`;
  const result = propsSchema.safeParse(props);
  if (!result.success) {
    const mistakes = mistakesOf(result.error, { where, settings: props, shapes });
    throw new ClevertapToHeapPropsError(mistakes.join('\n'));
  }
  const { mapping, ...checked } = result.data;
  const rules = mapping.rules.map((rule, index) =>
    readRules(`${where}: mapping.rules.${index}`, rule, index),
  );
  const mistakes = rules.flatMap((read) => read.mistakes);
  if (mistakes.length > 0) throw new ClevertapToHeapPropsError(mistakes.join('\n'));
  return {
    ...checked,
    mapping: { ...mapping, rules: rules.flatMap((read) => read.rules) },
    warnings: rules.flatMap((read) => read.warnings),
  };
}

interface ReadRules {
  readonly rules: readonly MappingRule[];
  readonly mistakes: readonly string[];
  readonly warnings: readonly string[];
}

/** Reads what stands in the place of a rule: a rule, or the path of a file as CDK takes paths of assets. */
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
    const mistake = `${where}: must be a rule, or the path of a file that can be read; got ${JSON.stringify(rule)}`;
    return { rules: [], mistakes: [mistake], warnings: [] };
  }
  const { rules, errors, warnings } = parseRules(basename(path, '.json'), text);
  const file = relative(process.cwd(), path);
  const describe = (error: RuleError): string => describeRuleError(file, error);
  return { rules, mistakes: errors.map(describe), warnings: warnings.map(describe) };
}
