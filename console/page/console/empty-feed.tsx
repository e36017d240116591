import type { JSX } from 'preact';
import type { Model } from './model';

/** Shown before the first event: how to send one. */
export function EmptyFeed({ model }: { readonly model: Model }): JSX.Element {
  const settings = model.settings.value;
  return (
    <div class="empty">
      <h2>No event yet</h2>
      <p>This page shows every webhook that the local stack accepts, and follows it on its way to Heap.</p>
      <p>
        <button
          type="button"
          class="primary"
          disabled={model.isSending.value || settings === null}
          onClick={() => void model.sendPurchase()}
        >
          Send a purchase
        </button>
      </p>
      <p>Or send one yourself, as a campaign in CleverTap does:</p>
      {settings !== null && (
        <dl class="copyable">
          <Line model={model} name="URL" value={settings.webhookUrl} />
          <Line model={model} name="Method" value="POST" />
          <Line model={model} name="Header" value={`x-api-key: ${settings.apiKey}`} />
        </dl>
      )}
      <p class="hint">The URL may end with the name of the event: …/webhook/Purchase.</p>
    </div>
  );
}

function Line({
  model,
  name,
  value,
}: {
  readonly model: Model;
  readonly name: string;
  readonly value: string;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code>{value}</code>
        <button
          type="button"
          aria-label={`Copy ${name}`}
          onClick={() => void model.copy(value, `The ${name.toLowerCase()}`)}
        >
          Copy
        </button>
      </dd>
    </div>
  );
}
