import type { ComponentChildren, JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { decodePathEvent } from '../../../lambda/clevertap/decode-message';
import { count, duration, grouped, visible } from '../../../relay/terminal/terminal-text';
import type { DeadLetters, EventDetail, FeedRow, RowDetail } from '../../wire';
import { HeapEventView } from '../parts/heap-event-view';
import { nowFor } from './clock';
import { CloseButton } from './close-button';
import { isWhole, useDeadLetters } from './dead-letters';
import { tabs, type Tab } from './location';
import { deadLetterIsGone, type Model } from './model';
import { Name } from './name';
import { clockTime, markOf, stateWords, toneOf } from './words';

const tabNames: Readonly<Record<Tab, string>> = {
  journey: 'Journey',
  received: 'Received',
  heap: 'Heap got',
  why: 'Why',
};

/** The status of the selected row, or of one of its events, and the reason for it. */
export function DetailPanel({ model }: { readonly model: Model }): JSX.Element {
  const loaded = model.detail.value;
  return (
    <section class="panel detail" data-testid="detail" aria-label="Details of the selected row">
      {loaded.kind === 'loading' && <p class="panel-note">Loading …</p>}
      {loaded.kind === 'failed' && (
        <>
          <p class="panel-note">{loaded.error}</p>
          <p class="panel-note">
            <CloseButton
              onClose={() => {
                model.deselect();
              }}
            />
          </p>
        </>
      )}
      {loaded.kind === 'ready' && <Loaded model={model} detail={loaded.detail} />}
    </section>
  );
}

function Loaded({ model, detail }: { readonly model: Model; readonly detail: RowDetail }): JSX.Element {
  const { events, pathEvent } = detail;
  // The feed gets a change first. The details are loaded after it.
  const row = model.feed.row(detail.row.id)?.value ?? detail.row;
  const selected = model.view.value.event;
  const picked =
    (selected === null ? undefined : events[selected]) ??
    events.find(({ state }) => state.kind !== 'delivered') ??
    events[0];
  const shown = picked !== undefined && row.events === 1 ? { ...picked, state: row.state } : picked;
  const name = shown?.event ?? row.event ?? (pathEvent === null ? null : decodePathEvent(pathEvent));
  const who = shown?.who ?? row.who;
  return (
    <>
      <header class="panel-head">
        <div class="title">
          <h2>
            <Name>{name ?? 'No name'}</Name>
          </h2>
          <CloseButton
            onClose={() => {
              model.deselect();
            }}
          />
        </div>
        <p class="facts">
          <time title={new Date(row.at).toISOString()}>{clockTime(row.at)} UTC</time>
          {row.campaign !== null && (
            <span>
              campaign <Name>{row.campaign}</Name>
            </span>
          )}
          {who !== null && <Name>{who}</Name>}
          {row.requestId !== null && (
            <span>
              request <code>{row.requestId}</code>
            </span>
          )}
        </p>
        <Actions model={model} row={row} isMasked={detail.isMasked} />
        {row.events > 1 && <EventPicker model={model} detail={detail} shown={shown} />}
      </header>
      <Tabs model={model} />
      <div
        class="tab-panel"
        role="tabpanel"
        id="tab-panel"
        aria-labelledby={`tab-${model.view.value.tab}`}
        tabIndex={0}
      >
        <TabContent model={model} detail={detail} event={shown} />
      </div>
    </>
  );
}

function Actions({
  model,
  row,
  isMasked,
}: {
  readonly model: Model;
  readonly row: FeedRow;
  readonly isMasked: boolean;
}): JSX.Element {
  const isStopped = model.stopped.value !== null;
  return (
    <div class="actions">
      <button
        type="button"
        aria-pressed={!isMasked}
        disabled={isStopped}
        title="Identities and values are personal data. They are masked until you show them."
        onClick={() => {
          model.isShown.value = isMasked;
        }}
      >
        {isMasked ? 'Show' : 'Hide'} personal data
      </button>
      <button type="button" title="Key e" disabled={isStopped} onClick={() => void model.edit(row.id)}>
        Edit and send again
      </button>
      <button
        type="button"
        title="Key r"
        disabled={
          isStopped ||
          model.isSending.value ||
          (row.state.kind === 'rejected' && model.deadLetters.value === 0)
        }
        onClick={() => void model.again(row)}
      >
        {row.state.kind === 'rejected' ? `Redrive all ${row.state.reason} …` : 'Send again'}
      </button>
      <button type="button" title="Key c" disabled={isStopped} onClick={() => void model.copyCurl(row.id)}>
        Copy as curl
      </button>
    </div>
  );
}

/** Picks an event of a broadcast. */
function EventPicker({
  model,
  detail: { row, events },
  shown,
}: {
  readonly model: Model;
  readonly detail: RowDetail;
  readonly shown: EventDetail | undefined;
}): JSX.Element {
  const index = shown?.index ?? 0;
  const go = (event: number): void => {
    model.select({ row: row.id, event }, { focus: false });
  };
  return (
    <div class="picker">
      <button
        type="button"
        aria-label="Previous event"
        disabled={index === 0}
        onClick={() => {
          go(index - 1);
        }}
      >
        ‹
      </button>
      <span>
        Event {grouped(index + 1)} of {grouped(row.events)}
        {row.events > events.length && ` (only the first ${grouped(events.length)} are shown)`}
      </span>
      <button
        type="button"
        aria-label="Next event"
        disabled={index >= events.length - 1}
        onClick={() => {
          go(index + 1);
        }}
      >
        ›
      </button>
    </div>
  );
}

function Tabs({ model }: { readonly model: Model }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const current = model.view.value.tab;
  const turn = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = tabs[(tabs.indexOf(current) + step + tabs.length) % tabs.length] ?? 'journey';
    model.setTab(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Details" ref={list} onKeyDown={turn}>
      {tabs.map((tab) => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={`tab-${tab}`}
          aria-selected={tab === current}
          aria-controls="tab-panel"
          tabIndex={tab === current ? 0 : -1}
          onClick={() => {
            model.setTab(tab);
          }}
        >
          {tabNames[tab]}
        </button>
      ))}
    </div>
  );
}

