import { AwsError } from '../error';

/**
 * Query code and HTTP status of each error, from the API's service model (traits `awsQueryError` and `httpError`).
 * The JSON protocol uses the same status.
 */
const ERRORS = {
  BatchEntryIdsNotDistinct: ['AWS.SimpleQueueService.BatchEntryIdsNotDistinct', 400],
  BatchRequestTooLong: ['AWS.SimpleQueueService.BatchRequestTooLong', 400],
  EmptyBatchRequest: ['AWS.SimpleQueueService.EmptyBatchRequest', 400],
  InvalidAction: ['InvalidAction', 400],
  InvalidAddress: ['InvalidAddress', 404],
  InvalidAttributeName: ['InvalidAttributeName', 400],
  InvalidAttributeValue: ['InvalidAttributeValue', 400],
  InvalidBatchEntryId: ['AWS.SimpleQueueService.InvalidBatchEntryId', 400],
  InvalidMessageContents: ['InvalidMessageContents', 400],
  InvalidParameterValue: ['InvalidParameterValue', 400],
  MessageNotInflight: ['AWS.SimpleQueueService.MessageNotInflight', 400],
  MissingParameter: ['MissingParameter', 400],
  OverLimit: ['OverLimit', 403],
  QueueDoesNotExist: ['AWS.SimpleQueueService.NonExistentQueue', 400],
  QueueNameExists: ['QueueAlreadyExists', 400],
  ReceiptHandleIsInvalid: ['ReceiptHandleIsInvalid', 404],
  RequestEntityTooLarge: ['RequestEntityTooLarge', 413],
  ResourceNotFoundException: ['ResourceNotFoundException', 404],
  TooManyEntriesInBatchRequest: ['AWS.SimpleQueueService.TooManyEntriesInBatchRequest', 400],
  UnsupportedOperation: ['AWS.SimpleQueueService.UnsupportedOperation', 400],
} as const;

export type SqsErrorName = keyof typeof ERRORS;

/** Two errors are not part of SQS's own model: its web framework raises them under another shape name. */
const FRAMEWORK_SHAPES: Partial<Readonly<Record<SqsErrorName, string>>> = {
  InvalidParameterValue: 'com.amazon.coral.service#InvalidParameterValueException',
  MissingParameter: 'com.amazon.coral.service#MissingRequiredParameterException',
};

/** An error response of SQS. `name` is the name of the exception in the SDK. */
export class SqsError extends AwsError {
  /** `Code` in the Query protocol, in failed batch entries and in the header `x-amzn-query-error`. */
  readonly queryCode: string;

  constructor(name: SqsErrorName, message: string) {
    const [queryCode, status] = ERRORS[name];
    super(name, message, { type: FRAMEWORK_SHAPES[name] ?? `com.amazonaws.sqs#${name}`, status });
    this.queryCode = queryCode;
  }
}

export function invalidParameter(message: string): SqsError {
  return new SqsError('InvalidParameterValue', message);
}

/** @throws InvalidParameterValue if the value is given and outside min..max. */
export function checkRange(
  parameter: string,
  value: number | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (value === undefined || (value >= min && value <= max)) return;
  throw invalidParameter(
    `Value ${value} for parameter ${parameter} is invalid. Reason: Must be between ${min} and ${max}, if provided.`,
  );
}
