import type { QueueSettings } from './attributes';
import { SqsError } from './error';
import type { MessageAttributes } from './message';
import { Schedule } from './schedule';

const HANDLE_SEPARATOR = ' ';

/** A message in a queue. Times are milliseconds of the service's clock. */
export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly bodyMd5: string;
  readonly attributes: MessageAttributes;
  /** When the message was first enqueued: SentTimestamp and the start of retention. A redrive keeps it. */
  readonly sentAt: number;
  /** The queue that the message was redriven from. */
  readonly deadLetterQueueSourceArn: string | undefined;
  receiveCount: number;
  firstReceivedAt: number | undefined;
  lastReceivedAt: number;
}

/** Is notified of the messages that a queue gets and loses. */
export interface QueueListener {
  /** A message was added: sent, redriven or moved. */
  arrived(message: StoredMessage): void;
  /** A message was removed: deleted, purged, expired, redriven or moved. */
  left(message: StoredMessage): void;
}

/**
 * The messages of one standard queue, each visible, in flight or delayed. Time passes only in `advance`; the other
 * members read and change the state as of the last `advance`.
 */
export class Queue {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  settings: QueueSettings;
  lastModifiedAt: number;
  /** When a message was last received; 0 for never. */
  lastReceivedAt = 0;
  readonly #listener: QueueListener;
  readonly #messages = new Map<string, StoredMessage>();
  /** Ordered by the time each message became visible, which is the order of receives. */
  readonly #visible = new Schedule<StoredMessage>();
  readonly #inFlight = new Schedule<StoredMessage>();
  readonly #delayed = new Schedule<StoredMessage>();
  readonly #bySentAt = new Schedule<StoredMessage>();

  constructor(name: string, arn: string, settings: QueueSettings, now: number, listener: QueueListener) {
    this.name = name;
    this.arn = arn;
    this.settings = settings;
    this.createdAt = now;
    this.lastModifiedAt = now;
    this.#listener = listener;
  }

  /** All messages, in the order they arrived. */
  get messages(): readonly StoredMessage[] {
    return [...this.#messages.values()];
  }

  get visible(): number {
    return this.#visible.size;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  /** The message that has been visible the longest. */
  get firstVisible(): StoredMessage | undefined {
    return this.#visible.first?.item;
  }

  /** When the next hidden message becomes visible. */
  get nextVisibleAt(): number | undefined {
    const times = [this.#inFlight.first?.at, this.#delayed.first?.at].filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Opaque to clients, and different for every receive. */
  receiptHandle(message: StoredMessage): string {
    const parts = [this.arn, message.id, message.receiveCount];
    return Buffer.from(parts.join(HANDLE_SEPARATOR)).toString('base64');
  }

  /**
   * The message of any receipt handle of this queue; `undefined` if it has left the queue.
   *
   * @throws ReceiptHandleIsInvalid
   */
  findByHandle(handle: string): StoredMessage | undefined {
    const [arn, id = '', ...rest] = Buffer.from(handle, 'base64').toString().split(HANDLE_SEPARATOR);
    if (arn === this.arn && rest.length === 1) return this.#messages.get(id);
    throw new SqsError(
      'ReceiptHandleIsInvalid',
      `The input receipt handle "${handle}" is not a valid receipt handle.`,
    );
  }

  isInFlight(message: StoredMessage): boolean {
    return this.#inFlight.has(message);
  }

  /** When a message that is in flight or delayed becomes visible; `undefined` if it is visible or gone. */
  hiddenUntil(message: StoredMessage): number | undefined {
    return this.#inFlight.timeOf(message) ?? this.#delayed.timeOf(message);
  }

  /** Drops messages older than the retention period and shows messages whose hidden time is over. */
  advance(now: number): void {
    const expired = now - this.settings.MessageRetentionPeriod * 1000;
    for (const { item } of this.#bySentAt.takeDue(expired)) this.remove(item);
    for (const hidden of [this.#inFlight, this.#delayed])
      for (const { item, at } of hidden.takeDue(now)) this.#visible.set(item, at);
  }

  add(message: StoredMessage, now: number, delaySeconds: number): void {
    this.#messages.set(message.id, message);
    this.#bySentAt.set(message, message.sentAt);
    if (delaySeconds > 0) this.#delayed.set(message, now + delaySeconds * 1000);
    else this.#visible.set(message, now);
    this.#listener.arrived(message);
  }

  /** Hides a message until the given time. If that is not in the future, the next `advance` shows it. */
  hide(message: StoredMessage, until: number): void {
    this.#visible.delete(message);
    this.#inFlight.set(message, until);
  }

  remove(message: StoredMessage): void {
    this.#messages.delete(message.id);
    for (const schedule of this.#schedules) schedule.delete(message);
    this.#listener.left(message);
  }

  clear(): void {
    for (const message of this.messages) this.remove(message);
  }

  get #schedules(): readonly Schedule<StoredMessage>[] {
    return [this.#visible, this.#inFlight, this.#delayed, this.#bySentAt];
  }
}
