import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { keys } from './keys';
import { messageOf, type Model, type Notice, type Question } from './model';

/** The open dialog, if any. */
export function Dialogs({ model }: { readonly model: Model }): JSX.Element | null {
  const dialog = model.dialog.value;
  if (dialog === null) return null;
  switch (dialog.kind) {
    case 'help':
      return <Help model={model} />;
    case 'question':
      return <Asked model={model} question={dialog.question} />;
    case 'copy':
      return (
        <Modal model={model} title="Copy this">
          <p>The browser does not let this page write to the clipboard. Copy it from here:</p>
          <textarea class="copy" readOnly rows={8} value={dialog.text} aria-label="Text to copy" />
          <div class="actions">
            <CloseButton model={model} />
          </div>
        </Modal>
      );
  }
}

function Modal({
  model,
  title,
  corner,
  children,
}: {
  readonly model: Model;
  readonly title: string;
  /** Beside the title. */
  readonly corner?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={() => {
        model.dialog.value = null;
      }}
      onClose={() => {
        model.dialog.value = null;
      }}
    >
      <div class="title">
        <h2 id="dialog-title">{title}</h2>
        {corner}
      </div>
      {children}
    </dialog>
  );
}

function CloseButton({ model }: { readonly model: Model }): JSX.Element {
  return (
    <button
      type="button"
      onClick={() => {
        model.dialog.value = null;
      }}
    >
      Close
    </button>
  );
}

function Asked({ model, question }: { readonly model: Model; readonly question: Question }): JSX.Element {
  const outcome = useSignal<Notice | null>(null);
  const isRunning = model.isMoving.value;
  const result = useRef<HTMLParagraphElement>(null);
  const run = async (): Promise<void> => {
    model.isMoving.value = true;
    try {
      outcome.value = { tone: 'good', text: await question.run() };
    } catch (error) {
      outcome.value = { tone: 'bad', text: messageOf(error) };
    } finally {
      model.isMoving.value = false;
    }
  };
  // The focused button no longer exists.
  useEffect(() => {
    if (outcome.value !== null) result.current?.focus();
  });
  return (
    <Modal model={model} title={question.title}>
      {outcome.value === null ? (
        <p>{question.text}</p>
      ) : (
        <p ref={result} tabIndex={-1} class={`tone-${outcome.value.tone}`}>
          {outcome.value.text}
        </p>
      )}
      <div class="actions">
        {outcome.value === null ? (
          <>
            <button
              type="button"
              disabled={isRunning}
              onClick={() => {
                model.dialog.value = null;
              }}
            >
              Cancel
            </button>
            <button
              type="button"
              class={question.isDangerous ? 'danger' : 'primary'}
              disabled={isRunning}
              onClick={() => void run()}
            >
              {isRunning ? 'Working …' : question.action}
            </button>
          </>
        ) : (
          <CloseButton model={model} />
        )}
      </div>
    </Modal>
  );
}

function Help({ model }: { readonly model: Model }): JSX.Element {
  return (
    <Modal model={model} title="Help" corner={<CloseButton model={model} />}>
      <p>
        The feed on the left has a row for every webhook that this stack accepted, newest first. The line at
        the top shows where all their events are. Click a number to see only its rows. The panel on the right
        shows what happened to the selected row, and why. Use “Let the fake Heap answer” to make Heap fail and
        watch the stack recover.
      </p>
      <dl class="keys">
        {keys.map(({ keys: names, does }) => (
          <div key={does}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Ctrl</kbd>
            <kbd>Enter</kbd>
          </dt>
          <dd>send the payload in the composer (on a Mac: ⌘ Enter)</dd>
        </div>
      </dl>
    </Modal>
  );
}
