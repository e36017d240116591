/** An error response of an AWS service, independent of the protocol that carries it. */
export class AwsError extends Error {
  /** The absolute shape name: `__type` in the JSON protocols. */
  readonly type: string;
  /** HTTP status. */
  readonly status: number;

  /** @param name the name of the exception in the AWS SDK, e.g. `QueueDoesNotExist`. */
  constructor(name: string, message: string, { type = name, status = 400 } = {}) {
    super(message);
    this.name = name;
    this.type = type;
    this.status = status;
  }
}

/** The body is not valid JSON for the input shape of the operation. */
export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message, {
    type: 'com.amazon.coral.service#SerializationException',
  });
}

/** The operation is unknown to AWS or not supported here. */
export function unknownOperation(operation: string): AwsError {
  return new AwsError('UnknownOperationException', `The action ${operation} is not supported here.`, {
    type: 'com.amazon.coral.service#UnknownOperationException',
  });
}
