import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { RejectionReason } from '../../../lambda/contract';
import { meanings } from '../../../relay/preview/change-meanings';
import { unknownAppId, type EventPreview } from '../../../relay/preview/preview';
import { fullRemedyFor } from '../../../relay/remedies';
import { count, visible } from '../../../relay/terminal/terminal-text';
import type { Judgement, Source } from '../judge';
import { entriesOf, HeapEventView, LongText, PropertyList } from './heap-event-view';

interface VerdictProps {
  readonly judgement: Judgement;
  /** Shows a range of the payload or the rule. */
  readonly onFind: (source: Source) => void;
}

/** The summary still counts all events. */
const maxShown = 50;

/** What would happen to a payload: to the request, and to each event in it. */
export function Verdict({ judgement, onFind }: VerdictProps): JSX.Element {
  const { endpoint, report } = judgement;
  const { events } = report;
  const isRefused = endpoint.status !== 200;
  const { tone, text } = isRefused ? refusal(endpoint.status) : headline(events);
  const shown = events.slice(0, maxShown);
  return (
    <section class="verdict" data-testid="verdict" aria-label="Verdict">
      <h2 class={`outcome ${tone}`}>
        <span class="sign" aria-hidden="true">
          {signs[tone]}
        </span>
        {text}
      </h2>
      {endpoint.detail !== null && <EndpointNote judgement={judgement} onFind={onFind} />}
      {events.length > 1 && <Summary events={events} />}
      {shown.map((event) => (
        <EventCard
          key={event.index}
          event={event}
          isOnly={events.length === 1}
          judgement={judgement}
          onFind={onFind}
        />
      ))}
      {events.length > maxShown && (
        <p class="muted">
          These are the first {maxShown} of {count(events.length, 'event')}. The summary counts all of them.
        </p>
      )}
      {report.requests.length > 0 && <Requests requests={report.requests} />}
    </section>
  );
}

type Tone = 'good' | 'bad' | 'mixed' | 'plain';

const signs: Readonly<Record<Tone, string>> = { good: '✓', bad: '✗', mixed: '!', plain: '–' };

const refusal = (status: number): { tone: Tone; text: string } => ({
  tone: 'bad',
  text: `The webhook would reject this request (${status})`,
});

function headline(events: readonly EventPreview[]): { tone: Tone; text: string } {
  const delivered = events.filter(({ outcome }) => outcome === 'delivered');
  const rejected = events.filter(({ outcome }) => outcome === 'rejected').length;
  const changes = delivered.reduce((sum, event) => sum + event.changes.length, 0);
  const withChanges = changes === 0 ? '' : `, with ${count(changes, 'change')}`;
  if (events.length === 1) {
    if (rejected === 1) return { tone: 'bad', text: 'Heap would not get this event' };
    return delivered.length === 1
      ? { tone: 'good', text: `Heap would get this event${withChanges}` }
      : { tone: 'plain', text: 'Nothing would be sent to Heap, as intended' };
  }
  if (delivered.length === events.length)
    return { tone: 'good', text: `Heap would get all ${count(events.length, 'event')}${withChanges}` };
  const text = `Heap would get ${delivered.length} of ${count(events.length, 'event')}${withChanges}`;
  if (rejected === 0) return { tone: 'plain', text };
  return { tone: delivered.length === 0 ? 'bad' : 'mixed', text };
}

function EndpointNote({ judgement: { endpoint, places }, onFind }: VerdictProps): JSX.Element {
  const range = places.ofPosition(endpoint.detail ?? '');
  return (
    <div class="card bad">
      {endpoint.status !== 200 && (
        <p>It would not be stored, and CleverTap would not send it again. It would be lost.</p>
      )}
      <p>{endpoint.detail}</p>
      {range !== undefined && <FindButton source={{ text: 'payload', range }} onFind={onFind} />}
    </div>
  );
}

const FindButton = ({ source, onFind }: { source: Source; onFind: VerdictProps['onFind'] }): JSX.Element => (
  <button
    type="button"
    class="find"
    onClick={() => {
      onFind(source);
    }}
  >
    Show it
  </button>
);

/** The number of events by outcome and reason. */
function Summary({ events }: { events: readonly EventPreview[] }): JSX.Element {
  // Delivered comes first, even if it is 0.
  const counts = new Map<string, { tone: Tone; number: number }>([
    ['delivered', { tone: 'good', number: 0 }],
  ]);
  for (const { outcome, reason } of events) {
    const label = reason === null ? outcome : `rejected: ${titleOf(reason)}`;
    const tone: Tone = outcome === 'delivered' ? 'good' : outcome === 'rejected' ? 'bad' : 'plain';
    counts.set(label, { tone, number: (counts.get(label)?.number ?? 0) + 1 });
  }
  return (
    <ul class="summary">
      {[...counts].map(([label, { tone, number }]) => (
        <li key={label} class={tone}>
          <strong>{number.toLocaleString('en-US')}</strong> {label}
        </li>
      ))}
    </ul>
  );
}

