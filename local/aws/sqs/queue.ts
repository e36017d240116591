import type { QueueSettings } from './attributes';
import { SqsError } from './error';
import type { MessageAttributes } from './message';
import { Schedule } from './schedule';

const HANDLE_SEPARATOR = ' ';

/** A message as a queue holds it. Moments are milliseconds of the service's clock. */
export interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly bodyMd5: string;
  readonly attributes: MessageAttributes;
  /** First enqueue: SentTimestamp, and what retention counts from. A redrive keeps it. */
  readonly sentAt: number;
  /** The queue that redrive took the message from. */
  readonly deadLetterQueueSourceArn: string | undefined;
  receiveCount: number;
  firstReceivedAt: number | undefined;
  lastReceivedAt: number;
}

/**
 * The messages of one standard queue, each visible, in flight or delayed. Time passes only in `advance`; the
 * other members tell and change the state as it was left there.
 */
export class Queue {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  settings: QueueSettings;
  lastModifiedAt: number;
  /** When a message was last handed out; 0 for never. */
  lastReceivedAt = 0;
  readonly #onArrival: (message: StoredMessage) => void;
  readonly #messages = new Map<string, StoredMessage>();
  /** By the moment at which each became visible, which gives the order of receives. */
  readonly #visible = new Schedule<StoredMessage>();
  readonly #inFlight = new Schedule<StoredMessage>();
  readonly #delayed = new Schedule<StoredMessage>();
  readonly #bySentAt = new Schedule<StoredMessage>();

  /** @param onArrival told of each message that is added, be it sent, redriven or moved. */
  constructor(
    name: string,
    arn: string,
    settings: QueueSettings,
    now: number,
    onArrival: (message: StoredMessage) => void,
  ) {
    this.name = name;
    this.arn = arn;
    this.settings = settings;
    this.createdAt = now;
    this.lastModifiedAt = now;
    this.#onArrival = onArrival;
  }

  /** All of them, in the order of their arrival. */
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

  /** The message that has been visible for longest. */
  get firstVisible(): StoredMessage | undefined {
    return this.#visible.first?.item;
  }

  /** When the next hidden message becomes visible. */
  get nextVisibleAt(): number | undefined {
    const moments = [this.#inFlight.first?.at, this.#delayed.first?.at].filter((at) => at !== undefined);
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  /** Opaque to clients; another one for every receive. */
  receiptHandle(message: StoredMessage): string {
    const parts = [this.arn, message.id, message.receiveCount];
    return Buffer.from(parts.join(HANDLE_SEPARATOR)).toString('base64');
  }

  /**
   * The message of any receipt handle of this queue; `undefined` when it has left the queue.
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

  /** When a message that is in flight or delayed becomes visible; `undefined` for one that is visible or gone. */
  hiddenUntil(message: StoredMessage): number | undefined {
    return this.#inFlight.momentOf(message) ?? this.#delayed.momentOf(message);
  }

  /** Drops what is older than the retention period and shows what is hidden no longer. */
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
    this.#onArrival(message);
  }

  /**
   * Hides a message until the given moment; one that is not later than now shows it with the next `advance`.
   */
  hide(message: StoredMessage, until: number): void {
    this.#visible.delete(message);
    this.#inFlight.set(message, until);
  }

  remove(message: StoredMessage): void {
    this.#messages.delete(message.id);
    for (const schedule of this.#schedules) schedule.delete(message);
  }

  clear(): void {
    this.#messages.clear();
    for (const schedule of this.#schedules) schedule.clear();
  }

  get #schedules(): readonly Schedule<StoredMessage>[] {
    return [this.#visible, this.#inFlight, this.#delayed, this.#bySentAt];
  }
}
