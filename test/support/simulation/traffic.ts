import type { RejectionReason } from '../../../lambda/contract';
import type { HeapRow } from '../../../local/heap/fake-heap';
import type { Random } from '../../../local/random';
import type { Pipeline, RequestOptions } from './pipeline';

/** The expected outcome of an accepted event. */
export type Destiny =
  | { readonly kind: 'delivered' }
  /** Heap always refuses it. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'rejected'; readonly reason: RejectionReason }
  | { readonly kind: 'ignored' };

/** An event as generated, independent of the forwarder's code. */
export interface AcceptedEvent {
  readonly serial: number;
  readonly destiny: Destiny;
  readonly identity: string;
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** ISO 8601; several if CleverTap sent the request more than once. */
  readonly timestamps: string[];
}

/** The serials that identify events everywhere: each body and row contains those of its events. */
export const serialsIn = (body: string): number[] =>
  Array.from(body.matchAll(/"n":(\d+)/g), ([, serial]) => Number(serial));

/** The serial of an event in Heap; NaN for an event that was never sent. */
export const serialOf = ({ properties }: HeapRow['event']): number =>
  Number((properties as { n?: unknown } | undefined)?.n);

/** Marks an event that Heap always refuses. */
export const refusedMark = 'refuse me';

const users = 30;
/** CleverTap's repetitions within this time count as one event (the deployed default). */
export const dedupeWindowMs = 600_000;

/** What CleverTap may send, event by event, with the expected outcomes. */
export class Traffic {
  /** The events by serial. */
  readonly events = new Map<number, AcceptedEvent>();
  /** The events of all messages; more than `events` if CleverTap repeated a request. */
  eventsSent = 0;
  messages = 0;
  repetitions = 0;

  constructor(
    private readonly pipeline: Pipeline,
    private readonly random: Random,
    /** Whether the rules of this run ignore events named `Skip`. */
    private readonly hasAbortRule = false,
    /** How often CleverTap repeats a request. */
    private readonly repeats = 0,
  ) {}

  /** Sends one request of a random kind. */
  sendAny(): void {
    const draw = this.random();
    if (draw < 0.3) this.sendProfiles(1 + Math.floor(this.random() * 4));
    else if (draw < 0.6) this.sendCustom();
    else if (draw < 0.7) this.sendList(1 + Math.floor(this.random() * 3));
    else if (draw < 0.75) this.sendByPath();
    else if (draw < 0.79) this.sendPing();
    else if (draw < 0.82 && this.hasAbortRule) this.sendSkipped();
    else this.sendBroken();
  }

