import { hash } from 'node:crypto';
import { continuationAttribute, deadLetterAttributes, ingressStamps } from '../../lambda/contract';
import { isJsonObject } from '../../lambda/json';
import { createLiquid } from '../../lambda/mapping/liquid';
import { compileMapping } from '../../lambda/mapping/mapping';
import { ingressOf } from '../../local/account/message-reader';
import type {
  MessageReader,
  Reconciliation,
  SharedRow,
  TrackedEvent,
} from '../../local/account/reconciliation';
import type { StoredMessage } from '../../local/aws/sqs/queue';
import type { LocalStack } from '../../local/stack';
import { maskBody, maskIdentity, maskJson } from '../../relay/dead-letters/mask';
import { meanings } from '../../relay/preview/change-meanings';
import { previewPayload, type EventPreview, type PreviewContext } from '../../relay/preview/preview';
import { fullRemedyFor, remedyFor } from '../../relay/remedies';
import { duration } from '../../relay/terminal/terminal-text';
import type {
  EventDetail,
  EventState,
  FeedRow,
  JourneyStep,
  PageSettings,
  RowDetail,
  RowPayload,
} from '../wire';
import type { Attempt, Attempts } from './attempts';
import { shownName, type Journal, type Row } from './journal';

/** Events of a row to show one by one. */
const maxEvents = 1000;

/** Everything observed about one row, and what the function makes of it. */
export class RowDetails {
  private readonly context: Omit<PreviewContext, 'receivedAt' | 'requestId'>;

  constructor(
    settings: PageSettings & { readonly appId: string },
    private readonly reader: MessageReader,
    private readonly fakeHeap: LocalStack['fakeHeap'],
    private readonly reconciliation: Reconciliation<StoredMessage>,
    private readonly attempts: Attempts,
    private readonly journal: Journal,
  ) {
    this.context = {
      appId: settings.appId,
      identityOrder: settings.identityOrder,
      dedupeWindowMs: settings.dedupeWindowMinutes * 60_000,
      mapping: compileMapping(settings.mapping, createLiquid().parse),
      sha256: (value) => hash('sha256', value),
    };
  }

  /** @param show whether to show identities and values unmasked */
  of(row: Row, shown: FeedRow, show: boolean): RowDetail {
    const { message } = row;
    const previews = this.#previews(message);
    const subjects = this.reader.eventsOf(message, new Set([this.context.appId ?? '']));
    return {
      row: shown,
      isMasked: !show,
      received: show ? message.body : maskBody(message.body),
      pathEvent: payloadOf(row).pathEvent,
      events: row.events.slice(0, maxEvents).map((event, index): EventDetail => {
        const { event: name = null, identity = null } = subjects[index]?.subject ?? {};
        return {
          index,
          event: name === null ? null : show ? name : shownName(name),
          who: identity === null ? null : show ? identity : maskIdentity(identity),
          ...this.#fate(row, event, previews[index], show),
        };
      }),
    };
  }

  #fate(
    row: Row,
    event: TrackedEvent,
    preview: EventPreview | undefined,
    show: boolean,
  ): Omit<EventDetail, 'index' | 'event' | 'who'> {
    const state = this.journal.stateOf(row, event);
    const shared = event.place === 'delivered' ? this.reconciliation.rowOf(event) : undefined;
    const stored =
      shared?.forgottenAt === undefined ? shared && this.fakeHeap?.eventOf(shared.id) : undefined;
    const heapEvent = stored ?? (preview?.event ? { ...preview.event } : undefined);
    return {
      state,
      journey: this.#journey(row, event, state),
      heapEvent: heapEvent === undefined ? null : show ? heapEvent : maskHeapEvent(heapEvent),
      isStored: stored !== undefined,
      changes: (preview?.changes ?? []).map(({ change, property }) => ({
        change,
        property,
        meaning: meanings[change],
      })),
      remedy: remedyOf(state, preview),
    };
  }

  /** What the function makes of the original message. */
  #previews(message: StoredMessage): readonly EventPreview[] {
    const ingress = ingressOf(message);
    // The function rejects a message without the endpoint's stamps as a whole.
    if (ingress === undefined) return [];
    return previewPayload(message.body, ingress.pathEvent, { ...this.context, ...ingress }).events;
  }

  #journey(row: Row, event: TrackedEvent, state: EventState): JourneyStep[] {
    const arrivals = row.arrivals.filter(({ holds }) => holds(event));
    const steps = arrivals.flatMap(({ at, queue, message }, index): JourneyStep[] => {
      if (queue === 'dead letters') return [letterStep(at, message)];
      const stored: JourneyStep = {
        at,
        place: 'queue',
        tone: 'plain',
        what: arrivalIn(message, index, arrivals),
      };
      const attempts = this.attempts.of(message.id);
      const isWaiting = this.reconciliation.holderOf(event) === message;
      return [
        stored,
        ...attempts.flatMap((attempt, n) =>
          attemptSteps(attempt, n + 1, n + 1 < attempts.length || isWaiting),
        ),
      ];
    });
    return [this.#answered(row), ...steps, ...this.#end(row, event, state)]
      .filter((step) => step !== undefined)
      .sort((one, other) => one.at - other.at);
  }

  #answered({ requestId, at }: Row): JourneyStep | undefined {
    if (requestId === null) return undefined;
    const answer = this.attempts.answerTo(requestId);
    const what =
      answer === undefined
        ? 'the endpoint accepted it'
        : `the endpoint answered ${answer.status} in ${duration(answer.milliseconds)}`;
    return { at: at - (answer?.milliseconds ?? 0), place: 'endpoint', tone: 'good', what };
  }

  /** The last steps, which no message shows. */
  #end(row: Row, event: TrackedEvent, state: EventState): JourneyStep[] {
    const settledAt = row.requestId === null ? undefined : this.attempts.settledAt(row.requestId);
    switch (state.kind) {
      case 'delivered':
        return deliverySteps(row, state, this.reconciliation.rowOf(event), settledAt);
      case 'ignored':
        if (settledAt === undefined) return [];
        return [
          {
            at: settledAt,
            place: 'function',
            tone: 'plain',
            what: 'ignored: a setup ping, or left out by a rule',
          },
        ];
      case 'queued':
      case 'rejected':
      case 'missing':
        return [];
    }
  }
}

