import { randomUUID } from 'node:crypto';
import {
  changeSettings,
  DEFAULT_SETTINGS,
  invalidRedrivePolicy,
  isSettable,
  settingsAsAttributes,
  unknownAttribute,
  type QueueSettings,
} from './attributes';
import { checkEntries, eachEntry, type BatchEntry, type BatchResult } from './batch';
import { checkRange, invalidParameter, SqsError } from './error';
import {
  checkContents,
  MAXIMUM_MESSAGE_SIZE,
  md5OfBody,
  md5OfMessageAttributes,
  messageSize,
  selectAttributes,
  type MessageAttributes,
} from './message';
import { MessageMoveTask, type MessageMoveTaskEntry } from './move-task';
import { Queue, type StoredMessage } from './queue';

/** The time in milliseconds since 1970. */
export interface Clock {
  now(): number;
}

export interface SendMessageInput {
  readonly MessageBody: string;
  /** Seconds. @default - DelaySeconds of the queue */
  readonly DelaySeconds?: number | undefined;
  readonly MessageAttributes?: MessageAttributes | undefined;
}

export interface SendMessageResult {
  readonly MessageId: string;
  readonly MD5OfMessageBody: string;
  /** Only present if the message has attributes. */
  readonly MD5OfMessageAttributes?: string;
}

export interface ReceiveMessageInput {
  /** 1 to 10. @default 1 */
  readonly MaxNumberOfMessages?: number | undefined;
  /** Seconds. @default - VisibilityTimeout of the queue */
  readonly VisibilityTimeout?: number | undefined;
  /** Seconds; above 0 is a long poll. @default - ReceiveMessageWaitTimeSeconds of the queue */
  readonly WaitTimeSeconds?: number | undefined;
  /** `All` or names. @default - none */
  readonly MessageSystemAttributeNames?: readonly string[] | undefined;
  /** `All`, names, or prefixes ending in `.*`. @default - none */
  readonly MessageAttributeNames?: readonly string[] | undefined;
}

export interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly MD5OfBody: string;
  readonly Body: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  /** The digest of the returned attributes only. */
  readonly MD5OfMessageAttributes?: string;
  readonly MessageAttributes?: MessageAttributes;
}

export interface StartMessageMoveTaskInput {
  readonly SourceArn: string;
  readonly DestinationArn?: string | undefined;
  /** 1 to 500. @default - all at once */
  readonly MaxNumberOfMessagesPerSecond?: number | undefined;
}

const MAXIMUM_IN_FLIGHT = 120_000;
const VISIBILITY_SECONDS = { min: 0, max: 43_200 };
/** Called for each message that a queue gets or loses, see `QueueListener`. */
export type MessageListener = (queueName: string, message: StoredMessage) => void;

/** The names a receive may request, including some that no message here has. */
const SYSTEM_ATTRIBUTE_NAMES = [
  'All',
  'AWSTraceHeader',
  'ApproximateFirstReceiveTimestamp',
  'ApproximateReceiveCount',
  'DeadLetterQueueSourceArn',
  'MessageDeduplicationId',
  'MessageGroupId',
  'SenderId',
  'SentTimestamp',
  'SequenceNumber',
];

/**
 * SQS in memory: the standard queues of one account and region as a state machine without I/O. Nothing happens
 * between two calls: each call first brings the state up to date with the clock. Queues are identified by name. All
 * other terms are the API's own, and errors are `SqsError`s with the API's names.
 *
 * Differences from AWS, or choices where AWS guarantees nothing:
 * - A receipt handle stays valid while its message is in the queue: even after another receive, an older handle can
 * delete the message or change its visibility. Deleting a message that is gone succeeds.
 * - ChangeMessageVisibility on a message that is visible again fails with MessageNotInflight, as documented. AWS is
 * known to accept some of these calls.
 * - Visible messages are received in the order they became visible.
 * - PurgeQueue, and CreateQueue after DeleteQueue, take effect immediately, without AWS's 60 seconds.
 * - Encryption settings, policies, message groups and message system attributes are accepted but have no effect.
 */
