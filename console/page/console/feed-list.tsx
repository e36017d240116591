import { useComputed, useSignalEffect, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { count, grouped } from '../../../relay/terminal/terminal-text';
import type { EventDetail, FeedRow } from '../../wire';
import { nowFor } from './clock';
import { EmptyFeed } from './empty-feed';
import { isFiltering } from './filter';
import { buttonId } from './focus-keeper';
import { eventsAtATime, type Model } from './model';
import { Name } from './name';
import { clockTime, markOf, rowWords, stateWords, toneOf } from './words';

/** In pixels: from here on, the user has scrolled away from the newest rows. */
const leftTheTop = 24;

/** One row per request, newest first. */
export function FeedList({ model }: { readonly model: Model }): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const wasHeldByScroll = useRef(false);
  const { feed } = model;
  const visible = feed.visible.value;
  const { heldBack } = feed;

  useSignalEffect(() => {
    if (!feed.isHolding.value) list.current?.scrollTo({ top: 0 });
  });

  const scrolled = (): void => {
    const top = list.current?.scrollTop ?? 0;
    if (top > leftTheTop && !feed.isHolding.peek()) {
      wasHeldByScroll.current = true;
      feed.hold();
    } else if (top === 0 && wasHeldByScroll.current && model.view.peek().row === null) {
      wasHeldByScroll.current = false;
      feed.follow();
    }
  };

  if (feed.isEmpty.value && model.olderRows.value === 0) return <EmptyFeed model={model} />;
  return (
    <div class="feed-frame">
      <div class="feed-head" aria-hidden="true">
        <span>Time, UTC</span>
        <span>Event</span>
        <span>Campaign</span>
        <span>Who</span>
        <span>Status</span>
      </div>
      {heldBack.value > 0 && (
        <button
          type="button"
          class="held"
          onClick={() => {
            model.toNewest();
          }}
        >
          ↑ {grouped(heldBack.value)} new
        </button>
      )}
      <div class="feed-scroll" ref={list} onScroll={scrolled}>
        <ol class="feed" data-testid="feed" aria-label="Events, newest first">
          {visible.map((id) => {
            const row = feed.row(id);
            return row === undefined ? null : <Row key={id} model={model} row={row} />;
          })}
        </ol>
        <FeedEnd model={model} shown={visible.length} />
      </div>
    </div>
  );
}

function FeedEnd({ model, shown }: { readonly model: Model; readonly shown: number }): JSX.Element | null {
  const filter = model.filter.value;
  const older = model.olderRows.value;
  return (
    <>
      {isFiltering(filter) && shown === 0 && (
        <p class="feed-note">
          No row matches the filter.{' '}
          <button
            type="button"
            onClick={() => {
              model.clearFilter();
            }}
          >
            Show all rows
          </button>
        </p>
      )}
      {older > 0 && (
        <p class="feed-note">
          {count(older, 'older request')} {older === 1 ? 'is' : 'are'} counted above but no longer shown.
        </p>
      )}
    </>
  );
}

function Row({ model, row }: { readonly model: Model; readonly row: ReadonlySignal<FeedRow> }): JSX.Element {
  const { id, at, event, campaign, who, events, state } = row.value;
  const isBroadcast = events > 1;
  // Each row has its own signal, so a new selection redraws two rows and not all.
  const place = useComputed(() => placeOf(model, id));
  const { isOpen, isCurrent, isTabStop } = placeParts[place.value];
  const tone = toneOf(state);
  return (
    <li class="feed-row" data-testid="feed-row">
      <button
        type="button"
        id={buttonId({ row: id, event: null })}
        class={`row${isCurrent ? ' selected' : ''}`}
        aria-current={isCurrent ? 'true' : undefined}
        aria-expanded={isBroadcast ? isOpen : undefined}
        tabIndex={isTabStop ? 0 : -1}
        onClick={() => {
          model.press(id);
        }}
      >
        <time title={new Date(at).toISOString()}>{clockTime(at)}</time>
        <span class="event">
          {event === null ? <i>no name</i> : <Name>{event}</Name>}
          {isBroadcast && (
            <span class="many">
              {isOpen ? '▾' : '▸'} {grouped(events)}
              <span class="visually-hidden"> events</span>
            </span>
          )}
        </span>
        <span class="campaign">{campaign !== null && <Name>{campaign}</Name>}</span>
        <span class="who">{who !== null && <Name>{who}</Name>}</span>
        <span class={`state tone-${tone}`}>
          <span aria-hidden="true">{markOf[tone]} </span>
          {rowWords(row.value, nowFor(model, state))}
        </span>
      </button>
      {isOpen && isBroadcast && <Events model={model} row={id} />}
    </li>
  );
}

type RowPlace = 'other' | 'first' | 'selected' | 'open' | 'around';

function placeOf({ view, isOpen, feed }: Model, id: string): RowPlace {
  const { row, event } = view.value;
  if (row === id) {
    if (!isOpen.value) return 'selected';
    return event === null ? 'open' : 'around';
  }
  // If nothing is selected, Tab enters the list at its newest row.
  return (row === null || feed.row(row) === undefined) && feed.visible.value[0] === id ? 'first' : 'other';
}

const placeParts: Readonly<
  Record<RowPlace, { readonly isOpen: boolean; readonly isCurrent: boolean; readonly isTabStop: boolean }>
> = {
  other: { isOpen: false, isCurrent: false, isTabStop: false },
  first: { isOpen: false, isCurrent: false, isTabStop: true },
  selected: { isOpen: false, isCurrent: true, isTabStop: true },
  open: { isOpen: true, isCurrent: true, isTabStop: true },
  around: { isOpen: true, isCurrent: false, isTabStop: false },
};

function Events({ model, row }: { readonly model: Model; readonly row: string }): JSX.Element {
  const detail = model.detail.value;
  if (detail.kind === 'loading') return <p class="feed-note">Loading …</p>;
  if (detail.kind === 'failed') return <p class="feed-note">{detail.error}</p>;
  const { events } = detail.detail;
  const rest = events.length - model.shownEvents.value;
  return (
    <>
      <ol class="people" aria-label="Events of this request">
        {events.slice(0, model.shownEvents.value).map((event) => (
          <Person key={event.index} model={model} row={row} event={event} />
        ))}
      </ol>
      {rest > 0 && (
        <p class="feed-note">
          <button
            type="button"
            onClick={() => {
              model.shownEvents.value += eventsAtATime;
            }}
          >
            Show {grouped(Math.min(rest, eventsAtATime))} more of {grouped(rest)}
          </button>
        </p>
      )}
    </>
  );
}

function Person({
  model,
  row,
  event: { index, event, who, state },
}: {
  readonly model: Model;
  readonly row: string;
  readonly event: EventDetail;
}): JSX.Element {
  const isCurrent = model.view.value.event === index;
  const tone = toneOf(state);
  return (
    <li>
      <button
        type="button"
        id={buttonId({ row, event: index })}
        class={`row${isCurrent ? ' selected' : ''}`}
        aria-current={isCurrent ? 'true' : undefined}
        tabIndex={isCurrent ? 0 : -1}
        onClick={() => {
          model.select({ row, event: index });
        }}
      >
        <span class="number">{index + 1}</span>
        <span class="event">{event === null ? <i>no name</i> : <Name>{event}</Name>}</span>
        <span class="campaign" />
        <span class="who">{who !== null && <Name>{who}</Name>}</span>
        <span class={`state tone-${tone}`}>
          <span aria-hidden="true">{markOf[tone]} </span>
          {stateWords(state, nowFor(model, state))}
        </span>
      </button>
    </li>
  );
}
