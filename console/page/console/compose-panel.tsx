import type { JSX } from 'preact';
import { Composer } from '../parts/composer';
import { CloseButton } from './close-button';
import { webhookUrlOf } from './curl';
import { composerId } from './focus-keeper';
import type { Model } from './model';

/** The composer: each keystroke updates the verdict, and Send posts the payload as CleverTap would. */
export function ComposePanel({ model }: { readonly model: Model }): JSX.Element {
  const settings = model.settings.value;

  // Runs before the editor, where the same keys insert a line.
  const sendByKeys = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) void model.send();
  };

  return (
    <section id={composerId} class="panel compose" aria-label="Send a payload" onKeyDownCapture={sendByKeys}>
      <header class="panel-head">
        <div class="title">
          <h2>Send a payload</h2>
          {model.view.value.panel === 'compose' && (
            <CloseButton
              onClose={() => {
                model.back();
              }}
            />
          )}
        </div>
        <p class="hint">
          Sends a payload to the webhook of this stack, as a campaign in CleverTap would. See the verdict
          below.
        </p>
      </header>
      {settings !== null && (
        <div class="panel-body">
          <Composer
            settings={settings}
            draft={model.draft}
            appId={settings.appId}
            actions={<SendActions model={model} url={settings.webhookUrl} />}
          />
        </div>
      )}
    </section>
  );
}

function SendActions({ model, url }: { readonly model: Model; readonly url: string }): JSX.Element {
  const answer = model.answer.value;
  const { pathEvent, rule } = model.draft.value;
  return (
    <div class="send">
      <button
        type="button"
        class="primary"
        data-testid="send"
        disabled={model.isSending.value || model.stopped.value !== null}
        onClick={() => void model.send()}
      >
        {model.isSending.value ? 'Sending …' : 'Send'}
      </button>
      <span class="hint">
        <kbd>Ctrl</kbd> or <kbd>⌘</kbd> + <kbd>Enter</kbd>
      </span>
      {answer === null ? (
        <span class="hint target">
          POST <code>{webhookUrlOf(url, pathEvent.trim() === '' ? null : pathEvent)}</code>
        </span>
      ) : (
        <span class={`tone-${answer.tone}`}>{answer.text}</span>
      )}
      {rule !== null && (
        <p class="hint">
          The rule applies only to this preview. The running function uses the rules of its environment.
        </p>
      )}
    </div>
  );
}