function deliverySteps(
  { at: acceptedAt }: Row,
  { countedOnceWith }: Extract<EventState, { readonly kind: 'delivered' }>,
  stored: SharedRow | undefined,
  settledAt: number | undefined,
): JourneyStep[] {
  const step = { place: 'heap', tone: 'good' } as const;
  if (stored === undefined) {
    return settledAt === undefined
      ? []
      : [{ ...step, at: settledAt, what: 'Heap took it, the function says' }];
  }
  const { at, forgottenAt } = stored;
  const delivery: JourneyStep =
    countedOnceWith === null
      ? { ...step, at, what: 'Heap stored it' }
      : {
          ...step,
          at: Math.max(settledAt ?? at, acceptedAt),
          what: `Heap had an equal event already (${countedOnceWith}): the two count once`,
        };
  return forgottenAt === undefined
    ? [delivery]
    : [delivery, { ...step, at: forgottenAt, tone: 'bad', what: 'Heap had it until POST /reset forgot it' }];
}

/** The original body and the undecoded event name in the URL. */
export const payloadOf = ({ message }: Row): RowPayload => ({
  payload: message.body,
  pathEvent: message.attributes[ingressStamps.event]?.StringValue ?? null,
});

function letterStep(at: number, { attributes }: StoredMessage): JourneyStep {
  const [reason, detail] = [deadLetterAttributes.reason, deadLetterAttributes.detail].map(
    (name) => attributes[name]?.StringValue,
  );
  const what =
    reason === undefined
      ? 'SQS gave it up after its last receive'
      : `rejected: ${reason}${detail === undefined ? '' : `, ${detail}`}`;
  return { at, place: 'dead letters', tone: 'bad', what };
}

function arrivalIn(message: StoredMessage, index: number, arrivals: Row['arrivals']): string {
  if (index === 0) return 'stored in the queue';
  if (message.attributes[continuationAttribute] !== undefined)
    return 'back in the queue: there was no time for it in its batch';
  return arrivals[index - 1]?.queue === 'dead letters'
    ? 'redriven from the dead letters'
    : 'sent to the queue again';
}

function attemptSteps({ at, endedAt, why, setbacks }: Attempt, n: number, isWaiting: boolean): JourneyStep[] {
  const steps: JourneyStep[] = [
    { at, place: 'function', tone: 'plain', what: `attempt ${n}` },
    ...setbacks.map(({ at: then, what }): JourneyStep => ({
      at: then,
      place: what.startsWith('Heap') ? 'heap' : 'function',
      tone: 'bad',
      what,
    })),
  ];
  if (endedAt === undefined || !isWaiting) return steps;
  const what = why === null ? 'hidden until its next try' : `hidden until its next try: ${why}`;
  return [...steps, { at: endedAt, place: 'queue', tone: 'waiting', what }];
}

function remedyOf(state: EventState, preview: EventPreview | undefined): string | null {
  if (state.kind !== 'rejected') return null;
  return preview?.reason === state.reason
    ? fullRemedyFor(preview.reason, preview.detail)
    : remedyFor(state.reason);
}

/** The name, time and key of an event are not personal data. */
function maskHeapEvent(event: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(event).map(([name, value]) => {
      if (name === 'event' && typeof value === 'string') return [name, shownName(value)];
      if (name === 'identity' && typeof value === 'string') return [name, maskIdentity(value)];
      if (['timestamp', 'idempotency_key', 'app_id'].includes(name)) return [name, value];
      return [name, isJsonObject(value) ? maskJson(value) : '…'];
    }),
  );
}
