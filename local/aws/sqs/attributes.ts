import { invalidParameter, SqsError } from './error';
import { MAXIMUM_MESSAGE_SIZE } from './message';

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** The settable attributes of a queue, parsed; in seconds and bytes. */
export interface QueueSettings {
  readonly DelaySeconds: number;
  readonly MaximumMessageSize: number;
  readonly MessageRetentionPeriod: number;
  readonly ReceiveMessageWaitTimeSeconds: number;
  readonly VisibilityTimeout: number;
  readonly RedrivePolicy: RedrivePolicy | undefined;
  /** Encryption and policies, which are stored and returned but have no effect. */
  readonly inert: Readonly<Record<string, string>>;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const RANGES = {
  DelaySeconds: { min: 0, max: 900 },
  MaximumMessageSize: { min: 1024, max: MAXIMUM_MESSAGE_SIZE },
  MessageRetentionPeriod: { min: 60, max: 1_209_600 },
  ReceiveMessageWaitTimeSeconds: { min: 0, max: 20 },
  VisibilityTimeout: { min: 0, max: 43_200 },
} as const;

const INERT = [
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'Policy',
  'RedriveAllowPolicy',
  'SqsManagedSseEnabled',
] as const;

const RECEIVE_COUNTS = { min: 1, max: 1000 };

export const DEFAULT_SETTINGS: QueueSettings = {
  DelaySeconds: 0,
  MaximumMessageSize: MAXIMUM_MESSAGE_SIZE,
  MessageRetentionPeriod: 345_600,
  ReceiveMessageWaitTimeSeconds: 0,
  VisibilityTimeout: 30,
  RedrivePolicy: undefined,
  inert: { SqsManagedSseEnabled: 'true' },
};

/**
 * Applies the Attributes of CreateQueue or SetQueueAttributes to the settings. An empty RedrivePolicy removes it.
 *
 * @throws InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue
 */
export function changeSettings(
  settings: QueueSettings,
  attributes: Readonly<Record<string, string>>,
): QueueSettings {
  return Object.entries(attributes).reduce((changed, [name, value]) => {
    if (isRanged(name)) return { ...changed, [name]: parseRanged(name, value) };
    if (name === 'RedrivePolicy') return { ...changed, RedrivePolicy: parseRedrivePolicy(value) };
    if (isInert(name)) return { ...changed, inert: { ...changed.inert, [name]: value } };
    throw unknownAttribute(name);
  }, settings);
}

/** The settings as GetQueueAttributes returns them. */
export function settingsAsAttributes(settings: QueueSettings): Record<string, string> {
  const { inert, RedrivePolicy: redrivePolicy, ...numbers } = settings;
  const shown = Object.entries({ ...numbers, ...inert }).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return {
    ...Object.fromEntries(shown.filter(([, value]) => value !== '')),
    ...(redrivePolicy && { RedrivePolicy: JSON.stringify(redrivePolicy) }),
  };
}

export function isSettable(name: string): boolean {
  return isRanged(name) || isInert(name) || name === 'RedrivePolicy';
}

export function unknownAttribute(name: string): SqsError {
  return new SqsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
}

export function invalidRedrivePolicy(policy: string, reason: string): SqsError {
  return invalidParameter(`Value ${policy} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
}

function isRanged(name: string): name is keyof typeof RANGES {
  return Object.hasOwn(RANGES, name);
}

function isInert(name: string): boolean {
  return INERT.some((inert) => inert === name);
}

function parseRanged(name: keyof typeof RANGES, value: string): number {
  const { min, max } = RANGES[name];
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw new SqsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
}

function parseRedrivePolicy(json: string): RedrivePolicy | undefined {
  if (json === '') return undefined;
  const policy = parseJson(json);
  if (typeof policy !== 'object' || policy === null)
    throw invalidRedrivePolicy(json, 'Redrive policy is not a valid JSON map.');

  const { deadLetterTargetArn, maxReceiveCount }: Readonly<Record<string, unknown>> = { ...policy };
  if (typeof deadLetterTargetArn !== 'string') {
    throw invalidRedrivePolicy(
      json,
      'Redrive policy does not contain mandatory attribute: deadLetterTargetArn.',
    );
  }
  const count = typeof maxReceiveCount === 'string' ? Number(maxReceiveCount) : maxReceiveCount;
  const { min, max } = RECEIVE_COUNTS;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < min || count > max) {
    throw invalidRedrivePolicy(
      json,
      `Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, valid values are from ${min} to ${max} both inclusive.`,
    );
  }
  return { deadLetterTargetArn, maxReceiveCount: count };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