export class SqsService {
  readonly accountId: string;
  readonly region: string;
  readonly #clock: Clock;
  readonly #onArrival: MessageListener;
  readonly #onDeparture: MessageListener;
  readonly #queues = new Map<string, Queue>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Newest first. */
  #moveTasks: MessageMoveTask[] = [];

  constructor({
    clock = Date,
    accountId = '000000000000',
    region = 'us-east-1',
    onArrival = () => undefined,
    onDeparture = () => undefined,
  }: {
    readonly clock?: Clock;
    readonly accountId?: string;
    readonly region?: string;
    readonly onArrival?: MessageListener;
    readonly onDeparture?: MessageListener;
  } = {}) {
    this.#clock = clock;
    this.#onArrival = onArrival;
    this.#onDeparture = onDeparture;
    this.accountId = accountId;
    this.region = region;
  }

  now(): number {
    return this.#clock.now();
  }

  /** The ARN of a queue, whether it exists or not. */
  queueArn(queueName: string): string {
    return `arn:aws:sqs:${this.region}:${this.accountId}:${queueName}`;
  }

  /** The path of a queue URL. */
  queuePath(queueName: string): string {
    return `/${this.accountId}/${queueName}`;
  }

  /**
   * Creates a queue, or finds an existing one with this name and these attributes.
   *
   * @throws QueueNameExists if an attribute differs; InvalidParameterValue, InvalidAttributeName,
   * InvalidAttributeValue
   */
  createQueue(queueName: string, attributes: Readonly<Record<string, string>> = {}): void {
    if (!/^[\w-]{1,80}$/.test(queueName)) {
      throw invalidParameter(
        'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
      );
    }
    const existing = this.#queues.get(queueName);
    if (existing !== undefined) {
      checkSameAttributes(existing, attributes);
      return;
    }
    const arn = this.queueArn(queueName);
    const settings = this.#changeSettings(DEFAULT_SETTINGS, attributes, arn);
    const listener = {
      arrived: (message: StoredMessage): void => {
        this.#onArrival(queueName, message);
      },
      left: (message: StoredMessage): void => {
        this.#onDeparture(queueName, message);
      },
    };
    this.#queues.set(queueName, new Queue(queueName, arn, settings, this.now(), listener));
  }

  /** @throws QueueDoesNotExist, like every method that takes a queue name. */
  deleteQueue(queueName: string): void {
    this.#queue(queueName).clear();
    this.#queues.delete(queueName);
    this.#notify(queueName);
  }

  /** Removes every message, including those in flight or delayed. */
  purgeQueue(queueName: string): void {
    this.#queue(queueName).clear();
  }