interface EventCardProps extends VerdictProps {
  readonly event: EventPreview;
  readonly isOnly: boolean;
}

function EventCard({ event, isOnly, ...rest }: EventCardProps): JSX.Element {
  const [isOpen, setOpen] = useState(event.index === 0);
  if (isOnly) {
    return (
      <article class="card">
        <EventBody event={event} {...rest} />
      </article>
    );
  }
  const tone = event.outcome === 'delivered' ? 'good' : event.outcome === 'rejected' ? 'bad' : 'plain';
  const what = event.reason === null ? event.outcome : titleOf(event.reason);
  return (
    <details
      class="card"
      open={isOpen}
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>
        <span class={`sign ${tone}`} aria-hidden="true">
          {signs[tone]}
        </span>
        <span>Event {event.index + 1}</span>
        {event.event !== null && (
          <strong>
            <LongText text={event.event.event.slice(0, 60)} limit={60} />
          </strong>
        )}
        <span class="muted">
          {what}
          {event.changes.length > 0 && `, ${count(event.changes.length, 'change')}`}
        </span>
      </summary>
      {isOpen && <EventBody event={event} {...rest} />}
    </details>
  );
}

function EventBody({ event, judgement, onFind }: VerdictProps & { event: EventPreview }): JSX.Element {
  const { reason, detail, userProperties, missingOutputs = [] } = event;
  const find = (property: string): (() => void) | undefined => {
    const source = judgement.sourceOf(event, property);
    return (
      source &&
      (() => {
        onFind(source);
      })
    );
  };
  const [range] = reason === null ? [] : judgement.places.ofReason(event);
  return (
    <>
      {reason !== null && (
        <dl class="why">
          <div>
            <dt>Why</dt>
            <dd>
              {titleOf(reason)} <span class="code">{reason}</span>
            </dd>
          </div>
          <div>
            <dt>Found</dt>
            <dd>
              {detail}{' '}
              {range !== undefined && <FindButton source={{ text: 'payload', range }} onFind={onFind} />}
            </dd>
          </div>
          <div>
            <dt>What to do</dt>
            <dd class="todo">{fullRemedyFor(reason, detail)}</dd>
          </div>
        </dl>
      )}
      {reason === null && detail !== null && <p>{sentence(detail)}</p>}
      {event.event !== null && (
        <HeapEventView
          event={{ ...event.event }}
          changes={event.changes.map((shown) => ({ ...shown, meaning: meanings[shown.change] }))}
          find={find}
        />
      )}
      {missingOutputs.length > 0 && (
        <>
          <h4>No value for</h4>
          <ul class="outputs">
            {missingOutputs.map((output) => (
              <li key={output}>
                <code>
                  <LongText text={output.replace(/\s+/g, ' ')} limit={200} />
                </code>
              </li>
            ))}
          </ul>
        </>
      )}
      {userProperties !== null && (
        <>
          <h4>User properties</h4>
          <PropertyList properties={entriesOf(userProperties)} />
        </>
      )}
      {(event.event !== null || event.rule !== null) && (
        <p class="muted">{event.rule === null ? 'By the default mapping' : `By the rule ${event.rule}`}</p>
      )}
    </>
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Each reason in a few words. */
const titles: Partial<Record<RejectionReason, string>> = {
  invalid_json: 'This is not valid JSON',
  unknown_shape: 'CleverTap does not send payloads like this',
  missing_event_name: 'The event has no name',
  missing_identity: 'No field identifies the user',
  placeholder_identity: 'The identity is a placeholder',
  identity_not_exact: 'The identity is a number that may have been rounded',
  unrendered_template: 'A template was not filled in',
  app_id_mismatch: 'The app id belongs to another environment',
  nested_too_deep: 'Values are nested too deeply',
  too_many_properties: 'There are too many properties',
  property_name_too_long: 'The name of a property is too long',
  forbidden_property_name: 'A property has a forbidden name',
  template_failed: 'A template of the rule failed',
};

const titleOf = (reason: RejectionReason): string => titles[reason] ?? reason;

/** Longer requests are cut: a browser would take seconds to lay them out. */
const maxBodyLength = 100_000;

function Requests({ requests }: { requests: Judgement['report']['requests'] }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details
      class="card requests"
      open={isOpen}
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary>{count(requests.length, 'request')} to Heap</summary>
      {isOpen && (
        <p class="muted">
          A real event has its own arrival time, and so another key. {unknownAppId} is a placeholder for the
          app id of the environment.
        </p>
      )}
      {isOpen &&
        requests.map(({ method, path, body }, index) => (
          <pre key={index} tabIndex={0} aria-label={`Request ${index + 1} to Heap`}>
            {method} {path}
            {'\n'}
            {visible(shortened(JSON.stringify(body, null, 2)))}
          </pre>
        ))}
    </details>
  );
}

const shortened = (body: string): string =>
  body.length <= maxBodyLength
    ? body
    : `${body.slice(0, maxBodyLength).toWellFormed()}\n… ${count(body.length, 'character')} in total`;
