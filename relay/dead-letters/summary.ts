import { count, duration, grouped, table, visible, visibleText } from '../terminal/terminal-text';
import { campaignOf, type DeadLetter } from './dead-letter';
import { maskBody } from './mask';

/** The dead letters of one reason and campaign. */
export interface DeadLetterGroup {
  readonly reason: string;
  /** `targetId`, or `none`. */
  readonly campaign: string;
  readonly letters: number;
  readonly events: number;
  /** Milliseconds since 1970. */
  readonly oldestSentAt: number;
  readonly newestSentAt: number;
  readonly samples: readonly DeadLetterSample[];
}

/** A dead letter as it is shown. */
export interface DeadLetterSample {
  readonly messageId: string;
  readonly requestId: string | null;
  /** Milliseconds since 1970. */
  readonly receivedAt: number | null;
  readonly sentAt: number;
  readonly events: number;
  /** What the forwarder found; never personal data. */
  readonly detail: string | null;
  /** Masked unless `show` is set. */
  readonly body: string;
}

export interface SummaryOptions {
  /** Dead letters shown of each group. */
  readonly samples: number;
  /** Whether bodies are shown unmasked, personal data included. */
  readonly show: boolean;
}

/** Counts dead letters by reason and campaign, the largest group first. Keeps only the samples. */
export class Summary {
  private readonly groups = new Map<string, DeadLetterGroup>();

  constructor(private readonly options: SummaryOptions) {}

  add(letter: DeadLetter): void {
    const campaign = campaignOf(letter);
    const key = `${letter.reason} ${campaign}`;
    const group = this.groups.get(key);
    const samples = group?.samples ?? [];
    this.groups.set(key, {
      reason: letter.reason,
      campaign,
      letters: (group?.letters ?? 0) + 1,
      events: (group?.events ?? 0) + letter.events,
      oldestSentAt: Math.min(group?.oldestSentAt ?? Infinity, letter.sentAt),
      newestSentAt: Math.max(group?.newestSentAt ?? 0, letter.sentAt),
      samples: samples.length < this.options.samples ? [...samples, this.sampleOf(letter)] : samples,
    });
  }

  get letters(): number {
    return [...this.groups.values()].reduce((sum, { letters }) => sum + letters, 0);
  }

  get events(): number {
    return [...this.groups.values()].reduce((sum, { events }) => sum + events, 0);
  }

  get all(): DeadLetterGroup[] {
    return [...this.groups.values()].sort((one, other) => other.letters - one.letters);
  }

  private sampleOf({
    messageId,
    requestId,
    receivedAt,
    sentAt,
    events,
    detail,
    body,
  }: DeadLetter): DeadLetterSample {
    return {
      messageId,
      requestId: requestId ?? null,
      receivedAt: receivedAt ?? null,
      sentAt,
      events,
      detail: detail ?? null,
      body: this.options.show ? body : maskBody(body),
    };
  }
}

/** A table of the groups with their samples below. */
export function printGroups(groups: readonly DeadLetterGroup[], now: number): string {
  const rows = groups.map(({ reason, campaign, letters, events, oldestSentAt, newestSentAt }) => [
    grouped(letters),
    grouped(events),
    reason,
    campaign,
    duration(now - oldestSentAt),
    duration(now - newestSentAt),
  ]);
  const headings = ['Dead letters', 'Events', 'Reason', 'Campaign', 'Oldest', 'Newest'];
  return [
    table(headings, rows),
    ...groups.filter(({ samples }) => samples.length > 0).map((group) => printSamples(group)),
  ].join('\n\n');
}

function printSamples({ reason, campaign, samples }: DeadLetterGroup): string {
  const heading = campaign === 'none' ? `${reason}, no campaign` : `${reason}, campaign ${campaign}`;
  const lines = samples.flatMap(({ requestId, receivedAt, events, detail, body }) => [
    `  ${[
      count(events, 'event'),
      ...(receivedAt === null ? [] : [`accepted ${new Date(receivedAt).toISOString()}`]),
      `request id ${visibleText(requestId ?? 'missing')}`,
    ].join(', ')}`,
    ...(detail === null ? [] : [`    found: ${visibleText(detail)}`]),
    `    ${visible(body).replaceAll('\n', '\n    ')}`,
  ]);
  return [heading, ...lines].join('\n');
}