  /** The sorted names. */
  listQueues(prefix = ''): readonly string[] {
    return [...this.#queues.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  /** The names of the queues whose RedrivePolicy targets this one. */
  listDeadLetterSourceQueues(queueName: string): readonly string[] {
    const { arn } = this.#queue(queueName);
    return this.listQueues().filter(
      (name) => this.#queues.get(name)?.settings.RedrivePolicy?.deadLetterTargetArn === arn,
    );
  }

  /**
   * @param names `All` or attribute names.
   * @throws InvalidAttributeName
   */
  getQueueAttributes(queueName: string, names: readonly string[]): Record<string, string> {
    const queue = this.#queue(queueName);
    const all = {
      ...settingsAsAttributes(queue.settings),
      ApproximateNumberOfMessages: String(queue.visible),
      ApproximateNumberOfMessagesNotVisible: String(queue.inFlight),
      ApproximateNumberOfMessagesDelayed: String(queue.delayed),
      CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
      LastModifiedTimestamp: String(Math.floor(queue.lastModifiedAt / 1000)),
      QueueArn: queue.arn,
    };
    const unknown = names.find((name) => name !== 'All' && !Object.hasOwn(all, name) && !isSettable(name));
    if (unknown !== undefined) throw unknownAttribute(unknown);
    return pick(all, names);
  }

  /** @throws InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue */
  setQueueAttributes(queueName: string, attributes: Readonly<Record<string, string>>): void {
    const queue = this.#queue(queueName);
    queue.settings = this.#changeSettings(queue.settings, attributes, queue.arn);
    queue.lastModifiedAt = this.now();
  }

  /** @throws MissingParameter, InvalidMessageContents, InvalidParameterValue */
  sendMessage(queueName: string, input: SendMessageInput): SendMessageResult {
    const queue = this.#queue(queueName);
    const { MessageBody: body, MessageAttributes: attributes = {} } = input;
    const { MaximumMessageSize, DelaySeconds } = queue.settings;
    checkRange('DelaySeconds', input.DelaySeconds, { min: 0, max: 900 });
    if (messageSize(body, attributes) > MaximumMessageSize) {
      throw invalidParameter(
        `One or more parameters are invalid. Reason: Message must be shorter than ${MaximumMessageSize} bytes.`,
      );
    }
    checkContents(body, attributes);

    const now = this.now();
    const message: StoredMessage = {
      id: randomUUID(),
      body,
      bodyMd5: md5OfBody(body),
      attributes,
      sentAt: now,
      deadLetterQueueSourceArn: undefined,
      receiveCount: 0,
      firstReceivedAt: undefined,
      lastReceivedAt: now,
    };
    queue.add(message, now, input.DelaySeconds ?? DelaySeconds);
    this.#notify(queueName);
    const attributesMd5 = md5OfMessageAttributes(attributes);
    return {
      MessageId: message.id,
      MD5OfMessageBody: message.bodyMd5,
      ...(attributesMd5 !== undefined && { MD5OfMessageAttributes: attributesMd5 }),
    };
  }

  /**
   * Receives the messages available now, possibly none. Waiting is up to the caller (`waitTimeSeconds`, `subscribe`,
   * `nextVisibleAt`). A message that was already received maxReceiveCount times moves to the dead-letter queue
   * instead and keeps its id, attributes, receive count and SentTimestamp. If that queue does not exist, the message
   * stays.
   *
   * @throws OverLimit for a short poll with 120,000 messages in flight, where a long poll receives nothing;
   * InvalidParameterValue, InvalidAttributeName
   */
  receiveMessage(queueName: string, input: ReceiveMessageInput = {}): readonly Message[] {
    const queue = this.#queue(queueName);
    const waitTimeSeconds = this.waitTimeSeconds(queueName, input);
    const { MaxNumberOfMessages = 1, MessageSystemAttributeNames = [], MessageAttributeNames = [] } = input;
    checkRange('MaxNumberOfMessages', MaxNumberOfMessages, { min: 1, max: 10 });
    checkRange('VisibilityTimeout', input.VisibilityTimeout, VISIBILITY_SECONDS);
    checkSystemAttributeNames(MessageSystemAttributeNames);

    if (queue.inFlight >= MAXIMUM_IN_FLIGHT && waitTimeSeconds === 0)
      throw new SqsError('OverLimit', `The queue has ${MAXIMUM_IN_FLIGHT} messages in flight.`);
    const now = this.now();
    const hiddenUntil = now + (input.VisibilityTimeout ?? queue.settings.VisibilityTimeout) * 1000;
    const messages: Message[] = [];
    while (messages.length < MaxNumberOfMessages && queue.inFlight < MAXIMUM_IN_FLIGHT) {
      const message = queue.firstVisible;
      if (message === undefined) break;
      if (this.#redrive(queue, message, now)) continue;
      message.receiveCount += 1;
      message.firstReceivedAt ??= now;
      message.lastReceivedAt = now;
      queue.lastReceivedAt = now;
      queue.hide(message, hiddenUntil);
      messages.push({
        MessageId: message.id,
        ReceiptHandle: queue.receiptHandle(message),
        MD5OfBody: message.bodyMd5,
        Body: message.body,
        ...this.#systemAttributes(message, MessageSystemAttributeNames),
        ...messageAttributes(message, MessageAttributeNames),
      });
    }
    return messages;
  }

  /** How long a receive may wait, in seconds. @throws InvalidParameterValue */
  waitTimeSeconds(queueName: string, { WaitTimeSeconds }: ReceiveMessageInput): number {
    const { settings } = this.#queue(queueName);
    checkRange('WaitTimeSeconds', WaitTimeSeconds, { min: 0, max: 20 });
    return WaitTimeSeconds ?? settings.ReceiveMessageWaitTimeSeconds;
  }

  /** @throws ReceiptHandleIsInvalid for a string that is not a handle of this queue. */
  deleteMessage(queueName: string, ReceiptHandle: string): void {
    const queue = this.#queue(queueName);
    const message = queue.findByHandle(ReceiptHandle);
    if (message === undefined) return;
    queue.remove(message);
    this.#notify(queueName);
  }

  /**
   * Hides a message in flight for this many seconds from now; 0 shows it immediately.
   *
   * @throws ReceiptHandleIsInvalid, MessageNotInflight; InvalidParameterValue if the message is gone or would be
   * hidden for more than 12 hours since it was received
   */
  changeMessageVisibility(queueName: string, ReceiptHandle: string, VisibilityTimeout: number): void {
    const queue = this.#queue(queueName);
    checkRange('VisibilityTimeout', VisibilityTimeout, VISIBILITY_SECONDS);
    const message = queue.findByHandle(ReceiptHandle);
    if (message === undefined) {
      throw invalidParameter(
        `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not ` +
          `available for visibility timeout change.`,
      );
    }
    if (!queue.isInFlight(message))
      throw new SqsError('MessageNotInflight', "The specified message isn't in flight.");
    const hiddenUntil = this.now() + VisibilityTimeout * 1000;
    if (hiddenUntil - message.lastReceivedAt > VISIBILITY_SECONDS.max * 1000) {
      throw invalidParameter(
        `Value ${VisibilityTimeout} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for ` +
          `the message is beyond the limit [${VISIBILITY_SECONDS.max} seconds].`,
      );
    }
    queue.hide(message, hiddenUntil);
    this.#notify(queueName);
  }

  /**
   * @throws EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId, BatchEntryIdsNotDistinct,
   *   BatchRequestTooLong
   */
  sendMessageBatch(
    queueName: string,
    entries: readonly BatchEntry<SendMessageInput>[],
  ): BatchResult<SendMessageResult> {
    this.#queue(queueName);
    checkEntries(entries);
    const size = entries.reduce(
      (sum, { MessageBody, MessageAttributes = {} }) => sum + messageSize(MessageBody, MessageAttributes),
      0,
    );
    if (size > MAXIMUM_MESSAGE_SIZE) {
      throw new SqsError(
        'BatchRequestTooLong',
        `Batch requests cannot be longer than ${MAXIMUM_MESSAGE_SIZE} bytes. You have sent ${size} bytes.`,
      );
    }
    return eachEntry(entries, (entry) => this.sendMessage(queueName, entry));
  }

  /** @throws the errors of `sendMessageBatch` except BatchRequestTooLong. */
  deleteMessageBatch(
    queueName: string,
    entries: readonly BatchEntry<{ readonly ReceiptHandle: string }>[],
  ): BatchResult<object> {
    this.#queue(queueName);
    checkEntries(entries);
    return eachEntry(entries, (entry) => {
      this.deleteMessage(queueName, entry.ReceiptHandle);
      return {};
    });
  }

  /** @throws the errors of `deleteMessageBatch`. */
  changeMessageVisibilityBatch(
    queueName: string,
    entries: readonly BatchEntry<{ readonly ReceiptHandle: string; readonly VisibilityTimeout: number }>[],
  ): BatchResult<object> {
    this.#queue(queueName);
    checkEntries(entries);
    return eachEntry(entries, (entry) => {
      this.changeMessageVisibility(queueName, entry.ReceiptHandle, entry.VisibilityTimeout);
      return {};
    });
  }

  /**
   * Moves the visible messages of a dead-letter queue. Each becomes a new message with the same body and attributes.
   * Without DestinationArn the task fails at the first message that was not redriven there
   * (CouldNotDetermineMessageSource).
   *
   * @returns the TaskHandle.
   * @throws ResourceNotFoundException; InvalidParameterValue if the source is not a dead-letter queue or already has
   * a running task
   */
  startMessageMoveTask(input: StartMessageMoveTaskInput): string {
    const { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond } = input;
    const source = this.#resource('SourceArn', SourceArn);
    if (DestinationArn !== undefined) this.#resource('DestinationArn', DestinationArn);
    checkRange('MaxNumberOfMessagesPerSecond', MaxNumberOfMessagesPerSecond, { min: 1, max: 500 });
    if (this.listDeadLetterSourceQueues(source.name).length === 0)
      throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
    if (this.#moveTasks.some((task) => task.isRunning && task.start.sourceArn === SourceArn)) {
      throw invalidParameter(
        'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
      );
    }
    const task = new MessageMoveTask({
      sourceArn: SourceArn,
      destinationArn: DestinationArn,
      messagesPerSecond: MaxNumberOfMessagesPerSecond,
      startedAt: this.now(),
      messagesToMove: source.visible,
    });
    this.#moveTasks = [task, ...this.#moveTasks];
    this.tick();
    return task.handle;
  }

  /**
   * The newest tasks first; 1 by default, at most 10.
   *
   * @throws ResourceNotFoundException, InvalidParameterValue
   */
  listMessageMoveTasks(SourceArn: string, MaxResults = 1): readonly MessageMoveTaskEntry[] {
    this.#resource('SourceArn', SourceArn);
    checkRange('MaxResults', MaxResults, { min: 1, max: 10 });
    const tasks = this.#moveTasks.filter((task) => task.start.sourceArn === SourceArn);
    return tasks.slice(0, MaxResults).map((task) => task.describe());
  }

  /**
   * Stops a running task. Messages already moved stay where they are.
   *
   * @returns the number of messages moved.
   * @throws ResourceNotFoundException if no such task is running.
   */
  cancelMessageMoveTask(TaskHandle: string): number {
    this.tick();
    const task = this.#moveTasks.find(({ handle, isRunning }) => isRunning && handle === TaskHandle);
    if (task === undefined) throw new SqsError('ResourceNotFoundException', 'Task does not exist.');
    task.cancel();
    return task.moved;
  }

  /** All messages of a queue, visible or not, without receiving them. */
  messages(queueName: string): readonly StoredMessage[] {
    return this.#queue(queueName).messages;
  }

  /** When a message becomes visible, in milliseconds; `undefined` if it is visible or gone. */
  hiddenUntil(queueName: string, message: StoredMessage): number | undefined {
    return this.#queue(queueName).hiddenUntil(message);
  }

  /** When a message of the queue was last received, in milliseconds; 0 for never. */
  lastReceivedAt(queueName: string): number {
    return this.#queue(queueName).lastReceivedAt;
  }

  /**
   * When a receive may next find a message without another call: now, when a message becomes visible, or at the next
   * step of a move task. In milliseconds; `undefined` for never.
   */
  nextVisibleAt(queueName: string): number | undefined {
    const queue = this.#queue(queueName);
    if (queue.visible > 0 && queue.inFlight < MAXIMUM_IN_FLIGHT) return this.now();
    const times = this.#moveTasks.filter((task) => task.isRunning).map((task) => task.nextMoveAt);
    if (queue.nextVisibleAt !== undefined) times.push(queue.nextVisibleAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /**
   * Calls the listener after every call that may give a waiting receive a message, or give it one sooner.
   *
   * @returns a function that unsubscribes
   */
  subscribe(queueName: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(queueName) ?? new Set();
    this.#listeners.set(queueName, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Makes every waiting receive check again. For clocks that jump. */
  wake(): void {
    this.tick();
    for (const queueName of [...this.#listeners.keys()]) this.#notify(queueName);
  }

  /** Brings move tasks up to date. Every call does this first; call it explicitly only for clocks that jump. */
  tick(): void {
    for (const task of this.#moveTasks)
      for (const queue of task.advance(this.now(), (arn) => this.#queueOfArn(arn))) this.#notify(queue.name);
  }

  #queue(queueName: string): Queue {
    this.tick();
    const queue = this.#queues.get(queueName);
    if (queue === undefined) throw new SqsError('QueueDoesNotExist', 'The specified queue does not exist.');
    queue.advance(this.now());
    return queue;
  }

  #queueOfArn(arn: string): Queue | undefined {
    const queue = this.#queues.get(arn.slice(arn.lastIndexOf(':') + 1));
    return queue?.arn === arn ? queue : undefined;
  }

  #resource(parameter: string, arn: string): Queue {
    const queue = this.#queueOfArn(arn);
    if (queue === undefined) {
      throw new SqsError(
        'ResourceNotFoundException',
        `The resource that you specified for the ${parameter} parameter doesn't exist.`,
      );
    }
    return this.#queue(queue.name);
  }

  #changeSettings(
    settings: QueueSettings,
    attributes: Readonly<Record<string, string>>,
    ownArn: string,
  ): QueueSettings {
    const changed = changeSettings(settings, attributes);
    const { RedrivePolicy: given } = attributes;
    const target = changed.RedrivePolicy?.deadLetterTargetArn;
    if (given !== undefined && target !== undefined && (target === ownArn || !this.#queueOfArn(target)))
      throw invalidRedrivePolicy(given, 'Dead letter target does not exist.');
    return changed;
  }

  /** Moves a message that was received too often. @returns `false` if it may be received */
  #redrive(queue: Queue, message: StoredMessage, now: number): boolean {
    const policy = queue.settings.RedrivePolicy;
    if (policy === undefined || message.receiveCount < policy.maxReceiveCount) return false;
    const deadLetterQueue = this.#queueOfArn(policy.deadLetterTargetArn);
    if (deadLetterQueue === undefined) return false;
    // First added, so that a listener knows of its dead letter when it leaves.
    deadLetterQueue.add({ ...message, deadLetterQueueSourceArn: queue.arn }, now, 0);
    queue.remove(message);
    this.#notify(deadLetterQueue.name);
    return true;
  }

  #systemAttributes(message: StoredMessage, names: readonly string[]): Pick<Message, 'Attributes'> {
    const selected = pick(
      {
        SenderId: this.accountId,
        SentTimestamp: String(message.sentAt),
        ApproximateReceiveCount: String(message.receiveCount),
        ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
        ...(message.deadLetterQueueSourceArn !== undefined && {
          DeadLetterQueueSourceArn: message.deadLetterQueueSourceArn,
        }),
      },
      names,
    );
    return Object.keys(selected).length === 0 ? {} : { Attributes: selected };
  }

  #notify(queueName: string): void {
    for (const listener of [...(this.#listeners.get(queueName) ?? [])]) listener();
  }
}

function checkSameAttributes(queue: Queue, attributes: Readonly<Record<string, string>>): void {
  const present = settingsAsAttributes(queue.settings);
  const wanted = settingsAsAttributes(changeSettings(queue.settings, attributes));
  const different = Object.keys(attributes).find((name) => wanted[name] !== present[name]);
  if (different === undefined) return;
  throw new SqsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${different}`,
  );
}

/** The members with the given names, or all. */
function pick(members: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  if (names.includes('All')) return { ...members };
  return Object.fromEntries(Object.entries(members).filter(([name]) => names.includes(name)));
}

function checkSystemAttributeNames(names: readonly string[]): void {
  const unknown = names.find((name) => !SYSTEM_ATTRIBUTE_NAMES.includes(name));
  if (unknown !== undefined) throw unknownAttribute(unknown);
}

function messageAttributes(
  { attributes }: StoredMessage,
  names: readonly string[],
): Pick<Message, 'MessageAttributes' | 'MD5OfMessageAttributes'> {
  const selected = selectAttributes(attributes, names);
  const md5 = md5OfMessageAttributes(selected);
  return md5 === undefined ? {} : { MessageAttributes: selected, MD5OfMessageAttributes: md5 };
}