  /** CleverTap's own payload. If it has several profiles, some may be unusable. */
  sendProfiles(count: number, flaws = 0.1): void {
    // More than a log line lists.
    const campaign = 1 + Math.floor(this.random() * 600);
    const profiles = Array.from({ length: count }, () => {
      const draw = this.random();
      if (draw >= flaws) return this.#profile(campaign, { kind: 'delivered' }, this.#user());
      if (draw < flaws * 0.3)
        return this.#profile(campaign, { kind: 'rejected', reason: 'placeholder_identity' }, 'null');
      if (draw < flaws * 0.6)
        return this.#profile(campaign, { kind: 'rejected', reason: 'missing_identity' }, undefined);
      return this.#profile(campaign, { kind: 'refused' }, this.#user());
    });
    this.#send(
      { targetId: campaign, key_values: { event: 'Sent' }, profiles: profiles.map(({ body }) => body) },
      profiles,
    );
  }

  /** @param at when it is sent. @default - now */
  sendCustom(at?: number): void {
    const event = this.#custom({ kind: 'delivered' }, this.#user(), 'Bought');
    this.#send(event.body, [event], at === undefined ? {} : { at });
  }

  sendList(count: number): void {
    const events = Array.from({ length: count }, () =>
      this.random() < 0.1
        ? this.#custom({ kind: 'rejected', reason: 'placeholder_identity' }, 'guest', 'Seen')
        : this.#custom({ kind: 'delivered' }, this.#user(), 'Seen'),
    );
    this.#send(
      events.map(({ body }) => body),
      events,
    );
  }

  sendByPath(): void {
    const identity = this.#user();
    const n = this.#next();
    const properties = { n };
    const entry = this.#add(n, { kind: 'delivered' }, identity, 'by path', properties);
    this.#send({ identity, properties }, [entry], { event: 'by%20path' });
  }

  sendPing(): void {
    const n = this.#next();
    this.#send({ is_test: true, key_values: { n }, profiles: [{ identity: 'UserId' }] }, [
      this.#add(n, { kind: 'ignored' }, '', '', {}),
    ]);
  }

  /** Events that a rule ignores. */
  sendSkipped(): void {
    const event = this.#custom({ kind: 'ignored' }, this.#user(), 'Skip');
    this.#send(event.body, [event]);
  }

  /** Undeliverable events, each for a different reason. */
  sendBroken(): void {
    const n = this.#next();
    const identity = this.#user();
    const event = 'Broken';
    const properties = { n };
    const [reason, body, options] = (
      [
        ['invalid_json', `{"n":${n},`],
        ['invalid_json', `{"identity":"{{ x }},"event":"e","properties":{"n":${n}}}`],
        ['unknown_shape', { n }],
        ['missing_event_name', { identity, properties }],
        ['missing_identity', { event, properties }],
        ['placeholder_identity', { identity: 'undefined', event, properties }],
        ['unrendered_template', { identity: '{{ Profile.Email }}', event, properties }],
        ['app_id_mismatch', { app_id: '99', identity, event, properties }],
        ['missing_ingress_stamps', { identity, event, properties }, { stamped: false }],
        ['identity_not_exact', { identity: 1.5, event, properties }],
      ] satisfies [RejectionReason, unknown, RequestOptions?][]
    ).at(Math.floor(this.random() * 10))!;
    this.#send(body, [this.#add(n, { kind: 'rejected', reason }, identity, event, properties)], options);
  }

  /** CleverTap got no response and repeats the request: a new message with the same events. */
  #repeat(body: string, entries: readonly AcceptedEvent[], options: RequestOptions): void {
    this.repetitions += 1;
    this.eventsSent += entries.length;
    const receivedAt = new Date(this.pipeline.accept(body, options)).toISOString();
    for (const { timestamps } of entries) timestamps.push(receivedAt);
  }

  #send(
    body: unknown,
    events: readonly { readonly entry: AcceptedEvent }[],
    options: RequestOptions = {},
  ): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.messages += 1;
    this.eventsSent += events.length;
    const receivedAt = new Date(this.pipeline.accept(text, options)).toISOString();
    const entries = events.map(({ entry }) => entry);
    for (const { timestamps } of entries) timestamps.push(receivedAt);
    if (options.stamped !== false && this.random() < this.repeats) this.#repeat(text, entries, options);
  }

  #profile(
    campaign: number,
    destiny: Destiny,
    identity: string | undefined,
  ): { body: object; entry: AcceptedEvent } {
    const n = this.#next();
    const mark = destiny.kind === 'refused' ? { mark: refusedMark } : {};
    const body = { identity, event_properties: { n, ...mark } };
    // The order in which the default mapping writes them.
    const properties = { n, ...mark, clevertap_campaign_id: campaign };
    return { body, ...this.#add(n, destiny, identity ?? '', 'Sent', properties) };
  }

  #custom(destiny: Destiny, identity: string, event: string): { body: object; entry: AcceptedEvent } {
    const n = this.#next();
    const properties = { n };
    return { body: { identity, event, properties }, ...this.#add(n, destiny, identity, event, properties) };
  }

  #add(
    serial: number,
    destiny: Destiny,
    identity: string,
    event: string,
    properties: AcceptedEvent['properties'],
  ): { entry: AcceptedEvent } {
    const entry = { serial, destiny, identity, event, properties, timestamps: [] };
    this.events.set(serial, entry);
    return { entry };
  }

  #next(): number {
    return this.events.size + 1;
  }

  #user(): string {
    return `user-${Math.floor(this.random() * users)}`;
  }

  /** What is wrong with a row compared to the event accepted under its serial, if anything. */
  violationIn({ event }: HeapRow): string | undefined {
    const accepted = this.events.get(serialOf(event));
    if (accepted === undefined) return `a row that was never sent: ${JSON.stringify(event)}`;
    const isAsAccepted =
      accepted.destiny.kind === 'delivered' &&
      event['identity'] === accepted.identity &&
      event['event'] === accepted.event &&
      accepted.timestamps.includes(String(event['timestamp'])) &&
      JSON.stringify(event['properties']) === JSON.stringify(accepted.properties);
    return isAsAccepted ? undefined : `not as accepted: ${JSON.stringify([event, accepted])}`;
  }
}
