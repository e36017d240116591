import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { ComposePanel } from './compose-panel';
import { DeadLettersPanel } from './dead-letters-panel';
import { DetailPanel } from './detail-panel';
import { Dialogs } from './dialogs';
import { EquationBar } from './equation';
import { FeedList } from './feed-list';
import { filterId, focusFilter, FocusKeeper } from './focus-keeper';
import { HeapSwitch } from './heap-switch';
import { commandOf, keys, type KeyPlace } from './keys';
import type { Model } from './model';

export function Page({ model }: { readonly model: Model }): JSX.Element {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      obey(model, event);
    };
    addEventListener('keydown', press);
    return () => {
      removeEventListener('keydown', press);
    };
  }, [model]);
  return (
    <>
      <header class="top">
        <div class="brand">
          <h1>CleverTap to Heap</h1>
          <span class="hint">{model.settings.value?.environment ?? ''} on this machine</span>
        </div>
        {model.connection.value !== 'first' && <EquationBar model={model} />}
        <HeapSwitch model={model} />
      </header>
      <Banner model={model} />
      <Main model={model} />
      <StatusBar model={model} />
      <Dialogs model={model} />
      <FocusKeeper model={model} />
    </>
  );
}

/** Tells the user that the connection is lost or that the stack has stopped. */
function Banner({ model }: { readonly model: Model }): JSX.Element | null {
  const account = model.stopped.value;
  if (account !== null) {
    return (
      <section class="banner stopped" aria-label="End">
        <h2>The stack has stopped</h2>
        <p>
          This page shows its last state. Start it again with <code>npm start</code>.
        </p>
        <pre>{account}</pre>
      </section>
    );
  }
  if (model.connection.value !== 'lost') return null;
  return (
    <section class="banner lost" aria-label="Connection">
      <b>No connection to the stack.</b> Reconnecting … This page may be out of date. Is{' '}
      <code>npm start</code> still running in its terminal?
    </section>
  );
}

function Main({ model }: { readonly model: Model }): JSX.Element {
  const { panel } = model.view.value;
  return (
    <main class={panel === null ? undefined : 'has-panel'}>
      <div class="left">
        <Toolbar model={model} />
        {model.connection.value === 'first' ? (
          <p class="panel-note">Connecting …</p>
        ) : (
          <FeedList model={model} />
        )}
      </div>
      <div class="right">
        <PanelOf model={model} />
      </div>
    </main>
  );
}

function PanelOf({ model }: { readonly model: Model }): JSX.Element {
  switch (model.view.value.panel) {
    case 'detail':
      return <DetailPanel model={model} />;
    case 'dead-letters':
      return <DeadLettersPanel model={model} />;
    case 'compose':
    case null:
      return <ComposePanel model={model} />;
  }
}

function Toolbar({ model }: { readonly model: Model }): JSX.Element {
  const { text, place } = model.filter.value;
  const { panel } = model.view.value;
  return (
    <div class="toolbar">
      <label class="filter">
        <span class="visually-hidden">Filter the rows</span>
        <input
          id={filterId}
          type="search"
          data-testid="filter"
          placeholder="Filter: name, campaign, reason …"
          value={text}
          onInput={({ currentTarget }) => {
            model.setFilter({ text: currentTarget.value });
          }}
        />
      </label>
      {place !== null && (
        <button
          type="button"
          class="chip"
          aria-label={`Only ${place}: show all rows`}
          onClick={() => {
            model.togglePlace(place);
          }}
        >
          {place} ✕
        </button>
      )}
      <button
        type="button"
        aria-pressed={panel === 'compose'}
        onClick={() => {
          model.show('compose');
        }}
      >
        Compose
      </button>
      <button
        type="button"
        class={model.deadLetters.value > 0 ? 'has-letters' : undefined}
        aria-pressed={panel === 'dead-letters'}
        onClick={() => {
          model.show(panel === 'dead-letters' ? null : 'dead-letters');
        }}
      >
        Dead letters <b>{model.deadLetters.value}</b>
      </button>
    </div>
  );
}

function StatusBar({ model }: { readonly model: Model }): JSX.Element {
  const notice = model.notice.value;
  return (
    <footer class="status">
      {notice === null ? (
        <span class="key-list" aria-hidden="true">
          {keys
            .filter(({ short }) => short !== 'help')
            .map(({ keys: names, short }) => (
              <span key={short}>
                {names.map((name) => (
                  <kbd key={name}>{name}</kbd>
                ))}{' '}
                {short}
              </span>
            ))}
        </span>
      ) : (
        <span class={`notice tone-${notice.tone}`}>{notice.text}</span>
      )}
      <button
        type="button"
        title="Key ?"
        onClick={() => {
          model.dialog.value = { kind: 'help' };
        }}
      >
        <kbd>?</kbd> Help
      </button>
    </footer>
  );
}

function obey(model: Model, event: KeyboardEvent): void {
  // A browser clicks a button repeatedly while Enter is held down.
  if (event.repeat && event.key === 'Enter' && placeOf(event) !== 'field') event.preventDefault();
  // A dialog handles its own keys, and the browser closes it on Escape.
  if (event.defaultPrevented || model.dialog.peek() !== null) return;
  const command = commandOf(event, placeOf(event));
  if (command === undefined) return;
  event.preventDefault();
  model.notice.value = null;
  const { row: id } = model.view.peek();
  const row = id === null ? undefined : model.feed.row(id)?.peek();
  switch (command) {
    case 'next':
      model.move(1);
      return;
    case 'previous':
      model.move(-1);
      return;
    case 'open':
      if (row === undefined) model.move(1);
      else model.press(row.id);
      return;
    case 'again':
      if (row !== undefined) void model.again(row);
      return;
    case 'edit':
      if (row !== undefined) void model.edit(row.id);
      return;
    case 'curl':
      if (row !== undefined) void model.copyCurl(row.id);
      return;
    case 'filter':
      focusFilter();
      return;
    case 'new':
      model.show('compose');
      return;
    case 'dead letters':
      model.show('dead-letters');
      return;
    case 'help':
      model.dialog.value = { kind: 'help' };
      return;
    case 'back':
      // The first Escape leaves the field. The next one closes what is open.
      if (placeOf(event) === 'field' && document.activeElement instanceof HTMLElement)
        document.activeElement.blur();
      else model.back();
  }
}

/** `event.target` is not enough: the editors are in shadow roots. */
function placeOf(event: KeyboardEvent): KeyPlace {
  const [target] = event.composedPath();
  if (!(target instanceof HTMLElement)) return 'page';
  if (target.isContentEditable || target.matches('input, textarea, select')) return 'field';
  if (target.matches('.row')) return 'row';
  return target === document.body || target === document.documentElement ? 'page' : 'control';
}
