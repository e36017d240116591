/** An error answer of an AWS service, independent of the protocol that carries it. */
export class AwsError extends Error {
  /** The shape's absolute name: `__type` of the JSON protocols. */
  readonly type: string;
  /** HTTP status. */
  readonly status: number;

  /** @param name the name under which the AWS SDK raises it, e.g. `QueueDoesNotExist`. */
  constructor(name: string, message: string, { type = name, status = 400 } = {}) {
    super(message);
    this.name = name;
    this.type = type;
    this.status = status;
  }
}

/** The body is no JSON of the operation's input shape. */
export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message, {
    type: 'com.amazon.coral.service#SerializationException',
  });
}

/** Neither the service nor this stack has the operation. */
export function unknownOperation(operation: string): AwsError {
  return new AwsError('UnknownOperationException', `The action ${operation} is not supported here.`, {
    type: 'com.amazon.coral.service#UnknownOperationException',
  });
}