function TabContent({
  model,
  detail,
  event,
}: {
  readonly model: Model;
  readonly detail: RowDetail;
  readonly event: EventDetail | undefined;
}): JSX.Element {
  switch (model.view.value.tab) {
    case 'journey':
      return event === undefined ? (
        <Nothing>Nothing is known of it yet.</Nothing>
      ) : (
        <Journey model={model} event={event} />
      );
    case 'received':
      return <Received model={model} detail={detail} />;
    case 'heap':
      return event === undefined ? <Nothing>Nothing is known of it yet.</Nothing> : <HeapGot event={event} />;
    case 'why':
      return event === undefined ? (
        <Nothing>Nothing is known of it yet.</Nothing>
      ) : (
        <Why model={model} event={event} />
      );
  }
}

const Nothing = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <p class="panel-note">{children}</p>
);

function Journey({
  model,
  event: { journey, state },
}: {
  readonly model: Model;
  readonly event: EventDetail;
}): JSX.Element {
  const start = journey[0]?.at ?? 0;
  return (
    <>
      <StateLine model={model} state={state} />
      <ol class="journey">
        {journey.map(({ at, place, tone, what }, index) => (
          <li key={index} class={`tone-${tone}`}>
            <span class="mark" aria-hidden="true">
              {markOf[tone]}
            </span>
            <span class="place">{place}</span>
            <span class="what">{what}</span>
            <time title={new Date(at).toISOString()}>
              {index === 0 ? `${clockTime(at)} UTC` : `+ ${duration(at - start)}`}
            </time>
          </li>
        ))}
      </ol>
    </>
  );
}

function StateLine({
  model,
  state,
}: {
  readonly model: Model;
  readonly state: EventDetail['state'];
}): JSX.Element {
  const tone = toneOf(state);
  return (
    <p class={`state-line tone-${tone}`}>
      <span aria-hidden="true">{markOf[tone]} </span>
      {stateWords(state, nowFor(model, state))}
    </p>
  );
}

/** More characters in one element slow the browser down. The curl command has all of them. */
const shownCharacters = 50_000;

function Received({
  model,
  detail: { received, pathEvent, isMasked },
}: {
  readonly model: Model;
  readonly detail: RowDetail;
}): JSX.Element {
  const rest = received.length - shownCharacters;
  return (
    <>
      {pathEvent !== null && (
        <p class="hint">
          Event name in the URL: <Name>{pathEvent}</Name>
        </p>
      )}
      <p class="hint">
        {isMasked ? 'The body with its values masked.' : 'The body as received.'}{' '}
        {isMasked && (
          <button
            type="button"
            class="link"
            onClick={() => {
              model.isShown.value = true;
            }}
          >
            Show it as received
          </button>
        )}
      </p>
      <pre class="body">{visible(received.slice(0, shownCharacters).toWellFormed())}</pre>
      {rest > 0 && <p class="hint">… and {grouped(rest)} more characters. “Copy as curl” has all of them.</p>}
    </>
  );
}

