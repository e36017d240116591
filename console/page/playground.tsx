import './without-eval';
import { signal, useSignal, type Signal } from '@preact/signals';
import { render, type JSX } from 'preact';
import { isJsonObject } from '../../lambda/json';
import { sampleOf } from '../../relay/samples';
import { count } from '../../relay/terminal/terminal-text';
import type { PlaygroundSettings } from '../wire';
import { fromHash, toHash } from './draft-link';
import type { Draft } from './judge';
import { Composer } from './parts/composer';

interface PlaygroundProps {
  readonly settings: PlaygroundSettings;
  readonly draft: Signal<Draft>;
  readonly isLinkBroken: Signal<boolean>;
}

function Playground({ settings, draft, isLinkBroken }: PlaygroundProps): JSX.Element {
  const { environment, version, readAt } = settings;
  return (
    <main class="playground">
      <header>
        <h1>Will Heap get this event?</h1>
        <p>
          Paste a payload as CleverTap sends it, filled in for a user. You see at once what Heap would get, or
          why it would get nothing and what to do.
        </p>
        <p class="origin">
          <strong>Nothing leaves this page.</strong> It uses the settings of the environment{' '}
          <strong>{environment}</strong>, read on {dateOf(readAt)}. Version {version}.
        </p>
      </header>
      {isLinkBroken.value && (
        <p class="card bad" role="alert">
          The payload in this link cannot be read. The link may have been cut off: ask for the complete link.
        </p>
      )}
      <Composer settings={settings} draft={draft} actions={<LinkMaker draft={draft} />} />
      <footer class="muted">
        <p>
          To check that nothing leaves this page, open the file in a text editor. The Content-Security-Policy
          in its first lines begins with <code>default-src 'none'</code>. It makes the browser block every
          request, form, frame, image and font, and every script except the one in this file. No policy can
          block WebRTC or opening another page. The script does neither.
        </p>
      </footer>
    </main>
  );
}

const dateOf = (instant: number): string =>
  `${new Date(instant).toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })} UTC`;

/** In characters. Some browsers do not accept longer links. */
const maxLinkLength = 1_000_000;

/** Makes a link that contains the draft, but first warns that it contains personal data. */
function LinkMaker({ draft }: { draft: Signal<Draft> }): JSX.Element {
  const isOpen = useSignal(false);
  const copied = useSignal('');
  if (!isOpen.value) {
    return (
      <button
        type="button"
        onClick={() => {
          copied.value = '';
          isOpen.value = true;
        }}
      >
        Make a link…
      </button>
    );
  }
  const link = location.href.replace(/#.*$/s, '') + toHash(draft.value);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link);
      copied.value = 'Copied.';
    } catch {
      copied.value = 'The browser does not let this page copy. Copy the link from the field.';
    }
  };
  return (
    <section class="card link" aria-label="Link with this payload">
      <p>
        <strong>The link contains the whole payload</strong> with all personal data in it, such as identities,
        email addresses and phone numbers. Anyone with the link can read them. Make links only for samples and
        test users.
      </p>
      {link.length > maxLinkLength ? (
        <p class="bad">This payload is too long for a link: {count(link.length, 'character')}.</p>
      ) : (
        <input readOnly aria-label="Link" data-testid="link" value={link} />
      )}
      <div class="actions">
        <button type="button" disabled={link.length > maxLinkLength} onClick={() => void copy()}>
          Copy the link
        </button>
        <button
          type="button"
          onClick={() => {
            isOpen.value = false;
          }}
        >
          Close
        </button>
        <span role="status">{copied.value}</span>
      </div>
    </section>
  );
}

/** The settings that this app wrote into the file. */
function embedded(): PlaygroundSettings {
  const settings: unknown = JSON.parse(document.getElementById('settings')?.textContent ?? '');
  if (isSettings(settings)) return settings;
  throw new Error('the file contains no settings');
}

const isSettings = (value: unknown): value is PlaygroundSettings =>
  isJsonObject(value) && 'mapping' in value && 'identityOrder' in value && 'readAt' in value;

function start(page: HTMLElement): void {
  const draft = signal<Draft>({ payload: sampleOf('custom-body')?.body ?? '', pathEvent: '', rule: null });
  const isLinkBroken = signal(false);
  const followLink = (): void => {
    const linked = fromHash(location.hash);
    isLinkBroken.value = linked === 'unreadable';
    if (linked !== undefined && linked !== 'unreadable') draft.value = linked;
  };
  followLink();
  addEventListener('hashchange', followLink);
  render(<Playground settings={embedded()} draft={draft} isLinkBroken={isLinkBroken} />, page);
}

const page = document.getElementById('page');
if (page !== null) start(page);