function HeapGot({ event }: { readonly event: EventDetail }): JSX.Element {
  const { heapEvent, isStored, changes, state } = event;
  if (heapEvent === null) {
    return (
      <Nothing>
        Nothing is sent to Heap{state.kind === 'ignored' ? ': the event is ignored.' : '. See “Why”.'}
      </Nothing>
    );
  }
  return (
    <>
      <p class="hint">
        {isStored ? 'The event as Heap stored it.' : 'Not in Heap. The function would send this:'}
      </p>
      <HeapEventView event={heapEvent} changes={changes} />
    </>
  );
}

function Why({
  model,
  event: { state, changes, remedy },
}: {
  readonly model: Model;
  readonly event: EventDetail;
}): JSX.Element {
  return (
    <div class="reasons">
      <StateLine model={model} state={state} />
      <dl>
        {state.kind === 'rejected' ? (
          <Rejection model={model} state={state} remedy={remedy} />
        ) : (
          reasonsOf(state)
        )}
      </dl>
      {state.kind === 'delivered' && <CountedWith model={model} row={state.countedOnceWith} />}
      {state.kind !== 'rejected' && state.kind !== 'ignored' && (
        <>
          <h3>{changes.length === 0 ? 'Nothing was changed before delivery' : 'Changed before delivery'}</h3>
          <dl>
            {changes.map(({ change, property, meaning }, index) => (
              <div key={index}>
                <dt>
                  <code>{change}</code>
                  {property !== null && (
                    <>
                      {' '}
                      in <Name>{property}</Name>
                    </>
                  )}
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </div>
  );
}

function CountedWith({
  model,
  row,
}: {
  readonly model: Model;
  readonly row: string | null;
}): JSX.Element | null {
  if (row === null || model.feed.row(row) === undefined) return null;
  return (
    <button
      type="button"
      onClick={() => {
        model.select({ row, event: null });
      }}
    >
      Go to the event in Heap
    </button>
  );
}

function Rejection({
  model,
  state: { reason, detail },
  remedy,
}: {
  readonly model: Model;
  readonly state: Extract<EventDetail['state'], { readonly kind: 'rejected' }>;
  readonly remedy: string | null;
}): JSX.Element {
  const { list } = useDeadLetters(model);
  const section = `docs/reasons.md#${reason}`;
  return (
    <>
      {detail !== null && <Fact name="Found">{detail}</Fact>}
      {remedy !== null && <Fact name="What to do">{remedy}</Fact>}
      <Fact name="Where it is">{whereOf(reason, list.value, model.deadLetters.value)}</Fact>
      <Fact name="More">
        <code>{section}</code>{' '}
        <button type="button" class="link" onClick={() => void model.copy(section, 'The path')}>
          Copy
        </button>
        <br />
        <span class="hint">in the repository folder where you ran npm start</span>
      </Fact>
    </>
  );
}

/** Dead letters are listed only by reason, so any of those with this reason may be the one. */
function whereOf(reason: string, list: DeadLetters | null, counted: number): string {
  const same = list?.groups.filter((group) => group.reason === reason) ?? [];
  const letters = same.reduce((sum, group) => sum + group.letters, 0);
  const isGone = counted === 0 || (list !== null && letters === 0 && isWhole(list, counted));
  if (isGone) return deadLetterIsGone;
  const where =
    letters === 0
      ? 'In the dead letters. They are kept for 14 days.'
      : `In the dead letters. They are kept for 14 days. ${count(letters, 'dead letter has', 'dead letters have')} this reason.`;
  return `${where} A redrive tries the same body again. If the body itself is wrong, edit it and send it again.`;
}

function reasonsOf(state: Exclude<EventDetail['state'], { readonly kind: 'rejected' }>): JSX.Element | null {
  switch (state.kind) {
    case 'queued':
      return (
        <>
          {state.why !== null && <Fact name="Last attempt">{state.why}</Fact>}
          <Fact name="What happens">
            It stays in the queue and is retried for up to 24 hours. After that, it becomes a dead letter.
          </Fact>
        </>
      );
    case 'delivered':
      return state.countedOnceWith === null ? null : (
        <Fact name="Counted once">
          An earlier request had the same event with the same key. Heap keeps only one of them, so a repeated
          webhook does not count twice.
        </Fact>
      );
    case 'ignored':
      return (
        <Fact name="Because">
          It is the ping that CleverTap sends when a webhook is saved, or a rule drops it.
        </Fact>
      );
    case 'missing':
      return (
        <Fact name="What it means">
          It is not in Heap, in the queue or in the dead letters. Either its message was deleted by hand
          (PurgeQueue or DeleteMessage), or this app has a bug. If it is a bug, keep the terminal output.
        </Fact>
      );
  }
}

const Fact = ({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);
